"""出欠・議決権の回答: the form, its draft, the check page, the act, and taking a reply back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import flash, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from occto import clock
from occto import reply_words as words
from occto.access import actor, permit, viewer
from occto.domain.agenda import NO_VOTE, item_title
from occto.domain.dates import today_jst
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.numbers import clamped_id
from occto.domain.permissions import Permission
from occto.domain.replies import Answer, Attendance, ProxyKind, ReplyChannel, check_answer, with_blanks
from occto.extensions import db
from occto.forms.replies import (
    ItemInput,
    ReplyInput,
    as_sent,
    choice_sent,
    choices_hint,
    rows_sent,
    values_of,
)
from occto.queries import assemblies_member as reads
from occto.queries.replies import Item, Standing, agenda, asked, copy_addresses, standing
from occto.services.replies.drafts import save_draft
from occto.services.replies.taking import take_reply
from occto.unit_of_work import run
from occto.views.assemblies.blueprint import Place, arrived, member_id, pages, place
from occto.views.tools import new_form_id, once, see_other

CONFIRMED, AGAIN, ADD, SAVE = "confirmed", "again", "add", "save"
"""Names of the buttons."""
_REPLY = Permission.ASSEMBLIES_REPLY
Shown = tuple[str, int]
"""A page and its status."""


@dataclass(slots=True)
class Page:
    """The form with all that stands around it."""

    here: Place
    items: list[Item]
    stood: Standing | None
    typed: ReplyInput
    version: int
    conflict: bool = False
    draft_saved_at: Any = None


def _version() -> int:
    return clamped_id(request.form.get("version")) or 0


def _input(here: Place, items: list[Item], sent: Mapping[str, Any], *, add: bool = False) -> ReplyInput:
    most = here.meeting.settings.max_attendees
    return ReplyInput(
        sent,
        items=[
            ItemInput(f"item_{one.id}", item_title(one), words.item_note(one), choice_sent(sent, one.id), one.conflict)
            for one in items
            if one.put_to_vote
        ],
        settings=here.meeting.settings,
        holder=here.holder,
        rows=min(rows_sent(sent, most) + add, most),
    )


def _load(assembly_id: int, sent: Mapping[str, Any] | None = None, *, add: bool = False) -> Page:
    """The form as sent, or (None) as it begins: the draft, else the reply that stands, else the user's own details."""
    here, session = place(assembly_id), db.session()
    items = agenda(session, here.id, member_id=member_id())
    stood = standing(session, here.id, member_id())
    draft = None
    if sent is None:
        draft = reads.draft_of(session, here.id, member_id=member_id(), user_id=viewer.user_id)
        sent = _beginning(here, stood, draft)
        version = stood.version if stood else 0
    else:
        version = _version()
    typed = _input(here, items, sent, add=add)
    return Page(here, items, stood, typed, version, draft_saved_at=draft.saved_at if draft else None)


def _beginning(here: Place, stood: Standing | None, draft: reads.Draft | None) -> Mapping[str, Any]:
    session = db.session()
    if draft is not None:
        return MultiDict({str(name): str(value) for name, value in draft.answers.items()})
    if stood is not None:
        answer = stood.reply.answer
        other = (
            reads.member_on_roll(session, here.id, member_id=answer.proxy_member_id) if answer.proxy_member_id else None
        )
        values = values_of(answer, proxy_code=other.operator_code if other else "")
        return MultiDict(values if answer.attendees else _own_details() | values)
    return MultiDict(_own_details())


def _own_details() -> dict[str, str]:
    """The first person to come is often whoever fills the form in; not where that is a contractor."""
    if viewer.mandate_id is not None:
        return {}
    own = reads.details_of_user(db.session(), viewer.user_id)
    return {f"attendee_1_{name}": value for name, value in own.items()}


@pages.get("/<int:assembly_id>/reply")
@permit(_REPLY)
def reply(assembly_id: int) -> Shown:
    """The form, or why there is none."""
    page = _load(assembly_id)
    return _show(page)


