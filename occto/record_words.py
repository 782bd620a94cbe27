"""What is on record of a member in words: the page of 会員情報, its copies as PDF and Excel, the staff's reading as of a day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from occto.answers import relation_in_words
from occto.change_words import item_in_words, licence_in_words
from occto.domain.changes import LICENCE, RELATION, ItemChange
from occto.domain.codes import ChangeAct, ChangeSource, Channel, Licence, Relation
from occto.domain.dates import format_date
from occto.domain.profile import ITEMS
from occto.labels import label, show
from occto.queries.register import (
    FactToCome,
    HistoryEntry,
    LicenceOnRecord,
    PendingItem,
    RelationOnRecord,
    as_row,
)

ROSTER, ROSTER_TITLE = "roster", "名簿番号"
OFFICE = "当機関"
_SAME_AS_MEMBER_CONTACT = "（会員担当の方と同じ）"


def _contact(role: str) -> tuple[str, ...]:
    return tuple(f"{role}_{part}" for part in ("department", "name", "email", "phone"))


LAYOUT: tuple[tuple[str, str, tuple[tuple[str, tuple[str, ...]], ...]], ...] = (
    (
        "company",
        "会社の名称と所在地",
        (
            ("商号", ("name",)),
            ("フリガナ", ("kana",)),
            ("英文商号", ("name_en",)),
            ("法人番号", ("corporate_number",)),
            ("法人格", ("legal_form",)),
            ("本店所在地", ("postal_code", "prefecture", "address")),
        ),
    ),
    (
        "outline",
        "代表者と資本金",
        (
            ("代表者", ("representative_title", "representative_name", "representative_kana")),
            ("資本金又は出資の額", ("capital",)),
            ("決算月", ("fiscal_month",)),
            ("ウェブサイト", ("url",)),
        ),
    ),
    ("business", "事業", (("事業開始（予定）日", ("starts_on",)), ("供給区域", ("area",)))),
    (
        "contacts",
        "連絡先",
        (
            ("会員担当", _contact("member_contact")),
            ("総会担当", _contact("assembly_contact")),
            ("経理担当", _contact("accounting_contact")),
        ),
    ),
)
"""Sections of the record: key, title, rows of title and the items that stand in one row."""


@dataclass(frozen=True, slots=True)
class Row:
    """A term and its value in lines; `coming`: what it will be, `pending`: requests (row number, number) that change it."""

    title: str
    value: str
    coming: tuple[str, ...] = ()
    pending: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the record."""

    key: str
    title: str
    rows: tuple[Row, ...]


def profile_parts(
    profile: Mapping[str, Any], *, coming: Sequence[FactToCome] = (), pending: Sequence[PendingItem] = ()
) -> list[Part]:
    """Every profile item by section, with what is to come and what is asked for beside it."""
    return [
        Part(key, title, tuple(_row(term, keys, profile, coming, pending) for term, keys in rows))
        for key, title, rows in LAYOUT
    ]


def _row(
    title: str,
    keys: Sequence[str],
    profile: Mapping[str, Any],
    coming: Sequence[FactToCome],
    pending: Sequence[PendingItem],
) -> Row:
    value = "\n".join(words for key in keys if (words := show(ITEMS[key], profile.get(key))))
    if not value and title in ("総会担当", "経理担当"):
        value = _SAME_AS_MEMBER_CONTACT
    later = tuple(_later(title, fact) for fact in coming if fact.item in keys)
    return Row(title, value, later, _requests(item for item in pending if item.change.item in keys))


def _later(title: str, fact: FactToCome) -> str:
    known = ITEMS[fact.item]
    part = known.title.removeprefix(title).strip()
    words = show(known, fact.value) or "なし"
    return f"{format_date(fact.on)}から {part + '：' if part else ''}{words}"


def _requests(items: Iterable[PendingItem]) -> tuple[tuple[int, str], ...]:
    return tuple(dict.fromkeys((item.request_id, item.number or "") for item in items))


def licence_part(licences: Sequence[LicenceOnRecord], *, today: date, pending: Sequence[PendingItem] = ()) -> Part:
    """The licences in force and to come, then those that are asked for."""
    rows = [
        Row(
            label(held.category),
            licence_in_words(_as_licence(held)),
            (f"{format_date(held.effective_on)}から",) if held.effective_on > today else (),
            _requests(i for i in pending if i.change.item == LICENCE and i.change.target_id == held.licence_id),
        )
        for held in licences
    ]
    asked = [item for item in pending if item.change.item == LICENCE and item.change.act is ChangeAct.ADD]
    rows += [Row(label(Licence(i.change.new["category"])), "追加を申請中", (), _requests([i])) for i in asked]
    return Part(LICENCE, "電気事業者の区分", tuple(rows))


