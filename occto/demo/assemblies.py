"""The assemblies of the demo: one finished, one being counted, one that members answer now, and the next ordinary one."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from occto import vault
from occto.delivery import fill
from occto.demo import answers, results
from occto.demo.documents import document
from occto.demo.rows import Scene
from occto.domain.agenda import ItemKind, usual_consent, usual_majority
from occto.domain.assembly import AssemblyKind, AssemblyState, fiscal_year, record_date, title_of, usual_deadline
from occto.domain.assembly_settings import AssemblySettings, QuorumBasis, stored_settings
from occto.domain.calendar import add_business_days
from occto.domain.codes import AttachmentKind, MailState, ScanState, SnapshotState
from occto.domain.convocation import NoticeChannel, NoticeKind, NoticeState
from occto.domain.dates import start_of_day
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
from occto.services.convocation import queueing
from occto.services.convocation.writing import TEMPLATE
from occto.services.files import store_file
from occto.services.replies.receipts import publish_list
from occto.services.tickets import issuing
from occto.services.tickets.guests import Guest, register_guest
from occto.services.tickets.telling import OF_MEMBER

_PLACE = "当機関 大会議室（東京都江東区豊洲）"
_USUAL = AssemblySettings()
_SINCE_RECORD_DATE = 20
_AHEAD, _FROZEN_AGO, _NOTIFIED_AGO = 18, 4, 2
"""Days until the assembly that members answer now, and since its votes were frozen and its notice sent."""
_FINISHED_NOTICE, _FINISHED_REPLIES = 15, 40
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
    kind: AssemblyKind
    no: int
    on: date
    state: AssemblyState


def add_assemblies(session: Session, scene: Scene, *, now: datetime) -> None:
    """The last ordinary assembly, an extraordinary one whose record date is past, one that takes replies now, and the
    next ordinary one.
    """
    today = scene.today
    june = today.replace(month=6, day=24)
    last = june if june < today else june.replace(year=june.year - 1)
    coming = june if record_date(june, days=_USUAL.record_days) > today else june.replace(year=june.year + 1)
    counting = today - timedelta(days=_SINCE_RECORD_DATE) + timedelta(days=_USUAL.record_days)
    answered = add_business_days(today + timedelta(days=_AHEAD - 1), 1, is_holiday=is_holiday)
    ordinary, extraordinary = AssemblyKind.ORDINARY, AssemblyKind.EXTRAORDINARY
    for held in (
        _Held(ordinary, 1, last, AssemblyState.FINISHED),
        _Held(extraordinary, 1, counting, AssemblyState.COUNTING),
        _Held(ordinary, 1, coming, AssemblyState.PREPARING),
    ):
        row = _assembly(held)
        session.add(row)
        session.flush()
        if held.state is AssemblyState.FINISHED:
            _finished(session, scene, row)
        if held.state is AssemblyState.COUNTING:
            freezing.keep_draft_if_changed(session, row.id, now=now - timedelta(days=_COUNTED_AGO))
            answers.add_questions(session, scene, row, now=now)
    _answered(session, scene, _Held(extraordinary, 2, answered, AssemblyState.REPLIES_OPEN), now=now)


def _assembly(held: _Held) -> Assembly:
    told, preparing = held.state is AssemblyState.REPLIES_OPEN, held.state is AssemblyState.PREPARING
    source = "定款 第25条" if told else ""
    settings = replace(_USUAL, quorum_basis=QuorumBasis.ALL_MEMBERS if told else None, quorum_source=source)
    held_at = start_of_day(held.on) + timedelta(hours=14)
    return Assembly(
        kind=held.kind,
        fiscal_year=fiscal_year(held.on),
        no=held.no,
        held_at=held_at,
        place=None if preparing else _PLACE,
        record_on=record_date(held.on, days=settings.record_days),
        reception_from=None if preparing else held_at - timedelta(minutes=45),
        reply_until=usual_deadline(held.on, at=settings.reply_time, is_holiday=is_holiday),
        state=held.state,
        settings=stored_settings(settings),
    )


def _finished(session: Session, scene: Scene, row: Assembly) -> None:
    """What is left of the last ordinary assembly: agenda, votes, replies, the list of their receipts, and its result."""
    assert row.reply_until is not None
    notified_at = row.reply_until - timedelta(days=_FINISHED_NOTICE)
    _agenda(session, row, at=notified_at)
    frozen = _freeze(session, scene, row, at=notified_at - timedelta(days=3))
    session.execute(
        insert(Convocation),
        [
            {
                "assembly_id": row.id,
                "member_id": one.member_id,
                "channel": NoticeChannel.POST,
                "notified_at": notified_at,
            }
            for one in frozen_roll(session, row.id)
        ],
    )
    row.state = AssemblyState.REPLIES_OPEN
    session.flush()
    answers.add_replies(
        session, scene, row, frozen, since=notified_at, now=row.reply_until, kept=frozenset(), most=_FINISHED_REPLIES
    )
    publish_list(session, row.id, now=row.reply_until)
    results.decide(session, scene, row)
    row.state = AssemblyState.FINISHED
    session.flush()


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


def _answered(session: Session, scene: Scene, held: _Held, *, now: datetime) -> None:
    """An assembly with all that goes before the replies: agenda, document, frozen votes, notice to every member."""
    row = _assembly(held)
    session.add(row)
    session.flush()
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
    answers.add_replies(session, scene, row, frozen, since=notified_at + _DELIVERED, now=now)
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


def _agenda(session: Session, row: Assembly, *, at: datetime) -> None:
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