def _show(page: Page) -> Shown:
    """The form or why there is none; 422 with errors in it, 409 where something came in between what was sent."""
    here = page.here
    if here.why_not:
        closed = render_template("assemblies/closed.html", here=here, stood=page.stood, unsent=_unsent(page))
        return closed, 409 if request.method == "POST" else 200
    other_rows = []
    if page.conflict and page.stood is not None:
        answer = page.stood.reply.answer
        other = (
            reads.member_on_roll(db.session(), here.id, member_id=answer.proxy_member_id)
            if answer.proxy_member_id
            else None
        )
        other_rows = words.answer_rows(answer, page.items, other=other, on_paper_at=page.stood.reply.on_paper_at)
    meeting = here.meeting
    typed = page.typed
    shown = render_template(
        "assemblies/reply.html",
        here=here,
        meeting=meeting,
        left=words.time_left(meeting.reply_until, arrived()) if meeting.reply_until else None,
        typed=typed,
        version=page.stood.version if page.conflict and page.stood else page.version,
        stood=page.stood.reply if page.stood else None,
        conflict=page.conflict,
        other_rows=other_rows,
        draft_saved_at=page.draft_saved_at,
        choices_hint=choices_hint(meeting.settings),
        no_vote=NO_VOTE,
        may_add=len(typed.people) < meeting.settings.max_attendees,
        add=ADD,
        save=SAVE,
        form_id=new_form_id(),
        errors=typed.has_errors or page.conflict,
    )
    return shown, 409 if page.conflict else 422 if typed.has_errors else 200


def _unsent(page: Page) -> words.Rows:
    """What was sent too late, where all of it can be read: the member may copy it onto paper."""
    if request.method != "POST" or page.typed.attendance is None or not page.typed.validate():
        return []
    return words.answer_rows(page.typed.answer(), page.items)


@pages.post("/<int:assembly_id>/reply")
@permit(_REPLY)
def send(assembly_id: int) -> str | Shown | Response:
    """One form with four buttons: another person, put aside, check, and on the check page the act itself."""
    sent = request.form
    if CONFIRMED in sent:
        return _take(assembly_id)
    page = _load(assembly_id, sent, add=ADD in sent)
    if page.here.why_not or AGAIN in sent or ADD in sent:
        return _show(page)
    if SAVE in sent:
        return _save(page)
    return _check(page)


def _save(page: Page) -> Response:
    run(
        save_draft,
        assembly_id=page.here.id,
        answers=page.typed.raw_values(),
        actor=actor(),
        now=clock.now(),
    )
    flash("下書きに保存しました。まだ回答は送られていません。締切までに、内容を確認して回答してください。", "warning")
    return see_other("meetings.reply", assembly_id=page.here.id)


def _check(page: Page) -> str | Shown:
    """The check page, or the form again with what has to be put right."""
    here, typed, session = page.here, page.typed, db.session()
    if page.version != (page.stood.version if page.stood else 0):
        page.conflict = True
        return _show(page)
    if not typed.validate():
        return _show(page)
    other = _proxy(here.id, typed)
    answer = typed.answer(proxy_member_id=other.id if other else None)
    ballot, settings = asked(page.items), here.meeting.settings
    try:
        _refuse_unknown_proxy(typed, other)
        check_answer(answer, ballot=ballot, holder=here.holder, settings=settings, member_id=member_id())
    except Refusal as refusal:
        typed.add_error(refusal.field, refusal.sentence)
        if refusal.code == "choice_missing":  # every item left blank at once, not one a try
            blank = [f"item_{item}" for item in ballot.open if item not in answer.choices]
            for field in blank:
                if field != refusal.field:
                    typed.add_error(field, refusal.sentence)
        return _show(page)
    kept = with_blanks(answer, ballot=ballot, settings=settings)
    copies = copy_addresses(session, member_id(), user_id=viewer.user_id, today=today_jst(clock.now()))
    return render_template(
        "assemblies/check.html",
        here=here,
        left=words.time_left(here.meeting.reply_until, arrived()) if here.meeting.reply_until else None,
        rows=words.answer_rows(kept, page.items, other=other),
        blanks=len(kept.choices) - len(answer.choices),
        left_out=typed.left_out(_own_details()),
        typed=typed.raw_values(),
        stood=page.stood is not None and page.stood.reply.answer.attendance is not Attendance.WITHDRAWN,
        copies=copies,
        confirmed=CONFIRMED,
        again=AGAIN,
        form_id=new_form_id(),
        version=page.version,
    )


