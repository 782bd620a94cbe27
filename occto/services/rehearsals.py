"""リハーサル: the whole day tried on a copy of an assembly, with arrivals that are invented. Nothing of it reaches the real one.

The copy has its own agenda, frozen votes, replies and tickets; it is marked wherever it is shown, no member sees it and no
mail is sent for it. It is held today, so that its doors can be opened at once.
"""

import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, cast, func, insert, literal, select
from sqlalchemy.orm import Session, aliased

from occto.domain.actor import Actor
from occto.domain.assembly import AssemblyState
from occto.domain.codes import SnapshotState
from occto.domain.dates import end_of_day_exclusive, today_jst
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.receipts import reply_digest
from occto.domain.reception import ScanWay
from occto.domain.rehearsal import REHEARSAL
from occto.domain.replies import (
    WITH_CHOICES,
    Answer,
    Attendance,
    Person,
    ReplyChannel,
    content_of,
)
from occto.domain.tally import Choice
from occto.models import (
    AdmissionTicket,
    AgendaConflict,
    AgendaItem,
    Assembly,
    Attendee,
    Ballot,
    CheckIn,
    Reply,
    Snapshot,
    SnapshotMember,
    StandingReply,
)
from occto.queries.snapshots import frozen_of, kept_calculation
from occto.services import audit, snapshots
from occto.services.reception.checking_in import Attempt, check_in

BEGINS_IN = timedelta(minutes=30)
MOST_ARRIVALS = 200
"""So many arrive in one step: each is a check-in of its own."""


@dataclass(frozen=True, slots=True)
class Made:
    """A rehearsal: the row number of the copy, and how many replies were copied and invented."""

    assembly_id: int
    copied: int
    invented: int


def start_rehearsal(
    session: Session, assembly_id: int, *, invent: bool, seen_version: int, actor: Actor, now: datetime
) -> Made:
    """A copy of the assembly as it stands, with its replies closed; `invent`: members that have not replied get a reply.

    Refusals: not_allowed, not_found, stale, illegal_step, rehearsal_of_rehearsal, too_late_today.
    """
    real = _locked(session, assembly_id, step="start", seen_version=seen_version, actor=actor)
    held_at = now + BEGINS_IN
    if held_at >= end_of_day_exclusive(today_jst(now)):
        raise Refusal(
            "too_late_today", "リハーサルは当日のうちに終わる時刻から始めてください。明日、もう一度お試しください。"
        )
    copy = _copy_assembly(session, real, held_at=held_at, now=now)
    _copy_agenda(session, real.id, copy.id)
    _copy_votes(session, real.id, copy.id, now=now)
    copied = _copy_replies(session, real.id, copy.id)
    invented = _invent_replies(session, copy.id, now=now) if invent else 0
    audit.record(
        session,
        "rehearsal.started",
        subject=f"ASSEMBLY:{copy.id}",
        actor=actor,
        now=now,
        detail={"assembly_id": real.id, "copied": copied, "invented": invented},
    )
    session.flush()
    return Made(copy.id, copied, invented)


def end_rehearsal(session: Session, assembly_id: int, *, seen_version: int, actor: Actor, now: datetime) -> None:
    """The rehearsal is over: its desks open nothing any more, and it stands marked among the assemblies.

    Refusals: not_allowed, not_found, stale, not_a_rehearsal, illegal_step.
    """
    copy = _locked(session, assembly_id, step="end", seen_version=seen_version, actor=actor)
    before, copy.state = copy.state, AssemblyState.CANCELLED
    copy.version += 1
    audit.record(
        session,
        "rehearsal.ended",
        subject=f"ASSEMBLY:{copy.id}",
        actor=actor,
        now=now,
        detail={"assembly_id": copy.rehearsal_of_id, "from": before},
    )
    session.flush()


def invent_arrivals(session: Session, assembly_id: int, *, count: int, actor: Actor, now: datetime) -> int:
    """So many of those with a ticket who are not in the hall arrive now, in no order; return of how many there were.

    Refusals: not_allowed, not_found, not_a_rehearsal, illegal_step, arrivals_range.
    """
    copy = _locked(session, assembly_id, step="arrive", seen_version=None, actor=actor)
    if not 1 <= count <= MOST_ARRIVALS:
        raise Refusal("arrivals_range", f"人数は1名から{MOST_ARRIVALS}名までで入力してください。", field="count")
    waiting = session.scalars(
        select(AdmissionTicket.id)
        .outerjoin(CheckIn, CheckIn.ticket_id == AdmissionTicket.id)
        .where(AdmissionTicket.assembly_id == copy.id, AdmissionTicket.revoked_at.is_(None), CheckIn.id.is_(None))
        .order_by(AdmissionTicket.id)
    ).all()
    chosen = _dice(copy.id, len(waiting)).sample(list(waiting), min(count, len(waiting)))
    for ticket_id in chosen:
        attempt = Attempt(f"rehearsal-{secrets.token_hex(8)}", ScanWay.LIST, ticket_id=ticket_id)
        check_in(session, copy.id, attempt, desk_id=None, actor=actor, now=now)
    return len(chosen)


