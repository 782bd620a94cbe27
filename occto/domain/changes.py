"""変更申請: states, steps and rules of a request that changes what is on record (`domain` 4).

A request carries items; each names what of the register it changes (`item`, `target_key`), how (`act`), from what to what
and from which day. The same item stands in the check page, the difference for staff, the mails and what is entered.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from occto.domain.codes import ChangeAct
from occto.domain.errors import Refusal
from occto.domain.permissions import Permission
from occto.domain.profile import BUSINESS, COMPANY, CONTACTS, ITEMS, OUTLINE, ChangeClass, Item, Section
from occto.domain.text import half_width_digits
from occto.domain.workflow import Flow, Step


class ChangeState(StrEnum):
    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    IN_REVIEW = "IN_REVIEW"
    RETURNED = "RETURNED"
    APPROVED = "APPROVED"
    WITHDRAWN = "WITHDRAWN"


S = ChangeState
LABELS: dict[str, str] = {
    S.DRAFT: "下書き",
    S.SUBMITTED: "審査待ち",
    S.IN_REVIEW: "審査中",
    S.RETURNED: "差戻し",
    S.APPROVED: "承認済",
    S.WITHDRAWN: "取下げ",
}
HELD = "保留"
"""The word for a request on hold, whatever its state."""
DECIDED = frozenset({S.APPROVED, S.WITHDRAWN})
UNDECIDED = frozenset({S.SUBMITTED, S.IN_REVIEW, S.RETURNED})
"""Submitted and still open: nobody may ask for the same item a second time."""
WAITING_FOR_STAFF = frozenset({S.SUBMITTED, S.IN_REVIEW})
EDITABLE = frozenset({S.DRAFT, *UNDECIDED})


def _from(*states: ChangeState) -> frozenset[str]:
    return frozenset(state.value for state in states)


_P = Permission
_REVIEWED = _from(S.SUBMITTED, S.IN_REVIEW)
CHANGES = Flow(
    name="changes",
    title="変更申請",
    states=ChangeState,
    labels={str(key): label for key, label in LABELS.items()},
    steps=(
        Step(
            "submit",
            "提出する",
            _from(S.DRAFT, S.SUBMITTED, S.IN_REVIEW, S.RETURNED),
            S.SUBMITTED,
            _P.CHANGE_FILE,
            on_hold=True,
        ),
        Step("apply", "すぐに反映する", _from(S.SUBMITTED), S.APPROVED, _P.CHANGE_FILE),
        Step("withdraw", "取り下げる", _from(*EDITABLE), S.WITHDRAWN, _P.CHANGE_FILE, on_hold=True),
        Step("take", "審査を始める", _from(S.SUBMITTED), S.IN_REVIEW, _P.CHANGE_PROCESS),
        Step("check", "確認済みにして承認へ回す", _REVIEWED, S.IN_REVIEW, _P.CHANGE_PROCESS),
        Step("approve", "承認する", _REVIEWED, S.APPROVED, _P.CHANGE_APPROVE, second_person=True),
        Step("return_request", "差し戻す", _REVIEWED, S.RETURNED, _P.CHANGE_PROCESS, reason=True),
        Step("split", "申請を分ける", _REVIEWED, None, _P.CHANGE_PROCESS, reason=True),
        Step("hold", "保留にする", _from(*UNDECIDED), None, _P.CHANGE_PROCESS, reason=True),
        Step("resume", "保留を解除する", _from(*UNDECIDED), None, _P.CHANGE_PROCESS, on_hold=True),
    ),
)
"""There is no refusal: what cannot be approved is returned with what is missing, and the company corrects or withdraws it."""


class Part(StrEnum):
    """A part of a request that is filled in on a page of its own."""

    COMPANY = "company"
    OUTLINE = "outline"
    BUSINESS = "business"
    CONTACTS = "contacts"
    LICENCES = "licences"
    RELATIONS = "relations"
    FILES = "files"
    CORRECTIONS = "corrections"
    SUCCESSION = "succession"


PART_TITLES: dict[Part, str] = {
    Part.COMPANY: "商号・法人番号・本店所在地",
    Part.OUTLINE: "代表者・資本金・決算月など",
    Part.BUSINESS: "事業開始日・供給区域",
    Part.CONTACTS: "連絡先（会員・総会・経理）",
    Part.LICENCES: "電気事業者の区分の追加・終了",
    Part.RELATIONS: "資本関係（親法人・子法人）",
    Part.FILES: "証明する書類",
    Part.CORRECTIONS: "登録の訂正・取消し",
    Part.SUCCESSION: "合併・承継",
}
PROFILE_PARTS: dict[Part, Section] = {
    Part.COMPANY: COMPANY,
    Part.OUTLINE: OUTLINE,
    Part.BUSINESS: BUSINESS,
    Part.CONTACTS: CONTACTS,
}
CHOOSABLE = (*PROFILE_PARTS, Part.LICENCES, Part.RELATIONS)
"""What a member may ask for; the order is that of the task list."""
OFFICE_PARTS = (Part.CORRECTIONS, Part.SUCCESSION)
"""What the office alone enters, with a reason and a second person."""
LICENCE, RELATION = "licence", "relation"
SUCCESSION = "succession"
"""Names of items that are no profile items."""


def items_of(part: Part) -> tuple[Item, ...]:
    """The profile items on the page of a part; licences have a part of their own."""
    section = PROFILE_PARTS.get(part)
    return () if section is None else tuple(item for item in section.items if item.key != "licences")


@dataclass(frozen=True, slots=True)
class ItemChange:
    """One change that a request asks for. `old` and `new` are JSON values; `effective_on` the day it takes effect."""

    item: str
    act: ChangeAct
    effective_on: date
    new: Any
    old: Any = None
    target_key: str = ""
    target_id: int | None = None

    @property
    def place(self) -> tuple[str, str]:
        """What identifies the item within a revision."""
        return self.item, self.target_key


def class_of(item: str) -> ChangeClass:
    """How a change of the item takes effect; licences and relations need approval with evidence."""
    if item in (LICENCE, RELATION):
        return ChangeClass.EVIDENCE
    return ChangeClass.STAFF if item == SUCCESSION else ITEMS[item].change


def is_immediate(change: ItemChange) -> bool:
    """Whether the change needs nobody's approval. Corrections always do."""
    return change.act is ChangeAct.SET and class_of(change.item) is ChangeClass.IMMEDIATE


