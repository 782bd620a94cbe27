"""The assemblies of the demo, at every place of their way: from the next ordinary one to the last, one of them today."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from occto import vault
from occto.delivery import fill
from occto.demo import answers, day, results
from occto.demo.documents import document
from occto.demo.rows import Scene
from occto.domain.agenda import ItemKind, usual_consent, usual_majority
from occto.domain.assembly import (
    UNTIL_THE_NOTICE,
    AssemblyKind,
    AssemblyState,
    fiscal_year,
    record_date,
    title_of,
    usual_deadline,
)
from occto.domain.assembly_settings import AssemblySettings, QuorumBasis, stored_settings
from occto.domain.calendar import add_business_days, previous_business_day
from occto.domain.codes import AttachmentKind, MailState, ScanState, SnapshotState
from occto.domain.convocation import NoticeChannel, NoticeKind, NoticeState
from occto.domain.dates import JST, start_of_day
from occto.domain.notice_texts import BODIES, SUBJECTS
from occto.domain.permissions import Role
from occto.domain.tickets import TicketKind
from occto.holidays import is_holiday
from occto.models import AgendaItem, Assembly, Convocation, Notice, OutboxMail, Sending
from occto.notice_mail import words_of
from occto.pages import site
from occto.queries.allocation import calculate
from occto.queries.assembly_recipients import recipients
from occto.queries.notice_values import frozen_roll
from occto.services import freezing, snapshots
from occto.services.assemblies import moves
from occto.services.convocation import queueing
from occto.services.convocation.writing import TEMPLATE
from occto.services.files import store_file
from occto.services.tickets import issuing
from occto.services.tickets.guests import Guest, register_guest
from occto.services.tickets.telling import OF_MEMBER

_PLACE = "当機関 大会議室（東京都江東区豊洲）"
_USUAL = AssemblySettings()
_SINCE_RECORD_DATE = 20
_AHEAD, _FROZEN_AGO, _NOTIFIED_AGO = 18, 4, 2
"""Days until the assembly that members answer now, and since its votes were frozen and its notice sent."""
_PUBLISHED_AGO, _CLOSED_AHEAD, _FROZEN_AHEAD = 21, 2, 24
_HEARD_NOTICE = 13
"""Days between notice and deadline."""
_FEW_REPLIES, _MANY_ANSWERED, _ALMOST_ALL = 40, 0.72, 0.92
_LEFT_TO_VISITORS = frozenset({0, 4})
"""Companies whose demo accounts are to answer themselves."""
_DELIVERED, _COUNTED_AGO = timedelta(minutes=4), 5
_REFUSED = 12
"""The place among the members with an address of the one whose mails were refused."""
_AGENDA = (
    (ItemKind.BUDGET, "2027年度 事業計画及び予算の件", "来年度の事業計画と、これに伴う予算を定めるものです。"),
    (ItemKind.ARTICLES, "定款の一部変更の件", "総会の招集通知を電子メールで送れるよう、定款を改めるものです。"),
    (ItemKind.OFFICER, "理事 大野 浩一 選任の件", "理事1名の退任に伴い、後任の理事を選任するものです。"),
)
_GUESTS = (
    Guest(TicketKind.GUEST, "早川 直子", "電力取引等監視委員会 委員", seat="傍聴 1"),
    Guest(TicketKind.OFFICIAL, "北村 誠", "経済産業省 資源エネルギー庁", seat="傍聴 2"),
)
"""Who comes and belongs to no member."""


@dataclass(frozen=True, slots=True)
class _Held:
    """An assembly to be made. `hour`: when it begins, in Japan.

    `closed_on`: the day before which its replies closed, where that is not the day of the assembly.
    """

    kind: AssemblyKind
    on: date
    state: AssemblyState
    hour: time = time(14)
    closed_on: date | None = None


_FillIn = Callable[[Session, Scene, Assembly], None]


def add_assemblies(session: Session, scene: Scene, *, now: datetime) -> None:
    """One at every place of the way: each has behind it what an assembly there has behind it.

    The days hang on the clock: whenever the demo is loaded, one of them is today, with its hall open and an item to decide.
    """
    plan = _plan(scene, now=now)
    numbers = _numbers(plan)
    for held, fill_in in plan.items():
        row = _assembly(held, no=numbers[held])
        session.add(row)
        session.flush()
        fill_in(session, scene, row)


def _plan(scene: Scene, *, now: datetime) -> dict[_Held, _FillIn]:
    today = scene.today
    june = today.replace(month=6, day=24)
    last = june if june < today else june.replace(year=june.year - 1)
    coming = june if record_date(june, days=_USUAL.record_days) > today else june.replace(year=june.year + 1)
    counting = today - timedelta(days=_SINCE_RECORD_DATE) + timedelta(days=_USUAL.record_days)
    ordinary, extraordinary = AssemblyKind.ORDINARY, AssemblyKind.EXTRAORDINARY
    hours, state = day.hours(now), AssemblyState
    return {
        _Held(ordinary, last, state.FINISHED): _finished,
        _Held(extraordinary, _business_day(today, -_PUBLISHED_AGO), state.PUBLISHED): _published,
        _Held(extraordinary, counting, state.COUNTING): partial(_counting, now=now),
        _Held(ordinary, coming, state.PREPARING): _nothing_yet,
        _Held(extraordinary, today, state.VOTING, hour=hours.begins): partial(_today, hours=hours),
        _Held(extraordinary, _business_day(today, _CLOSED_AHEAD), state.REPLIES_CLOSED, closed_on=today): _closed,
        _Held(extraordinary, _business_day(today, _FROZEN_AHEAD), state.FROZEN): partial(_frozen, now=now),
        _Held(extraordinary, _business_day(today, _AHEAD), state.REPLIES_OPEN): partial(_answered, now=now),
    }


def _business_day(today: date, days: int) -> date:
    """The first day of office from so many days after `today` on; of days before it, the last up to then."""
    near = today + timedelta(days=days)
    if days > 0:
        return add_business_days(near - timedelta(days=1), 1, is_holiday=is_holiday)
    return previous_business_day(near + timedelta(days=1), is_holiday=is_holiday)


def _numbers(plan: Iterable[_Held]) -> dict[_Held, int]:
    """第何回: of its kind and fiscal year, in the order of their days."""
    numbers: dict[_Held, int] = {}
    for held in sorted(plan, key=lambda one: one.on):
        numbers[held] = 1 + sum((one.kind, fiscal_year(one.on)) == (held.kind, fiscal_year(held.on)) for one in numbers)
    return numbers


def _assembly(held: _Held, *, no: int) -> Assembly:
    told, preparing = held.state not in UNTIL_THE_NOTICE, held.state is AssemblyState.PREPARING
    source = "定款 第25条" if told else ""
    settings = replace(_USUAL, quorum_basis=QuorumBasis.DEEMED_MEMBERS if told else None, quorum_source=source)
    held_at = datetime.combine(held.on, held.hour, JST)
    until = usual_deadline(held.closed_on or held.on, at=settings.reply_time, is_holiday=is_holiday)
    return Assembly(
        kind=held.kind,
        fiscal_year=fiscal_year(held.on),
        no=no,
        held_at=held_at,
        place=None if preparing else _PLACE,
        record_on=record_date(held.on, days=settings.record_days),
        reception_from=None if preparing else max(start_of_day(held.on), held_at - timedelta(minutes=45)),
        reply_until=until,
        state=held.state,
        settings=stored_settings(settings),
    )


def _nothing_yet(session: Session, scene: Scene, row: Assembly) -> None:
    """Nothing is behind an assembly in preparation."""


def _counting(session: Session, scene: Scene, row: Assembly, *, now: datetime) -> None:
    """Its votes can be looked at, and questioned."""
    freezing.keep_draft_if_changed(session, row.id, now=now - timedelta(days=_COUNTED_AGO))
    answers.add_questions(session, scene, row, now=now)


def _frozen(session: Session, scene: Scene, row: Assembly, *, now: datetime) -> None:
    """The votes are fixed, the agenda stands, and its members have not been called to it."""
    _agenda(session, row, at=None)
    _freeze(session, scene, row, at=now - timedelta(days=1))


def _closed(session: Session, scene: Scene, row: Assembly) -> None:
    """Answered, and waiting for its day: tickets are out, desks can be made ready."""
    closed_at = _heard(session, scene, row, most=_FEW_REPLIES)
    _issue_tickets(session, scene, row, now=closed_at)


def _today(session: Session, scene: Scene, row: Assembly, *, hours: day.Hours) -> None:
    """In the middle of its day."""
    closed_at = _heard(session, scene, row, share=_MANY_ANSWERED, coming=frozenset({day.VISITOR}))
    _issue_tickets(session, scene, row, now=closed_at)
    day.play(session, scene, row, hours)


def _finished(session: Session, scene: Scene, row: Assembly) -> None:
    """What is left of the last ordinary assembly: agenda, votes, replies, result, minutes, and what the minister said."""
    _heard(session, scene, row, most=_FEW_REPLIES)
    results.decide(session, scene, row)
    results.write_minutes(session, scene, row)
    results.add_consents(session, scene, row)
    row.state = AssemblyState.FINISHED
    session.flush()


def _published(session: Session, scene: Scene, row: Assembly) -> None:
    """Its result was corrected once and is known to the members; the minister has spoken about the first item only."""
    _heard(session, scene, row, share=_ALMOST_ALL, coming=frozenset({day.VISITOR}))
    results.decide(session, scene, row, wrong=True)
    results.correct(session, scene, row)
    results.write_minutes(session, scene, row)
    results.add_consents(session, scene, row, most=1)


def _heard(
    session: Session,
    scene: Scene,
    row: Assembly,
    *,
    most: int = answers.MOST,
    share: float = answers.SHARE,
    coming: frozenset[int] = frozenset(),
) -> datetime:
    """Everything up to the deadline, which is returned: agenda, votes, notice by post, replies, the list of receipts."""
    assert row.reply_until is not None
    closed_at, notified_at = row.reply_until, row.reply_until - timedelta(days=_HEARD_NOTICE)
    _agenda(session, row, at=notified_at)
    frozen = _freeze(session, scene, row, at=notified_at - timedelta(days=3))
    by_post = {"assembly_id": row.id, "channel": NoticeChannel.POST, "notified_at": notified_at}
    session.execute(
        insert(Convocation), [{**by_post, "member_id": one.member_id} for one in frozen_roll(session, row.id)]
    )
    row.state = AssemblyState.REPLIES_OPEN
    session.flush()
    last = closed_at - timedelta(seconds=1)
    answers.add_replies(session, scene, row, frozen, since=notified_at, now=last, coming=coming, most=most, share=share)
    moves.close_when_due(session, row.id, now=closed_at)
    return closed_at


def _freeze(session: Session, scene: Scene, row: Assembly, *, at: datetime) -> int:
    """The votes as two of the staff froze them; returns the row number."""
    return snapshots.keep(
        session,
        calculate(session, row),
        state=SnapshotState.FROZEN,
        reason="基準日の登録を確かめたため",
        made_by_id=scene.entered_by,
        second_by_id=scene.approved_by,
        now=at,
    ).id


def _answered(session: Session, scene: Scene, row: Assembly, *, now: datetime) -> None:
    """Members answer it now: agenda, document, frozen votes, notice to every member."""
    frozen_at, notified_at = now - timedelta(days=_FROZEN_AGO), now - timedelta(days=_NOTIFIED_AGO)
    frozen = _freeze(session, scene, row, at=frozen_at)
    _agenda(session, row, at=notified_at)
    store_file(
        session,
        kind=AttachmentKind.ASSEMBLY_FILE,
        name="招集通知・議案書.pdf",
        media_type="application/pdf",
        content=document((title_of(row), *(title for _kind, title, _words in _AGENDA), "これはデモのための見本です。")),
        scan_state=ScanState.NOT_CONFIGURED,
        assembly_id=row.id,
        now=frozen_at,
    )
    _notify(session, scene, row, at=notified_at)
    since = notified_at + _DELIVERED
    answers.add_replies(session, scene, row, frozen, since=since, now=now, kept=_LEFT_TO_VISITORS)
    _issue_tickets(session, scene, row, now=now)


def _issue_tickets(session: Session, scene: Scene, row: Assembly, *, now: datetime) -> None:
    """受付票 of those who come, as the worker would have issued them; their mails are on record as sent."""
    while issuing.keep_tickets(session, row.id, sign=vault.derived, now=now):
        pass
    told = select(OutboxMail).where(OutboxMail.template == OF_MEMBER, OutboxMail.assembly_id == row.id)
    for mail in session.scalars(told.order_by(OutboxMail.id)):
        mail.state, mail.attempts, mail.sent_at = MailState.SENT, 1, now
        mail.subject, mail.body_masked = fill(
            mail.template, {**mail.params, "site": site(), "to_address": mail.to_address}
        )
    clerk = answers.staff(scene.entered_by, Role.OPERATOR)
    for guest in _GUESTS:
        register_guest(session, row.id, guest, sign=vault.derived, actor=clerk, now=now)
    session.flush()


def _agenda(session: Session, row: Assembly, *, at: datetime | None) -> None:
    session.add_all(
        AgendaItem(
            assembly_id=row.id,
            no=no,
            kind=kind,
            title=title,
            summary=words,
            majority=usual_majority(kind),
            consent=usual_consent(kind),
            notified_at=at,
        )
        for no, (kind, title, words) in enumerate(_AGENDA, 1)
    )
    session.flush()


def _notify(session: Session, scene: Scene, row: Assembly, *, at: datetime) -> None:
    """The notice as sent to every member on the roll: by mail where it has an address, else by post.

    One mail was refused.
    """
    notice = Notice(
        assembly_id=row.id,
        kind=NoticeKind.NOTICE,
        state=NoticeState.DRAFT,
        subject=SUBJECTS[NoticeKind.NOTICE],
        body=BODIES[NoticeKind.NOTICE],
        edited_by_id=scene.entered_by,
        edited_at=at - timedelta(hours=3),
        tested_at=at - timedelta(hours=2),
    )
    session.add(notice)
    session.flush()
    by_id = scene.approved_by
    queueing.keep_as_sent(session, notice, row, by_id=by_id, now=at)
    roll, people = frozen_roll(session, row.id), recipients(session, None, today=scene.today)
    mailed = [one for one in roll if people.get(one.member_id)]
    posted = [one for one in roll if not people.get(one.member_id)]
    queueing.queue_mails(session, notice, mailed, people, by_id=by_id, now=at)
    queueing.queue_letters(session, notice, posted, by_id=by_id, now=at)
    refused = mailed[_REFUSED].member_id
    rows: list[dict[str, Any]] = [
        {
            "assembly_id": row.id,
            "member_id": one.member_id,
            "channel": NoticeChannel.MAIL if people.get(one.member_id) else NoticeChannel.POST,
            "notified_at": None if one.member_id == refused else at + _DELIVERED,
            "bounced_at": at + _DELIVERED if one.member_id == refused else None,
        }
        for one in roll
    ]
    session.execute(insert(Convocation), rows)
    _arrive(session, notice, refused, at=at + _DELIVERED)


def _arrive(session: Session, notice: Notice, refused: int, *, at: datetime) -> None:
    """What became of the mails and letters, as the worker would have noted it."""
    of_notice = Sending.notice_id == notice.id
    session.execute(update(Sending).where(of_notice, Sending.member_id != refused).values(accepted_at=at))
    session.execute(update(Sending).where(of_notice, Sending.member_id == refused).values(failed_at=at))
    mails = select(OutboxMail).where(OutboxMail.template == TEMPLATE, OutboxMail.assembly_id == notice.assembly_id)
    for mail in session.scalars(mails):
        mail.attempts = 1
        values = {**mail.params, **words_of(session, mail.params), "site": site(), "to_address": mail.to_address}
        mail.subject, mail.body_masked = fill(mail.template, values)
        if mail.member_id == refused:
            mail.state, mail.last_error = MailState.BOUNCED, "550 5.1.1 User unknown"
        else:
            mail.state, mail.sent_at = MailState.SENT, at
    session.flush()
