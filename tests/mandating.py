"""Mandates brought about by the verbs: what tests of 受託者 stand on."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from occto.domain.actor import Actor
from occto.domain.codes import MandateState, Procedure, UserKind
from occto.domain.mandates import MandateTerms, Nominee
from occto.domain.permissions import Role, permissions_of, permissions_of_mandate
from occto.extensions import db
from occto.models import Contractor, Mandate, Member, OutboxMail, SessionRow, User
from occto.services.mandates import starting
from occto.unit_of_work import run
from tests.factories import NOW, Factory, corporate_number

TODAY = date(2026, 11, 23)
"""The day it is in Japan at NOW."""
YEAR = TODAY + timedelta(days=365)
NUMBER = corporate_number(987654)
NAME = "みなと受託株式会社"
HANAKO = Nominee("受川 花子", "hanako@contractor.example.jp")
TARO = Nominee("受川 太郎", "Taro@contractor.example.jp")


def terms(*procedures: Procedure, persons: tuple[Nominee, ...] = (HANAKO,), **changes: Any) -> MandateTerms:
    """A year from today on, over VIEW where nothing else is said."""
    values = {"starts_on": TODAY, "ends_on": YEAR} | changes
    return MandateTerms(procedures=procedures or (Procedure.VIEW,), persons=persons, **values)


@dataclass
class Party:
    """A member with its 管理者."""

    make: Factory
    member: Member
    user: User

    @property
    def actor(self) -> Actor:
        return self.make.actor(self.user, Role.ADMINISTRATOR, member=self.member)

    def acting_as(self, role: Role) -> Actor:
        """Another user of the member in this role."""
        user = self.make.user()
        self.make.affiliate(user, self.member, role)
        return self.make.actor(user, role, member=self.member)


def party(make: Factory, **values: Any) -> Party:
    """A member and its 管理者."""
    member, user = make.member(**values), make.user(name="青木 葵")
    make.affiliate(user, member)
    return Party(make, member, user)


def start(who: Party, given: MandateTerms | None = None, **changes: Any) -> int:
    """A mandate that the member starts."""
    values: dict[str, Any] = {
        "contractor_name": NAME,
        "corporate_number": NUMBER,
        "terms": given or terms(),
        "affirmed": True,
        "actor": who.actor,
        "now": NOW,
    }
    return run(starting.start, **(values | changes))


@dataclass
class Servant:
    """A contractor with one person of its own, who has a password."""

    make: Factory
    contractor: Contractor
    user: User

    @property
    def actor(self) -> Actor:
        """The stamp of the person alone."""
        return Actor(
            user_id=self.user.id,
            request_id="test",
            address="192.0.2.1",
            permissions=permissions_of((Role.CONTRACTOR,)),
        )

    def under(self, mandate: Mandate, *procedures: Procedure) -> Actor:
        """The stamp of the person acting under a mandate over these procedures."""
        allowed = permissions_of_mandate(procedures)
        return replace(self.actor, member_id=mandate.member_id, mandate_id=mandate.id, permissions=allowed)


def servant(make: Factory, **values: Any) -> Servant:
    """A contractor and its person."""
    user = make.user(kind=UserKind.CONTRACTOR, totp=False, **({"name": "受川 次郎"} | values))
    return Servant(make, make.contractor(user), user)


def propose(who: Servant, to: Party, given: MandateTerms | None = None, **changes: Any) -> int:
    """A proposal of the contractor to the member."""
    values: dict[str, Any] = {
        "contractor_id": who.contractor.id,
        "member_key": to.member.operator_code,
        "terms": given or terms(),
        "actor": who.actor,
        "now": NOW,
    }
    return run(starting.propose, **(values | changes))


def row(mandate_id: int) -> Mandate:
    """The mandate as it stands."""
    db.session.expunge_all()
    db.session.rollback()
    found = db.session.get(Mandate, mandate_id)
    assert found is not None
    db.session.rollback()
    return found


def state(mandate_id: int) -> MandateState:
    return row(mandate_id).state


def mails(template: str) -> list[str]:
    """To whom this mail is queued, in order."""
    db.session.rollback()
    found = db.session.scalars(
        select(OutboxMail.to_address).where(OutboxMail.template == template).order_by(OutboxMail.id)
    ).all()
    return list(found)


def person(email: str) -> User | None:
    """The user with this address."""
    db.session.rollback()
    return db.session.scalar(select(User).where(User.email_key == email.lower()))


def open_sessions(mandate_id: int) -> int:
    """How many sessions are open under the mandate."""
    db.session.rollback()
    found = db.session.scalars(
        select(SessionRow.id).where(SessionRow.mandate_id == mandate_id, SessionRow.ended_at.is_(None))
    )
    return len(found.all())
