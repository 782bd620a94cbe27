"""What the 再計算キット is made of: the frozen facts, every vote that was counted, and the result. Nothing in it ever changes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from occto.domain.errors import NotFound
from occto.models import (
    Assembly,
    AssemblyResult,
    DecisionVote,
    LicenceFact,
    LicenceHeld,
    Member,
    ReceiptList,
    Snapshot,
    SnapshotMember,
)
from occto.queries.allocation import Calculation
from occto.queries.register.known import stands, with_known
from occto.queries.results import FIXED, Given, ItemResult, fixed_results, newest_decisions, results_of
from occto.queries.snapshots import frozen_of, kept_calculation


@dataclass(frozen=True, slots=True)
class KitFacts:
    """All that a kit says. `dates`: body → from when until when its licences of the record date hold, as known at the
    freeze; `votes`: decision → body → how its vote was counted.
    """

    assembly: Assembly
    snapshot: Snapshot
    calculation: Calculation
    dates: Mapping[int, tuple[date, date | None]]
    results: Sequence[ItemResult]
    votes: Mapping[int, Mapping[int, Given]]
    fixed: AssemblyResult
    receipts: ReceiptList | None


def kit_facts(session: Session, assembly_id: int) -> KitFacts:
    """The facts of the result that stands; NotFound where there is none."""
    assembly = session.get(Assembly, assembly_id)
    snapshot = frozen_of(session, assembly_id)
    fixed = fixed_results(session, assembly_id)
    if assembly is None or snapshot is None or not fixed or assembly.state not in FIXED:
        raise NotFound
    calculation = kept_calculation(session, snapshot)
    return KitFacts(
        assembly=assembly,
        snapshot=snapshot,
        calculation=calculation,
        dates=_dates(session, snapshot),
        results=results_of(session, assembly_id),
        votes=_votes(session, assembly_id, calculation),
        fixed=fixed[0],
        receipts=session.scalar(
            select(ReceiptList).where(ReceiptList.assembly_id == assembly_id).order_by(ReceiptList.no.desc()).limit(1)
        ),
    )


def kit_key(session: Session, assembly_id: int) -> tuple[object, ...] | None:
    """What the kit is drawn from, by row numbers: the same key is the same kit. None where there is no kit."""
    assembly = session.get(Assembly, assembly_id)
    fixed = fixed_results(session, assembly_id)
    if assembly is None or assembly.state not in FIXED or not fixed:
        return None
    frozen = frozen_of(session, assembly_id)
    decisions = session.scalars(newest_decisions(assembly_id).order_by("id"))
    receipts = select(func.max(ReceiptList.no)).where(ReceiptList.assembly_id == assembly_id)
    return assembly_id, frozen.sha256 if frozen else None, fixed[0].id, *decisions, session.scalar(receipts)


def _dates(session: Session, snapshot: Snapshot) -> dict[int, tuple[date, date | None]]:
    """As known when the votes were frozen: what the register learns later changes no kit."""
    held = (
        select(Member.body_id, LicenceFact.effective_on, LicenceFact.ended_on)
        .join(LicenceHeld, LicenceHeld.id == LicenceFact.licence_id)
        .join(Member, Member.id == LicenceHeld.member_id)
        .join(
            SnapshotMember,
            (SnapshotMember.member_id == Member.id) & (SnapshotMember.snapshot_id == snapshot.id),
        )
        .where(
            stands(LicenceFact, known=True),
            LicenceFact.effective_on <= snapshot.record_on,
            LicenceFact.ended_on.is_(None) | (LicenceFact.ended_on > snapshot.record_on),
        )
    )
    found: dict[int, tuple[date, date | None]] = {}
    for body, begin, end in session.execute(held, with_known({}, snapshot.known_change_id)):
        first, last = found.get(body, (begin, end))
        found[body] = (min(first, begin), None if last is None or end is None else max(last, end))
    return found


def _votes(session: Session, assembly_id: int, calculation: Calculation) -> dict[int, dict[int, Given]]:
    node_of = {member_id: node for node, member_id in calculation.record.member_ids.items()}
    found: dict[int, dict[int, Given]] = defaultdict(dict)
    for decision_id, member_id, channel, choice in session.execute(
        select(DecisionVote.decision_id, DecisionVote.member_id, DecisionVote.channel, DecisionVote.choice).where(
            DecisionVote.decision_id.in_(newest_decisions(assembly_id))
        )
    ):
        found[decision_id][node_of[member_id]] = Given(channel, choice)
    return found