def item_touches_votes(item: str) -> bool:
    """Whether the item decides who holds how many votes: 区分, 資本金, 資本関係, and what moves them."""
    return item in (LICENCE, RELATION, SUCCESSION, "member_on") or (item in ITEMS and ITEMS[item].touches_votes)


def touches_votes(changes: Iterable[ItemChange]) -> bool:
    """Whether a second person has to approve (`domain` 4)."""
    return any(item_touches_votes(change.item) for change in changes)


def needs_evidence(change: ItemChange) -> bool:
    """Whether a document has to be named for the item."""
    return class_of(change.item) is ChangeClass.EVIDENCE


def evidence_key(change: ItemChange) -> str:
    """How a document names the item that it proves."""
    return f"{change.item}:{change.target_key}" if change.target_key else change.item


def is_document_of(file: Mapping[str, Any], change: ItemChange) -> bool:
    """Whether a document (`id`, `items`) belongs to the item: named for it, or the copy that the item itself names."""
    named = change.new.get("attachment_id") if isinstance(change.new, Mapping) else None
    return evidence_key(change) in file["items"] or (named is not None and file["id"] == named)


def profile_changes(
    part: Part, *, before: Mapping[str, Any], after: Mapping[str, Any], effective_on: date
) -> list[ItemChange]:
    """The items of a part that differ; `before` is the record as of `effective_on`. An empty text is no value."""
    found = []
    for item in items_of(part):
        if item.key not in after:
            continue
        old, new = _value(before.get(item.key)), _value(after[item.key])
        if old != new:
            found.append(ItemChange(item.key, ChangeAct.SET, effective_on, new, old))
    return found


def _value(given: Any) -> Any:
    return None if given == "" else given


def check_day(effective_on: date, *, occurred_on: date, member_on: date, part: Part) -> None:
    """Refuse a day that cannot be: before membership began, or before what gave rise to the change."""
    if effective_on < member_on:
        raise Refusal(
            "before_membership",
            "有効になる日は、加入日より前にはできません。加入日より前の内容を直すときは、当機関にご連絡ください。",
            field=part.value,
        )
    if effective_on < occurred_on:
        raise Refusal(
            "before_occurrence",
            "有効になる日は、事由発生日より前にはできません。日付をお確かめください。",
            field=part.value,
        )


WITHOUT_DELAY = 14
"""Days from the occurrence to the first submission after which the page points to the delay («直ちに» is due)."""


def days_late(*, occurred_on: date, submitted_on: date) -> int:
    """How many days passed between the occurrence and the notice, which is due without delay (直ちに)."""
    return max(0, (submitted_on - occurred_on).days)


_WORDS = {LICENCE: "区分", RELATION: "資本関係", SUCCESSION: "合併・承継"}


def title_word(item: str) -> str:
    """What an item is called in titles and sentences: 本店所在地 for each of its parts, 会員担当 for each of the contact's."""
    return _WORDS.get(item) or ITEMS[item].title.split(" ")[0]


TITLE_LIMIT = 120


def title_of(words: Iterable[str]) -> str:
    """What a request is called in lists: 商号・資本金の変更, shortened where it names more than three things."""
    names = list(dict.fromkeys(words))
    shown = "・".join(names[:3]) + ("ほか" if len(names) > 3 else "")
    return f"{shown}の変更"[:TITLE_LIMIT] if names else "変更申請"


def format_number(year: int, running: int) -> str:
    """The number of a request, such as C-2026-00042."""
    return f"C-{year}-{running:05d}"


_READ_OUT = re.compile(r"C?([0-9]{4})-?([0-9]{1,5})")


def read_number(text: str) -> str | None:
    """The number of a request as it is read out, in any width, with or without C, hyphens and zeros; None for none."""
    found = _READ_OUT.fullmatch(re.sub(r"\s", "", half_width_digits(text)).upper().removeprefix("C-"))
    return format_number(int(found[1]), int(found[2])) if found else None


CANNED: dict[str, tuple[str, str]] = {
    "certificate": ("証明書と一致しない", "証明する書類の内容と一致しません。書類のとおりに直してください。"),
    "registry": ("登記のとおりでない", "登記のとおりに入力してください。"),
    "evidence": ("根拠の資料が足りない", "根拠の資料が足りません。確認できる資料を添えてください。"),
    "unreadable": ("書類が読み取れない", "添付書類の文字が読み取れません。鮮明なものを添えてください。"),
    "date": ("日付を確認したい", "日付を確認できません。有効になる日と事由発生日をお確かめください。"),
    "number": ("番号を確認したい", "番号が確認できません。通知や証明書の番号をお確かめください。"),
    "relation": (
        "資本関係を確認したい",
        "資本関係の割合または取得日が確認できません。株主名簿などの資料を添えてください。",
    ),
}
"""Reasons that staff choose from while reviewing an item: for staff in short, and as the company is told."""