def _locked(session: Session, assembly_id: int, *, step: str, seen_version: int | None, actor: Actor) -> Assembly:
    """The real assembly (step «start») or the copy, under its lock."""
    if actor.user_id is None or not actor.can(REHEARSAL.step(step).permission):
        raise NotAllowed
    assembly = session.get(Assembly, assembly_id, with_for_update=True, populate_existing=True)
    if assembly is None:
        raise NotFound
    if seen_version is not None and assembly.version != seen_version:
        raise Stale
    if step == "start" and assembly.rehearsal_of_id is not None:
        raise Refusal("rehearsal_of_rehearsal", "リハーサルのリハーサルは行えません。もとの総会から始めてください。")
    if step != "start" and assembly.rehearsal_of_id is None:
        raise Refusal("not_a_rehearsal", "これは本番の総会です。リハーサルの画面から操作してください。")
    REHEARSAL.require(step, assembly.state)
    return assembly


def _copy_assembly(session: Session, real: Assembly, *, held_at: datetime, now: datetime) -> Assembly:
    copy = Assembly(
        kind=real.kind,
        fiscal_year=real.fiscal_year,
        no=real.no,
        held_at=held_at,
        place=real.place,
        record_on=real.record_on,
        state=AssemblyState.REPLIES_CLOSED,
        reception_from=now,
        reply_until=now,
        settings=dict(real.settings),
        rehearsal_of_id=real.id,
    )
    session.add(copy)
    session.flush()
    return copy


def _copy_agenda(session: Session, real_id: int, copy_id: int) -> None:
    """Every item as it is, those in no notice too: the rehearsal meets what the day will meet."""
    skipped = {"id", "assembly_id", "version"}
    columns = [column.name for column in AgendaItem.__table__.columns if column.name not in skipped]
    source = select(literal(copy_id), literal(1), *(getattr(AgendaItem, name) for name in columns))
    session.execute(
        insert(AgendaItem).from_select(
            ["assembly_id", "version", *columns], source.where(AgendaItem.assembly_id == real_id)
        )
    )
    old, new = aliased(AgendaItem), aliased(AgendaItem)
    session.execute(
        insert(AgendaConflict).from_select(
            ["item_id", "member_id"],
            select(new.id, AgendaConflict.member_id)
            .join(old, old.id == AgendaConflict.item_id)
            .join(new, (new.assembly_id == copy_id) & (new.no == old.no))
            .where(old.assembly_id == real_id),
        )
    )


def _copy_votes(session: Session, real_id: int, copy_id: int, *, now: datetime) -> None:
    frozen = frozen_of(session, real_id)
    if frozen is None:
        raise NotFound
    snapshots.keep(
        session,
        replace(kept_calculation(session, frozen), assembly_id=copy_id),
        state=SnapshotState.FROZEN,
        reason=frozen.reason,
        made_by_id=frozen.made_by_id,
        second_by_id=frozen.second_by_id,
        now=now,
    )


_MEANT = (Attendance.ELECTRONIC,) * 11 + (Attendance.ATTEND,) * 5 + (Attendance.CHAIR,) * 2 + (Attendance.ABSENT,) * 2
_CHOSEN = (Choice.YES,) * 14 + (Choice.NO,) * 3 + (Choice.ABSTAIN,)
_R: Any = Reply.__table__
_OWN = {"id", "assembly_id", "no", "number", "receipt_code", "salt", "digest", "opinion"}


def _copy_replies(session: Session, real_id: int, copy_id: int) -> int:
    """Who comes and how everybody replied, each as the first reply of its member; what they chose is thrown by dice.

    A rehearsal needs no real choices, and whoever may hold one may not see them.
    """
    columns = [column.name for column in _R.columns if column.name not in _OWN]
    mark = literal(f"R{copy_id}-")
    source = (
        select(
            literal(copy_id),
            literal(1),
            mark.concat(cast(_R.c.member_id, String)),
            mark.concat(cast(_R.c.id, String)),
            literal("0" * 32),
            literal("0" * 64),
            *(_R.c[name] for name in columns),
        )
        .join(StandingReply, StandingReply.reply_id == _R.c.id)
        .where(StandingReply.assembly_id == real_id)
    )
    session.execute(
        insert(Reply).from_select(["assembly_id", "no", "number", "receipt_code", "salt", "digest", *columns], source)
    )
    _let_stand(session, copy_id)
    old, new = aliased(StandingReply), aliased(StandingReply)
    pairs = (old.member_id == new.member_id) & (old.assembly_id == real_id) & (new.assembly_id == copy_id)
    before, after = aliased(AgendaItem), aliased(AgendaItem)
    chosen = session.execute(
        select(new.reply_id, after.id)
        .select_from(Ballot)
        .join(old, old.reply_id == Ballot.reply_id)
        .join(new, pairs)
        .join(before, before.id == Ballot.item_id)
        .join(after, (after.assembly_id == copy_id) & (after.no == before.no))
        .order_by(new.reply_id, after.no)
    ).all()
    dice = _dice(copy_id, 0)
    if chosen:
        ballots = [{"reply_id": reply, "item_id": item, "choice": dice.choice(_CHOSEN)} for reply, item in chosen]
        session.execute(insert(Ballot), ballots)
    people = ("no", "title", "name", "email", "phone", "voting")
    session.execute(
        insert(Attendee).from_select(
            ["reply_id", *people],
            select(new.reply_id, *(getattr(Attendee, name) for name in people))
            .join(old, old.reply_id == Attendee.reply_id)
            .join(new, pairs),
        )
    )
    counted = select(func.count()).select_from(StandingReply).where(StandingReply.assembly_id == copy_id)
    return session.scalar(counted) or 0


