"""What becomes of a contractor's proposal: accepted or turned down by the member's 管理者, or taken back."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.codes import MandateState
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound, Refusal
from occto.domain.mandates import MANDATES, MandateSide, MandateTerms
from occto.models import Contractor, Mandate, SessionRow
from occto.services import audit
from occto.services.mandates.case import (
    checked_reason,
    close,
    live_persons,
    locked,
    locked_of_member,
    require_administrator,
    require_affirmed,
    subject_of,
    tell,
    terms_of,
)
from occto.services.mandates.checks import active_of, locked_member, require_person
from occto.services.mandates.persons import users_for
from occto.services.mandates.starting import take_effect


def accept(
    session: Session, mandate_id: int, *, seen_version: int, affirmed: bool, actor: Actor, now: datetime
) -> None:
    """The member's 管理者 accepts a proposal; one in force with the same contractor is replaced by it.

    Refusals: not_allowed, not_found, stale, illegal_step, affirmation_missing, over_already, staff_address,
    person_stopped.
    """
    member_id = require_administrator(actor)
    member = locked_member(session, member_id)
    mandate, step = locked_of_member(session, mandate_id, step="accept", seen_version=seen_version, actor=actor)
    require_affirmed(affirmed=affirmed)
    terms = terms_of(session, mandate)
    if terms.ends_on is not None and terms.ends_on <= today_jst(now):
        raise Refusal(
            "over_already", "提案された期間は、すでに終わっています。受託者に、もう一度提案してもらってください。"
        )
    contractor = session.get(Contractor, mandate.contractor_id)
    assert contractor is not None
    replaced = active_of(session, member_id, contractor.id, now=now)
    if replaced is not None:
        _replace(session, replaced, by=mandate, terms=terms, actor=actor, now=now)
    users = users_for(session, terms.persons, contractor=contractor, actor=actor, now=now)
    mandate.state = MandateState(step.leads_to(mandate.state))
    mandate.accepted_by_id, mandate.accepted_at = actor.user_id, now
    mandate.version += 1
    session.flush()
    take_effect(session, mandate, member, contractor, users, side=MandateSide.CONTRACTOR, actor=actor, now=now)


def _replace(session: Session, old: Mandate, *, by: Mandate, terms: MandateTerms, actor: Actor, now: datetime) -> None:
    """End the mandate in force; whoever is named in the new one goes on without signing in again."""
    keep = {one.key for one in terms.persons}
    staying = [user.id for user in live_persons(session, old.id) if user.email_key in keep]
    session.execute(
        update(SessionRow)
        .where(SessionRow.mandate_id == old.id, SessionRow.ended_at.is_(None), SessionRow.user_id.in_(staying))
        .values(mandate_id=by.id)
    )
    close(
        session,
        old,
        MANDATES.step("end"),
        side=MandateSide.MEMBER,
        reason="新しい内容の委託に置き換えました。",
        actor=actor,
        now=now,
        template=None,
    )


def decline(
    session: Session, mandate_id: int, *, seen_version: int, reason: str | None, actor: Actor, now: datetime
) -> None:
    """The member's 管理者 turns a proposal down. Refusals: those of `accept`, reason_too_long."""
    mandate, _step = locked_of_member(session, mandate_id, step="decline", seen_version=seen_version, actor=actor)
    _drop(session, mandate, side=MandateSide.MEMBER, reason=checked_reason(reason), actor=actor, now=now)


def withdraw(session: Session, mandate_id: int, *, actor: Actor, now: datetime) -> None:
    """A person of the contractor takes its proposal back. Refusals: not_found (not one's own proposal), illegal_step."""
    mandate = locked(session, mandate_id)
    if mandate.proposed_side is not MandateSide.CONTRACTOR or mandate.proposed_by_id != actor.user_id:
        raise NotFound
    require_person(session, mandate.contractor_id, actor=actor)
    MANDATES.require("withdraw", mandate.state)
    _drop(session, mandate, side=MandateSide.CONTRACTOR, reason=None, actor=actor, now=now)


def _drop(
    session: Session, mandate: Mandate, *, side: MandateSide, reason: str | None, actor: Actor, now: datetime
) -> None:
    told = tell(session, mandate, "mandates/declined", now=now, side=side, reason=reason)
    mandate.state, mandate.declined_at = MandateState.DECLINED, now
    mandate.closed_side, mandate.close_reason = side, reason
    mandate.version += 1
    detail = {"side": side, "reason": reason, "told": told}
    audit.record(session, "mandate.declined", subject=subject_of(mandate), actor=actor, now=now, detail=detail)
    session.flush()
