"""What every verb of a mandate stands on: the locked row, what it covers, the step of the flow, mails to both sides."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import MandateState, UserState
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.mandates import MANDATES, MandateSide, MandateTerms, Nominee, in_order
from occto.domain.permissions import Permission
from occto.domain.workflow import Step
from occto.models import (
    Affiliation,
    Contractor,
    Mandate,
    MandateNominee,
    MandatePerson,
    MandateScope,
    Member,
    SessionRow,
    User,
)
from occto.services import audit, outbox
from occto.services.notices import tell_member

REASON_LIMIT = 500  # characters


def subject_of(mandate: Mandate) -> str:
    """The subject of the mandate in the audit trail."""
    return f"MANDATE:{mandate.id}"


def require_administrator(actor: Actor) -> int:
    """The member acted for, by its own 管理者 and not under a mandate. Refusal not_allowed."""
    own = actor.member_id is not None and actor.mandate_id is None
    if not own or actor.user_id is None or not actor.can(Permission.MANDATES_MANAGE):
        raise NotAllowed
    assert actor.member_id is not None
    return actor.member_id


def locked(session: Session, mandate_id: int) -> Mandate:
    """The mandate under its lock; NotFound where there is none."""
    mandate = session.get(Mandate, mandate_id, with_for_update=True)
    if mandate is None:
        raise NotFound
    return mandate


def locked_of_member(
    session: Session, mandate_id: int, *, step: str, seen_version: int | None, actor: Actor
) -> tuple[Mandate, Step]:
    """The member's own mandate and the step. Refusals: not_allowed, not_found (another's too), stale, illegal_step."""
    member_id = require_administrator(actor)
    mandate = locked(session, mandate_id)
    if mandate.member_id != member_id:
        raise NotFound
    if seen_version is not None and mandate.version != seen_version:
        raise Stale
    return mandate, MANDATES.require(step, mandate.state)


def checked_reason(reason: str | None, *, needed: bool = False) -> str | None:
    """The reason without blanks around it. Refusals: reason_missing, reason_too_long."""
    given = (reason or "").strip()
    if needed and not given:
        raise Refusal("reason_missing", "理由を入力してください。", field="reason")
    if len(given) > REASON_LIMIT:
        raise Refusal("reason_too_long", f"理由は{REASON_LIMIT}文字以内で入力してください。", field="reason")
    return given or None


def require_affirmed(*, affirmed: bool) -> None:
    """Refusal affirmation_missing where 2.3.1 was not affirmed."""
    if not affirmed:
        raise Refusal(
            "affirmation_missing",
            "受託者に会員と同様の義務を遵守させることを確かめ、チェックを入れてください（利用規約 2.3.1）。",
            field="affirmed",
        )


def live_persons(session: Session, mandate_id: int) -> list[User]:
    """The persons named in the mandate who are with its contractor, stopped or not, in the order of their IDs."""
    named = (
        select(MandatePerson.user_id)
        .join(Mandate, Mandate.id == MandatePerson.mandate_id)
        .join(
            Affiliation,
            and_(
                Affiliation.user_id == MandatePerson.user_id,
                Affiliation.contractor_id == Mandate.contractor_id,
                Affiliation.ended_at.is_(None),
            ),
        )
        .where(MandatePerson.mandate_id == mandate_id)
    )
    return list(session.scalars(select(User).where(User.id.in_(named)).order_by(User.id)))


def nominees_of(session: Session, mandate_id: int) -> list[MandateNominee]:
    """The persons that a proposal names, as typed."""
    found = select(MandateNominee).where(MandateNominee.mandate_id == mandate_id).order_by(MandateNominee.id)
    return list(session.scalars(found))


def terms_of(session: Session, mandate: Mandate) -> MandateTerms:
    """What the mandate covers now; the persons of a proposal are those it would bring in."""
    scopes = session.scalars(select(MandateScope.procedure).where(MandateScope.mandate_id == mandate.id))
    proposed = mandate.state is MandateState.PROPOSED
    people: Iterable[User | MandateNominee] = nominees_of(session, mandate.id) if proposed else ()
    people = people if proposed else live_persons(session, mandate.id)
    persons = tuple(Nominee(one.name, one.email) for one in people)
    return MandateTerms(in_order(scopes), mandate.starts_on, mandate.ends_on, persons)


def in_detail(terms: MandateTerms) -> dict[str, Any]:
    """The terms as they stand in the audit trail: persons by address."""
    return {
        "procedures": list(terms.procedures),
        "starts_on": terms.starts_on,
        "ends_on": terms.ends_on,
        "persons": [one.email for one in terms.persons],
    }


def end_sessions(session: Session, mandate_id: int, *, now: datetime, of: Sequence[int] | None = None) -> int:
    """End every session under the mandate, or those of the persons `of` alone; how many."""
    query = update(SessionRow).where(SessionRow.mandate_id == mandate_id, SessionRow.ended_at.is_(None))
    if of is not None:
        query = query.where(SessionRow.user_id.in_(of))
    return int(session.execute(query.values(ended_at=now)).rowcount)  # type: ignore[attr-defined]


def tell(
    session: Session,
    mandate: Mandate,
    template: str,
    *,
    now: datetime,
    dedupe_key: str | None = None,
    clause: Clause | None = Clause.C2_3_1,
    besides: Iterable[User] = (),
    **params: Any,
) -> int:
    """Mail both sides: the member's 会員担当 and 管理者, the contractor's persons and whoever proposed; how many mails.

    `besides`: persons of the contractor who were named until now.
    Persons that are stopped are not written to, and those of a proposal only once they have an ID.
    """
    member, contractor = session.get(Member, mandate.member_id), session.get(Contractor, mandate.contractor_id)
    assert member is not None
    assert contractor is not None
    terms = terms_of(session, mandate)
    values = {
        "company": member.current_name,
        "contractor": contractor.name,
        "mandate_id": mandate.id,
        "procedures": list(terms.procedures),
        "starts_on": terms.starts_on,
        "last_on": last_day(terms.ends_on),
        "persons": [f"{one.name} 様（{one.email}）" for one in terms.persons],
        **params,
    }
    told = tell_member(
        session, mandate.member_id, template, now=now, clause=clause, dedupe_key=dedupe_key, to_member=True, **values
    )
    people = {user.id: user for user in (*live_persons(session, mandate.id), *besides)}
    proposer = session.get(User, mandate.proposed_by_id) if mandate.proposed_by_id else None
    if proposer is not None and mandate.proposed_side is MandateSide.CONTRACTOR:
        people[proposer.id] = proposer
    for user in people.values():
        if user.state in {UserState.ACTIVE, UserState.INVITED}:
            mail = outbox.queue(
                session,
                template,
                to=user.email,
                params={**values, "to_member": False},
                user_id=user.id,
                member_id=mandate.member_id,
                clause=clause,
                dedupe_key=f"{dedupe_key}:{user.email_key}:c" if dedupe_key else None,
                now=now,
            )
            told += mail is not None
    return told


def last_day(ends_on: date | None) -> date | None:
    """The last day of a period whose first day without it is `ends_on`."""
    return date.fromordinal(ends_on.toordinal() - 1) if ends_on else None


def close(
    session: Session,
    mandate: Mandate,
    step: Step,
    *,
    side: MandateSide,
    reason: str | None,
    actor: Actor,
    now: datetime,
    clause: Clause | None = None,
    template: str | None = "mandates/ended",
) -> int:
    """Bring a mandate in force to its end, with its sessions, and tell both sides; how many sessions ended."""
    mandate.state = MandateState(step.leads_to(mandate.state))
    mandate.ended_at, mandate.ended_by_id = now, actor.user_id
    mandate.closed_side, mandate.close_reason = side, reason
    mandate.end_clause = clause.value if clause else None
    mandate.version += 1
    ended = end_sessions(session, mandate.id, now=now)
    told = 0
    if template is not None:
        told = tell(session, mandate, template, now=now, clause=clause or Clause.C2_3_1, side=side, reason=reason)
    detail = {"side": side, "reason": reason, "sessions_ended": ended, "told": told}
    audit.record(
        session, "mandate.ended", subject=subject_of(mandate), actor=actor, now=now, detail=detail, clause=clause
    )
    session.flush()
    return ended
