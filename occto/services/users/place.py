"""What every act on a person of a company begins with: who may, whom it concerns, and what stays out of reach."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import UserState
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.permissions import Permission, Role
from occto.models import Affiliation, Contractor, Mandate, Member, SessionRow, User
from occto.queries.users import administrators_left, seen_of
from occto.services import outbox


@dataclass(frozen=True, slots=True)
class Place:
    """A person at a company, both rows under their locks."""

    user: User
    affiliation: Affiliation
    company: str

    @property
    def is_administrator(self) -> bool:
        return self.affiliation.role is Role.ADMINISTRATOR


def require_may_manage(actor: Actor, member_id: int, *, staff: Permission) -> None:
    """Raise NotAllowed unless the actor manages this company's users, or is staff holding `staff`."""
    own = actor.member_id == member_id and actor.can(Permission.USERS_MANAGE)
    if not own and not actor.can(staff):
        raise NotAllowed


def by_office(actor: Actor, staff: Permission) -> bool:
    """Whether the act is the office's own; a company's users never hold its permissions."""
    return actor.can(staff)


def place_of(
    session: Session,
    member_id: int,
    user_id: int,
    *,
    actor: Actor,
    staff: Permission,
    seen_version: str | None,
) -> Place:
    """The person at the company, to be acted upon. Raises NotFound where there is none such.

    Refusals: not_allowed, administrator_by_contractor (a contractor never touches a 管理者), stale (`seen_version` is what
    `queries.users.seen_of` said of the page).
    """
    require_may_manage(actor, member_id, staff=staff)
    user = session.get(User, user_id, with_for_update=True)
    affiliation = session.scalar(
        select(Affiliation)
        .where(Affiliation.user_id == user_id, Affiliation.member_id == member_id, Affiliation.ended_at.is_(None))
        .with_for_update()
    )
    if user is None or affiliation is None:
        raise NotFound
    if actor.mandate_id is not None and affiliation.role is Role.ADMINISTRATOR:
        raise NotAllowed(
            "administrator_by_contractor",
            "受託者の方は、管理者の登録を操作できません。会員の管理者、または当機関へご相談ください。",
        )
    if seen_version is not None and seen_version != seen_of(user, affiliation):
        raise Stale(
            "画面を開いたあとに、ほかの方がこのユーザの登録を変更しました。新しい内容を確かめてから、もう一度操作してください。"
        )
    return Place(user, affiliation, company_name(session, member_id))


def company_name(session: Session, member_id: int) -> str:
    """The company's name today. Raises NotFound."""
    name = session.scalar(select(Member.current_name).where(Member.id == member_id))
    if name is None:
        raise NotFound
    return name


def require_another_administrator(session: Session, place: Place, *, member_id: int) -> None:
    """Refuse what would leave the company without a 管理者 who can act; all its administrators are locked first.

    Refusal last_administrator. An administrator who was stopped or never signed in does not count as one left.
    """
    session.scalars(
        select(Affiliation.id)
        .where(
            Affiliation.member_id == member_id,
            Affiliation.role == Role.ADMINISTRATOR,
            Affiliation.ended_at.is_(None),
        )
        .order_by(Affiliation.id)
        .with_for_update()
    ).all()
    if administrators_left(session, member_id, but=place.user.id) == 0:
        raise Refusal(
            "last_administrator",
            "ほかに利用中の管理者がいないため、この操作はできません。先に、管理者の追加または変更を当機関へ申請してください"
            "（利用規約 3.1(3.2.1)、3.1(3.2.2)）。",
        )


def end_sessions_at(session: Session, user_id: int, member_id: int, *, now: datetime) -> int:
    """End the person's sessions for this company and no others: those elsewhere and under mandates go on."""
    ended = session.execute(
        update(SessionRow)
        .where(
            SessionRow.user_id == user_id,
            SessionRow.member_id == member_id,
            SessionRow.mandate_id.is_(None),
            SessionRow.view_reason.is_(None),
            SessionRow.ended_at.is_(None),
        )
        .values(ended_at=now)
    )
    return ended.rowcount  # type: ignore[attr-defined]


def tell_of_contractor(
    session: Session, member_id: int, *, act: str, name: str, email: str, actor: Actor, now: datetime
) -> None:
    """Tell the company's 管理者 what its contractor did to one of its users (利用規約 2.3.2); nothing for others' acts."""
    if actor.mandate_id is None:
        return
    contractor = session.scalar(
        select(Contractor.name)
        .join(Mandate, Mandate.contractor_id == Contractor.id)
        .where(Mandate.id == actor.mandate_id)
    )
    person = session.get(User, actor.user_id) if actor.user_id is not None else None
    company = company_name(session, member_id)
    params = {
        "company": company,
        "act": act,
        "name": name,
        "email": email,
        "contractor": contractor or "",
        "by": person.name if person else "",
    }
    for address in administrator_addresses(session, member_id):
        outbox.queue(
            session,
            "users/by_contractor",
            to=address,
            params=params,
            member_id=member_id,
            clause=Clause.C2_3_2,
            now=now,
        )


def administrator_addresses(session: Session, member_id: int, *, but: int | None = None) -> list[str]:
    """Where the company's 管理者 are written to, `but` left out."""
    found = session.scalars(
        select(User.email)
        .join(Affiliation, Affiliation.user_id == User.id)
        .where(
            Affiliation.member_id == member_id,
            Affiliation.role == Role.ADMINISTRATOR,
            Affiliation.ended_at.is_(None),
            Affiliation.stopped_at.is_(None),
            User.state.in_((UserState.ACTIVE, UserState.INVITED)),
            User.id != (but or 0),
        )
        .order_by(User.id)
    )
    return list(found)
