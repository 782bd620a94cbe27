"""Filling in a request: one part at a time, complete or not; nothing typed is lost."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.canonical import canonical, jsonable
from occto.domain.changes import CHANGES, CHOOSABLE, EDITABLE, OFFICE_PARTS, PART_TITLES, ChangeState, Part
from occto.domain.codes import AttachmentKind, Channel, ScanState
from occto.domain.dates import today_jst
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.permissions import Permission
from occto.models import Attachment, ChangeDraft, ChangeRequest, Member
from occto.services import audit
from occto.services.changes.case import checked_reason, locked_by_party, subject_of
from occto.services.files import store_file

TYPED_LIMIT = 256 * 1024  # bytes of one part as typed
DRAFTS_LIMIT = 20  # drafts of one member at a time


def start(
    session: Session,
    member_id: int,
    *,
    parts: Iterable[Part],
    occurred_on: date,
    reason: str | None = None,
    channel: Channel = Channel.ONLINE,
    received_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """Begin a request of a member about `parts`; returns its row number.

    ONLINE: by a user for the company acted for; PAPER and STAFF: by staff, with the time received or a reason.
    Refusals: not_allowed, not_found, parts_missing, occurred_in_future, received_missing, received_in_future,
    reason_missing, reason_too_long, too_many_drafts.
    """
    _check_entrant(member_id, channel, actor=actor)
    _check_received(channel, received_at, now=now)
    reason = _checked_start(channel, occurred_on, reason, now=now)
    chosen = _checked_parts(parts, channel=channel)
    member = session.get(Member, member_id, with_for_update={"key_share": True})
    if member is None:
        raise NotFound
    drafts = select(func.count()).where(
        ChangeRequest.member_id == member_id, ChangeRequest.state == ChangeState.DRAFT, ChangeRequest.channel == channel
    )
    if (session.scalar(drafts) or 0) >= DRAFTS_LIMIT:
        raise Refusal(
            "too_many_drafts",
            f"下書きが{DRAFTS_LIMIT}件あります。使わない下書きを取り下げてから、新しく始めてください。",
        )
    request = ChangeRequest(
        member_id=member_id,
        state=ChangeState.DRAFT,
        channel=channel,
        title=_draft_title(chosen),
        occurred_on=occurred_on,
        received_at=received_at,
        reason=reason,
        created_at=now,
        saved_at=now,
        started_by_id=actor.user_id,
        entered_by_id=actor.user_id if channel is not Channel.ONLINE else None,
    )
    session.add(request)
    session.flush()
    _put_parts(session, request, chosen, now=now)
    detail = {"channel": channel, "member_id": member_id}
    audit.record(session, "change.started", subject=subject_of(request), actor=actor, now=now, detail=detail)
    return request.id


def _check_entrant(member_id: int, channel: Channel, *, actor: Actor) -> None:
    own = actor.member_id == member_id and actor.can(Permission.CHANGE_FILE)
    if not (own if channel is Channel.ONLINE else actor.can(Permission.CHANGE_ENTER)):
        raise NotAllowed


def _check_received(channel: Channel, received_at: datetime | None, *, now: datetime) -> None:
    if channel is Channel.PAPER and received_at is None:
        raise Refusal("received_missing", "書面を受け取った日時を入力してください。", field="received_at")
    if received_at is not None and received_at > now:
        raise Refusal(
            "received_in_future", "受け取った日時は、現在より前の日時を入力してください。", field="received_at"
        )


def _checked_start(channel: Channel, occurred_on: date, reason: str | None, *, now: datetime) -> str | None:
    """The reason as it is kept, once it and the day of occurrence have been checked."""
    if occurred_on > today_jst(now):
        raise Refusal("occurred_in_future", "事由発生日は、今日までの日付を入力してください。", field="occurred_on")
    return checked_reason(
        reason, sentence="当機関が入力する理由を入力してください。" if channel is Channel.STAFF else None
    )


def _checked_parts(parts: Iterable[Part], *, channel: Channel) -> list[Part]:
    allowed = (*CHOOSABLE, *OFFICE_PARTS) if channel is Channel.STAFF else CHOOSABLE
    wanted = set(parts)
    chosen = [part for part in allowed if part in wanted]
    if not chosen:
        raise Refusal("parts_missing", "変更する内容を一つ以上選んでください。", field="parts")
    return chosen


def _draft_title(parts: Iterable[Part]) -> str:
    return "、".join(PART_TITLES[part] for part in parts)[:120]


def _put_parts(session: Session, request: ChangeRequest, parts: Iterable[Part], *, now: datetime) -> None:
    for part in (*parts, Part.FILES):
        if session.get(ChangeDraft, (request.id, part.value)) is None:
            session.add(
                ChangeDraft(request_id=request.id, part=part.value, typed={}, answers=None, errors=0, saved_at=now)
            )
    session.flush()


def change_start(
    session: Session,
    request_id: int,
    *,
    parts: Iterable[Part],
    occurred_on: date,
    reason: str | None,
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Choose the parts and the day of occurrence anew; what was typed in a part no longer chosen goes with it.

    Refusals: not_found, not_editable, stale, parts_missing, occurred_in_future, reason_missing, reason_too_long.
    """
    request = editable(session, request_id, actor=actor)
    if request.version != seen_version:
        raise Stale
    reason = _checked_start(request.channel, occurred_on, reason, now=now)
    chosen = _checked_parts(parts, channel=request.channel)
    for draft in session.scalars(select(ChangeDraft).where(ChangeDraft.request_id == request.id)):
        if draft.part != Part.FILES and Part(draft.part) not in chosen:
            session.delete(draft)
    session.flush()
    _put_parts(session, request, chosen, now=now)
    request.occurred_on, request.reason, request.saved_at = occurred_on, reason, now
    if request.state is ChangeState.DRAFT:
        request.title = _draft_title(chosen)
    detail = {"part": "start", "errors": 0}
    audit.record(session, "change.saved", subject=subject_of(request), actor=actor, now=now, detail=detail)
    session.flush()