def _let_stand(session: Session, copy_id: int) -> None:
    """Every reply of the copy that does not stand yet stands from now on."""
    standing = select(StandingReply.member_id).where(StandingReply.assembly_id == copy_id)
    session.execute(
        insert(StandingReply).from_select(
            ["assembly_id", "member_id", "reply_id", "version"],
            select(Reply.assembly_id, Reply.member_id, Reply.id, literal(1)).where(
                Reply.assembly_id == copy_id, Reply.member_id.not_in(standing)
            ),
        )
    )


def _invent_replies(session: Session, copy_id: int, *, now: datetime) -> int:
    """A reply for every holder that has none, in usual proportions; the same dice give the same replies."""
    standing = select(StandingReply.member_id).where(StandingReply.assembly_id == copy_id)
    holders = session.execute(
        select(SnapshotMember.member_id, SnapshotMember.name)
        .join(Snapshot, Snapshot.id == SnapshotMember.snapshot_id)
        .where(
            Snapshot.assembly_id == copy_id,
            Snapshot.state == SnapshotState.FROZEN,
            SnapshotMember.votes > 0,
            SnapshotMember.member_id.not_in(standing),
        )
        .order_by(SnapshotMember.member_id)
    ).all()
    items, barred, dice = _items(session, copy_id), _barred(session, copy_id), _dice(copy_id, len(holders))
    answers: dict[int, Answer] = {}
    for number, holder in enumerate(holders, 1):
        attendance = dice.choice(_MEANT)
        choices = {item: dice.choice(_CHOSEN) for item in items if (item, holder.member_id) not in barred}
        comes = attendance is Attendance.ATTEND
        answers[holder.member_id] = Answer(
            attendance,
            attendees=(Person("リハーサル", f"架空の出席者 {number}", voting=True),) if comes else (),
            choices=choices if attendance in WITH_CHOICES else {},
        )
    _enter(session, copy_id, answers, now=now)
    return len(holders)


def _enter(session: Session, copy_id: int, answers: Mapping[int, Answer], *, now: datetime) -> None:
    """The replies with their ballots and people, each kind in one statement, whatever their number."""
    if not answers:
        return
    rows = []
    for member_id, answer in answers.items():
        salt = secrets.token_hex(16)
        said = content_of(answer, assembly_id=copy_id, member_id=member_id, no=1)
        rows.append(
            {
                "assembly_id": copy_id,
                "member_id": member_id,
                "no": 1,
                "number": f"R{copy_id}-{member_id}",
                "receipt_code": f"R{copy_id}+{member_id}",
                "salt": salt,
                "digest": reply_digest(said, salt=salt),
                "channel": ReplyChannel.ELECTRONIC,
                "attendance": answer.attendance,
                "received_at": now,
                "entered_at": now,
            }
        )
    session.execute(insert(Reply), rows)
    _let_stand(session, copy_id)
    standing = select(StandingReply.member_id, StandingReply.reply_id).where(StandingReply.assembly_id == copy_id)
    numbers = {row.member_id: row.reply_id for row in session.execute(standing)}
    ballots = [
        {"reply_id": numbers[member_id], "item_id": item, "choice": choice}
        for member_id, answer in answers.items()
        for item, choice in answer.choices.items()
    ]
    people = [
        {"reply_id": numbers[member_id], "no": no, "title": one.title, "name": one.name, "voting": one.voting}
        for member_id, answer in answers.items()
        for no, one in enumerate(answer.attendees, 1)
    ]
    for table, found in ((Ballot, ballots), (Attendee, people)):
        if found:
            session.execute(insert(table), found)


def _items(session: Session, assembly_id: int) -> Sequence[int]:
    return session.scalars(
        select(AgendaItem.id)
        .where(
            AgendaItem.assembly_id == assembly_id,
            AgendaItem.majority.is_not(None),
            AgendaItem.withdrawn_at.is_(None),
            AgendaItem.notified_at.is_not(None),
        )
        .order_by(AgendaItem.no)
    ).all()


def _barred(session: Session, assembly_id: int) -> set[tuple[int, int]]:
    rows = session.execute(
        select(AgendaConflict.item_id, AgendaConflict.member_id)
        .join(AgendaItem, AgendaItem.id == AgendaConflict.item_id)
        .where(AgendaItem.assembly_id == assembly_id)
    )
    return {(row.item_id, row.member_id) for row in rows}


def _dice(assembly_id: int, left: int) -> random.Random:
    """Invented people need no secret: the same copy at the same point gives the same ones."""
    return random.Random(f"{assembly_id}:{left}")  # noqa: S311 - nothing rests on it
