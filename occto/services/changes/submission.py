"""Submitting and withdrawing: the number, the revision with its items, and what takes effect at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.canonical import digest
from occto.domain.changes import (
    CHANGES,
    LICENCE,
    PROFILE_PARTS,
    SUCCESSION,
    UNDECIDED,
    ChangeState,
    ItemChange,
    Part,
    check_day,
    evidence_key,
    format_number,
    is_immediate,
    items_of,
    needs_evidence,
    title_of,
    title_word,
    touches_votes,
)
from occto.domain.codes import AttachmentKind, ChangeAct, ChangeSource, Channel, MemberState
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound, Refusal, Stale
from occto.domain.permissions import Permission
from occto.models import (
    ChangeDraft,
    ChangeItem,
    ChangeMark,
    ChangeRequest,
    ChangeRevision,
    Member,
    RegisterChange,
    RegisterHead,
)
from occto.queries.contracts import newest_contract
from occto.services import audit, register
from occto.services.changes.applying import enter
from occto.services.changes.case import (
    checked_reason,
    locked,
    locked_by_party,
    member_since,
    newest_revision,
    subject_of,
    take_step,
    tell,
)
from occto.services.changes.items import items_of_request
from occto.services.joining.case import next_number


@dataclass(frozen=True, slots=True)
class Prepared:
    """What would be submitted: the items, and the digest by which the check page and the submission agree.

    `known`: the newest register change before the items were compared with the register.
    """

    items: tuple[ItemChange, ...]
    files: tuple[dict[str, Any], ...]
    digest: str
    known: int


def prepare(session: Session, request: ChangeRequest) -> Prepared:
    """The items and documents of the draft as it stands; a read, for the check page and for `submit`."""
    known = session.scalar(select(RegisterHead.last_change_id)) or 0  # first: what comes meanwhile is not lost
    items = tuple(items_of_request(session, request))
    draft = session.get(ChangeDraft, (request.id, Part.FILES.value))
    files = tuple((draft.answers or {}).get("files", ())) if draft else ()
    shown = {
        "occurred_on": request.occurred_on,
        "items": [[*item.place, item.act, item.effective_on, item.old, item.new] for item in items],
        "files": [[file["id"], file["items"]] for file in files],
    }
    return Prepared(items, files, digest(shown), known)


def submit(session: Session, request_id: int, *, seen_digest: str, actor: Actor, now: datetime) -> str:
    """Submit the request, for the first time or again; returns its number.

    Immediate items take effect now; the rest waits for review. Refusals: illegal_step, incomplete, nothing_changes,
    stale (the register or the draft is no longer what the check page showed), before_membership,
    before_occurrence, evidence_missing, scan_missing, decision_missing, already_asked, and those of the register.
    """
    request = locked_by_party(session, request_id, actor=actor)
    step = CHANGES.require("submit", request.state, held=request.held_at is not None)
    session.get(
        Member, request.member_id, with_for_update={"key_share": True}
    )  # two requests of one member one after the other
    prepared = prepare(session, request)
    check_complete(session, request, prepared)
    if prepared.digest != seen_digest:
        raise Stale(
            "確認の画面を開いたあとに、入力した内容か登録の内容が変わりました。新しい内容をお確かめのうえ、もう一度提出してください。"
        )
    _rehearse(session, request, prepared.items, actor=actor, now=now)
    undecided = [item for item in prepared.items if not is_immediate(item)]
    revision = _take_in(session, request, prepared, undecided, actor=actor, now=now)
    take_step(session, request, step, actor=actor, now=now)
    detail = {"revision_no": revision.no, "digest": prepared.digest, "touches_votes": request.touches_votes}
    audit.record(session, "change.submitted", subject=subject_of(request), actor=actor, now=now, detail=detail)
    _apply_at_once(session, request, revision, [i for i in prepared.items if is_immediate(i)], actor=actor, now=now)
    if undecided:
        tell(
            session,
            request,
            "changes/submitted",
            now=now,
            revision_no=revision.no,
            immediate=len(prepared.items) - len(undecided),
        )
    else:
        done = CHANGES.require("apply", request.state)
        take_step(session, request, done, actor=actor, now=now)
        tell(session, request, "member/changed", now=now, words=[title_word(item.item) for item in prepared.items])
    assert request.number is not None
    return request.number


def check_complete(session: Session, request: ChangeRequest, prepared: Prepared) -> None:
    """Refuse what cannot be submitted as it stands; the field names the part where it is mended."""
    drafts = session.scalars(select(ChangeDraft).where(ChangeDraft.request_id == request.id))
    empty = {draft.part for draft in drafts if draft.answers is None}
    missing = [part for part in Part if part in empty and part is not Part.FILES]
    if missing:
        raise Refusal(
            "incomplete", "まだ入力が済んでいない内容があります。一覧からお進みください。", field=missing[0].value
        )
    if not prepared.items:
        raise Refusal("nothing_changes", "いまの登録と異なる内容がありません。変更する内容を入力してください。")
    assert request.occurred_on is not None
    since = member_since(session, request.member_id)
    for item in prepared.items:
        part = _PART_OF.get(item.item)
        if part is not None and item.act in (ChangeAct.SET, ChangeAct.ADD, ChangeAct.END):
            check_day(item.effective_on, occurred_on=request.occurred_on, member_on=since, part=part)
    _check_documents(request, prepared)
    _check_asked_once(session, request, prepared.items)


_PART_OF = {item.key: part for part in PROFILE_PARTS for item in items_of(part)} | {LICENCE: Part.LICENCES}
"""Where an item is filled in whose day may lie neither before membership nor before the occurrence."""


def _check_documents(request: ChangeRequest, prepared: Prepared) -> None:
    kinds = {file["kind"] for file in prepared.files}
    if request.channel is Channel.STAFF:
        consented = any(item.item == SUCCESSION and item.new.get("consent_on") for item in prepared.items)
        if consented and AttachmentKind.OFFICE_DECISION not in kinds:
            raise Refusal(
                "decision_missing",
                "利用契約の承継に同意した書面（当機関の決裁文書）を添付してください（利用規約 5.2）。",
                field=Part.FILES.value,
            )
        return
    if request.channel is Channel.PAPER and AttachmentKind.PAPER_SCAN not in kinds:
        raise Refusal("scan_missing", "書面の写し（スキャン）を添付してください。", field=Part.FILES.value)
    without = [item for item in prepared.items if needs_evidence(item) and not _is_proved(item, prepared.files)]
    if without:
        names = "、".join(dict.fromkeys(f"「{title_word(item.item)}」" for item in without))
        raise Refusal(
            "evidence_missing",
            f"{names}を証明する書類がありません。書類を添付し、どの項目の書類かを選んでください。",
            field=Part.FILES.value,
        )


def _is_proved(item: ItemChange, files: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a document of the request proves the item; one that an item names itself has to be among them."""
    named = item.new.get("attachment_id") if isinstance(item.new, dict) else None
    if named is not None:
        return any(file["id"] == named for file in files)
    return any(evidence_key(item) in file["items"] for file in files)


