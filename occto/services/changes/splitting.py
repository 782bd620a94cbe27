"""申請を分ける: some items of a request go on in a second one, so that what is ready need not wait for what is not."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.changes import (
    CHOOSABLE,
    LICENCE,
    OFFICE_PARTS,
    PROFILE_PARTS,
    RELATION,
    SUCCESSION,
    ChangeState,
    ItemChange,
    Part,
    format_number,
    is_immediate,
    items_of,
    title_of,
    title_word,
    touches_votes,
)
from occto.domain.codes import ChangeAct, Channel
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound, Refusal
from occto.models import (
    Attachment,
    AttachmentChunk,
    ChangeDraft,
    ChangeItem,
    ChangeMark,
    ChangeRequest,
    ChangeRevision,
)
from occto.services import audit
from occto.services.changes.case import (
    change_of,
    locked_by_staff,
    newest_revision,
    rows_of,
    subject_of,
    take_step,
    tell,
)
from occto.services.joining.case import next_number

Place = tuple[str, str]


def split(
    session: Session,
    request_id: int,
    *,
    places: Iterable[Place],
    reason: str,
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> int:
    """Move the items at `places` into a request of their own, with its number; returns its row number.

    Both go on as new revisions of what the member submitted; days of submission and documents stay the same.
    Refusals: stale, illegal_step, reason_missing, not_found (no such item), split_nothing (none, or all of them, were chosen).
    """
    request, step = locked_by_staff(session, request_id, step="split", seen_version=seen_version, actor=actor)
    revision = newest_revision(session, request.id)
    assert revision is not None
    items = [change_of(row) for row in rows_of(session, revision) if row.change_id is None]
    moved = set(places)
    if not moved <= {item.place for item in items}:
        raise NotFound
    if not moved or len(moved) == len(items):
        raise Refusal(
            "split_nothing",
            "分ける項目を選んでください。すべての項目を移すことはできません。",
            field="places",
        )
    other = _second_request(session, request, now=now)
    files = _copy_files(session, request, other, submitted={file["id"] for file in revision.files}, now=now)
    going = [_with_files(item, files) for item in items if item.place in moved]
    staying = [item for item in items if item.place not in moved]
    _divide_drafts(session, request, other, going=going, staying=staying, files=files, now=now)
    _revise(session, other, revision, going, [_renamed(f, files) for f in revision.files], no=1, now=now)
    _revise(session, request, revision, staying, revision.files, no=revision.no + 1, now=now)
    if request.channel is Channel.ONLINE:
        request.checked_by_id = request.checked_at = None
    else:  # whoever keyed it in stays the first of the two, of both
        other.checked_by_id, other.checked_at = request.checked_by_id, request.checked_at
    take_step(session, request, step, actor=actor, now=now, reason=reason)
    detail = {"new_id": other.id, "items": [":".join(filter(None, item.place)) for item in going]}
    audit.record(session, "change.split", subject=subject_of(request), actor=actor, now=now, detail=detail)
    tell(session, request, "changes/split", now=now, other_number=other.number, other_title=other.title, reason=reason)
    return other.id


def _second_request(session: Session, request: ChangeRequest, *, now: datetime) -> ChangeRequest:
    year = today_jst(now).year
    other = ChangeRequest(
        number=format_number(year, next_number(session, "change_request", str(year))),
        state=ChangeState.SUBMITTED,
        title=request.title,
        split_from_id=request.id,
        created_at=now,
        saved_at=now,
        **{
            name: getattr(request, name)
            for name in (
                *("member_id", "channel", "occurred_on", "received_at", "reason", "submitted_at", "waiting_since"),
                *("started_by_id", "entered_by_id", "assignee_id"),
            )
        },
    )
    session.add(other)
    session.flush()
    return other


def _copy_files(
    session: Session, request: ChangeRequest, other: ChangeRequest, *, submitted: set[int], now: datetime
) -> dict[int, int]:
    """Every document goes with both, one `submitted` and taken out since as well; the row number of the copy by the original's."""
    copies = {}
    own = select(Attachment).where(Attachment.change_request_id == request.id).order_by(Attachment.id)
    for file in session.scalars(own).all():
        if file.removed_at is not None and file.id not in submitted:
            continue
        kept = ("kind", "name", "media_type", "size", "sha256", "scan_state", "removed_at")
        copy = Attachment(change_request_id=other.id, added_at=now, **{name: getattr(file, name) for name in kept})
        session.add(copy)
        session.flush()
        copies[file.id] = copy.id
        chunks = session.scalars(select(AttachmentChunk).where(AttachmentChunk.attachment_id == file.id)).all()
        session.add_all(AttachmentChunk(attachment_id=copy.id, no=chunk.no, bytes=chunk.bytes) for chunk in chunks)
    session.flush()
    return copies


def _with_files(item: ItemChange, files: Mapping[int, int]) -> ItemChange:
    if not isinstance(item.new, dict) or item.new.get("attachment_id") is None:
        return item
    new = item.new | {"attachment_id": files.get(item.new["attachment_id"])}
    return ItemChange(item.item, item.act, item.effective_on, new, item.old, item.target_key, item.target_id)


def _renamed(file: Mapping[str, Any], files: Mapping[int, int]) -> dict[str, Any]:
    return {**file, "id": files.get(file["id"], file["id"])}


