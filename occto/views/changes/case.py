"""One request: what is asked now, what it changes, documents, conversation, what happened; and 取下げ."""

from typing import Any

from flask import flash, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto.access import actor, permit, viewer
from occto.change_words import item_in_words
from occto.domain.calendar import business_days_between
from occto.domain.changes import CHANGES, DECIDED, HELD, WAITING_FOR_STAFF, ChangeState, is_document_of
from occto.domain.codes import Audience, Channel
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound, Refusal
from occto.domain.permissions import Permission
from occto.forms.base import BaseForm
from occto.forms.changes import WithdrawForm
from occto.forms.join import LetterForm
from occto.holidays import is_holiday
from occto.labels import label
from occto.services.changes import review, submission
from occto.services.changes.case import change_of
from occto.views.changes.blueprint import Case, load_case, pages, part_url
from occto.views.changes.impact import impact_of
from occto.views.changes.items import long_title, part_of_item
from occto.views.changes.start import tasks_page
from occto.views.tools import new_form_id, once, see_other

_SHOWN = {
    "submit": "提出",
    "apply": "反映",
    "withdraw": "取下げ",
    "take": "審査を開始",
    "approve": "承認",
    "return_request": "差戻し",
    "split": "申請を分割",
    "hold": "保留",
    "resume": "保留を解除",
}
"""The steps that a member is told of; the office's own checks are not among them."""


@pages.get("/<int:request_id>")
@permit(Permission.CHANGE_SEE)
def request_page(request_id: int) -> str:
    """The task list of a draft, else where the request stands."""
    case = load_case(request_id)
    return tasks_page(case) if case.is_draft else _overview(case, LetterForm())


def _overview(case: Case, form: BaseForm) -> str:
    found, last = case.request, case.submitted
    rows = last.items if last else []
    changes = [change_of(row) for row in rows]
    return render_template(
        "changes/request.html",
        case=case,
        request=found,
        word=HELD if found.held_at else label(found.state),
        steps=_steps(case),
        decided=found.state in DECIDED,
        revision=last.revision if last else None,
        by=last.by if last else None,
        items=_items(case),
        days=sorted({change.effective_on for change in changes}),
        files=_files(case),
        reason=_reason_of_return(case),
        remark_count=len(case.remarks),
        loose=[words for key, words in case.remarks.items() if key not in _keys(case)],
        letters=case.correspondence.letters,
        events=_events(case),
        waiting=_waiting(case),
        impact=impact_of(found.member_id, changes, undecided=found.state not in DECIDED),
        paper=found.channel is Channel.PAPER,
        may_write=case.may_file and found.state not in DECIDED,
        form=form,
        form_id=new_form_id(),
        errors=bool(form.errors),
    )


def _steps(case: Case) -> set[str]:
    """The steps of the flow that the viewer may take; a request on paper is the office's to correct."""
    if not case.may_file:
        return set()
    held = case.request.held_at is not None
    steps = CHANGES.open_steps(case.request.state, viewer.permissions, held=held)
    return {step.name for step in steps if step.name in {"submit", "withdraw"}}


def _keys(case: Case) -> set[str]:
    rows = case.submitted.items if case.submitted else []
    return {item_in_words(change_of(row)).key for row in rows}


def _items(case: Case) -> list[dict[str, Any]]:
    """The items in words, each with where it stands and what the office asks."""
    shown = []
    for row in case.submitted.items if case.submitted else []:
        item = item_in_words(change_of(row))
        state = ""
        if case.request.state is ChangeState.WITHDRAWN and row.change_id is None:
            state = "取下げ"
        elif row.change_id is not None:
            state = "反映済み" if item.effective_on <= case.today else f"{item.from_when}有効"
        elif item.key in case.remarks:
            state = "修正が必要"
        shown.append(
            {
                "item": item,
                "title": long_title(item),
                "state": state,
                "remark": case.remarks.get(item.key, ""),
                "url": part_url(case.id, part_of_item(item)) if case.may_edit else "",
            }
        )
    return shown


def _files(case: Case) -> list[dict[str, Any]]:
    if case.submitted is None:
        return []
    items = [(change, long_title(item_in_words(change))) for change in map(change_of, case.submitted.items)]
    return [
        {**file, "proves": [title for change, title in items if is_document_of(file, change)]}
        for file in case.submitted.revision.files
    ]


def _reason_of_return(case: Case) -> str:
    if case.request.state is not ChangeState.RETURNED:
        return ""
    return next((d.reason or "" for d, _ in case.decided if d.step == "return_request"), "")


def _events(case: Case) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    for decision, name in case.decided:
        if decision.step in _SHOWN:
            word = _SHOWN[decision.step]
            if decision.step == "submit":
                word = f"{word}（第{decision.revision_no}版）"
            note = decision.reason if decision.step == "withdraw" else ""
            events.append({"label": word, "at": decision.at, "by": name, "note": note or ""})
    if case.request.channel is Channel.ONLINE:
        events.append({"label": "下書きを作成", "at": case.request.created_at, "by": "", "note": ""})
    return events


def _waiting(case: Case) -> int | None:
    since = case.request.waiting_since
    if since is None or case.request.state not in WAITING_FOR_STAFF:
        return None
    return business_days_between(today_jst(since), case.today, is_holiday=is_holiday)


@pages.post("/<int:request_id>/letters")
@permit(Permission.CHANGE_FILE)
def write_letter(request_id: int) -> str | Response:
    case = load_case(request_id)
    form = LetterForm(request.form)
    if case.request.state in DECIDED or not case.may_file:
        flash(
            "この申請の手続きは終わっているため、連絡を送れません。電話またはメールでお問い合わせください。", "warning"
        )
        return see_other("changes.request_page", request_id=request_id)
    if not form.validate():
        return tasks_page(case) if case.is_draft else _overview(case, form)

    def act(session: Session) -> str:
        review.write_remark(
            session, request_id, body=form.body.data, audience=Audience.PARTY, actor=actor(), now=case.now
        )
        return url_for("changes.request_page", request_id=request_id)

    sent = once(act)
    flash("当機関へ送りました。回答は、この画面とメールでお知らせします。", "success")
    return sent


@pages.get("/<int:request_id>/withdraw")
@permit(Permission.CHANGE_FILE)
def withdraw(request_id: int) -> str | Response:
    case = load_case(request_id)
    if "withdraw" not in _steps(case):
        flash("この申請は、いまは取り下げられません。申請の状況をご確認ください。", "warning")
        return see_other("changes.request_page", request_id=request_id)
    return _withdraw_page(case, WithdrawForm())


def _withdraw_page(case: Case, form: BaseForm) -> str:
    rows = case.submitted.items if case.submitted else []
    return render_template(
        "changes/withdraw.html",
        case=case,
        form=form,
        done=[item_in_words(change_of(row)).title for row in rows if row.change_id is not None],
        form_id=new_form_id(),
        errors=bool(form.errors),
    )


@pages.post("/<int:request_id>/withdraw")
@permit(Permission.CHANGE_FILE)
def do_withdraw(request_id: int) -> str | Response:
    case = load_case(request_id)
    form = WithdrawForm(request.form)
    if not form.validate():
        return _withdraw_page(case, form)

    def act(session: Session) -> str:
        submission.withdraw(session, request_id, actor=actor(), now=case.now, reason=form.reason.data)
        return url_for("changes.index")

    try:
        done = once(act)
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        flash(refusal.sentence, "warning")
        return see_other("changes.request_page", request_id=request_id)
    flash(
        "申請を取り下げました。" if case.is_draft else "申請を取り下げました。控えをメールでお送りします。", "success"
    )
    return done
