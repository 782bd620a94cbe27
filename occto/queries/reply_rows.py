"""The members of an assembly one by one with the reply that stands, in the order of the roster: for lists that leave the office."""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session

from occto.domain.codes import SnapshotState
from occto.domain.replies import Attendance, ReplyChannel
from occto.domain.tally import Choice
from occto.models import AgendaConflict, Assembly, Ballot, Member, Reply, Snapshot, SnapshotMember, StandingReply
from occto.queries.void_votes import left_since

TOGETHER = 500


class ReplyRow(NamedTuple):
    """A member on the roll with its votes by group (送配電, 小売, 発電) and together; reply columns None where none stands."""

    member_id: int
    operator_code: str
    name: str
    roster_no: int | None
    votes_n: int
    votes_r: int
    votes_g: int
    votes: int
    reply_id: int | None
    number: str | None
    no: int | None
    channel: ReplyChannel | None
    attendance: Attendance | None
    received_at: datetime | None


def members_on_roll(session: Session, assembly_id: int) -> Iterator[int]:
    """The row numbers of the members on the frozen roll, ascending."""
    query = (
        select(SnapshotMember.member_id)
        .join(Snapshot, Snapshot.id == SnapshotMember.snapshot_id)
        .where(Snapshot.assembly_id == assembly_id, Snapshot.state == SnapshotState.FROZEN)
        .order_by(SnapshotMember.member_id)
    )
    yield from session.scalars(query, execution_options={"yield_per": TOGETHER})


def reply_rows(session: Session, assembly_id: int) -> Iterator[ReplyRow]:
    """Every member on the frozen roll, read in batches."""
    for row in session.execute(_rows(assembly_id), execution_options={"yield_per": TOGETHER}):
        yield ReplyRow(*row)


def choices_of(session: Session, assembly_id: int, *, day: date) -> Iterator[tuple[ReplyRow, dict[int, Choice]]]:
    """Members whose standing reply has choices that count: item → choice.

    Left out is what the board leaves out: choices on items about the member itself (電気事業法 28条の39), members that had
    left by `day`, members without votes.
    """
    assembly = session.get(Assembly, assembly_id)
    gone = left_since(session, assembly, day=day) if assembly is not None else {}
    barred = exists().where(
        AgendaConflict.item_id == Ballot.item_id, AgendaConflict.member_id == SnapshotMember.member_id
    )
    query = (
        _rows(assembly_id)
        .add_columns(Ballot.item_id, Ballot.choice)
        .join(Ballot, Ballot.reply_id == StandingReply.reply_id)
        .where(SnapshotMember.votes > 0, ~barred, SnapshotMember.member_id.not_in(gone))
    )
    rows = session.execute(query, execution_options={"yield_per": TOGETHER})
    for row, each in groupby(rows, key=lambda one: ReplyRow(*one[:-2])):
        yield row, {one.item_id: one.choice for one in each}


def _rows(assembly_id: int) -> Any:
    member = SnapshotMember
    return (
        select(
            member.member_id, Member.operator_code, member.name, member.roster_no,
            member.votes_n, member.votes_r, member.votes_g, member.votes,
            Reply.id, Reply.number, Reply.no, Reply.channel, Reply.attendance, Reply.received_at,
        )
        .select_from(Snapshot)
        .join(member, member.snapshot_id == Snapshot.id)
        .join(Member, Member.id == member.member_id)
        .outerjoin(
            StandingReply,
            and_(StandingReply.assembly_id == assembly_id, StandingReply.member_id == member.member_id),
        )
        .outerjoin(Reply, Reply.id == StandingReply.reply_id)
        .where(Snapshot.assembly_id == assembly_id, Snapshot.state == SnapshotState.FROZEN)
        .order_by(member.roster_no, member.member_id)
    )  # fmt: skip
