"""招集通知: how far it has come, for each member and together; who still has to be written to, and how."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, false, func, or_, select
from sqlalchemy.orm import Session

from occto.domain.codes import AttachmentKind, MemberState, SnapshotState
from occto.domain.convocation import (
    ConvocationState,
    NoticeChannel,
    NoticeKind,
    NoticeState,
    NoticeTiming,
    too_late_from,
)
from occto.domain.dates import today_jst
from occto.domain.replies import Attendance
from occto.models import (
    Affiliation,
    AgendaItem,
    Assembly,
    Attachment,
    Convocation,
    LicenceFact,
    LicenceHeld,
    Member,
    Notice,
    Reply,
    Sending,
    Snapshot,
    SnapshotMember,
    StandingReply,
    User,
)

C, T = ConvocationState, NoticeTiming


@dataclass(frozen=True, slots=True)
class Progress:
    """Members of the frozen roll by state and by timing, and the mails of all notices by what became of them."""

    members: int
    states: dict[ConvocationState, int]
    timings: dict[NoticeTiming, int]
    mails: int
    accepted: int
    failed: int

    @property
    def under_way(self) -> int:
        return self.mails - self.accepted - self.failed


@dataclass(frozen=True, slots=True)
class SentTo:
    """One mail, letter or paper to one recipient, with what became of it."""

    id: int
    kind: NoticeKind
    channel: NoticeChannel
    recipient: str
    address: str
    at: datetime
    accepted_at: datetime | None
    failed_at: datetime | None
    outbox_id: int | None


@dataclass(frozen=True, slots=True)
class Missed:
    """A member that the notice did not reach in time; `notified_at`: when it came after all."""

    member_id: int
    name: str
    operator_code: str
    notified_at: datetime | None


def on_roll(assembly_id: Any, *, held_on: date | None = None) -> ColumnElement[bool]:
    """Members on the frozen roll of the assembly that have not left since.

    `held_on`: the day of the assembly, for what is shown of it afterwards; whoever has left after that day was still called
    to it, and stays listed.
    """
    frozen = (
        select(Snapshot.id)
        .where(Snapshot.assembly_id == assembly_id, Snapshot.state == SnapshotState.FROZEN)
        .scalar_subquery()
    )
    listed = Member.id.in_(select(SnapshotMember.member_id).where(SnapshotMember.snapshot_id == frozen))
    called = Member.current_state != MemberState.LEFT
    if held_on is not None:
        called = or_(called, _left_after(held_on))
    return and_(listed, called)


def _left_after(day: date) -> ColumnElement[bool]:
    return exists().where(
        LicenceHeld.member_id == Member.id,
        LicenceFact.licence_id == LicenceHeld.id,
        LicenceFact.voided_id.is_(None),
        LicenceFact.ended_on > day,
    )


def answered(assembly_id: Any, member_id: Any = Member.id) -> ColumnElement[bool]:
    """Members with a reply that stands and was not taken back."""
    return (
        exists()
        .where(
            StandingReply.assembly_id == assembly_id,
            StandingReply.member_id == member_id,
            Reply.id == StandingReply.reply_id,
            Reply.attendance != Attendance.WITHDRAWN,
        )
        .correlate(member_id.class_)
    )


def _convocation(assembly_id: int, *conditions: Any) -> ColumnElement[bool]:
    return (
        exists()
        .where(Convocation.assembly_id == assembly_id, Convocation.member_id == Member.id, *conditions)
        .correlate(Member)
    )


def column_of(assembly_id: int, column: Any) -> Any:
    """A column of the member's convocation, for lists of members."""
    return (
        select(column)
        .where(Convocation.assembly_id == assembly_id, Convocation.member_id == Member.id)
        .correlate(Member)
        .scalar_subquery()
    )


def votes_column(assembly_id: int) -> Any:
    """The frozen votes, for lists of members."""
    return (
        select(SnapshotMember.votes)
        .join(Snapshot, Snapshot.id == SnapshotMember.snapshot_id)
        .where(
            Snapshot.assembly_id == assembly_id,
            Snapshot.state == SnapshotState.FROZEN,
            SnapshotMember.member_id == Member.id,
        )
        .correlate(Member)
        .scalar_subquery()
    )