def _proxy(assembly_id: int, typed: ReplyInput) -> reads.OtherMember | None:
    """The member whose code was typed, where one is to stand in."""
    main = typed.main
    if (
        typed.attendance is not Attendance.PROXY
        or main.proxy_kind.data != ProxyKind.MEMBER
        or not main.proxy_member.data
    ):
        return None
    return reads.member_on_roll(db.session(), assembly_id, code=main.proxy_member.data)


def _refuse_unknown_proxy(typed: ReplyInput, other: reads.OtherMember | None) -> None:
    if typed.attendance is not Attendance.PROXY or typed.main.proxy_kind.data != ProxyKind.MEMBER:
        return
    if other is None and typed.main.proxy_member.data:
        raise Refusal(
            "proxy_not_on_roll",
            "委任する相手が、この総会の会員名簿に見つかりません。事業者コードをお確かめください。",
            field="proxy_member",
        )


def _take(assembly_id: int) -> Shown | Response:
    """Take what the check page sent. Everything is read and made ready before the unit of work begins."""
    received, version = arrived(), _version()
    typed = as_sent(request.form)
    if not typed.validate():
        page = _load(assembly_id, request.form)
        page.typed.validate()
        return _show(page)
    other = _proxy(assembly_id, typed)
    answer = typed.answer(proxy_member_id=other.id if other else None)
    try:
        _refuse_unknown_proxy(typed, other)
        return _once(assembly_id, answer, received=received, version=version)
    except (NotFound, NotAllowed):
        raise
    except Refusal as refusal:
        page = _load(assembly_id, request.form)
        page.conflict = isinstance(refusal, Stale)
        if not page.conflict:
            page.typed.add_error(refusal.field, refusal.sentence)
        return _show(page)


def _once(assembly_id: int, answer: Answer, *, received: Any, version: int) -> Response:
    now, who, own = clock.now(), actor(), member_id()
    copies = copy_addresses(db.session(), own, user_id=who.user_id, today=today_jst(now))

    def act(session: Session) -> str:
        taken = take_reply(
            session,
            assembly_id=assembly_id,
            member_id=own,
            answer=answer,
            channel=ReplyChannel.ELECTRONIC,
            received_at=received,
            seen_version=version,
            actor=who,
            now=now,
            copies_to=copies,
        )
        return _address(assembly_id, taken.no)

    return once(act, leads_to=_address(assembly_id, version + 1))  # each reply raises the version by one


def _address(assembly_id: int, no: int) -> str:
    return url_for("meetings.replied", assembly_id=assembly_id, no=no)


@pages.get("/<int:assembly_id>/reply/withdraw")
@permit(_REPLY)
def withdraw(assembly_id: int) -> str:
    """Whether the reply shall really be taken back."""
    return _withdraw_page(assembly_id)


def _withdraw_page(assembly_id: int, error: str = "") -> str:
    here, session = place(assembly_id), db.session()
    stood = standing(session, here.id, member_id())
    if here.why_not:
        return render_template("assemblies/closed.html", here=here, stood=stood)
    if stood is None or stood.reply.answer.attendance is Attendance.WITHDRAWN:
        raise NotFound("取り消す回答がありません。総会のページで、いまの状態をお確かめください。")
    answer = stood.reply.answer
    other = reads.member_on_roll(session, here.id, member_id=answer.proxy_member_id) if answer.proxy_member_id else None
    return render_template(
        "assemblies/withdraw.html",
        here=here,
        rows=words.answer_rows(
            answer, agenda(session, here.id, member_id=member_id()), other=other, on_paper_at=stood.reply.on_paper_at
        ),
        error=error,
        form_id=new_form_id(),
        version=stood.version,
    )


@pages.post("/<int:assembly_id>/reply/withdraw")
@permit(_REPLY)
def do_withdraw(assembly_id: int) -> Shown | Response:
    received, version = arrived(), _version()
    try:
        return _once(assembly_id, Answer(Attendance.WITHDRAWN), received=received, version=version)
    except (NotFound, NotAllowed):
        raise
    except Refusal as refusal:
        return _withdraw_page(assembly_id, refusal.sentence), 409
