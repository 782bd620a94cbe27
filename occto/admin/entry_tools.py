"""What the screens of entries share: their kinds, the parts of a draft, what a succession leaves behind."""

from collections.abc import Callable
from typing import Any

from flask import abort, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor
from occto.admin.change_page import state_in_words
from occto.admin.entry_rows import part_words
from occto.change_words import items_in_words
from occto.domain.changes import PART_TITLES, Part
from occto.domain.codes import AttachmentKind, Channel
from occto.domain.errors import NotFound, Refusal, Stale
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.labels import label
from occto.models import ChangeDraft, ChangeRequest
from occto.services.changes import drafts, submission
from occto.views.tools import once

PAPER, CORRECTION, SUCCESSION = "paper", "correction", "succession"
KINDS: dict[str, tuple[str, Channel, tuple[Part, ...], str]] = {
    PAPER: (
        "書面の変更申請を入力する",
        Channel.PAPER,
        (),
        "書面で届いた変更申請を入力します。申請書の写し（スキャン）を添付してください。",
    ),
    CORRECTION: (
        "登録の訂正・取消しを入力する",
        Channel.STAFF,
        (Part.CORRECTIONS,),
        "登録の内容が合わないときに直し、これから有効になる登録を取りやめます。前の登録は、取り消したものとして残ります。",
    ),
    SUCCESSION: (
        "合併・承継を入力する",
        Channel.STAFF,
        (Part.SUCCESSION,),
        "電気事業者の区分を、別の会員が引き継ぎます。区分がなくなる会員は、その日に退会します。",
    ),
}


def kinds() -> list[tuple[str, str]]:
    return [(kind, title) for kind, (title, _channel, _parts, _lead) in KINDS.items()]


def state_of(row: ChangeRequest) -> str:
    return state_in_words(row.state, held=row.held_at is not None)


def drafts_of(session: Session, number: int) -> dict[Part, ChangeDraft]:
    rows = session.scalars(select(ChangeDraft).where(ChangeDraft.request_id == number))
    return {Part(row.part): row for row in rows}


def rows_of(session: Session, number: int, part: Part) -> list[dict[str, Any]]:
    draft = session.get(ChangeDraft, (number, part.value))
    return list((draft.answers or {}).get("rows", ())) if draft else []


def save(session: Session, number: int, part: Part, answers: dict[str, Any] | None, version: int) -> None:
    drafts.save_part(
        session, number, part, typed={}, answers=answers, errors=0, seen_version=version, actor=actor(), now=clock.now()
    )


def task(session: Session, row: ChangeRequest, part: Part, draft: ChangeDraft) -> dict[str, Any]:
    """A line of the list of parts: what it asks for so far, and where it is filled in."""
    if part is Part.FILES:
        words = [
            f"{one['name']}（{label(AttachmentKind(one['kind']))}）" for one in (draft.answers or {}).get("files", ())
        ]
    else:
        words = [one.title for one in part_words(session, row, part, draft.answers)]
    endpoint = {Part.FILES: "entries.files", Part.SUCCESSION: "entries.succession"}.get(part, "entries.part")
    values: dict[str, Any] = {"id": row.id} | ({"part": part.value} if endpoint == "entries.part" else {})
    done = bool(draft.answers) and bool(words)
    state = "入力済み" if done else "任意" if part is Part.FILES and row.channel is Channel.STAFF else "未入力"
    return {"title": PART_TITLES[part], "url": url_for(endpoint, **values), "words": words, "state": state}


def items_of_entry(session: Session, row: ChangeRequest) -> list[Any]:
    try:
        return items_in_words(submission.prepare(session, row).items)
    except NotFound:
        return []


def left_behind(member_id: int) -> list[tuple[str, str, str]]:
    """What a succession does not move by itself: what, why, and where it is dealt with."""
    member = url_for("members.details_view", id=member_id)
    return [
        (
            "資本関係",
            "この会員が親または子である資本関係は移りません。必要なものを、それぞれの会員の変更申請または訂正として入力してください。",
            member,
        ),
        (
            "ユーザ",
            "この会員のユーザは、退会の日に利用できなくなります。承継する会員のユーザとしては、その会員の管理者が登録します。",
            member,
        ),
        ("名簿番号", "名簿番号は移りません。", url_for("roster.index_view")),
    ]


def shown_version(number: int, part: Part, version: int, *, stale: bool) -> int:
    """The version that the page carries: after another's save that of what is saved now, so that it can be sent again."""
    return drafts_of(db.session(), number)[part].version if stale else version


def asked_part() -> Part:
    """The part that the address names; 404 for one there is not."""
    name = request.values.get("part", "")
    if name not in {part.value for part in Part}:
        abort(404)
    return Part(name)


def answered(form: BaseForm, act: Callable[[Session], str], page: Callable[[bool], str]) -> Any:
    """The page; or the act, once; a refusal beside its field, with everything typed. `page` is told whether it was stale."""
    if request.method == "GET":
        return page(False)
    if not form.validate():
        return page(False), 422
    try:
        return once(act)
    except NotFound:
        abort(404)
    except Refusal as refusal:
        stale = isinstance(refusal, Stale)
        form.add_error(None if stale else refusal.field, refusal.sentence)
        return page(stale), 409