def _divide_drafts(
    session: Session,
    request: ChangeRequest,
    other: ChangeRequest,
    *,
    going: list[ItemChange],
    staying: list[ItemChange],
    files: Mapping[int, int],
    now: datetime,
) -> None:
    """What is edited after a return is what each request still asks for.

    The second request gets what was submitted; the first keeps a part that the member is in the middle of typing.
    """
    for draft in session.scalars(select(ChangeDraft).where(ChangeDraft.request_id == request.id)).all():
        part, answers = Part(draft.part), draft.answers
        if part is Part.FILES:
            listed = [_renamed(file, files) for file in (answers or {}).get("files", ())]
            _put(session, other, part, {"files": listed}, now=now)
            continue
        if answers is None:
            continue
        if part in OFFICE_PARTS:
            passed = _answers_for(part, answers, going)
            if passed is not None:
                _put(session, other, part, passed, now=now)
        left = _answers_for(part, answers, staying)
        if left is not None:
            _put(session, request, part, left, now=now)
        else:
            session.delete(draft)
    for part in CHOOSABLE:
        asked = _answers_of(part, going)
        if asked is not None:
            _put(session, other, part, asked, now=now)
    session.flush()


def _answers_of(part: Part, items: list[ItemChange]) -> dict[str, Any] | None:
    """The answers of a part that come to these items; None where none of them is of this part."""
    own = [item for item in items if item.act not in (ChangeAct.CORRECT, ChangeAct.VOID)]
    if part in PROFILE_PARTS:
        keys = {item.key for item in items_of(part)}
        asked = [item for item in own if item.item in keys]
        if not asked:
            return None
        return {"effective_on": asked[0].effective_on.isoformat(), **{item.item: item.new for item in asked}}
    listed = [item for item in own if item.item == _KINDS[part]]
    named = {item.place: int(item.target_key.removeprefix("new:")) for item in listed if _is_new_relation(item)}
    free = (number for number in count(1) if number not in named.values())
    return {"rows": [_row(item, named.get(item.place) or next(free)) for item in listed]} if listed else None


def _is_new_relation(item: ItemChange) -> bool:
    return item.item == RELATION and item.act is ChangeAct.ADD


def _row(item: ItemChange, number: int) -> dict[str, Any]:
    """The row that comes to this item; `number` is the one that it keeps."""
    row: dict[str, Any] = {"n": number, "act": item.act.value}
    if item.item == LICENCE and item.act is ChangeAct.ADD:
        return row | {key: item.new.get(key) for key in ("category", "number", "effective_on", "attachment_id")}
    if item.item == LICENCE:
        return row | dict(item.new) | {"licence_id": item.target_id}
    row["effective_on"] = item.effective_on.isoformat()
    if item.act is not ChangeAct.ADD:
        row["relation_no"] = item.target_id
    return row if item.act is ChangeAct.END else row | {"row": dict(item.new)}


def _answers_for(part: Part, answers: Mapping[str, Any], kept: list[ItemChange]) -> dict[str, Any] | None:
    """The answers of a part that ask for the items `kept` alone; None where none of them is of this part."""
    if part in PROFILE_PARTS:
        asked = {item.item: item.new for item in kept}
        own = [key for key in asked if key in answers]
        return {"effective_on": answers["effective_on"], **{key: asked[key] for key in own}} if own else None
    if part is Part.SUCCESSION:
        return dict(answers) if any(item.item == SUCCESSION for item in kept) else None
    keys = {item.target_key for item in kept}
    rows = [{**row, "n": row.get("n", no)} for no, row in enumerate(answers["rows"], 1)]
    left = [row for row in rows if _target_key(part, row) in keys]
    return {"rows": left} if left else None


def _target_key(part: Part, row: Mapping[str, Any]) -> str:
    """The key by which `items_of_answers` names what a row changes."""
    kind = row["kind"] if part is Part.CORRECTIONS else _KINDS[part]
    added = row["act"] == ChangeAct.ADD
    if kind == LICENCE:
        return str(row["category"]) if added else f"licence:{row['licence_id']}"
    if kind == RELATION:
        return f"new:{row['n']}" if added else f"relation:{row['relation_no']}"
    return f"fact:{row['fact_id']}"


_KINDS = {Part.LICENCES: LICENCE, Part.RELATIONS: RELATION}


def _put(session: Session, request: ChangeRequest, part: Part, answers: dict[str, Any], *, now: datetime) -> None:
    draft = session.get(ChangeDraft, (request.id, part.value))
    if draft is None:
        draft = ChangeDraft(request_id=request.id, part=part.value, version=0)
        session.add(draft)
    draft.typed, draft.answers, draft.errors, draft.saved_at = {}, answers, 0, now
    draft.version += 1
    session.flush()


def _revise(
    session: Session,
    request: ChangeRequest,
    origin: ChangeRevision,
    items: list[ItemChange],
    files: list[dict[str, Any]],
    *,
    no: int,
    now: datetime,
) -> None:
    revision = ChangeRevision(
        request_id=request.id,
        no=no,
        submitted_by_id=origin.submitted_by_id,
        mandate_id=origin.mandate_id,
        submitted_at=now,
        occurred_on=origin.occurred_on,
        base_change_id=origin.base_change_id,
        files=files,
    )
    session.add(revision)
    session.flush()
    session.add_all(
        ChangeItem(
            revision_id=revision.id,
            item=item.item,
            target_key=item.target_key,
            act=item.act,
            target_id=item.target_id,
            old=item.old,
            new=item.new,
            effective_on=item.effective_on,
        )
        for item in items
    )
    left = {item.place for item in items}
    for mark in session.scalars(select(ChangeMark).where(ChangeMark.request_id == request.id)).all():
        if (mark.item, mark.target_key) not in left:
            session.execute(
                delete(ChangeMark).where(
                    ChangeMark.request_id == request.id,
                    ChangeMark.item == mark.item,
                    ChangeMark.target_key == mark.target_key,
                )
            )
    request.title = title_of(title_word(item.item) for item in items)
    request.touches_votes = touches_votes(item for item in items if not is_immediate(item))
    session.flush()
