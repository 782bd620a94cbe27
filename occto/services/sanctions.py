"""権利の停止・制限: proposed by one of the staff, entered into the register when another confirms (`domain` 2 and 4)."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.codes import AttachmentKind, ChangeAct, ChangeSource, SanctionScope
from occto.domain.dates import today_jst
from occto.domain.errors import NotAllowed, NotFound, Refusal
from occto.domain.permissions import Permission
from occto.domain.proposals import ProposalKind
from occto.models import Member, Proposal, RegisterChange, SanctionFact
from occto.services import audit, proposals, register
from occto.services.elections import Scan, keep_scan


@dataclass(frozen=True, slots=True)
class Decision:
    """What a body decided under the 定款: on which rights, from when, until when (half-open; None: until further notice)."""

    scope: SanctionScope
    decided_by: str
    decided_on: date
    ground: str
    effective_on: date
    ended_on: date | None


def propose_sanction(
    session: Session, member_id: int, *, decision: Decision, scan: Scan, reason: str, actor: Actor, now: datetime
) -> int:
    """Ask a second person to enter a decision; returns the row number of the proposal.

    Refusals: not_allowed, not_found, period, decided_later, sanction_there, reason_missing, already_proposed.
    """
    _require_proposer(actor)
    _lock_member(session, member_id)
    _check(session, member_id, decision, today=today_jst(now), instead_of=None)
    document = _keep(session, scan, member_id, now=now)
    return proposals.propose(
        session,
        ProposalKind.SANCTION,
        subject_key=f"MEMBER:{member_id}",
        values=_stored(decision),
        reason=reason,
        actor=actor,
        now=now,
        member_id=member_id,
        attachment_id=document,
    ).id


def propose_end(
    session: Session,
    sanction_id: int,
    *,
    act: ChangeAct,
    ended_on: date | None = None,
    correction: Decision | None = None,
    scan: Scan | None,
    reason: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Ask a second person to end, correct or void what stands; returns the row number of the proposal.

    Refusals: not_allowed, not_found, act_unknown, period, decided_later, sanction_there, reason_missing,
    already_proposed.
    """
    _require_proposer(actor)
    fact = _standing(session, sanction_id)
    _lock_member(session, fact.member_id)
    new = _replacement(fact, act, ended_on=ended_on, correction=correction)
    if new is not None:
        _check(session, fact.member_id, new, today=today_jst(now), instead_of=fact.id)
    document = _keep(session, scan, fact.member_id, now=now) if scan is not None else None
    return proposals.propose(
        session,
        ProposalKind.SANCTION_END,
        subject_key=f"SANCTION:{sanction_id}",
        values={"act": act.value, "sanction_id": sanction_id, "new": _stored(new) if new is not None else None},
        reason=reason,
        actor=actor,
        now=now,
        member_id=fact.member_id,
        attachment_id=document,
    ).id


def enter(session: Session, proposal: Proposal, actor: Actor, now: datetime) -> None:
    """The second person's confirmation: the fact stands in the register. Refusals: period, sanction_there."""
    member_id = _member_of(proposal)
    decision = read_decision(proposal.values)
    _check(session, member_id, decision, today=today_jst(now), instead_of=None)
    change = _begin(session, proposal, actor, now)
    fact = _enter(session, change, member_id, decision, document_id=proposal.attachment_id)
    _record(session, "sanction.entered", proposal, change, fact, actor=actor, now=now)
    register.finish_change(session, change, now=now)


def end(session: Session, proposal: Proposal, actor: Actor, now: datetime) -> None:
    """The second person's confirmation of an end, a correction or a void. Refusals: not_found (voided since), period,
    sanction_there.
    """
    member_id = _member_of(proposal)
    old = _standing(session, proposal.values["sanction_id"])
    new = read_decision(proposal.values["new"]) if proposal.values["new"] is not None else None
    if new is not None:
        _check(session, member_id, new, today=today_jst(now), instead_of=old.id)
    change = _begin(session, proposal, actor, now)
    old.voided_id = change.id
    session.flush()
    fact = old
    if new is not None:
        fact = _enter(session, change, member_id, new, document_id=proposal.attachment_id or old.document_id)
    _record(session, "sanction.ended", proposal, change, fact, actor=actor, now=now)
    register.finish_change(session, change, now=now)


