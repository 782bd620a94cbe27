"""A mandate in force: its content changed, or its end by the member, on the member's paper, or by the office."""

from datetime import date, datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import MandateState
from occto.domain.dates import format_date, today_jst
from occto.domain.errors import NotAllowed, Refusal
from occto.domain.mandates import MANDATES, MandateSide, MandateTerms, check_terms, widens
from occto.models import Contractor, Mandate, MandateScope, Member
from occto.queries.terms import terms_in_force
from occto.services import audit
from occto.services.mandates.case import (
    checked_reason,
    close,
    end_sessions,
    in_detail,
    live_persons,
    locked,
    locked_of_member,
    require_affirmed,
    subject_of,
    tell,
    terms_of,
)
from occto.services.mandates.persons import name_persons, notify_named, users_for


def change(
    session: Session,
    mandate_id: int,
    *,
    terms: MandateTerms,
    affirmed: bool,
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> bool:
    """Change procedures, period or persons at once; widening is a new acceptance. False where nothing differs.

    Whoever is no longer named is signed out. Refusals: not_allowed, not_found, stale, illegal_step, over_already (its
    last day is over), those of `check_terms`, affirmation_missing (where widened), staff_address, person_stopped.
    """
    mandate, _step = locked_of_member(session, mandate_id, step="change", seen_version=seen_version, actor=actor)
    before, today = terms_of(session, mandate), today_jst(now)
    if before.ends_on is not None and before.ends_on <= today:
        raise Refusal(
            "over_already", "この委託の期間は、すでに終わっています。続けるときは、新しい委託を始めてください。"
        )
    check_terms(terms, today=today)
    if _same(before, terms):
        return False
    widened = widens(before, terms)
    if widened:
        require_affirmed(affirmed=affirmed)
    contractor = session.get(Contractor, mandate.contractor_id)
    member = session.get(Member, mandate.member_id)
    assert contractor is not None
    assert member is not None
    named = live_persons(session, mandate.id)
    known = frozenset(user.id for user in named)
    users = users_for(session, terms.persons, contractor=contractor, known=known, actor=actor, now=now)
    kept = {user.id for user in users}
    gone = [user for user in named if user.id not in kept]
    fresh = name_persons(session, mandate, users)
    end_sessions(session, mandate.id, now=now, of=[user.id for user in gone])
    session.execute(delete(MandateScope).where(MandateScope.mandate_id == mandate.id))
    session.add_all(MandateScope(mandate_id=mandate.id, procedure=one) for one in terms.procedures)
    mandate.starts_on, mandate.ends_on = terms.starts_on, terms.ends_on
    if widened:
        mandate.accepted_by_id, mandate.accepted_at = actor.user_id, now
    mandate.version += 1
    session.flush()
    told = tell(session, mandate, "mandates/changed", now=now, besides=gone)
    notify_named(session, mandate, fresh, company=member.current_name, contractor=contractor.name, now=now)
    detail = {
        "before": in_detail(before),
        "after": in_detail(terms_of(session, mandate)),
        "widened": widened,
        "terms_no": terms_in_force(session, now=now).no if widened else None,
        "told": told,
    }
    audit.record(
        session,
        "mandate.changed",
        subject=subject_of(mandate),
        actor=actor,
        now=now,
        detail=detail,
        clause=Clause.C2_3_1 if widened else None,
    )
    session.flush()
    return True


def _same(before: MandateTerms, after: MandateTerms) -> bool:
    def key(terms: MandateTerms) -> tuple[object, ...]:
        return terms.procedures, terms.starts_on, terms.ends_on, {one.key for one in terms.persons}

    return key(before) == key(after)


def end(session: Session, mandate_id: int, *, reason: str | None, actor: Actor, now: datetime) -> int:
    """The member's 管理者 ends the mandate and its sessions at once; how many sessions there were.

    Refusals: not_allowed, not_found, illegal_step, reason_too_long.
    """
    mandate, step = locked_of_member(session, mandate_id, step="end", seen_version=None, actor=actor)
    return close(session, mandate, step, side=MandateSide.MEMBER, reason=checked_reason(reason), actor=actor, now=now)


def end_by_office(session: Session, mandate_id: int, *, reason: str, actor: Actor, now: datetime) -> int:
    """Staff end the mandate as OCCTO may stop the IDs of a Party (利用規約 3.3/3.4.4).

    Refusals: not_allowed, not_found, illegal_step, reason_missing, reason_too_long.
    """
    mandate = _locked_by_staff(session, mandate_id, step="end_by_office", actor=actor)
    return close(
        session,
        mandate,
        MANDATES.step("end_by_office"),
        side=MandateSide.OFFICE,
        reason=checked_reason(reason, needed=True),
        clause=Clause.C3_3_3_4_4,
        actor=actor,
        now=now,
    )


def end_on_paper(
    session: Session, mandate_id: int, *, received_on: date, reason: str, actor: Actor, now: datetime
) -> int:
    """Staff end the mandate on the member's paper of `received_on`; `reason` says which paper.

    Refusals: those of `end_by_office`, received_later.
    """
    mandate = _locked_by_staff(session, mandate_id, step="end_on_paper", actor=actor)
    if received_on > today_jst(now):
        raise Refusal("received_later", "書面を受け取った日は、今日までの日付を入力してください。", field="received_on")
    words = checked_reason(reason, needed=True)
    return close(
        session,
        mandate,
        MANDATES.step("end_on_paper"),
        side=MandateSide.MEMBER,
        reason=checked_reason(f"{format_date(received_on)}に受け付けた書面：{words}"),
        actor=actor,
        now=now,
    )


def _locked_by_staff(session: Session, mandate_id: int, *, step: str, actor: Actor) -> Mandate:
    if not actor.can(MANDATES.step(step).permission) or actor.user_id is None:
        raise NotAllowed
    mandate = locked(session, mandate_id)
    MANDATES.require(step, MandateState(mandate.state))
    return mandate