def state_conditions(assembly_id: int) -> dict[ConvocationState, ColumnElement[bool]]:
    """State → its condition on members; the first that holds is the state of a member."""
    notified = Convocation.notified_at.is_not(None)
    opened = (
        exists()
        .where(
            Convocation.assembly_id == assembly_id,
            Convocation.member_id == Member.id,
            Affiliation.member_id == Member.id,
            Affiliation.ended_at.is_(None),
            User.id == Affiliation.user_id,
            User.last_signed_in_at >= Convocation.notified_at,
        )
        .correlate(Member)
    )
    return {
        C.ANSWERED: answered(assembly_id),
        C.OPENED: opened,
        C.NOTIFIED: _convocation(assembly_id, notified),
        C.BOUNCED: _convocation(assembly_id, Convocation.bounced_at.is_not(None)),
        C.QUEUED: _convocation(assembly_id, Convocation.channel == NoticeChannel.MAIL),
    }


def state_column(assembly_id: int) -> ColumnElement[str]:
    """The state of a member as its code. A letter that was not posted yet leaves it 未送付."""
    found = state_conditions(assembly_id).items()
    return case(*((condition, state.value) for state, condition in found), else_=C.UNSENT.value)


def in_state(assembly_id: int, state: ConvocationState) -> ColumnElement[bool]:
    """Members whose state is `state`: its own condition, and none of those before it."""
    earlier: list[ColumnElement[bool]] = []
    for known, condition in state_conditions(assembly_id).items():
        if known is state:
            return and_(condition, *earlier)
        earlier.append(~condition)
    return and_(*earlier)


def in_timing(assembly: Assembly, timing: NoticeTiming, *, now: datetime) -> ColumnElement[bool]:
    """Members whose notice came in time, late, or not yet (WAITING before the end of D-6, MISSED after it)."""
    limit = too_late_from(assembly.held_at)
    notified = _convocation(assembly.id, Convocation.notified_at.is_not(None))
    if timing is T.IN_TIME:
        return _convocation(assembly.id, Convocation.notified_at < limit)
    if timing is T.LATE:
        return _convocation(assembly.id, Convocation.notified_at >= limit)
    return ~notified if (now >= limit) == (timing is T.MISSED) else false()


def progress(session: Session, assembly: Assembly, *, now: datetime) -> Progress:
    """How far the notices of an assembly have come, in two statements."""
    limit = too_late_from(assembly.held_at)
    state, notified = state_column(assembly.id), column_of(assembly.id, Convocation.notified_at)
    timed = case((notified.is_(None), 0), (notified < limit, 1), else_=2)
    listed = on_roll(assembly.id, held_on=today_jst(assembly.held_at))
    inner = select(state.label("state"), timed.label("timed")).where(listed).subquery()
    rows = session.execute(
        select(inner.c.state, inner.c.timed, func.count()).group_by(inner.c.state, inner.c.timed)
    ).all()
    states = dict.fromkeys(ConvocationState, 0)
    timings = dict.fromkeys(NoticeTiming, 0)
    names = (T.WAITING if now < limit else T.MISSED, T.IN_TIME, T.LATE)
    for code, place, count in rows:
        states[ConvocationState(code)] += count
        timings[names[place]] += count
    mails = session.execute(
        select(func.count(Sending.outbox_id), func.count(Sending.accepted_at), func.count(Sending.failed_at)).where(
            Sending.assembly_id == assembly.id, Sending.channel == NoticeChannel.MAIL
        )
    ).one()
    return Progress(sum(states.values()), states, timings, mails[0], mails[1], mails[2])


def to_post(notice_id: int) -> Select[Any]:
    """The members that this notice can reach by post or hand alone: 紙対応, or every mail of theirs has failed.

    Whoever has left, or is on the frozen roll no more, gets no letter.
    """
    assembly_id = select(Notice.assembly_id).where(Notice.id == notice_id).scalar_subquery()
    waiting = case((and_(Sending.channel == NoticeChannel.MAIL, Sending.failed_at.is_(None)), 1))
    return (
        select(Sending.member_id)
        .where(Sending.notice_id == notice_id, Sending.member_id.in_(select(Member.id).where(on_roll(assembly_id))))
        .group_by(Sending.member_id)
        .having(func.count(Sending.accepted_at) == 0, func.count(waiting) == 0)
    )


