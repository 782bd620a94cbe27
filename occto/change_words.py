"""The items of a change request in words: member pages, staff pages, mails and lists show the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from occto.answers import relation_in_words
from occto.domain.changes import (
    LICENCE,
    PROFILE_PARTS,
    RELATION,
    SUCCESSION,
    ItemChange,
    class_of,
    evidence_key,
    is_immediate,
    item_touches_votes,
    needs_evidence,
)
from occto.domain.codes import Act, ChangeAct, EndReason, Licence, Relation
from occto.domain.dates import format_date
from occto.domain.profile import ITEMS, ChangeClass
from occto.labels import label, show

_CLASSES = {
    ChangeClass.IMMEDIATE: "すぐに反映",
    ChangeClass.APPROVAL: "承認",
    ChangeClass.EVIDENCE: "承認・証明書",
    ChangeClass.STAFF: "当機関の入力",
}


@dataclass(frozen=True, slots=True)
class ItemInWords:
    """One item as a person reads it; `old` and `new` have lines parted by line feeds, '' where there is none.

    `way` says how it takes effect, `from_when` from which day; `key` is how documents and inputs name it.
    """

    item: str
    target_key: str
    key: str
    title: str
    way: str
    old: str
    new: str
    effective_on: date
    from_when: str
    immediate: bool
    needs_evidence: bool
    touches_votes: bool


def items_in_words(items: Iterable[ItemChange]) -> list[ItemInWords]:
    """Each item in words, in the order given."""
    return [item_in_words(item) for item in items]


def item_in_words(item: ItemChange) -> ItemInWords:
    """One item in words."""
    title, old, new = _WORDS.get(item.item, _profile)(item)
    ways = [_CLASSES[class_of(item.item)] if item.act not in _OFFICE else _CLASSES[ChangeClass.STAFF]]
    if item_touches_votes(item.item):
        ways.append("二人目")
    return ItemInWords(
        item=item.item,
        target_key=item.target_key,
        key=evidence_key(item),
        title=title,
        way="・".join(ways),
        old=old,
        new=new,
        effective_on=item.effective_on,
        from_when=f"{format_date(item.effective_on)}から",
        immediate=is_immediate(item),
        needs_evidence=needs_evidence(item) and item.act not in _OFFICE,
        touches_votes=item_touches_votes(item.item),
    )


_OFFICE = frozenset({ChangeAct.CORRECT, ChangeAct.VOID})
_TAKEN_BACK = "登録を取り消す"


def _profile(item: ItemChange) -> tuple[str, str, str]:
    known = ITEMS[item.item]
    if item.act is ChangeAct.SET:
        return known.title, show(known, item.old), show(known, item.new) or "（なくす）"
    old = _dated(show(known, item.old["value"]), item.old["effective_on"])
    if item.act is ChangeAct.VOID:
        return f"{known.title}の取消し", old, _TAKEN_BACK
    return f"{known.title}の訂正", old, _dated(show(known, item.new["value"]) or "（なくす）", item.new["effective_on"])


def _dated(words: str, day: str) -> str:
    return f"{words}\n{_day(day)}から"


def _day(iso: str) -> str:
    return format_date(date.fromisoformat(iso))


def _licence(item: ItemChange) -> tuple[str, str, str]:
    if item.act is ChangeAct.ADD:
        return f"{label(Licence(item.new['category']))}の追加", "", licence_in_words(item.new)
    old, category = licence_in_words(item.old), label(Licence(item.old["category"]))
    if item.act is ChangeAct.END:
        reason = label(EndReason(item.new["end_reason"]))
        return f"{category}の終了", old, f"{_day(item.new['ended_on'])}に終わる（{reason}）"
    if item.act is ChangeAct.CORRECT:
        return f"{category}の訂正", old, licence_in_words({**item.old, **item.new})
    return f"{category}の取消し", old, _TAKEN_BACK


def licence_in_words(licence: dict[str, Any]) -> str:
    """Day, number and end of a licence, in lines."""
    act = f"（{label(Act(licence['act']))}）" if licence.get("act") else ""
    lines = [f"{_day(licence['effective_on'])}から{act}"]
    lines.append(f"番号 {licence['number']}" if licence.get("number") else "番号なし")
    if licence.get("ended_on"):
        reason = f"（{label(EndReason(licence['end_reason']))}）" if licence.get("end_reason") else ""
        lines.append(f"{_day(licence['ended_on'])}に終わる{reason}")
    return "\n".join(lines)


def _relation(item: ItemChange) -> tuple[str, str, str]:
    row = item.new if item.act is ChangeAct.ADD else item.old
    kind = label(Relation(row["relation"]))
    if item.act is ChangeAct.ADD:
        return f"{kind}の追加", "", relation_in_words(item.new)
    old = relation_in_words(item.old)
    if item.act is ChangeAct.END:
        return f"{kind}の解消", old, f"{_day(item.new['ended_on'])}に解消"
    if item.act is ChangeAct.VOID:
        return f"{kind}の取消し", old, _TAKEN_BACK
    return f"{kind}の{'変更' if item.act is ChangeAct.SET else '訂正'}", old, relation_in_words(item.new)


def _succession(item: ItemChange) -> tuple[str, str, str]:
    names = "、".join(label(Licence(code)) for code in item.new.get("categories", ()))
    lines = [f"承継する会員：{item.new.get('successor_name', '')}", f"承継する区分：{names}"]
    if item.new.get("consent_on"):
        lines.append(f"利用契約の承継への当機関の同意：{_day(item.new['consent_on'])}（利用規約 5.2）")
    return "合併・承継", "", "\n".join(lines)


_WORDS = {LICENCE: _licence, RELATION: _relation, SUCCESSION: _succession}


def part_of(item: str) -> str:
    """The part of a request on whose page the item is filled in."""
    if item == LICENCE:
        return "licences"
    if item == RELATION:
        return "relations"
    found = (part.value for part, section in PROFILE_PARTS.items() if any(i.key == item for i in section.items))
    return next(found, "corrections")