def _check_asked_once(session: Session, request: ChangeRequest, items: Sequence[ItemChange]) -> None:
    """Refuse an item that another open request of the member asks for (already_asked)."""
    others = session.execute(
        select(ChangeRequest.number, ChangeItem.item, ChangeItem.target_key)
        .join(ChangeRevision, ChangeRevision.request_id == ChangeRequest.id)
        .join(ChangeItem, ChangeItem.revision_id == ChangeRevision.id)
        .where(
            ChangeRequest.member_id == request.member_id,
            ChangeRequest.id != request.id,
            ChangeRequest.state.in_(UNDECIDED),
            ChangeItem.change_id.is_(None),
            ChangeRevision.no
            == select(ChangeRevision.no)
            .where(ChangeRevision.request_id == ChangeRequest.id)
            .order_by(ChangeRevision.no.desc())
            .limit(1)
            .correlate(ChangeRequest)
            .scalar_subquery(),
        )
    ).all()
    asked = {(row.item, row.target_key): row.number for row in others if not row.target_key.startswith("new:")}
    for item in items:
        if item.place in asked:
            raise Refusal(
                "already_asked",
                f"「{title_word(item.item)}」は、審査中の申請 {asked[item.place]} でも変更しようとしています。"
                "その申請を直すか取り下げてから提出してください。",
            )


def _rehearse(
    session: Session, request: ChangeRequest, items: Sequence[ItemChange], *, actor: Actor, now: datetime
) -> None:
    """Enter all and take it back: what the register would refuse is said now, not weeks later at the approval."""
    with session.begin_nested() as point:
        change = _begin(session, request, actor_id=actor.user_id, now=now)
        enter(session, change, member_id=request.member_id, items=items)
        point.rollback()
    session.expire_all()


def _begin(session: Session, request: ChangeRequest, *, actor_id: int | None, now: datetime) -> RegisterChange:
    return register.begin_change(
        session,
        source_kind=ChangeSource.CHANGE,
        source_id=request.id,
        actor_id=actor_id,
        second_actor_id=None,
        now=now,
    )


