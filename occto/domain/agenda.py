"""議案: kinds, the majority that each needs, and what the State has to do afterwards (業務: `domain` 6, Kinds)."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from occto.domain.errors import Refusal
from occto.domain.tally import Resolution


class ItemKind(StrEnum):
    """What an item of the agenda is about; REPORT is heard and not decided."""

    ARTICLES = "ARTICLES"
    RULES = "RULES"
    BUDGET = "BUDGET"
    ACCOUNTS = "ACCOUNTS"
    OFFICER = "OFFICER"
    OTHER = "OTHER"
    REPORT = "REPORT"


ABOUT_YOU = "当機関と貴社との関係について議決する議案のため"
"""Why a member has no vote on an item, as it is told (電気事業法 28条の39)."""
NO_VOTE = f"{ABOUT_YOU}、貴社はこの議案で議決権を行使できません（電気事業法 28条の39）。"


class Consent(StrEnum):
    """What the minister has to give after the item is carried: nothing, 認可 or 承認."""

    NONE = "NONE"
    AUTHORISATION = "AUTHORISATION"
    APPROVAL = "APPROVAL"


K = ItemKind
LABELS: dict[str, str] = {
    K.ARTICLES: "定款の変更",
    K.RULES: "業務規程の変更",
    K.BUDGET: "予算・事業計画（変更を含む）",
    K.ACCOUNTS: "決算",
    K.OFFICER: "役員の選任・解任",
    K.OTHER: "その他",
    K.REPORT: "報告事項",
}
CONSENT_LABELS: dict[str, str] = {
    Consent.NONE: "不要",
    Consent.AUTHORISATION: "経済産業大臣の認可",
    Consent.APPROVAL: "経済産業大臣の承認",
}
MAJORITY_LABELS: dict[str, str] = {
    Resolution.ORDINARY: "普通決議（出席した議決権の過半数）",
    Resolution.SPECIAL: "特別決議（出席した議決権の3分の2以上）",
}
_SPECIAL = frozenset({K.ARTICLES, K.RULES})
_AUTHORISED = frozenset({K.ARTICLES, K.RULES, K.BUDGET, K.OFFICER})


class Titled(Protocol):
    """An item on record, or what a page read of one."""

    @property
    def no(self) -> int: ...

    @property
    def kind(self) -> ItemKind: ...

    @property
    def title(self) -> str: ...


def item_title(item: Titled) -> str:
    """第1号議案　2027年度 事業計画の件, or 報告事項　…."""
    return f"報告事項　{item.title}" if item.kind is K.REPORT else f"第{item.no}号議案　{item.title}"


def usual_majority(kind: ItemKind) -> Resolution | None:
    """The majority that an item of this kind needs; None for a report. Another one needs a reason."""
    if kind is K.REPORT:
        return None
    return Resolution.SPECIAL if kind in _SPECIAL else Resolution.ORDINARY


def usual_consent(kind: ItemKind) -> Consent:
    """What the minister has to give once an item of this kind is carried."""
    if kind is K.ACCOUNTS:
        return Consent.APPROVAL
    return Consent.AUTHORISATION if kind in _AUTHORISED else Consent.NONE


@dataclass(frozen=True, slots=True)
class Requirements:
    """What an item needs to be carried and what follows; `reason`: why it is not as usual for the kind, else None."""

    majority: Resolution | None
    consent: Consent
    reason: str | None


def requirements(
    kind: ItemKind, *, majority: Resolution | None, consent: Consent | None, reason: str | None
) -> Requirements:
    """What holds for an item of this kind; None: as usual. Refusals: report_not_decided, rule_reason_missing."""
    usual = Requirements(usual_majority(kind), usual_consent(kind), None)
    asked = Requirements(majority or usual.majority, usual.consent if consent is None else consent, None)
    if asked == usual:
        return usual
    if kind is K.REPORT:
        field = "majority" if majority is not None else "consent"
        raise Refusal(
            "report_not_decided",
            "報告事項は議決しません。決議の方法と認可は「種類のとおり」にしてください。",
            field=field,
        )
    words = (reason or "").strip()
    if not words:
        raise Refusal(
            "rule_reason_missing",
            "決議の方法か認可・承認を種類のとおりとしない理由を入力してください。",
            field="rule_reason",
        )
    return Requirements(asked.majority, asked.consent, words)


_SEVERAL = re.compile(r"(?:[2-9]|[1-9][0-9]+|[二三四五六七八九十]+)名|及び|並びに")


def check_title(kind: ItemKind, title: str) -> None:
    """Officers are decided one by one. Refusal officer_one_person: the title speaks of several."""
    if kind is K.OFFICER and _SEVERAL.search(unicodedata.normalize("NFKC", title)):
        raise Refusal(
            "officer_one_person",
            "役員の選任・解任は、お一人につき1つの議案にしてください。「理事 山田 太郎 選任の件」のように、お一人ずつ登録します。",
            field="title",
        )
