"""基準日後判明 after the freeze: freeze again, keep, or postpone; proposed by one, confirmed by another (`domain` 5.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.assembly import ASSEMBLY, FROZEN_OR_LATER
from occto.domain.codes import LateOutcome
from occto.domain.dates import JST, today_jst
from occto.domain.errors import IllegalStep, Refusal, Stale
from occto.domain.proposals import ProposalKind
from occto.domain.votes import Allocation, Group
from occto.models import Assembly, LateFact, Proposal
from occto.queries.allocation import Calculation
from occto.queries.assembly_recipients import recipients
from occto.queries.snapshots import calculated_again, frozen_of, kept_calculation
from occto.services import audit, outbox, proposals, snapshots
from occto.services.freezing import (
    CHANGED_SINCE,
    keep_frozen,
    locked_assembly,
    require_sound,
    settle_late_facts,
)
from occto.services.outbox import Letter


@dataclass(frozen=True, slots=True)
class Told:
    """A member whose votes change, with all its votes of the total before and after."""

    member_id: int
    company: str
    before: int
    after: int


def propose_refreeze(
    session: Session,
    assembly_id: int,
    *,
    reason: str,
    seen_version: int,
    seen_digest: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Ask a second person to freeze again what was on the screen; returns the proposal.

    Refusals: not_allowed, not_found, stale, illegal_step (once the count in the hall has begun), no_late_facts,
    calculation_errors, changed_since, already_proposed, reason_missing.
    """
    assembly = locked_assembly(session, assembly_id, seen_version=seen_version, actor=actor)
    _require_refreeze(session, assembly)
    digest = snapshots.figures_digest(_calculated(session, assembly))
    if digest != seen_digest:
        raise Refusal(
            "changed_since", "画面を開いたあとに議決権が変わりました。新しい集計を確かめて、もう一度依頼してください。"
        )
    proposal = proposals.propose(
        session,
        ProposalKind.REFREEZE,
        subject_key=f"ASSEMBLY:{assembly.id}",
        assembly_id=assembly.id,
        values={"late_facts": _open_facts(session, assembly.id)},
        digest=digest,
        reason=reason,
        actor=actor,
        now=now,
    )
    return proposal.id


def refreeze(session: Session, proposal: Proposal, actor: Actor, now: datetime) -> None:
    """The second person freezes again. The earlier freeze is set aside and kept, replies stay and are weighed anew,
    every member whose votes change is told.

    Refusals: illegal_step, no_late_facts, calculation_errors, changed_since.
    """
    assembly = session.get_one(Assembly, proposal.assembly_id)
    _require_refreeze(session, assembly)
    calculation = _calculated(session, assembly)
    if snapshots.figures_digest(calculation) != proposal.digest:
        raise Refusal("changed_since", CHANGED_SINCE)
    frozen = frozen_of(session, assembly.id)
    assert frozen is not None
    before = kept_calculation(session, frozen)
    keep_frozen(session, assembly, calculation, proposal=proposal, actor=actor, now=now, tag="assembly.refrozen")
    settle_late_facts(session, assembly, LateOutcome.REFREEZE, proposal=proposal, actor=actor, now=now)
    assembly.version += 1
    _tell(session, assembly, before, calculation, reason=proposal.reason, actor=actor, now=now)
    session.flush()


