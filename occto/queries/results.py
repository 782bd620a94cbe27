"""結果 of an assembly: every item with the decision that counts, who voted how, and what was corrected. Never the office's drafts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from occto.domain.assembly import AssemblyState
from occto.domain.codes import SnapshotState
from occto.domain.outcomes import concerns, outcome_in_words
from occto.domain.resolutions import VoteChannel
from occto.domain.tally import Choice, Decision, formula_in_words
from occto.domain.votes import Group
from occto.models import (
    AgendaConflict,
    AgendaItem,
    AssemblyResult,
    AuditDetail,
    AuditEvent,
    ConsentRecord,
    DecisionVote,
    ItemDecision,
    Member,
    Snapshot,
    SnapshotMember,
    User,
)

PUBLIC = frozenset({AssemblyState.PUBLISHED, AssemblyState.FINISHED})
"""Members see the result."""
FIXED = PUBLIC | {AssemblyState.RESULT_FIXED}
"""There is a result that stands: it can be taken away as a kit. While it is being corrected there is none."""


@dataclass(frozen=True, slots=True)
class ItemResult:
    """An item with its decisions, the newest first, its conflict members and what the minister said, the newest first."""

    item: AgendaItem
    decisions: Sequence[ItemDecision]
    heads: Mapping[Choice, int]
    conflicts: Sequence[tuple[int, str]] = field(default=())
    consents: Sequence[ConsentRecord] = field(default=())

    @property
    def decision(self) -> ItemDecision | None:
        """The one that counts."""
        return self.decisions[0] if self.decisions else None

    @property
    def consent(self) -> ConsentRecord | None:
        """What the minister said last of the decision that counts: not what was said of one corrected since."""
        last, found = next(iter(self.consents), None), self.decision
        return last if last and found and concerns(last.entered_at, decided_at=found.decided_at) else None

    @property
    def words(self) -> str:
        """The outcome in words; a withdrawn item and a report say so."""
        if self.item.withdrawn_at is not None:
            return "取下げ"
        if self.item.majority is None:
            return "報告"
        found, consent = self.decision, self.consent
        return outcome_in_words(
            found.outcome if found else None,
            self.item.consent,
            consent.outcome if consent else None,
            amended=bool(found and found.amendment),
        )

    @property
    def formula(self) -> str:
        """The calculation behind the outcome; empty before the decision."""
        found = self.decision
        return formula_in_words(as_decision(found), resolution=found.resolution) if found is not None else ""

    def votes(self, choice: Choice) -> int:
        """The votes given for a choice."""
        found = self.decision
        return getattr(found, _COLUMN[choice]) if found is not None else 0


_COLUMN = {Choice.YES: "yes", Choice.NO: "against", Choice.ABSTAIN: "abstain"}


def as_decision(row: ItemDecision) -> Decision:
    """A row as the domain decides."""
    return Decision(row.yes, row.against, row.abstain, row.present, row.outcome, by_chair=row.chair_choice is not None)


def results_of(session: Session, assembly_id: int) -> list[ItemResult]:
    """Every item of the agenda in its order, withdrawn ones and reports too. Five statements."""
    items = session.scalars(
        select(AgendaItem).where(AgendaItem.assembly_id == assembly_id).order_by(AgendaItem.no)
    ).all()
    of_these = AgendaItem.assembly_id == assembly_id
    decisions, consents = (
        _by_item(
            session.scalars(
                select(table)
                .join(AgendaItem, AgendaItem.id == table.item_id)
                .where(of_these)
                .order_by(table.item_id, table.no.desc())
            )
        )
        for table in (ItemDecision, ConsentRecord)
    )
    heads: dict[int, dict[Choice, int]] = defaultdict(lambda: dict.fromkeys(Choice, 0))
    for decision_id, choice, count in session.execute(
        select(DecisionVote.decision_id, DecisionVote.choice, func.count())
        .where(DecisionVote.decision_id.in_(newest_decisions(assembly_id)))
        .group_by(DecisionVote.decision_id, DecisionVote.choice)
    ):
        heads[decision_id][choice] = count
    conflicts = _by_item(
        session.execute(
            select(AgendaConflict.item_id, Member.id, Member.current_name)
            .join(AgendaItem, AgendaItem.id == AgendaConflict.item_id)
            .join(Member, Member.id == AgendaConflict.member_id)
            .where(of_these)
            .order_by(AgendaConflict.item_id, Member.name_key, Member.id)
        )
    )
    found = []
    for item in items:
        decided = decisions.get(item.id, [])
        found.append(
            ItemResult(
                item=item,
                decisions=decided,
                heads=heads[decided[0].id] if decided else dict.fromkeys(Choice, 0),
                conflicts=[(row[1], row[2]) for row in conflicts.get(item.id, [])],
                consents=consents.get(item.id, []),
            )
        )
    return found


def _by_item(rows: Any) -> dict[int, list[Any]]:
    return {item_id: list(each) for item_id, each in groupby(rows, key=lambda row: row.item_id)}


def newest_decisions(assembly_id: int) -> Any:
    """The row numbers of the decisions that count, as a subquery."""
    newest = (
        select(ItemDecision.item_id, func.max(ItemDecision.no).label("no"))
        .join(AgendaItem, AgendaItem.id == ItemDecision.item_id)
        .where(AgendaItem.assembly_id == assembly_id)
        .group_by(ItemDecision.item_id)
        .subquery()
    )
    return select(ItemDecision.id).join(
        newest, (newest.c.item_id == ItemDecision.item_id) & (newest.c.no == ItemDecision.no)
    )


def fixed_results(session: Session, assembly_id: int) -> list[AssemblyResult]:
    """The results as they were fixed, the newest first."""
    return list(
        session.scalars(
            select(AssemblyResult).where(AssemblyResult.assembly_id == assembly_id).order_by(AssemblyResult.no.desc())
        )
    )


class Correction(NamedTuple):
    """訂正: a result that had been fixed was taken back, by whom and why."""

    at: datetime
    by: str
    reason: str


def corrections_of(session: Session, assembly_id: int) -> list[Correction]:
    """Every time a fixed result was taken back, the first one first; the trail is where it is kept."""
    rows = session.execute(
        select(AuditEvent.at, User.name, AuditDetail.payload)
        .join(AuditDetail, AuditDetail.event_id == AuditEvent.id)
        .join(User, User.id == AuditEvent.actor_id)
        .where(AuditEvent.subject == f"ASSEMBLY:{assembly_id}", AuditEvent.tag == "assembly.step")
        .order_by(AuditEvent.id)
    )
    steps = ((at, name, payload or {}) for at, name, payload in rows)
    return [Correction(at, name, step["reason"]) for at, name, step in steps if step.get("step") == "correct_result"]


def newest_consent(session: Session, item_id: int) -> int:
    """The number of what the minister said last of an item; 0 where there is nothing."""
    return session.scalar(select(func.max(ConsentRecord.no)).where(ConsentRecord.item_id == item_id)) or 0


class Part(NamedTuple):
    """Votes and companies."""

    votes: int
    heads: int


@dataclass(frozen=True, slots=True)
class Breakdown:
    """An item by group and by channel: (group or channel, choice) → votes and companies."""

    groups: Mapping[tuple[Group, Choice], Part]
    channels: Mapping[tuple[VoteChannel, Choice], Part]


NOTHING = Part(0, 0)


def breakdowns(session: Session, assembly_id: int) -> dict[int, Breakdown]:
    """Item → its decision by group and by channel, in one statement. Weights are those of the frozen votes."""
    member = SnapshotMember
    by_group = [
        column
        for held in (member.votes_n, member.votes_r, member.votes_g)
        for column in (func.sum(held), func.count().filter(held > 0))
    ]
    rows = session.execute(
        select(
            ItemDecision.item_id,
            DecisionVote.channel,
            DecisionVote.choice,
            func.sum(member.votes),
            func.count(),
            *by_group,
        )
        .join(ItemDecision, ItemDecision.id == DecisionVote.decision_id)
        .join(Snapshot, (Snapshot.assembly_id == assembly_id) & (Snapshot.state == SnapshotState.FROZEN))
        .join(member, (member.snapshot_id == Snapshot.id) & (member.member_id == DecisionVote.member_id))
        .where(DecisionVote.decision_id.in_(newest_decisions(assembly_id)))
        .group_by(ItemDecision.item_id, DecisionVote.channel, DecisionVote.choice)
    )
    groups: dict[int, dict[tuple[Group, Choice], Part]] = defaultdict(dict)
    channels: dict[int, dict[tuple[VoteChannel, Choice], Part]] = defaultdict(dict)
    for item_id, channel, choice, votes, heads, *parts in rows:
        channels[item_id][channel, choice] = Part(int(votes), heads)
        for group, part_votes, part_heads in zip(Group, parts[::2], parts[1::2], strict=True):
            before = groups[item_id].get((group, choice), NOTHING)
            groups[item_id][group, choice] = Part(before.votes + int(part_votes), before.heads + part_heads)
    return {item_id: Breakdown(groups[item_id], channels[item_id]) for item_id in groups}


class Given(NamedTuple):
    """How a vote was counted."""

    channel: VoteChannel
    choice: Choice


def votes_of_member(session: Session, assembly_id: int, member_id: int) -> dict[int, Given]:
    """Item → how this member's vote was counted, in the decisions that count."""
    rows = session.execute(
        select(ItemDecision.item_id, DecisionVote.channel, DecisionVote.choice)
        .join(ItemDecision, ItemDecision.id == DecisionVote.decision_id)
        .where(DecisionVote.member_id == member_id, DecisionVote.decision_id.in_(newest_decisions(assembly_id)))
        .order_by(ItemDecision.item_id)
    )
    return {row.item_id: Given(row.channel, row.choice) for row in rows}