def read_decision(values: dict[str, Any]) -> Decision:
    """The decision that a proposal carries."""
    ended_on = values["ended_on"]
    return Decision(
        scope=SanctionScope(values["scope"]),
        decided_by=values["decided_by"],
        decided_on=date.fromisoformat(values["decided_on"]),
        ground=values["ground"],
        effective_on=date.fromisoformat(values["effective_on"]),
        ended_on=date.fromisoformat(ended_on) if ended_on else None,
    )


def _stored(decision: Decision) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(decision).items()}


def _require_proposer(actor: Actor) -> None:
    if not actor.can(Permission.SANCTION_PROPOSE) or actor.user_id is None:
        raise NotAllowed


def _lock_member(session: Session, member_id: int) -> None:
    if session.get(Member, member_id, with_for_update={"key_share": True}) is None:
        raise NotFound


def _member_of(proposal: Proposal) -> int:
    assert proposal.member_id is not None, "a proposal about a sanction names its member"
    return proposal.member_id


def _standing(session: Session, sanction_id: int) -> SanctionFact:
    fact = session.get(SanctionFact, sanction_id, populate_existing=True)
    if fact is None or fact.voided_id is not None:
        raise NotFound("この権利の停止・制限は、すでに改められたか、取り消されました。いまの登録をお確かめください。")
    return fact


def _replacement(
    fact: SanctionFact, act: ChangeAct, *, ended_on: date | None, correction: Decision | None
) -> Decision | None:
    """What stands afterwards instead of a fact; None where nothing does."""
    if act is ChangeAct.VOID:
        return None
    if act is ChangeAct.CORRECT and correction is not None:
        return correction
    if act is not ChangeAct.END or ended_on is None:
        raise Refusal("act_unknown", "終了、訂正、取消しのどれかを選び、必要な内容を入力してください。", field="act")
    return Decision(
        scope=fact.scope,
        decided_by=fact.decided_by,
        decided_on=fact.decided_on,
        ground=fact.ground,
        effective_on=fact.effective_on,
        ended_on=ended_on,
    )


def _check(session: Session, member_id: int, decision: Decision, *, today: date, instead_of: int | None) -> None:
    if decision.ended_on is not None and decision.ended_on <= decision.effective_on:
        raise Refusal("period", "終わる日は、始まる日より後の日を入力してください。", field="ended_on")
    if decision.decided_on > today:
        raise Refusal("decided_later", "決定した日は、今日までの日を入力してください。", field="decided_on")
    overlapping = select(SanctionFact.id).where(
        SanctionFact.member_id == member_id,
        SanctionFact.scope == decision.scope,
        SanctionFact.voided_id.is_(None),
        or_(SanctionFact.ended_on.is_(None), SanctionFact.ended_on > decision.effective_on),
    )
    if decision.ended_on is not None:
        overlapping = overlapping.where(SanctionFact.effective_on < decision.ended_on)
    if instead_of is not None:
        overlapping = overlapping.where(SanctionFact.id != instead_of)
    if session.scalar(overlapping.limit(1)) is not None:
        raise Refusal(
            "sanction_there",
            "同じ権利について、期間の重なる停止・制限がすでに登録されています。その登録を終了または訂正してください。",
            field="effective_on",
        )


def _keep(session: Session, scan: Scan, member_id: int, *, now: datetime) -> int:
    return keep_scan(session, scan, AttachmentKind.SANCTION, assembly_id=None, member_id=member_id, now=now)


def _begin(session: Session, proposal: Proposal, actor: Actor, now: datetime) -> RegisterChange:
    return register.begin_change(
        session,
        source_kind=ChangeSource.SANCTION,
        source_id=proposal.id,
        actor_id=proposal.proposed_by_id,
        second_actor_id=actor.user_id,
        now=now,
    )


def _enter(
    session: Session, change: RegisterChange, member_id: int, decision: Decision, *, document_id: int | None
) -> SanctionFact:
    fact = SanctionFact(member_id=member_id, **asdict(decision), document_id=document_id, entered_id=change.id)
    session.add(fact)
    session.flush()
    return fact


def _record(
    session: Session,
    tag: str,
    proposal: Proposal,
    change: RegisterChange,
    fact: SanctionFact,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    detail = {
        "change_id": change.id,
        "scope": fact.scope,
        "effective_on": fact.effective_on,
        "ended_on": fact.ended_on,
        "proposed_by_id": proposal.proposed_by_id,
    }
    audit.record(session, tag, subject=f"MEMBER:{fact.member_id}", actor=actor, now=now, detail=detail)
