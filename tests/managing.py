"""A company with its 管理者 and persons, for tests of ユーザ管理."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from occto import clock, vault
from occto.domain.actor import Actor
from occto.domain.codes import Procedure, UserState
from occto.domain.permissions import Permission, Role, permissions_of_mandate
from occto.domain.users import Standing
from occto.extensions import db
from occto.models import Affiliation, AuditEvent, Member, OutboxMail, SessionRow, User
from occto.queries import users as reads
from occto.services.users import inviting
from occto.unit_of_work import run
from tests.clients import Browser
from tests.factories import NOW, TOTP_SECRET, Factory


@dataclass
class Company:
    """A member, its 管理者, and the stamp of what the 管理者 does."""

    make: Factory
    member: Member
    boss: User
    actor: Actor

    def person(self, role: Role = Role.APPLICATIONS, **changes: Any) -> User:
        """One more user of the company."""
        user = self.make.user(**changes)
        self.make.affiliate(user, self.member, role)
        return user

    def browser(self, user: User | None = None) -> Browser:
        return self.make.signed_in(user or self.boss, member=self.member)

    def seen(self, user: User) -> str:
        """What a page opened now says of the user."""
        return here(self, user).seen


def company(make: Factory, **changes: Any) -> Company:
    """A member with one 管理者."""
    boss, member = make.user(**changes), make.member()
    make.affiliate(boss, member)
    return Company(make, member, boss, make.actor(boss, Role.ADMINISTRATOR, member=member))


def here(at: Company, user: User) -> reads.UserHere:
    """The user as the company's pages show it."""
    db.session.expunge_all()
    db.session.rollback()
    found = reads.user_here(db.session(), at.member.id, user.id, now=NOW)
    db.session.rollback()
    return found


def standing_of(at: Company, user: User) -> Standing:
    return here(at, user).standing


def contractor_of(at: Company, *procedures: Procedure) -> tuple[User, Actor]:
    """A contractor's person acting for the company under a mandate over these procedures."""
    make = at.make
    user = make.user()
    chosen = procedures or (Procedure.USERS,)
    mandate = make.mandate(at.member, make.contractor(user), user, procedures=chosen)
    actor = Actor(
        user_id=user.id,
        member_id=at.member.id,
        mandate_id=mandate.id,
        request_id="test",
        address="192.0.2.1",
        permissions=permissions_of_mandate(chosen),
    )
    return user, actor


def office(make: Factory) -> Actor:
    """Somebody of the staff who may invite and stop."""
    actor = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    assert actor.can(Permission.USER_STOP)
    return actor


def invite(at: Company, email: str = "new@company.example.jp", **changes: Any) -> inviting.Invited:
    """Invite one person through the verb."""
    actor, now = changes.pop("actor", at.actor), changes.pop("now", NOW)
    values: dict[str, Any] = {"email": email, "name": "髙橋 美咲", "role": Role.APPLICATIONS} | changes
    return run(inviting.invite, at.member.id, inviting.NewUser(**values), actor=actor, now=now)


def user(user_id: int) -> User:
    """The row as it is now."""
    db.session.expunge_all()
    db.session.rollback()
    found = db.session.get(User, user_id)
    assert found is not None
    return found


def affiliations(user_id: int) -> list[Affiliation]:
    db.session.expunge_all()
    db.session.rollback()
    return list(db.session.scalars(select(Affiliation).where(Affiliation.user_id == user_id).order_by(Affiliation.id)))


def mails(to: str) -> list[str]:
    """Templates of the mails queued to an address, oldest first."""
    db.session.rollback()
    return list(
        db.session.scalars(select(OutboxMail.template).where(OutboxMail.to_address == to).order_by(OutboxMail.id))
    )


def tags() -> list[str]:
    """Tags of all events, oldest first."""
    db.session.rollback()
    return list(db.session.scalars(select(AuditEvent.tag).order_by(AuditEvent.id)))


def open_sessions(user_id: int) -> int:
    db.session.expunge_all()
    db.session.rollback()
    rows = db.session.scalars(select(SessionRow.id).where(SessionRow.user_id == user_id, SessionRow.ended_at.is_(None)))
    return len(rows.all())


def status(browser: Browser, path: str = "/home") -> int:
    return browser.get(path, follow=False).status_code


def code() -> str:
    """The code that the authenticator of the factory's users shows now."""
    return vault.totp_now(TOTP_SECRET, now=clock.now())


INVITED = UserState.INVITED