def waits_for_post(session: Session, notice_id: int, member_id: int) -> bool:
    """Whether a letter with this notice is all that can reach the member."""
    return session.scalar(to_post(notice_id).where(Sending.member_id == member_id)) is not None


def notices_of(session: Session, assembly_id: int) -> list[Notice]:
    """All notices of an assembly, the newest first."""
    return list(session.scalars(select(Notice).where(Notice.assembly_id == assembly_id).order_by(Notice.id.desc())))


def sent_notice(session: Session, assembly_id: int) -> Notice | None:
    """The notice itself, once it was sent."""
    return session.scalar(
        select(Notice).where(
            Notice.assembly_id == assembly_id, Notice.kind == NoticeKind.NOTICE, Notice.state == NoticeState.SENT
        )
    )


def sent_additions(session: Session, assembly_id: int) -> list[Notice]:
    """The additions to the notice that were sent, in their order."""
    added = select(Notice).where(
        Notice.assembly_id == assembly_id, Notice.kind == NoticeKind.ADDENDUM, Notice.state == NoticeState.SENT
    )
    return list(session.scalars(added.order_by(Notice.id)))


def last_reminder(session: Session, assembly_id: int) -> datetime | None:
    """When the members were last reminded."""
    return session.scalar(
        select(func.max(Notice.sent_at)).where(
            Notice.assembly_id == assembly_id, Notice.kind == NoticeKind.REMINDER, Notice.state == NoticeState.SENT
        )
    )


def without_answer(session: Session, assembly_id: int) -> set[int]:
    """The members of the frozen roll that have not answered."""
    return set(session.scalars(select(Member.id).where(on_roll(assembly_id), ~answered(assembly_id))))


def sendings_of(session: Session, assembly_id: int, member_id: int) -> list[SentTo]:
    """What was sent to a member about an assembly, the newest first."""
    rows = session.execute(
        select(Sending, Notice.kind)
        .join(Notice, Notice.id == Sending.notice_id)
        .where(Sending.assembly_id == assembly_id, Sending.member_id == member_id)
        .order_by(Sending.id.desc())
    )
    return [
        SentTo(
            one.id,
            kind,
            one.channel,
            one.recipient,
            one.address,
            one.at,
            one.accepted_at,
            one.failed_at,
            one.outbox_id,
        )
        for one, kind in rows
    ]


def missed(session: Session, assembly: Assembly, *, now: datetime, limit: int | None = None) -> Sequence[Missed]:
    """期限までに届かなかった会員, for the minutes: none before the end of D-6; all of the frozen roll from then on."""
    floor = too_late_from(assembly.held_at)
    if now < floor:
        return []
    notified = column_of(assembly.id, Convocation.notified_at)
    rows = session.execute(
        select(Member.id, Member.current_name, Member.operator_code, notified.label("notified_at"))
        .where(
            on_roll(assembly.id, held_on=today_jst(assembly.held_at)),
            ~_convocation(assembly.id, Convocation.notified_at.is_not(None), Convocation.notified_at < floor),
        )
        .order_by(Member.operator_code)
        .limit(limit)
    )
    return [Missed(*row) for row in rows]


def documents(session: Session, assembly_id: int) -> int:
    """How many documents members will find on the page of the assembly."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Attachment)
            .where(
                Attachment.assembly_id == assembly_id,
                Attachment.kind == AttachmentKind.ASSEMBLY_FILE,
                Attachment.removed_at.is_(None),
            )
        )
        or 0
    )


def not_yet_notified(session: Session, assembly_id: int) -> list[AgendaItem]:
    """The items that stood in no notice yet and are not withdrawn."""
    return list(
        session.scalars(
            select(AgendaItem)
            .where(
                AgendaItem.assembly_id == assembly_id,
                AgendaItem.notified_at.is_(None),
                AgendaItem.withdrawn_at.is_(None),
            )
            .order_by(AgendaItem.no)
        )
    )
