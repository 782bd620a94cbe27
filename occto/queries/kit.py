"""What the 再計算キット is made of: the frozen facts, every vote that was counted, and the result. Nothing in it ever changes: names and
licences are those known at the freeze, receipts those listed before the fixing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from occto.domain.errors import NotFound
from occto.models import (
    Assembly,
    AssemblyResult,
    AuditEvent,
    DecisionVote,
    KitHash,
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
        receipts=receipts_of(session, assembly_id, until=fixed[0].fixed_at),
    )


def receipts_of(session: Session, assembly_id: int, *, until: datetime | None = None) -> ReceiptList | None:
    """受領証の一覧 of an assembly: the newest, or the newest of those made `until` an instant, which is one of them."""
    query = select(ReceiptList).where(ReceiptList.assembly_id == assembly_id)
    if until is not None:
        query = query.where(ReceiptList.made_at <= until)
    return session.scalar(query.order_by(ReceiptList.no.desc()).limit(1))


def noted_hash(session: Session, fixed: AssemblyResult | None) -> KitHash | None:
    """What the kit of a result is known by; None as long as the worker has not noted it."""
    return session.get(KitHash, (fixed.assembly_id, fixed.no)) if fixed is not None else None


def kits_to_note(session: Session) -> list[int]:
    """Assemblies whose result stands without a noted hash; rehearsals too, where everything is tried."""
    newest = select(func.max(AssemblyResult.no)).where(AssemblyResult.assembly_id == Assembly.id).scalar_subquery()
    noted = exists().where(KitHash.assembly_id == Assembly.id, KitHash.no == newest)
    waiting = select(Assembly.id).where(Assembly.state.in_(FIXED), newest.is_not(None), ~noted)
    return list(session.scalars(waiting.order_by(Assembly.id)))


def differed(session: Session, noted: KitHash) -> datetime | None:
    """When a kit of this result was last refused because its hash was another one; None where that never happened."""
    query = (
        select(AuditEvent.at)
        .where(
            AuditEvent.subject == f"ASSEMBLY:{noted.assembly_id}",
            AuditEvent.tag == "kit.differs",
            AuditEvent.at >= noted.noted_at,
        )
        .order_by(AuditEvent.id.desc())
        .limit(1)
    )
    return session.scalar(query)


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
