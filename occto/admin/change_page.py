"""The page of one change request: what the templates show, put into words. Decides nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy.orm import Session

from occto.access import viewer
from occto.admin.change_moves import moves, why_not
from occto.admin.change_votes import votes
from occto.change_words import ItemInWords, item_in_words
from occto.domain.calendar import business_days_between
from occto.domain.changes import (
    LICENCE,
    RELATION,
    SUCCESSION,
    WAITING_FOR_STAFF,
    WITHOUT_DELAY,
    ItemChange,
    days_late,
    evidence_key,
    is_document_of,
    title_word,
)
from occto.domain.codes import Audience, ChangeAct, Channel, ScanState, Verdict
from occto.domain.dates import JST, format_date, format_instant, today_jst
from occto.domain.errors import NotFound
from occto.domain.permissions import Permission
from occto.forms.review import MarksForm, marks_form
from occto.holidays import is_holiday
from occto.labels import label
from occto.models import ChangeRequest, ChangeRevision, ProfileFact
from occto.queries.applications import Letter
from occto.queries.changes_staff import RequestFile, membership_ends
from occto.queries.register import facts_to_come, profile_as_of
from occto.services.changes.approval import conflicts
from occto.services.changes.case import change_of
from occto.services.changes.items import licence_on_record, relation_on_record
from occto.services.changes.review import in_words

GONE = "（いまの登録にありません）"
DONE = {
    "submit": "提出",
    "apply": "すぐに反映",
    "withdraw": "取下げ",
    "take": "審査を開始",
    "check": "一人目の確認",
    "approve": "承認",
    "return_request": "差戻し",
    "split": "申請を分けた",
    "hold": "保留",
    "resume": "保留を解除",
}


@dataclass(frozen=True, slots=True)
class Happened:
    """An entry of the timeline."""

    label: str
    at: datetime
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class Judged:
    """One item under review. `live`: on record now; `seen`: what the company saw, where that differs (a conflict)."""

    words: ItemInWords
    key: str
    live: str
    seen: str
    conflict: bool
    files: tuple[Mapping[str, Any], ...]
    mark: str
    remark: str


@dataclass(frozen=True, slots=True)
class Differs:
    """An item that another revision asked for in other words."""

    title: str
    old: str
    new: str


def change_page(
    session: Session,
    file: RequestFile,
    *,
    compare: int | None,
    on: date | None,
    now: datetime,
    form: MarksForm | None = None,
) -> dict[str, Any]:
    """All that templates/admin/change.html shows; `form` holds marks as typed, where they were refused."""
    request, newest = file.request, file.newest
    today = today_jst(now)
    items = [change_of(row) for row in file.undecided]
    judged = judge(session, file, items)
    base = file.compared_with(compare)
    marking = request.state in WAITING_FOR_STAFF and viewer.can(Permission.CHANGE_PROCESS) and bool(items)
    return {
        "case": request,
        "file": file,
        "number": request.number or "（番号は提出のときに決まります）",
        "name": file.member.current_name,
        "revision": newest,
        "judged": judged,
        "applied": list(_applied(file, today=today)),
        "marking": marking,
        "marks": (form or _marks(file, items)) if marking else None,
        "base": f"第{base.no}版" if base else "",
        "earlier": [(one.id, f"第{one.no}版") for one in file.revisions[:-1]],
        "changes": list(_differences(file, base, newest)) if base and newest else [],
        "late": _late(request),
        "votes": votes(session, file, items, on=on, today=today),
        "coming": _coming(session, file, today=today),
        "documents": documents(file),
        "ends_on": membership_ends(session, request.member_id, items) if items else None,
        "timeline": list(_timeline(file)),
        "letters": list(_letters(file)),
        "facts": facts_of(file, today=today),
        "moves": moves(session, file, judged),
        "why_not": why_not(session, file, judged),
        "standing": _standing(file, judged),
        "keyed": request.channel is not Channel.ONLINE and viewer.can(Permission.CHANGE_ENTER),
    }


def judge(session: Session, file: RequestFile, items: Sequence[ItemChange]) -> list[Judged]:
    """Each item against the live record as of the day on which it takes effect."""
    request, newest = file.request, file.newest
    if newest is None:
        return []
    changed = set(conflicts(session, request, newest, items)) if request.state in WAITING_FOR_STAFF else set()
    profiles: dict[date, dict[str, Any]] = {}
    return [_judged(session, file, item, changed, profiles) for item in items]


def _judged(
    session: Session,
    file: RequestFile,
    item: ItemChange,
    changed: set[tuple[str, str]],
    profiles: dict[date, dict[str, Any]],
) -> Judged:
    words, mark = item_in_words(item), file.marks.get(item.place)
    live = words.old
    if file.request.state in WAITING_FOR_STAFF:
        live = _live_words(session, file.request.member_id, item, profiles)
    assert file.newest is not None
    return Judged(
        words=words,
        key=evidence_key(item),
        live=live,
        seen=words.old if live != words.old else "",
        conflict=item.place in changed,
        files=tuple(one for one in file.newest.files if is_document_of(one, item)),
        mark=label(mark.verdict) if mark else "",
        remark=in_words(mark) if mark else "",
    )


def _live_words(session: Session, member_id: int, item: ItemChange, profiles: dict[date, dict[str, Any]]) -> str:
    if item.act is ChangeAct.ADD or item.item == SUCCESSION:
        return ""
    try:
        live = _live(session, member_id, item, profiles)
    except NotFound:
        return GONE
    return item_in_words(replace(item, old=live)).old


def _live(session: Session, member_id: int, item: ItemChange, profiles: dict[date, dict[str, Any]]) -> Any:
    if item.item in (LICENCE, RELATION):
        read = licence_on_record if item.item == LICENCE else relation_on_record
        return read(session, member_id, item.target_id or 0)
    if item.act is ChangeAct.SET:
        day = item.effective_on
        if day not in profiles:
            profiles[day] = profile_as_of(session, member_id, day)
        return profiles[day].get(item.item)
    fact = session.get(ProfileFact, item.target_id)
    if fact is None or fact.voided_id is not None:
        raise NotFound
    return {"value": fact.value, "effective_on": fact.effective_on.isoformat()}


def _marks(file: RequestFile, items: Iterable[ItemChange]) -> MarksForm:
    data: dict[str, Any] = {}
    for item in items:
        mark = file.marks.get(item.place)
        if mark is not None:
            key = evidence_key(item)
            data |= {f"verdict_{key}": mark.verdict.value, f"canned_{key}": mark.canned, f"words_{key}": mark.words}
    return marks_form(titles(items))(data=data)


def titles(items: Iterable[ItemChange]) -> dict[str, str]:
    """What each item is called, by key."""
    return {evidence_key(item): item_in_words(item).title for item in items}


def _applied(file: RequestFile, *, today: date) -> Iterable[tuple[ItemInWords, str, str]]:
    """What was entered, with the revision that it came with and, where it is still to come, the day."""
    for revision in file.revisions:
        for row in file.items[revision.id]:
            if row.change_id is not None:
                words = item_in_words(change_of(row))
                coming = f"{words.from_when}有効" if words.effective_on > today else ""
                yield words, f"第{revision.no}版", coming


def _differences(file: RequestFile, base: ChangeRevision, newest: ChangeRevision) -> Iterable[Differs]:
    """The items that the two revisions do not ask for alike."""
    before = {row.item + row.target_key: item_in_words(change_of(row)) for row in file.items[base.id]}
    after = {row.item + row.target_key: item_in_words(change_of(row)) for row in file.items[newest.id]}
    entered = {row.item + row.target_key for row in file.items[base.id] if row.change_id is not None}
    for place in dict.fromkeys([*after, *before]):
        old, new = _asked(before.get(place)), _asked(after.get(place))
        if old != new and not (place in entered and place not in after):
            yield Differs((after.get(place) or before[place]).title, old, new)


def _asked(words: ItemInWords | None) -> str:
    return f"{words.new}\n{words.from_when}" if words else ""


def documents(file: RequestFile) -> list[dict[str, Any]]:
    """The documents of the newest revision (of the draft, where there is none), and what each proves."""
    states = {one.id: one for one in file.files}
    if file.newest is None:
        return [
            _document(one.id, one.name, one.kind, one.size, one.scan_state, "")
            for one in file.files
            if not one.removed_at
        ]
    items = [change_of(row) for row in file.items[file.newest.id]]
    found = []
    for one in file.newest.files:
        kept = states.get(one["id"])
        if kept is not None:
            proves = "、".join(item_in_words(item).title for item in items if is_document_of(one, item))
            found.append(_document(kept.id, kept.name, kept.kind, kept.size, kept.scan_state, proves))
    return found


def _document(number: int, name: str, kind: Any, size: int, state: ScanState, proves: str) -> dict[str, Any]:
    return {"id": number, "name": name, "kind": label(kind), "size": size, "scan": label(state), "proves": proves}


def _late(request: ChangeRequest) -> str:
    """How long the company took, where that is longer than «without delay» bears."""
    days = _days(request)
    if days is None or days <= WITHOUT_DELAY or request.channel is Channel.STAFF:
        return ""
    return f"届出まで {days}日かかっています"


def _days(request: ChangeRequest) -> int | None:
    if request.occurred_on is None or request.submitted_at is None:
        return None
    return days_late(occurred_on=request.occurred_on, submitted_on=request.submitted_at.astimezone(JST).date())


def _coming(session: Session, file: RequestFile, *, today: date) -> list[tuple[str, str]]:
    """Facts to come of the items that the request is about, but for those that it brought itself."""
    asked = {row.item for revision in file.revisions[-1:] for row in file.items[revision.id]}
    if not asked:
        return []
    found = facts_to_come(session, file.request.member_id, today)
    return [
        (
            f"{title_word(fact.item)}の登録",
            f"{format_date(fact.on)}{'に終わる' if fact.ends else 'から'}　{fact.number or ''}",
        )
        for fact in found
        if fact.item in asked and fact.request_id != file.request.id
    ]


def facts_of(file: RequestFile, *, today: date) -> list[tuple[str, Any]]:
    """Where the request came from, how long it has waited, and who dealt with it."""
    request, names = file.request, file.names
    facts: list[tuple[str, Any]] = [("受け付けた方法", label(request.channel))]
    if request.occurred_on is not None:
        facts.append(("事由発生日", format_date(request.occurred_on)))
    if request.received_at is not None:
        facts.append(("書面の受取り", format_instant(request.received_at)))
    if request.submitted_at is not None:
        facts.append(("最初の提出", format_instant(request.submitted_at)))
    days = _days(request)
    if days is not None and request.channel is not Channel.STAFF:
        facts.append(("届出までの日数", f"{days}日"))
    by = file.newest and file.name_at(file.newest.submitted_by_id, file.newest.submitted_at)
    if by and request.channel is Channel.ONLINE:
        facts.append(("提出した方", by))
    if request.entered_by_id:
        facts.append(("入力した職員", names.get(request.entered_by_id)))
    if request.reason:
        facts.append(("理由・事情", request.reason.splitlines()))
    if request.waiting_since is not None:
        facts.append(("待った日数", f"{waited(request.waiting_since.astimezone(JST).date(), today)}営業日"))
    facts.append(("担当", names.get(request.assignee_id or 0, "未定")))
    facts.append(("議決権への影響", "あり（二人で確認します）" if request.touches_votes else "なし"))
    if request.checked_by_id is not None and request.checked_at is not None:
        facts.append(("一人目", f"{names.get(request.checked_by_id, '')}　{format_instant(request.checked_at)}"))
    if request.decided_at is not None:
        facts.append(("決定", f"{names.get(request.decided_by_id or 0, '会員')}　{format_instant(request.decided_at)}"))
    return facts


@lru_cache(maxsize=4096)
def waited(since: date, today: date) -> int:
    """Business days that something has waited."""
    return business_days_between(since, today, is_holiday=is_holiday)


def state_in_words(state: Any, *, held: bool) -> str:
    """The state, 保留 as such."""
    return "保留" if held else label(state)


def _timeline(file: RequestFile) -> Iterable[Happened]:
    """Newest first."""
    for one in reversed(file.decisions):
        edition = f"（第{one.revision_no}版）" if one.step == "submit" else ""
        yield Happened(f"{DONE[one.step]}{edition}", one.at, file.name_at(one.actor_id, one.at), one.reason or "")


def _letters(file: RequestFile) -> Iterable[Letter]:
    known = {evidence_key(change_of(row)): row for rows in file.items.values() for row in rows}
    for one in file.remarks:
        own = one.author_id not in file.staff
        row = known.get(one.item or "")
        about = (
            f"「{item_in_words(change_of(row)).title}」への指摘（第{one.revision_no}版）\n" if row is not None else ""
        )
        organisation = "職員だけの覚え書き" if one.audience is Audience.STAFF else "会員へ"
        yield Letter(
            mine=own,
            name=file.name_at(one.author_id, one.at),
            organisation=file.member.current_name if own else organisation,
            at=one.at,
            text=about + one.body,
        )


def _standing(file: RequestFile, judged: Sequence[Judged]) -> str:
    """The first words of the bar: where the review stands."""
    remarks = sum(one.mark == label(Verdict.REMARK) for one in judged)
    if file.request.state in WAITING_FOR_STAFF and remarks:
        return f"指摘 {remarks}項目。差し戻すときは、申請の全体を差し戻します。"
    return state_in_words(file.request.state, held=file.request.held_at is not None)


def entry_page(session: Session, file: RequestFile, *, name: str, today: date) -> dict[str, Any]:
    """What stands beside the form of a decision: the request as it is now, and for an approval what will be entered."""
    request, items = file.request, [change_of(row) for row in file.undecided]
    last = file.decisions[-1] if file.decisions else None
    facts: list[tuple[str, Any]] = [
        ("会員", file.member.current_name),
        ("番号", request.number or "未提出"),
        ("状態", state_in_words(request.state, held=request.held_at is not None)),
        ("最新の版", f"第{file.newest.no}版　{format_instant(file.newest.submitted_at)}" if file.newest else "未提出"),
    ]
    if last is not None:
        facts.append(("最後の処理", f"{DONE[last.step]}（{format_instant(last.at)}）"))
    judged = judge(session, file, items)
    deciding = name in {"check", "approve"}
    return {
        "case": request,
        "case_facts": facts,
        "judged": judged,
        "votes": votes(session, file, items, on=None, today=today) if deciding else None,
        "ends_on": membership_ends(session, request.member_id, items) if deciding and items else None,
        "why_not": why_not(session, file, judged) if name == "approve" else "",
    }
