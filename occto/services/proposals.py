"""二人で行うこと: one of the staff proposes, another confirms; what is done then is the handler of the kind (`domain` 4).

Locks are taken in the order assembly → member → proposal; what weighs the whole register locks that before them, because
a change of the register notes under that lock which assemblies it comes too late for. Other handlers lock it last.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.codes import ProposalState
from occto.domain.errors import NotAllowed, NotFound, Refusal, SecondPersonNeeded, Stale
from occto.domain.proposals import CONFIRMED_WITH, LABELS, PROPOSED_WITH, WEIGHS_REGISTER, ProposalKind
from occto.models import Assembly, Member, Proposal
from occto.services import audit
from occto.services.register import lock_register

Handler = Callable[[Session, Proposal, Actor, datetime], None]
"""Does what was proposed. Assembly, member and proposal are locked; `actor` is the second person. It may refuse."""


def propose(
    session: Session,
    kind: ProposalKind,
    *,
    subject_key: str,
    values: Mapping[str, Any],
    reason: str,
    actor: Actor,
    now: datetime,
    assembly_id: int | None = None,
    member_id: int | None = None,
    attachment_id: int | None = None,
    digest: str | None = None,
) -> Proposal:
    """Keep what shall be done for a second person. The caller holds the locks of assembly and member.

    Refusals: not_allowed, reason_missing, already_proposed.
    """
    if not actor.can(PROPOSED_WITH[kind]) or actor.user_id is None:
        raise NotAllowed
    if not reason.strip():
        raise Refusal("reason_missing", "理由を入力してください。確認する方が見ます。", field="reason")
    if open_proposal(session, kind, subject_key) is not None:
        raise Refusal(
            "already_proposed",
            f"「{LABELS[kind]}」は、すでに二人目の確認を待っています。確認されるか、取りやめになるのをお待ちください。",
        )
    proposal = Proposal(
        kind=kind,
        state=ProposalState.PROPOSED,
        subject_key=subject_key,
        assembly_id=assembly_id,
        member_id=member_id,
        attachment_id=attachment_id,
        values=dict(values),
        digest=digest,
        reason=reason.strip(),
        proposed_by_id=actor.user_id,
        proposed_at=now,
    )
    session.add(proposal)
    session.flush()
    _record(session, "proposal.made", proposal, actor=actor, now=now)
    session.flush()
    return proposal


def confirm(
    session: Session,
    proposal_id: int,
    *,
    handlers: Mapping[ProposalKind, Handler],
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """The second person confirms, and the handler of the kind does what was proposed.

    Refusals: not_allowed, not_found, stale, second_person, and those of the handler.
    """
    if not actor.can(CONFIRMED_WITH) or actor.user_id is None:
        raise NotAllowed
    proposal = _locked(session, proposal_id, seen_version=seen_version)
    if actor.user_id == proposal.proposed_by_id:
        raise SecondPersonNeeded("依頼した方とは別の方が確認してください。")
    handlers[proposal.kind](session, proposal, actor, now)
    _decide(session, proposal, ProposalState.APPLIED, actor=actor, now=now)


def drop(session: Session, proposal_id: int, *, seen_version: int, actor: Actor, now: datetime) -> None:
    """取りやめ, by whoever may propose or confirm such a thing. Refusals: not_allowed, not_found, stale."""
    if actor.user_id is None:
        raise NotAllowed
    proposal = _locked(session, proposal_id, seen_version=seen_version)
    if not (actor.can(PROPOSED_WITH[proposal.kind]) or actor.can(CONFIRMED_WITH)):
        raise NotAllowed
    _decide(session, proposal, ProposalState.DROPPED, actor=actor, now=now)


def open_proposal(session: Session, kind: ProposalKind, subject_key: str) -> Proposal | None:
    """What waits for a second person about a subject."""
    return session.scalar(
        select(Proposal).where(
            Proposal.kind == kind, Proposal.subject_key == subject_key, Proposal.state == ProposalState.PROPOSED
        )
    )


def _locked(session: Session, proposal_id: int, *, seen_version: int) -> Proposal:
    found = session.execute(
        select(Proposal.kind, Proposal.assembly_id, Proposal.member_id).where(Proposal.id == proposal_id)
    ).one_or_none()
    if found is None:
        raise NotFound
    if found.kind in WEIGHS_REGISTER:
        lock_register(session)
    if found.assembly_id is not None:
        alone = True if found.kind is not ProposalKind.ELECTION else {"key_share": True}
        session.get(Assembly, found.assembly_id, with_for_update=alone)
    if found.member_id is not None:
        session.get(Member, found.member_id, with_for_update={"key_share": True})
    proposal = session.get_one(Proposal, proposal_id, with_for_update=True)
    if proposal.version != seen_version or proposal.state is not ProposalState.PROPOSED:
        raise Stale("画面を開いたあとに、この依頼は確認されたか、取りやめになりました。いまの状態をお確かめください。")
    return proposal


def _decide(session: Session, proposal: Proposal, state: ProposalState, *, actor: Actor, now: datetime) -> None:
    proposal.state, proposal.decided_at, proposal.decided_by_id = state, now, actor.user_id
    proposal.version += 1
    tag = "proposal.confirmed" if state is ProposalState.APPLIED else "proposal.dropped"
    _record(session, tag, proposal, actor=actor, now=now)
    session.flush()


def _record(session: Session, tag: str, proposal: Proposal, *, actor: Actor, now: datetime) -> None:
    detail = {
        "kind": proposal.kind,
        "about": proposal.subject_key,
        "reason": proposal.reason,
        "proposed_by_id": proposal.proposed_by_id,
    }
    audit.record(session, tag, subject=f"PROPOSAL:{proposal.id}", actor=actor, now=now, detail=detail)