def _as_licence(held: LicenceOnRecord) -> dict[str, Any]:
    return {
        "act": held.act.value,
        "number": held.number,
        "effective_on": held.effective_on.isoformat(),
        "ended_on": held.ended_on.isoformat() if held.ended_on else None,
        "end_reason": held.end_reason.value if held.end_reason else None,
    }


def relation_part(relations: Sequence[RelationOnRecord], *, today: date, pending: Sequence[PendingItem] = ()) -> Part:
    """The relations in force and to come, then those that are asked for."""
    rows = [
        Row(
            label(held.relation),
            relation_in_words(as_row(held)),
            (f"{format_date(held.effective_on)}から",) if held.effective_on > today else (),
            _requests(i for i in pending if i.change.item == RELATION and i.change.target_id == held.relation_no),
        )
        for held in relations
    ]
    asked = [item for item in pending if item.change.item == RELATION and item.change.act is ChangeAct.ADD]
    rows += [
        Row(label(Relation(i.change.new["relation"])), f"{i.change.new['name']}\n追加を申請中", (), _requests([i]))
        for i in asked
    ]
    return Part(RELATION, "資本関係", tuple(rows))


@dataclass(frozen=True, slots=True)
class Coming:
    """A fact to come in words, with the member's own request that brought it."""

    on: date
    title: str
    words: str
    request_id: int | None
    number: str | None


def coming_in_words(facts: Iterable[FactToCome]) -> list[Coming]:
    """Facts to come by day: what will be from when."""
    return [Coming(fact.on, *_coming(fact), fact.request_id, fact.number) for fact in facts]


def _coming(fact: FactToCome) -> tuple[str, str]:
    if fact.item == LICENCE:
        name = label(Licence(fact.value["category"]))
        return "電気事業者の区分", f"{name}が{'終わります' if fact.ends else '加わります'}"
    if fact.item == RELATION:
        name = f"{label(Relation(fact.value['relation']))} {fact.value['name']}"
        return "資本関係", f"{name} との関係が{'なくなります' if fact.ends else '加わります'}"
    if fact.item == ROSTER:
        return ROSTER_TITLE, str(fact.value)
    return ITEMS[fact.item].title, show(ITEMS[fact.item], fact.value) or "なし"


@dataclass(frozen=True, slots=True)
class Step:
    """One item of a change in words: from what to what, from which day."""

    title: str
    old: str
    new: str
    from_when: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A change of the record in words. `request_id`: the page of the member's own change request, if there is one."""

    change_id: int
    at: datetime
    title: str
    source: str
    by: str
    reason: str
    steps: tuple[Step, ...]
    request_id: int | None
    number: str
    admission: bool


def entries_in_words(entries: Iterable[HistoryEntry], *, names_staff: bool = False) -> list[Entry]:
    """Changes as people read them; only staff pages name staff."""
    return [_entry(entry, names_staff=names_staff) for entry in entries]


def _entry(entry: HistoryEntry, *, names_staff: bool) -> Entry:
    own = entry.source is ChangeSource.CHANGE and not entry.is_foreign
    by_office = own and entry.channel is Channel.STAFF
    steps = tuple(_step(item) for item in entry.items)
    return Entry(
        change_id=entry.change_id,
        at=entry.at,
        title=_title(entry, steps),
        source=_source(entry),
        by=_persons(entry, names_staff=names_staff),
        reason=(entry.reason or "") if own and (names_staff or not by_office) else "",
        steps=steps,
        request_id=entry.request_id if own and (names_staff or not by_office) else None,
        number=entry.number or "",
        admission=entry.admission,
    )


def _title(entry: HistoryEntry, steps: Sequence[Step]) -> str:
    if entry.admission:
        return "会員としての登録"
    names = list(dict.fromkeys(step.title for step in steps))
    return "、".join(names[:3]) + (f" ほか{len(names) - 3}項目" if len(names) > 3 else "")


def _source(entry: HistoryEntry) -> str:
    if entry.is_foreign:
        return "ほかの会社の届出"
    if entry.source is ChangeSource.CHANGE and entry.channel is Channel.STAFF:
        return "当機関による入力"
    return label(entry.source)


def _persons(entry: HistoryEntry, *, names_staff: bool) -> str:
    """The member's own people by name; of staff only that it was the office, but to staff themselves."""
    found = [person.name if names_staff or not person.is_staff else OFFICE for person in entry.persons]
    return "、".join(dict.fromkeys(found))


def _step(item: ItemChange) -> Step:
    if item.item == ROSTER:
        old, new = ("" if value is None else str(value) for value in (item.old, item.new))
        return Step(ROSTER_TITLE, old, new or "（取消し）", f"{format_date(item.effective_on)}から")
    words = item_in_words(item)
    dated = item.act in (ChangeAct.CORRECT, ChangeAct.VOID)
    return Step(words.title, words.old, words.new, "" if dated else words.from_when)