def _take_in(
    session: Session,
    request: ChangeRequest,
    prepared: Prepared,
    undecided: Sequence[ItemChange],
    *,
    actor: Actor,
    now: datetime,
) -> ChangeRevision:
    """The revision with its items; the request waits for staff again, checked by nobody but who keyed it in."""
    last = newest_revision(session, request.id)
    assert request.occurred_on is not None
    if request.number is None:
        year = today_jst(now).year
        request.number = format_number(year, next_number(session, "change_request", str(year)))
        request.submitted_at = request.received_at or now
    revision = ChangeRevision(
        request_id=request.id,
        no=(last.no if last else 0) + 1,
        submitted_by_id=actor.user_id,
        mandate_id=actor.mandate_id,
        submitted_at=now,
        occurred_on=request.occurred_on,
        base_change_id=prepared.known,
        files=list(prepared.files),
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
        for item in prepared.items
    )
    session.execute(delete(ChangeMark).where(ChangeMark.request_id == request.id))
    request.title = title_of(title_word(item.item) for item in prepared.items)
    request.touches_votes = touches_votes(undecided)
    request.waiting_since = now
    request.held_at = request.hold_reason = request.checked_by_id = request.checked_at = None
    if request.channel is not Channel.ONLINE:  # whoever keyed it in is the first of the two
        request.checked_by_id, request.checked_at = actor.user_id, now
    session.flush()
    return revision


def _apply_at_once(
    session: Session,
    request: ChangeRequest,
    revision: ChangeRevision,
    items: Sequence[ItemChange],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Enter what needs nobody's approval."""
    if not items:
        return
    change = _begin(session, request, actor_id=actor.user_id, now=now)
    enter(session, change, member_id=request.member_id, items=items)
    register.finish_change(session, change, now=now)
    mark_entered(session, revision, change, items)
    detail = {"change_id": change.id, "source": ChangeSource.CHANGE, "items": [item.item for item in items]}
    audit.record(session, "member.changed", subject=f"MEMBER:{request.member_id}", actor=actor, now=now, detail=detail)


def mark_entered(
    session: Session, revision: ChangeRevision, change: RegisterChange, items: Sequence[ItemChange]
) -> None:
    """Write beside each item the register change that entered it."""
    places = {item.place for item in items}
    for row in session.scalars(select(ChangeItem).where(ChangeItem.revision_id == revision.id)):
        if (row.item, row.target_key) in places:
            row.change_id = change.id
    session.flush()


def withdraw(
    session: Session,
    request_id: int,
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    seen_version: int | None = None,
) -> None:
    """取り下げる, by whoever filled it in, until it is decided. What took effect at once stays.

    Where the member itself no longer can (`staff_may_withdraw`), staff do, with a reason and the version they saw.
    Refusals: not_found, stale, illegal_step, reason_missing, reason_too_long.
    """
    request = _locked_to_withdraw(session, request_id, actor=actor)
    if seen_version is not None and request.version != seen_version:
        raise Stale
    if actor.can(Permission.CHANGE_PROCESS) and request.channel is Channel.ONLINE:
        checked_reason(reason, sentence="取り下げる理由を入力してください。")
    step = CHANGES.require("withdraw", request.state, held=request.held_at is not None)
    submitted = request.state is not ChangeState.DRAFT
    take_step(session, request, step, actor=actor, now=now, reason=(reason or "").strip() or None)
    if submitted:
        tell(session, request, "changes/withdrawn", now=now)


def staff_may_withdraw(session: Session, request: ChangeRequest) -> bool:
    """Whether staff withdraw it in the member's place: it was submitted on line, and the member cannot enter any more.

    It has left, or has no contract of use (紙対応, `domain` 2.2) and asks by paper; else its items would stay taken.
    """
    if request.channel is not Channel.ONLINE or request.state not in UNDECIDED:
        return False
    member = session.get(Member, request.member_id)
    if member is not None and member.current_state is MemberState.LEFT:
        return True
    newest = newest_contract(session, request.member_id)
    return newest is None or newest.ended_at is not None


def _locked_to_withdraw(session: Session, request_id: int, *, actor: Actor) -> ChangeRequest:
    if actor.can(Permission.CHANGE_PROCESS):
        request = locked(session, request_id)
        if staff_may_withdraw(session, request):
            return request
        if request.channel is Channel.ONLINE:
            raise NotFound("職員が取り下げられる申請ではありません。会員に、画面からの取下げをお願いしてください。")
    return locked_by_party(session, request_id, actor=actor)