class Voted(NamedTuple):
    """A holder on the frozen roll with its votes."""

    member_id: int
    operator_code: str
    name: str
    roster_no: int | None
    votes_n: int
    votes_r: int
    votes_g: int
    votes: int


def nominal(
    session: Session, assembly_id: int, *, term: str = "", after: int = 0, limit: int | None = None
) -> list[tuple[Voted, dict[int, Given]]]:
    """記名の賛否: the holders in the order of the roster, each with item → how its vote was counted. Two statements.

    `term`: part of the name, or the 事業者コード; `after`: how many to pass over.
    """
    holders = _holders(assembly_id)
    if term:
        holders = holders.where(SnapshotMember.name.contains(term, autoescape=True) | (Member.operator_code == term))
    rows = [Voted(*row) for row in session.execute(holders.offset(after).limit(limit))]
    given: dict[int, dict[int, Given]] = defaultdict(dict)
    votes = select(DecisionVote.member_id, ItemDecision.item_id, DecisionVote.channel, DecisionVote.choice).join(
        ItemDecision, ItemDecision.id == DecisionVote.decision_id
    )
    votes = votes.where(DecisionVote.decision_id.in_(newest_decisions(assembly_id)))
    if limit is not None:
        votes = votes.where(DecisionVote.member_id.in_([row.member_id for row in rows]))
    for member_id, item_id, channel, choice in session.execute(votes):
        given[member_id][item_id] = Given(channel, choice)
    return [(row, given.get(row.member_id, {})) for row in rows]


def _holders(assembly_id: int) -> Any:
    member = SnapshotMember
    return (
        select(
            member.member_id, Member.operator_code, member.name, member.roster_no,
            member.votes_n, member.votes_r, member.votes_g, member.votes,
        )
        .join(Snapshot, Snapshot.id == member.snapshot_id)
        .join(Member, Member.id == member.member_id)
        .where(Snapshot.assembly_id == assembly_id, Snapshot.state == SnapshotState.FROZEN, member.votes > 0)
        .order_by(member.roster_no.is_(None), member.roster_no, member.member_id)
    )  # fmt: skip


def count_holders(session: Session, assembly_id: int, *, term: str = "") -> int:
    """How many `nominal` finds."""
    query = _holders(assembly_id).order_by(None)
    if term:
        query = query.where(SnapshotMember.name.contains(term, autoescape=True) | (Member.operator_code == term))
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def is_decided(results: Sequence[ItemResult]) -> bool:
    """Whether any item has a decision."""
    return any(one.decision is not None for one in results)
