"""審査: what staff do with a request before it is approved. Decisions are on the whole revision; marks are comments."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.changes import CANNED, WAITING_FOR_STAFF
from occto.domain.codes import Audience, Channel, SubjectKind, Verdict
from occto.domain.errors import IllegalStep, NotAllowed, NotFound, Refusal, SecondPersonNeeded, Stale
from occto.domain.permissions import Permission
from occto.models import ChangeMark, ChangeRequest, Remark
from occto.services import audit
from occto.services.changes.case import (
    change_of,
    checked_reason,
    locked,
    locked_by_party,
    locked_by_staff,
    newest_revision,
    rows_of,
    subject_of,
    take_step,
    tell,
)

REMARK_LIMIT = 4000
WORDS_LIMIT = 1000
Place = tuple[str, str]


def take(session: Session, request_id: int, *, seen_version: int, actor: Actor, now: datetime) -> None:
    """審査を始める: whoever takes it is named; nothing is locked."""
    request, step = locked_by_staff(session, request_id, step="take", seen_version=seen_version, actor=actor)
    request.assignee_id = actor.user_id
    take_step(session, request, step, actor=actor, now=now)


def mark(
    session: Session,
    request_id: int,
    *,
    marks: Mapping[Place, tuple[Verdict, str | None, str | None]],
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Keep what staff noted of each item: verdict, canned reason, words to the company.

    Marks decide nothing and leave the version alone. Refusals: not_allowed, stale (another revision was on the screen),
    words_missing (a remark says what to mend), canned_unknown, words_too_long.
    """
    if not actor.can(Permission.CHANGE_PROCESS):
        raise NotAllowed
    request = locked(session, request_id)
    if request.version != seen_version:
        raise Stale
    if request.state not in WAITING_FOR_STAFF:
        raise IllegalStep("mark", request.state, "審査待ちまたは審査中の申請だけに、項目の確認を記録できます。")
    revision = newest_revision(session, request.id)
    known = {(row.item, row.target_key) for row in rows_of(session, revision)} if revision else set()
    for place, (verdict, canned, words) in marks.items():
        if place not in known:
            raise NotFound
        _set_mark(session, request, place, verdict, canned, (words or "").strip(), actor=actor, now=now)
    remarks = sum(verdict is Verdict.REMARK for verdict, _canned, _words in marks.values())
    audit.record(
        session, "change.marked", subject=subject_of(request), actor=actor, now=now, detail={"remarks": remarks}
    )
    session.flush()


