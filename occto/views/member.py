"""会員情報: what is on record of the member acted for, what changes at once, the yearly confirmation, copies."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, flash, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from occto import clock, pdf, record_words, sanction_words
from occto.access import actor, permit, viewer
from occto.domain.confirming import is_due
from occto.domain.dates import format_instant, today_jst
from occto.domain.errors import NotFound, Refusal, Stale
from occto.domain.permissions import Permission
from occto.domain.profile import ITEMS
from occto.excel import MIMETYPE, workbook
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.member import EDIT_FORMS, EDIT_TITLES, EDITABLE
from occto.labels import show
from occto.pages import site
from occto.queries import register
from occto.queries.sanctions import sanctions_of
from occto.record_copy import RecordCopy, as_pdf, as_sheets, contract_in_words
from occto.services.changes import confirmation, immediate
from occto.views.filling import GROUP_NOTES, GROUPS, grouped_fields
from occto.views.tools import download, new_form_id, once

pages = Blueprint("member", __name__, url_prefix="/member")
NEWEST = 10
PAGE = 20


def _member_id() -> int:
    """The company acted for; nothing in the address or form says whose record is shown."""
    if viewer.member_id is None:
        abort(404)
    return viewer.member_id


@dataclass(frozen=True, slots=True)
class Record:
    """What stands on the page: head, sections in words, what is to come, and the number of the newest change of it."""

    head: register.MemberHead
    day: date
    roster_no: int | None
    parts: list[record_words.Part]
    coming: list[record_words.Coming]
    pending: list[register.PendingItem]
    facts: list[Any]
    seen: int


def _record(session: Session, member_id: int, *, today: date) -> Record:
    seen = register.last_change_of(session, member_id)  # first: what comes in between is a change not seen
    head = register.member_head(session, member_id)
    day = max(today, head.member_on or today)
    facts = register.facts_of(session, member_id, today=day)
    coming = register.facts_to_come(session, member_id, day, facts=facts)
    pending = register.pending(session, member_id)
    profile = register.profile_as_of(session, member_id, day)
    parts = [
        record_words.licence_part(register.licences_as_of(session, member_id, day), today=today, pending=pending),
        *record_words.profile_parts(profile, coming=coming, pending=pending),
        record_words.relation_part(register.relations_as_of(session, member_id, day), today=today, pending=pending),
    ]
    roster_no = register.roster_as_of(session, member_id, day)
    return Record(head, day, roster_no, parts, record_words.coming_in_words(coming), pending, facts, seen)


@pages.get("")
@permit(Permission.RECORD_SEE)
def record() -> str:
    """Everything on record, what is to come, what is asked for, the newest changes."""
    session, member_id, today = db.session(), _member_id(), today_jst(clock.now())
    found = _record(session, member_id, today=today)
    confirmed = register.last_confirmation(session, member_id)
    entries = register.history(session, member_id, today=found.day, limit=NEWEST + 1, facts=found.facts)
    return render_template(
        "member/record.html",
        record=found,
        today=today,
        contract=contract_in_words(found.head),
        sanctions=[
            (sanction_words.standing(one.effective_on, one.ended_on, today=today), sanction_words.facts(one))
            for one in sanctions_of(session, member_id)
        ],
        confirmed=confirmed,
        confirmation_due=is_due(
            confirmed_on=today_jst(confirmed.at) if confirmed else None, member_on=found.head.member_on, today=today
        ),
        contractors=register.contractors_with_access(session, member_id, today),
        entries=record_words.entries_in_words(entries[:NEWEST]),
        more=len(entries) > NEWEST,
        may_edit=viewer.can(Permission.RECORD_EDIT),
        may_file=viewer.can(Permission.CHANGE_FILE),
        edit_links={"contacts": "contacts", "company": "names", "outline": "others"},
        edit_titles=EDIT_TITLES,
    )


@pages.get("/history")
@permit(Permission.RECORD_SEE)
def history() -> str:
    """Every change made to the record, newest first."""
    before = request.args.get("before", type=int)
    entries = register.history(
        db.session(),
        _member_id(),
        today=today_jst(clock.now()),
        before=before if before and 0 < before < 2**63 else None,
        limit=PAGE + 1,
    )
    shown = record_words.entries_in_words(entries[:PAGE])
    return render_template(
        "member/history.html",
        entries=shown,
        first=before is None,
        before=shown[-1].change_id if len(entries) > PAGE else None,
    )


@pages.get("/edit/<string(maxlength=40):part>")
@permit(Permission.RECORD_EDIT)
def edit(part: str) -> str:
    if part not in EDIT_FORMS:
        raise NotFound
    session, member_id = db.session(), _member_id()
    seen, values = _on_record(session, member_id, part)
    return _edit_page(part, EDIT_FORMS[part](data=values), seen=seen)


def _on_record(session: Session, member_id: int, part: str) -> tuple[int, dict[str, Any]]:
    """The number of the newest change, read first, and the items of the part as they stand."""
    seen = register.newest_change(session)
    head = register.member_head(session, member_id)
    today = today_jst(clock.now())
    profile = register.profile_as_of(session, member_id, max(today, head.member_on or today))
    return seen, {key: profile.get(key) for key in EDITABLE[part]}


def _edit_page(part: str, form: BaseForm, *, seen: int, other: list[tuple[str, str]] | None = None) -> str:
    return render_template(
        "member/edit.html",
        part=part,
        title=EDIT_TITLES[part],
        form=form,
        errors=bool(form.errors or form.form_errors),
        groups=GROUPS.get(part, ()),
        grouped=grouped_fields(part),
        notes=GROUP_NOTES,
        form_id=new_form_id(),
        seen=seen,
        other=other,
    )


@pages.post("/edit/<string(maxlength=40):part>")
@permit(Permission.RECORD_EDIT)
def save(part: str) -> str | BaseResponse:
    """Set the items of the part from today on. Fields that the part does not have are not looked at."""
    if part not in EDIT_FORMS:
        raise NotFound
    form, seen = EDIT_FORMS[part](request.form), _seen()
    if not form.validate():
        return _edit_page(part, form, seen=seen)
    changed: list[str] = []

    def act(session: Session) -> str:
        changed[:] = immediate.change_at_once(
            session, _member_id(), values=form.cleaned(), seen_change=seen, actor=actor(), now=clock.now()
        ) or [""]
        return url_for("member.record")

    try:
        answer = once(act)
    except Stale as stale:
        return _conflict(part, form, stale)
    except Refusal as refusal:
        form.add_error(refusal.field, refusal.sentence)
        return _edit_page(part, form, seen=seen)
    if changed == [""]:
        flash("いまの登録と同じ内容でしたので、何も変更していません。", "warning")
    elif changed:
        flash(f"{EDIT_TITLES[part]}を変更しました。控えをメールでお送りしました。", "success")
    return answer


def _conflict(part: str, form: BaseForm, stale: Stale) -> str:
    """Keep what was typed and show beside it what somebody else has changed meanwhile."""
    seen, values = _on_record(db.session(), _member_id(), part)
    other = [
        (ITEMS[key].title, show(ITEMS[key], value) or "（空欄）")
        for key, value in values.items()
        if value != form[key].data
    ]
    form.add_error(None, stale.sentence)
    return _edit_page(part, form, seen=seen, other=other)


def _seen() -> int:
    seen = request.form.get("seen", type=int) or 0
    return seen if 0 <= seen < 2**63 else 0


@pages.get("/confirm")
@permit(Permission.RECORD_EDIT)
def confirm() -> str:
    """The record once more, whole, above the button that says that it is right."""
    return _confirm_page()


def _confirm_page(refusal: Refusal | None = None) -> str:
    session, member_id, today = db.session(), _member_id(), today_jst(clock.now())
    return render_template(
        "member/confirm.html",
        record=_record(session, member_id, today=today),
        today=today,
        confirmed=register.last_confirmation(session, member_id),
        refusal=refusal,
        errors=refusal is not None,
        form_id=new_form_id(),
    )


@pages.post("/confirm")
@permit(Permission.RECORD_EDIT)
def confirmed() -> str | BaseResponse:
    seen, done = _seen(), []

    def act(session: Session) -> str:
        confirmation.confirm_record(session, _member_id(), seen_change=seen, actor=actor(), now=clock.now())
        done.append(True)
        return url_for("member.record")

    try:
        answer = once(act)
    except Stale as stale:
        return _confirm_page(stale)
    if done:
        flash("登録内容に相違がないことを記録しました。ご確認ありがとうございました。", "success")
    return answer


@pages.get("/export.xlsx")
@permit(Permission.RECORD_SEE)
def export_excel() -> Response:
    """All own data as a workbook (利用規約 5.1.2)."""
    copy = _copy()
    return download(workbook(as_sheets(copy)), name=f"{copy.file_name}.xlsx", media_type=MIMETYPE)


@pages.get("/export.pdf")
@permit(Permission.RECORD_SEE)
def export_pdf() -> Response:
    """All own data as 登録内容の写し."""
    copy = _copy()
    return download(
        as_pdf(copy, issuer=pdf.Issuer(telephone=site().contact_phone)),
        name=f"{copy.file_name}.pdf",
        media_type=pdf.MIMETYPE,
    )


def _copy() -> RecordCopy:
    session, member_id, now = db.session(), _member_id(), clock.now()
    found = _record(session, member_id, today=today_jst(now))
    entries = register.history(session, member_id, today=found.day, facts=found.facts)
    confirmed = register.last_confirmation(session, member_id)
    return RecordCopy(
        head=found.head,
        roster_no=found.roster_no,
        parts=tuple(found.parts),
        coming=tuple(found.coming),
        entries=tuple(record_words.entries_in_words(entries)),
        cases=tuple(register.own_cases(session, member_id)),
        contractors=tuple(register.contractors_with_access(session, member_id, today_jst(now))),
        confirmed=f"{format_instant(confirmed.at)}　{confirmed.by}" if confirmed else "",
        made_at=now,
    )
