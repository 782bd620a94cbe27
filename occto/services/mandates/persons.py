"""Contractors and their persons: who is named gets an ID of its own, or brings the one that its address has already."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import UserKind, UserState
from occto.domain.errors import NotAllowed, NotFound, Refusal
from occto.domain.mandates import Nominee
from occto.domain.permissions import Permission, Role
from occto.domain.text import search_key
from occto.models import Affiliation, Contractor, Mandate, MandatePerson, SessionRow, User
from occto.services import audit, outbox
from occto.services.mandates.case import checked_reason


def contractor_for(session: Session, *, name: str, corporate_number: str) -> Contractor:
    """The contractor with this corporate number, made where it is new. Refusal contractor_name_differs."""
    found = session.scalar(select(Contractor).where(Contractor.corporate_number == corporate_number))
    if found is None:
        found = Contractor(name=name, corporate_number=corporate_number)
        session.add(found)
        session.flush()
    elif search_key(found.name) != search_key(name):
        raise Refusal(
            "contractor_name_differs",
            f"この法人番号の受託者は「{found.name}」として登録されています。商号と法人番号をお確かめください。"
            "商号が変わったときは、当機関へご連絡ください。",
            field="contractor_name",
        )
    return found


def users_for(
    session: Session,
    nominees: Sequence[Nominee],
    *,
    contractor: Contractor,
    known: frozenset[int] = frozenset(),
    actor: Actor,
    now: datetime,
) -> list[User]:
    """The users behind the nominees, in their order, made where an address is new, each with the contractor from now on.

    Refusals beside `persons`: staff_address, person_stopped (by OCCTO, or at this contractor), unless `known`: named already.
    """
    return [_user_for(session, one, contractor=contractor, known=known, actor=actor, now=now) for one in nominees]


def _user_for(
    session: Session, one: Nominee, *, contractor: Contractor, known: frozenset[int], actor: Actor, now: datetime
) -> User:
    user = session.scalar(select(User).where(User.email_key == one.key).with_for_update())
    if user is not None and user.id in known:
        return user
    if user is not None and user.kind is UserKind.STAFF:
        raise Refusal(
            "staff_address",
            f"{one.email} は、受託者の方のアドレスとしては使えません。ご本人のメールアドレスをお確かめください。",
            field="persons",
        )
    if user is not None and user.state in {UserState.STOPPED, UserState.CLOSED}:
        raise _stopped(one)
    if user is None:
        user = User(
            kind=UserKind.CONTRACTOR,
            state=UserState.INVITED,
            email=one.email,
            email_key=one.key,
            name=one.name,
            created_at=now,
        )
        session.add(user)
        session.flush()
        detail = {"kind": user.kind, "roles": [Role.CONTRACTOR]}
        audit.record(session, "user.created", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail)
    there = session.scalar(
        select(Affiliation).where(
            Affiliation.user_id == user.id,
            Affiliation.contractor_id == contractor.id,
            Affiliation.ended_at.is_(None),
        )
    )
    if there is not None and there.stopped_at is not None:
        raise _stopped(one)
    if there is None:
        session.add(Affiliation(user_id=user.id, contractor_id=contractor.id, role=Role.CONTRACTOR, started_at=now))
        session.flush()
    return user


def _stopped(one: Nominee) -> Refusal:
    return Refusal(
        "person_stopped",
        f"{one.email} のユーザIDは停止されているため、指名できません。別の方を入力するか、当機関へご連絡ください。",
        field="persons",
    )


def name_persons(session: Session, mandate: Mandate, users: Iterable[User]) -> list[User]:
    """Let exactly these users act under the mandate; returns those that were not named before."""
    wanted = {user.id: user for user in users}
    before = set(session.scalars(select(MandatePerson.user_id).where(MandatePerson.mandate_id == mandate.id)))
    gone = before - set(wanted)
    if gone:
        session.execute(
            delete(MandatePerson).where(MandatePerson.mandate_id == mandate.id, MandatePerson.user_id.in_(gone))
        )
    fresh = [user for number, user in wanted.items() if number not in before]
    session.add_all(MandatePerson(mandate_id=mandate.id, user_id=user.id) for user in fresh)
    session.flush()
    return fresh


def notify_named(
    session: Session, mandate: Mandate, users: Iterable[User], *, company: str, contractor: str, now: datetime
) -> None:
    """Tell each person newly named: with a link to set the password where the ID has none yet, never a password."""
    for user in users:
        invited = user.state is UserState.INVITED
        outbox.queue(
            session,
            "mandates/invited" if invited else "mandates/named",
            to=user.email,
            params={"name": user.name, "company": company, "contractor": contractor},
            user_id=user.id,
            member_id=mandate.member_id,
            clause=Clause.C2_3_1,
            now=now,
        )


def end_affiliation(
    session: Session, contractor_id: int, *, user_id: int, reason: str, actor: Actor, now: datetime
) -> int:
    """A person is no longer with the contractor: named in none of its mandates any more; how many sessions ended.

    For staff, as the contractor has no 管理者 in the system. Refusals: not_allowed, not_found, reason_missing,
    reason_too_long.
    """
    if not actor.can(Permission.USER_STOP) or actor.user_id is None:
        raise NotAllowed
    reason = checked_reason(reason, needed=True) or ""
    there = session.scalar(
        select(Affiliation)
        .where(
            Affiliation.user_id == user_id, Affiliation.contractor_id == contractor_id, Affiliation.ended_at.is_(None)
        )
        .with_for_update()
    )
    if there is None:
        raise NotFound
    there.ended_at = now
    mandates = select(Mandate.id).where(Mandate.contractor_id == contractor_id)
    rows = session.scalars(
        select(SessionRow).where(
            SessionRow.user_id == user_id, SessionRow.mandate_id.in_(mandates), SessionRow.ended_at.is_(None)
        )
    ).all()
    for row in rows:
        row.ended_at = now
    session.execute(
        delete(MandatePerson).where(MandatePerson.user_id == user_id, MandatePerson.mandate_id.in_(mandates))
    )
    detail = {"user_id": user_id, "reason": reason, "sessions_ended": len(rows)}
    audit.record(
        session, "contractor.person_left", subject=f"CONTRACTOR:{contractor_id}", actor=actor, now=now, detail=detail
    )
    session.flush()
    return len(rows)


def rename_contractor(
    session: Session, contractor_id: int, *, name: str, reason: str, actor: Actor, now: datetime
) -> None:
    """Correct the 商号 of a contractor. Refusals: not_allowed, not_found, name_missing, reason_missing, reason_too_long."""
    if not actor.can(Permission.ACCOUNT_ENTER) or actor.user_id is None:
        raise NotAllowed
    contractor = session.get(Contractor, contractor_id, with_for_update=True)
    if contractor is None:
        raise NotFound
    if not name.strip():
        raise Refusal("name_missing", "商号を入力してください。", field="contractor_name")
    reason = checked_reason(reason, needed=True) or ""
    detail = {"before": contractor.name, "after": name, "reason": reason}
    contractor.name = name
    audit.record(
        session, "contractor.renamed", subject=f"CONTRACTOR:{contractor_id}", actor=actor, now=now, detail=detail
    )
    session.flush()