def save_part(
    session: Session,
    request_id: int,
    part: Part,
    *,
    typed: Mapping[str, Any],
    answers: Mapping[str, Any] | None,
    errors: int,
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Keep a part as typed; `answers` are its clean values, None while something is missing or wrong.

    `seen_version` is that of the part. Refusals: not_editable, not_found (a part not chosen), stale, too_large.
    """
    request = editable(session, request_id, actor=actor)
    draft = session.get(ChangeDraft, (request.id, part.value), with_for_update=True)
    if draft is None or part is Part.FILES:
        raise NotFound
    if draft.version != seen_version:
        raise Stale(
            "別の画面でこの内容が保存されました。新しい内容を表示しています。入力した内容と見比べて、もう一度保存してください。"
        )
    if len(canonical(typed)) > TYPED_LIMIT:
        raise Refusal("too_large", "入力の量が多すぎて保存できません。内容を短くして、もう一度保存してください。")
    draft.typed = jsonable(typed)
    draft.answers = jsonable(answers) if answers is not None else None
    draft.errors, draft.saved_at = errors, now
    draft.version += 1
    request.saved_at = now
    detail = {"part": part, "errors": errors}
    audit.record(session, "change.saved", subject=subject_of(request), actor=actor, now=now, detail=detail)
    session.flush()


def editable(session: Session, request_id: int, *, actor: Actor) -> ChangeRequest:
    """The request, where whoever fills it in may still change it. Refusal not_editable."""
    request = locked_by_party(session, request_id, actor=actor)
    if request.state not in EDITABLE:
        words = CHANGES.labels[request.state]
        raise Refusal("not_editable", f"いまの状態は「{words}」のため、内容を変更できません。")
    return request


def add_file(
    session: Session,
    request_id: int,
    *,
    kind: AttachmentKind,
    items: Iterable[str],
    name: str,
    media_type: str,
    content: bytes,
    scan_state: ScanState,
    actor: Actor,
    now: datetime,
) -> int:
    """Keep a document and the items that it proves (`evidence_key`); returns its row number.

    Refusals: not_editable, too_many_files, too_large.
    """
    request = editable(session, request_id, actor=actor)
    attachment = store_file(
        session,
        kind=kind,
        name=name,
        media_type=media_type,
        content=content,
        scan_state=scan_state,
        change_request_id=request.id,
        now=now,
    )
    proves = sorted(set(items))
    detail = {
        "attachment_id": attachment.id,
        "kind": kind,
        "sha256": attachment.sha256,
        "size": attachment.size,
        "items": proves,
    }
    audit.record(session, "change.file_added", subject=subject_of(request), actor=actor, now=now, detail=detail)
    _list_files(session, request, now=now, proves={attachment.id: proves})
    return attachment.id


def name_items(
    session: Session, request_id: int, attachment_id: int, *, items: Iterable[str], actor: Actor, now: datetime
) -> None:
    """Say anew which items a document proves. Refusals: not_found, not_editable."""
    request = editable(session, request_id, actor=actor)
    _own_file(session, request, attachment_id)
    _list_files(session, request, now=now, proves={attachment_id: sorted(set(items))})
    detail = {"part": Part.FILES, "errors": 0}
    audit.record(session, "change.saved", subject=subject_of(request), actor=actor, now=now, detail=detail)
    session.flush()


def remove_file(session: Session, request_id: int, attachment_id: int, *, actor: Actor, now: datetime) -> None:
    """Take a document out; revisions that were submitted with it still show it. Refusals: not_found, not_editable."""
    request = editable(session, request_id, actor=actor)
    _own_file(session, request, attachment_id).removed_at = now
    detail = {"attachment_id": attachment_id}
    audit.record(session, "change.file_removed", subject=subject_of(request), actor=actor, now=now, detail=detail)
    session.flush()
    _list_files(session, request, now=now)


def _own_file(session: Session, request: ChangeRequest, attachment_id: int) -> Attachment:
    attachment = session.get(Attachment, attachment_id, with_for_update=True)
    if attachment is None or attachment.change_request_id != request.id or attachment.removed_at is not None:
        raise NotFound
    return attachment


def _list_files(
    session: Session, request: ChangeRequest, *, now: datetime, proves: Mapping[int, list[str]] | None = None
) -> None:
    """Bring the part of the documents up to those that are there."""
    draft = session.get(ChangeDraft, (request.id, Part.FILES.value), with_for_update=True)
    assert draft is not None
    known = {file["id"]: file["items"] for file in (draft.answers or {}).get("files", ())} | dict(proves or {})
    present = session.scalars(
        select(Attachment)
        .where(Attachment.change_request_id == request.id, Attachment.removed_at.is_(None))
        .order_by(Attachment.id)
    )
    files = [
        {
            "id": file.id,
            "kind": file.kind,
            "name": file.name,
            "size": file.size,
            "sha256": file.sha256,
            "items": known.get(file.id, []),
        }
        for file in present
    ]
    draft.answers, draft.typed, draft.saved_at = jsonable({"files": files}), {"count": str(len(files))}, now
    draft.version += 1
    request.saved_at = now
    session.flush()