def propose_outcome(
    session: Session,
    assembly_id: int,
    *,
    outcome: LateOutcome,
    fact_ids: Sequence[int],
    reason: str,
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> int:
    """Ask a second person to leave these late facts aside (KEEP) or to postpone for them; returns the proposal.

    Refusals: not_allowed, not_found, stale (also where one of them is settled), illegal_step, none_chosen,
    already_proposed, reason_missing.
    """
    assembly = locked_assembly(session, assembly_id, seen_version=seen_version, actor=actor)
    _require_outcome(assembly, outcome)
    if not fact_ids:
        raise Refusal("none_chosen", "取扱いを決めるものを選んでください。", field="facts")
    if not set(fact_ids) <= set(_open_facts(session, assembly.id)):
        raise Stale("画面を開いたあとに、選んだものの取扱いが決まりました。いまの一覧を確かめてください。")
    proposal = proposals.propose(
        session,
        ProposalKind.LATE_FACT,
        subject_key=f"ASSEMBLY:{assembly.id}",
        assembly_id=assembly.id,
        values={"outcome": outcome, "late_facts": sorted(set(fact_ids))},
        reason=reason,
        actor=actor,
        now=now,
    )
    return proposal.id


def settle(session: Session, proposal: Proposal, actor: Actor, now: datetime) -> None:
    """The second person confirms what is done about late facts; votes stay as they are. Refusals: illegal_step, settled."""
    assembly = session.get_one(Assembly, proposal.assembly_id)
    outcome, named = LateOutcome(proposal.values["outcome"]), proposal.values["late_facts"]
    _require_outcome(assembly, outcome)
    if not set(named) <= set(_open_facts(session, assembly.id)):
        raise Refusal(
            "settled",
            "依頼のあとに、このうちのどれかの取扱いが決まりました。この依頼を取りやめて、作り直してください。",
        )
    settle_late_facts(session, assembly, outcome, proposal=proposal, actor=actor, now=now, fact_ids=named)


def votes_moved(before: Calculation, after: Calculation) -> list[Told]:
    """The members whose share of any group differs, by row number, with their votes."""
    old, new = before.allocation, after.allocation
    nodes = sorted(set(old.weights) | set(new.weights))
    members = {**before.record.member_ids, **after.record.member_ids}
    names = {**before.record.names, **after.record.names}
    return [
        Told(members[node], names[node], old.weight(node), new.weight(node))
        for node in nodes
        if any(old.share(node, group) != new.share(node, group) for group in Group)
    ]


def _require_refreeze(session: Session, assembly: Assembly) -> None:
    ASSEMBLY.require("refreeze", assembly.state)
    if not _open_facts(session, assembly.id):
        raise Refusal(
            "no_late_facts",
            "取扱いを決めていない「基準日後判明」がないため、確定し直すことはできません。一覧をお確かめください。",
        )


def _require_outcome(assembly: Assembly, outcome: LateOutcome) -> None:
    if outcome is LateOutcome.POSTPONE:
        ASSEMBLY.require("postpone", assembly.state)
    if assembly.state not in FROZEN_OR_LATER or outcome not in (LateOutcome.KEEP, LateOutcome.POSTPONE):
        raise IllegalStep(outcome, assembly.state, "取扱いを決められるのは、確定してから結果が確定するまでの間です。")


def _open_facts(session: Session, assembly_id: int) -> list[int]:
    return list(
        session.scalars(
            select(LateFact.id)
            .where(LateFact.assembly_id == assembly_id, LateFact.outcome.is_(None))
            .order_by(LateFact.id)
        )
    )


def _calculated(session: Session, assembly: Assembly) -> Calculation:
    frozen = frozen_of(session, assembly.id)
    assert frozen is not None, "an assembly past the freeze has frozen votes"
    return require_sound(calculated_again(session, frozen))


def _tell(
    session: Session,
    assembly: Assembly,
    before: Calculation,
    after: Calculation,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    moved = votes_moved(before, after)
    people = recipients(session, [one.member_id for one in moved], today=today_jst(now))
    shared = _shared(assembly, before.allocation, after.allocation, reason)
    letters = [
        Letter(
            to=person.email,
            params={**shared, "company": one.company, "votes_before": one.before, "votes_after": one.after},
            member_id=one.member_id,
            user_id=person.user_id,
        )
        for one in moved
        for person in people.get(one.member_id, ())
    ]
    outbox.queue_many(session, "assemblies/votes_changed", letters, assembly_id=assembly.id, now=now)
    by_post = sum(one.member_id not in people for one in moved)
    detail = {"members": len(moved), "told": len(letters), "by_post": by_post}
    subject = f"ASSEMBLY:{assembly.id}"
    audit.record(session, "assembly.votes_told", subject=subject, actor=actor, now=now, detail=detail)


def _shared(assembly: Assembly, old: Allocation[int], new: Allocation[int], reason: str) -> Mapping[str, Any]:
    return {
        "assembly_id": assembly.id,
        "held_at": assembly.held_at,
        "held_on": assembly.held_at.astimezone(JST).date(),
        "record_on": assembly.record_on,
        "total_before": old.total,
        "total_after": new.total,
        "reason": reason,
    }
