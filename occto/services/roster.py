"""名簿番号の一括変更: proposed as a list by one person, applied or dropped under four eyes (`domain` 2 and 4)."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.codes import ChangeSource, ProposalState
from occto.domain.errors import NotAllowed, NotFound, Refusal, SecondPersonNeeded, Stale
from occto.domain.permissions import Permission
from occto.models import RegisterHead, RosterFact, RosterProposal
from occto.services import audit, register


def propose(
    session: Session, *, numbers: Mapping[int, int], effective_on: date, reason: str, actor: Actor, now: datetime
) -> int:
    """Keep a list of new numbers (member → number) for a second person; returns its row number.

    What the list can be refused for is asked again when it is applied. Refusals: not_allowed, reason_missing,
    nothing_changed, number_twice, roster_taken (a member outside the list has the number).
    """
    if not actor.can(Permission.ROSTER_PROPOSE) or actor.user_id is None:
        raise NotAllowed
    if not reason.strip():
        raise Refusal("reason_missing", "変更の理由を入力してください。", field="reason")
    head = session.get(RegisterHead, 1)
    running = _running(session, numbers)
    changed = {member_id: number for member_id, number in numbers.items() if running.get(member_id) != number}
    if not changed:
        raise Refusal("nothing_changed", "いまの名簿番号と違う行がありません。番号をお確かめください。", field="lines")
    if len(set(numbers.values())) < len(numbers):
        raise Refusal("number_twice", "同じ名簿番号が2回以上あります。番号をお確かめください。", field="lines")
    _require_free(session, changed, named=numbers)
    proposal = RosterProposal(
        state=ProposalState.PROPOSED,
        rows=[[member_id, running.get(member_id), number] for member_id, number in sorted(changed.items())],
        effective_on=effective_on,
        reason=reason.strip(),
        base_change_id=head.last_change_id if head else 0,
        proposed_by_id=actor.user_id,
        proposed_at=now,
    )
    session.add(proposal)
    session.flush()
    detail = {"count": len(changed), "effective_on": effective_on, "reason": proposal.reason}
    audit.record(session, "roster.proposed", subject=f"ROSTER:{proposal.id}", actor=actor, now=now, detail=detail)
    session.flush()
    return proposal.id


def apply(session: Session, proposal_id: int, *, seen_version: int, actor: Actor, now: datetime) -> int:
    """Give the numbers of a proposal; returns the number of the register change.

    Refusals: not_allowed, not_found, stale, second_person, conflict (a number of a member in the list was changed since),
    and those of `register.renumber`.
    """
    if not actor.can(Permission.ROSTER_APPROVE) or actor.user_id is None:
        raise NotAllowed
    proposal = _locked(session, proposal_id, seen_version=seen_version)
    if actor.user_id == proposal.proposed_by_id:
        raise SecondPersonNeeded("変更案を作った方とは別の方が承認してください。")
    numbers = {row[0]: row[2] for row in proposal.rows if row[0] is not None and row[2] is not None}
    register.lock_members(session, numbers)
    change = register.begin_change(
        session,
        source_kind=ChangeSource.ROSTER,
        source_id=proposal.id,
        actor_id=proposal.proposed_by_id,
        second_actor_id=actor.user_id,
        now=now,
    )
    _refuse_conflict(session, proposal, list(numbers))
    register.renumber(session, change, numbers=numbers, effective_on=proposal.effective_on)
    _decide(proposal, ProposalState.APPLIED, actor=actor, now=now)
    proposal.change_id = change.id
    detail = {
        "change_id": change.id,
        "count": len(numbers),
        "effective_on": proposal.effective_on,
        "proposed_by_id": proposal.proposed_by_id,
    }
    audit.record(session, "roster.applied", subject=f"ROSTER:{proposal.id}", actor=actor, now=now, detail=detail)
    register.finish_change(session, change, now=now)
    return change.id


def drop(session: Session, proposal_id: int, *, seen_version: int, actor: Actor, now: datetime) -> None:
    """取りやめ, by whoever may propose or approve. Refusals: not_allowed, not_found, stale."""
    if not (actor.can(Permission.ROSTER_PROPOSE) or actor.can(Permission.ROSTER_APPROVE)) or actor.user_id is None:
        raise NotAllowed
    proposal = _locked(session, proposal_id, seen_version=seen_version)
    _decide(proposal, ProposalState.DROPPED, actor=actor, now=now)
    detail = {"count": len(proposal.rows)}
    audit.record(session, "roster.dropped", subject=f"ROSTER:{proposal.id}", actor=actor, now=now, detail=detail)
    session.flush()


def _locked(session: Session, proposal_id: int, *, seen_version: int) -> RosterProposal:
    proposal = session.get(RosterProposal, proposal_id, with_for_update=True)
    if proposal is None:
        raise NotFound
    if proposal.version != seen_version or proposal.state is not ProposalState.PROPOSED:
        raise Stale(
            "画面を開いたあとに、この変更案は反映されたか、取りやめになりました。いまの状態をお確かめください。"
        )
    return proposal


def _decide(proposal: RosterProposal, state: ProposalState, *, actor: Actor, now: datetime) -> None:
    proposal.state, proposal.decided_at, proposal.decided_by_id = state, now, actor.user_id
    proposal.version += 1


def _running(session: Session, numbers: Mapping[int, int]) -> dict[int, int]:
    rows = session.execute(
        select(RosterFact.member_id, RosterFact.roster_no).where(
            RosterFact.member_id.in_(list(numbers)), RosterFact.voided_id.is_(None), RosterFact.ended_on.is_(None)
        )
    )
    return {row.member_id: row.roster_no for row in rows}


def _require_free(session: Session, changed: Mapping[int, int], *, named: Mapping[int, int]) -> None:
    taken = session.scalars(
        select(RosterFact.roster_no)
        .where(
            RosterFact.roster_no.in_(list(changed.values())),
            RosterFact.member_id.not_in(list(named)),
            RosterFact.voided_id.is_(None),
            RosterFact.ended_on.is_(None),
        )
        .order_by(RosterFact.roster_no)
    ).all()
    if taken:
        listed = "、".join(str(number) for number in taken[:5])
        raise Refusal(
            "roster_taken", f"名簿番号 {listed} は、一覧にない会員の番号です。番号をお確かめください。", field="lines"
        )


def _refuse_conflict(session: Session, proposal: RosterProposal, member_ids: list[int]) -> None:
    """Refuse where a number of one of these members was entered or voided after the list was made."""
    since = session.scalar(
        select(RosterFact.id)
        .where(
            RosterFact.member_id.in_(member_ids),
            or_(RosterFact.entered_id > proposal.base_change_id, RosterFact.voided_id > proposal.base_change_id),
        )
        .limit(1)
    )
    if since is not None:
        raise Refusal(
            "conflict",
            "変更案を作ったあとに、一覧の会員の名簿番号が変わりました。この案を取りやめて、いまの番号から作り直してください。",
        )
