"""採決 and 結果 as rows: what tests of results, minutes and the kit stand on. No verb is asked."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from occto.domain.assembly import AssemblyState
from occto.domain.canonical import digest
from occto.domain.codes import SnapshotState
from occto.domain.resolutions import VoteChannel
from occto.domain.tally import Choice, Resolution, decide
from occto.models import (
    AgendaConflict,
    AgendaItem,
    Assembly,
    AssemblyResult,
    DecisionVote,
    ItemDecision,
    Member,
    Snapshot,
    SnapshotMember,
)
from occto.unit_of_work import unit_of_work
from tests.assembling import HELD
from tests.factories import Factory

DECIDED = HELD + timedelta(hours=1)
Y, N, A = Choice.YES, Choice.NO, Choice.ABSTAIN
E, P, X, C, F = VoteChannel.ELECTRONIC, VoteChannel.PAPER, VoteChannel.PROXY, VoteChannel.CHAIR, VoteChannel.FLOOR
Votes = Mapping[Member, tuple[Choice, VoteChannel]]


def _frozen(session: Any, assembly_id: int) -> dict[int, int]:
    """Member → votes on the frozen roll."""
    rows = session.execute(
        select(SnapshotMember.member_id, SnapshotMember.votes)
        .join(Snapshot, Snapshot.id == SnapshotMember.snapshot_id)
        .where(Snapshot.assembly_id == assembly_id, Snapshot.state == SnapshotState.FROZEN)
        .order_by(SnapshotMember.member_id)
    )
    return {row.member_id: row.votes for row in rows}


def quorum_of(votes: Mapping[int, int], present: int | None = None) -> dict[str, Any]:
    """The document of a quorum: everybody present, or only so many members with a vote each."""
    whole = {
        "ALL_MEMBERS": len(votes),
        "DEEMED_MEMBERS": sum(1 for held in votes.values() if held),
        "VOTES": sum(votes.values()),
    }
    here = whole if present is None else {key: min(present, number) for key, number in whole.items()}
    counts = [
        {
            "basis": basis,
            "present": here[basis],
            "whole": number,
            "required": (number + 1) // 2,
            "met": number > 0 and 2 * here[basis] >= number,
        }
        for basis, number in whole.items()
    ]
    return {"met": all(one["met"] for one in counts), "basis": None, "source": "", "counts": counts}


def decided(
    make: Factory,
    item: AgendaItem,
    votes: Votes,
    *,
    chair_choice: Choice | None = None,
    present: int | None = None,
    at: datetime = DECIDED,
    **changes: Any,
) -> ItemDecision:
    """The next decision on an item, with these votes."""
    by = make.user().id
    with unit_of_work() as session:
        weights = _frozen(session, item.assembly_id)
        barred = set(session.scalars(select(AgendaConflict.member_id).where(AgendaConflict.item_id == item.id)))
        counted = {one.id: given for one, given in votes.items() if weights.get(one.id) and one.id not in barred}
        resolution = item.majority or Resolution.ORDINARY
        found = decide(
            {number: choice for number, (choice, _channel) in counted.items()},
            weights,
            resolution=resolution,
            chair_choice=chair_choice,
        )
        no = (session.scalar(select(func.max(ItemDecision.no)).where(ItemDecision.item_id == item.id)) or 0) + 1
        values: dict[str, Any] = {
            "item_id": item.id,
            "no": no,
            "resolution": resolution,
            "yes": found.yes,
            "against": found.no,
            "abstain": found.abstain,
            "present": found.present,
            "outcome": found.result,
            "chair_choice": chair_choice if found.by_chair else None,
            "reason": None if no == 1 else "集計の誤りを正すため",
            "quorum": quorum_of(weights, present),
            "amendment": None,
            "decided_at": at,
        } | changes
        votes_in = sorted([number, channel, choice, weights[number]] for number, (choice, channel) in counted.items())
        row = ItemDecision(**values, sha256=digest(values | {"votes": votes_in}), decided_by_id=by)
        session.add(row)
        session.flush()
        session.add_all(
            DecisionVote(decision_id=row.id, member_id=number, choice=choice, channel=channel)
            for number, (choice, channel) in counted.items()
        )
    return row


def fixed(
    make: Factory,
    held: Assembly,
    *,
    state: AssemblyState = AssemblyState.PUBLISHED,
    **changes: Any,
) -> AssemblyResult:
    """The result fixed on the decisions there are, and published unless the state says otherwise."""
    by = make.user().id
    with unit_of_work() as session:
        row = session.get_one(Assembly, held.id)
        row.state = state
        weights = _frozen(session, held.id)
        decisions = {
            found.no: decision
            for found, decision in session.execute(
                select(AgendaItem, ItemDecision)
                .join(ItemDecision, ItemDecision.item_id == AgendaItem.id)
                .where(AgendaItem.assembly_id == held.id)
                .order_by(AgendaItem.no, ItemDecision.no)
            )
        }
        newest = [[no, decision.no, decision.sha256] for no, decision in decisions.items()]
        quorums = [one.quorum for one in sorted(decisions.values(), key=lambda one: one.decided_at)]
        quorum = next((one for one in quorums if not one["met"]), (quorums or [quorum_of(weights)])[-1])
        withdrawn = session.scalars(
            select(AgendaItem.no)
            .where(AgendaItem.assembly_id == held.id, AgendaItem.withdrawn_at.is_not(None))
            .order_by(AgendaItem.no)
        )
        last = session.scalar(select(func.max(AssemblyResult.no)).where(AssemblyResult.assembly_id == held.id)) or 0
        values: dict[str, Any] = {
            "assembly_id": held.id,
            "no": last + 1,
            "quorum": quorum,
            "quorum_met": quorum["met"],
            "override_reason": None if quorum["met"] else "緊急の議決のため",
            "fixed_at": DECIDED + timedelta(hours=1),
        }
        rests_on = {"decisions": newest, "withdrawn": list(withdrawn)}
        published = None if state is AssemblyState.RESULT_FIXED else DECIDED + timedelta(hours=2)
        row_values = values | {"published_at": published} | changes
        result = AssemblyResult(**row_values, sha256=digest(values | rests_on), fixed_by_id=by)
        session.add(result)
    return result