def _set_mark(
    session: Session,
    request: ChangeRequest,
    place: Place,
    verdict: Verdict,
    canned: str | None,
    words: str,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    if verdict is Verdict.REMARK and not words and not canned:
        raise Refusal(
            "words_missing", "指摘の理由を選ぶか、申請者へのことばを入力してください。", field=":".join(place)
        )
    if canned and canned not in CANNED:
        raise Refusal("canned_unknown", "指摘の理由を一覧から選んでください。", field=":".join(place))
    if len(words) > WORDS_LIMIT:
        raise Refusal("words_too_long", f"{WORDS_LIMIT:,}文字以内で入力してください。", field=":".join(place))
    row = session.get(ChangeMark, (request.id, *place))
    if row is None:
        row = ChangeMark(request_id=request.id, item=place[0], target_key=place[1])
        session.add(row)
    fine = verdict is Verdict.FINE
    row.verdict, row.canned, row.words = verdict, None if fine else canned, None if fine else words or None
    row.author_id, row.at = actor.user_id or 0, now


def give_back(
    session: Session,
    request_id: int,
    *,
    reason: str,
    remarks: Mapping[Place, str],
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """差し戻す: with the reason and what is to be mended item by item; the member corrects and submits again.

    Refusals: not_allowed, stale, illegal_step, not_found (no such item), reason_missing, reason_too_long, body_too_long.
    """
    request, step = locked_by_staff(session, request_id, step="return_request", seen_version=seen_version, actor=actor)
    revision = newest_revision(session, request.id)
    assert revision is not None
    known = {(row.item, row.target_key) for row in rows_of(session, revision)}
    for place, words in remarks.items():
        if place not in known:
            raise NotFound
        if words.strip():
            _remark(
                session, request, ":".join(filter(None, place)), words, audience=Audience.PARTY, actor=actor, now=now
            )
    request.waiting_since = request.checked_by_id = request.checked_at = None
    take_step(session, request, step, actor=actor, now=now, reason=reason)
    count = sum(1 for words in remarks.values() if words.strip())
    tell(session, request, "changes/returned", now=now, reason=reason, count=count)


def check(session: Session, request_id: int, *, seen_version: int, actor: Actor, now: datetime) -> None:
    """一人目の確認: what touches votes needs it before another person approves.

    Refusal second_person where staff keyed it in: whoever did is the first person already.
    """
    request, step = locked_by_staff(session, request_id, step="check", seen_version=seen_version, actor=actor)
    if request.channel is not Channel.ONLINE:
        raise SecondPersonNeeded("入力した方が、一人目として記録されています。別の承認者が承認してください。")
    request.checked_by_id, request.checked_at = actor.user_id, now
    request.assignee_id = request.assignee_id or actor.user_id
    take_step(session, request, step, actor=actor, now=now)


def hold(session: Session, request_id: int, *, reason: str, seen_version: int, actor: Actor, now: datetime) -> None:
    """保留にする: no decision until it is released or submitted anew."""
    request, step = locked_by_staff(session, request_id, step="hold", seen_version=seen_version, actor=actor)
    request.held_at, request.hold_reason = now, checked_reason(reason, sentence="保留にする理由を入力してください。")
    take_step(session, request, step, actor=actor, now=now, reason=reason)


def resume(session: Session, request_id: int, *, seen_version: int, actor: Actor, now: datetime) -> None:
    """保留を解除する. Refusal not_held."""
    request, step = locked_by_staff(session, request_id, step="resume", seen_version=seen_version, actor=actor)
    if request.held_at is None:
        raise Refusal("not_held", "この申請は保留されていません。最新の画面をお確かめください。")
    request.held_at = request.hold_reason = None
    take_step(session, request, step, actor=actor, now=now)


def write_remark(
    session: Session, request_id: int, *, body: str, audience: Audience, actor: Actor, now: datetime
) -> None:
    """A letter in the conversation: by the member, or by staff to the member or among staff.

    Refusals: body_missing, body_too_long, not_allowed, not_found.
    """
    if not body.strip():
        raise Refusal("body_missing", "送る内容を入力してください。", field="body")
    if actor.member_id is not None:
        if audience is not Audience.PARTY:
            raise NotAllowed
        request = locked_by_party(session, request_id, actor=actor)
    else:
        if not actor.can(Permission.CHANGE_PROCESS):
            raise NotAllowed
        request = locked(session, request_id)
    _remark(session, request, None, body, audience=audience, actor=actor, now=now)
    if audience is Audience.PARTY and actor.member_id is None:
        tell(session, request, "changes/letter", now=now)
    session.flush()


def _remark(
    session: Session,
    request: ChangeRequest,
    item: str | None,
    body: str,
    *,
    audience: Audience,
    actor: Actor,
    now: datetime,
) -> None:
    if len(body.strip()) > REMARK_LIMIT:
        raise Refusal("body_too_long", f"{REMARK_LIMIT:,}文字以内で入力してください。", field=item or "body")
    revision = newest_revision(session, request.id)
    session.add(
        Remark(
            subject_kind=SubjectKind.CHANGE,
            subject_id=request.id,
            revision_no=revision.no if revision else 0,
            item=item,
            author_id=actor.user_id,
            at=now,
            body=body.strip(),
            audience=audience,
        )
    )
    detail = {"item": item, "audience": audience}
    audit.record(session, "change.remark", subject=subject_of(request), actor=actor, now=now, detail=detail)


def remarks_of(session: Session, request_id: int) -> dict[Place, str]:
    """What staff marked for mending, by item, in the words that the company would be told."""
    rows = session.scalars(
        select(ChangeMark).where(ChangeMark.request_id == request_id, ChangeMark.verdict == Verdict.REMARK)
    )
    return {(row.item, row.target_key): in_words(row) for row in rows}


def in_words(mark: ChangeMark) -> str:
    """A mark as the company is told: the reason chosen, and what was added to it."""
    return "\n".join(filter(None, (CANNED[mark.canned][1] if mark.canned in CANNED else "", mark.words)))


def undecided_items(session: Session, request: ChangeRequest) -> list[Place]:
    """The items of the newest revision that have not taken effect."""
    revision = newest_revision(session, request.id)
    rows = rows_of(session, revision) if revision else ()
    return [change_of(row).place for row in rows if row.change_id is None]
