"""Reads for the replies that staff see and key in: who of the roll is looked for, which reply counts, who entered it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from occto.domain.assembly import UNFROZEN, AssemblyState
from occto.domain.codes import MemberState, SnapshotState
from occto.domain.replies import Attendance, ProxyKind, ReplyChannel
from occto.models import REAL, Assembly, Member, Reply, Snapshot, SnapshotMember, StandingReply
from occto.queries.convocation import answered, on_roll
from occto.queries.search import members_named

WITH_REPLIES = frozenset(set(AssemblyState) - UNFROZEN)
"""Assemblies whose votes are, or were, frozen: the others have no roll to reply on."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member on the frozen roll, with its standing reply where there is one."""

    member_id: int
    code: str
    name: str
    votes: int
    attendance: Attendance | None
    channel: ReplyChannel | None


def on_roll_named(session: Session, assembly_id: int, term: str, *, limit: int) -> list[Candidate]:
    """Members on the frozen roll of an assembly by what was typed; one whose operator code it is stands first."""
    rows: Any = session.execute(
        select(
            Member.id,
            Member.operator_code,
            SnapshotMember.name,
            SnapshotMember.votes,
            Reply.attendance,
            Reply.channel,
        )
        .join(SnapshotMember, SnapshotMember.member_id == Member.id)
        .join(Snapshot, Snapshot.id == SnapshotMember.snapshot_id)
        .outerjoin(StandingReply, (StandingReply.assembly_id == assembly_id) & (StandingReply.member_id == Member.id))
        .outerjoin(Reply, Reply.id == StandingReply.reply_id)
        .where(
            Snapshot.assembly_id == assembly_id,
            Snapshot.state == SnapshotState.FROZEN,
            Member.id.in_(members_named(session, term)),
        )
        .order_by(Member.operator_code != term, Member.kana_key, Member.id)
        .limit(limit)
    )
    return [Candidate(*tuple(row)) for row in rows]


def assemblies_with_replies(session: Session, *, also: int | None = None) -> Sequence[Any]:
    """The assemblies whose replies can be listed, the next one first; no rehearsal but `also`."""
    return session.execute(
        select(Assembly.id, Assembly.fiscal_year, Assembly.kind, Assembly.no, Assembly.state, Assembly.rehearsal_of_id)
        .where(or_(REAL, Assembly.id == also), Assembly.state.in_(WITH_REPLIES))
        .order_by(Assembly.held_at.desc(), Assembly.id.desc())
    ).all()


def proxy_stays_away() -> ColumnElement[bool]:
    """Standing replies whose votes another member shall cast that will not be there: it has left, or answered that it
    stays away or has given a mandate to a member itself, in a circle too.
    """
    standing, other, proxy = aliased(StandingReply), aliased(Reply), aliased(Member)
    away = or_(
        other.attendance.in_((Attendance.ELECTRONIC, Attendance.CHAIR, Attendance.ABSENT)),
        other.proxy_kind == ProxyKind.MEMBER,
    )
    answered = exists().where(
        standing.assembly_id == Reply.assembly_id,
        standing.member_id == Reply.proxy_member_id,
        other.id == standing.reply_id,
        away,
    )
    left = exists().where(proxy.id == Reply.proxy_member_id, proxy.current_state == MemberState.LEFT)
    stands = exists().where(StandingReply.reply_id == Reply.id)
    return and_(stands.correlate(Reply), or_(answered.correlate(Reply), left.correlate(Reply)))


def member_with_code(session: Session, code: str) -> int | None:
    """The member with an operator code."""
    return session.scalar(select(Member.id).where(Member.operator_code == code))


def entered_counts(session: Session, assembly_id: int) -> tuple[int, int]:
    """How many members have replied, and how many stand on the frozen roll; those that have left since are not counted."""
    row = session.execute(
        select(func.count().filter(answered(assembly_id)).label("replied"), func.count().label("members"))
        .select_from(Member)
        .where(on_roll(assembly_id))
    ).one()
    return row.replied, row.members
