"""初期登録: rows of 区分, 資本関係, 名簿番号 and 過去の変更 against what is on record of the member."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from occto.domain.codes import Licence
from occto.domain.dates import format_date
from occto.domain.import_known import (
    SAME,
    Diff,
    KnownLicence,
    KnownMember,
    KnownRelation,
    Row,
    Verdict,
    changed,
    faulty,
    new,
)
from occto.domain.import_sheets import LICENCES, PAST, RELATIONS, ROSTER
from occto.domain.importing import RowOutcome, SheetKind
from occto.domain.profile import ITEMS

if TYPE_CHECKING:
    from occto.domain.import_plan import Subject

Verdicts = dict[tuple[SheetKind, int], Verdict]
_STAFF_WAY = "変更申請（当機関の入力）で訂正してください。"


def licences(rows: Sequence[Row], known: KnownMember | None) -> Verdicts:
    """Each row against the licences on record, then all of them together."""
    held = known.licences if known else []
    found = {row.place: _licence(row, held) for row in rows}
    for row in rows:
        if found[row.place].outcome is RowOutcome.NEW and _overlaps_another(row, rows):
            found[row.place] = faulty(
                ("登録・許可・届出の日", "同じ区分の行の期間が重なっています。日付をお確かめください。")
            )
    for row in rows:
        alone = row.answers["category"] == Licence.RSPTD and not _beside_sptd(row, rows, held)
        if alone and found[row.place].outcome in (RowOutcome.NEW, RowOutcome.CHANGED):
            found[row.place] = faulty(
                ("電気事業者の区分", "登録特定送配電事業者は、同じ期間の特定送配電事業者の行とあわせて入れてください。")
            )
    return found


def _licence(row: Row, held: Sequence[KnownLicence]) -> Verdict:
    begin, end, number = row.day("effective_on"), row.day("ended_on"), row.answers.get("number")
    if begin is None or row.answers.get("category") is None:
        return faulty(*_missing(row, LICENCES.columns))
    of_category = [one for one in held if one.category == row.answers["category"]]
    same = next((one for one in of_category if one.effective_on == begin), None)
    if same is not None:
        return _licence_held(row, same, end=end, number=number)
    if end is not None and row.answers.get("end_reason") is None:
        return faulty(("終わる理由", "終わる日を入れた区分には、終わる理由も入れてください。"))
    if end is not None and end <= begin:
        return faulty(("終わる日", "登録・許可・届出の日より後の日付を入力してください。"))
    running = next((one for one in of_category if _overlap(begin, end, one.effective_on, one.ended_on)), None)
    if running is not None:
        return faulty(
            (
                "登録・許可・届出の日",
                f"同じ区分が{format_date(running.effective_on)}から登録されています。日付が違うときは、{_STAFF_WAY}",
            )
        )
    values = {
        "category": row.answers["category"],
        "number": number,
        "effective_on": begin,
        "ended_on": end,
        "end_reason": row.answers.get("end_reason"),
    }
    return new(LICENCES, row, ("add_licence", values))


def _licence_held(row: Row, held: KnownLicence, *, end: date | None, number: str | None) -> Verdict:
    diffs: list[Diff] = []
    if end is not None and held.ended_on is not None and end != held.ended_on:
        return faulty(("終わる日", f"{format_date(held.ended_on)}に終わると登録されています。違うときは、{_STAFF_WAY}"))
    if number is not None and number != held.number:
        diffs.append((LICENCES.column("number"), held.number, number))
    reason = row.answers.get("end_reason")
    if end is not None and held.ended_on is None:
        if reason is None:
            return faulty(("終わる理由", "終わる日を入れた区分には、終わる理由も入れてください。"))
        if end <= held.effective_on:
            return faulty(("終わる日", "登録・許可・届出の日より後の日付を入力してください。"))
        diffs.append((LICENCES.column("ended_on"), None, end.isoformat()))
    if not diffs:
        return SAME
    if len(diffs) == 1 and end is not None and held.ended_on is None:
        return changed(diffs, ("end_licence", {"licence_id": held.licence_id, "ended_on": end, "end_reason": reason}))
    ends = held.ended_on or end
    values = {
        "number": number or held.number,
        "effective_on": held.effective_on,
        "ended_on": ends,
        "end_reason": (held.end_reason or reason) if ends else None,
    }
    return changed(diffs, ("correct_licence", {"licence_id": held.licence_id, "values": values}))


def _overlap(begin: date, end: date | None, other_begin: date, other_end: date | None) -> bool:
    return begin < (other_end or date.max) and other_begin < (end or date.max)


def _overlaps_another(row: Row, rows: Sequence[Row]) -> bool:
    begin = row.day("effective_on")
    return any(
        other is not row
        and other.answers["category"] == row.answers["category"]
        and begin is not None
        and (begins := other.day("effective_on")) is not None
        and _overlap(begin, row.day("ended_on"), begins, other.day("ended_on"))
        for other in rows
    )


def _beside_sptd(row: Row, rows: Sequence[Row], held: Sequence[KnownLicence]) -> bool:
    """Whether 特定送配電 is held on the first and the last day of the row."""
    periods = [(one.effective_on, one.ended_on) for one in held if one.category is Licence.SPTD]
    periods += [
        (begin, other.day("ended_on"))
        for other in rows
        if other.answers["category"] == Licence.SPTD and (begin := other.day("effective_on")) is not None
    ]
    begin, end = row.day("effective_on"), row.day("ended_on") or date.max
    return begin is not None and any(first <= begin and end <= (last or date.max) for first, last in periods)


def _missing(row: Row, columns: Iterable[Any]) -> list[tuple[str, str]]:
    return [
        (column.title, f"{column.title}を入力してください。")
        for column in columns
        if column.required and row.answers.get(column.key) is None
    ]


_RELATION_VALUES = ("controlling", "basis", "ratio_bp", "holding")


def relation(
    row: Row, known: KnownMember | None, *, first_day: date | None, own_number: str | None, today: date
) -> Verdict:
    """A control relation. Rings and second parents are found when all rows are there (`import_control`)."""
    missing = _missing(row, RELATIONS.columns)
    begin = row.day("acquired_on") or first_day
    if missing or begin is None:
        return faulty(*missing)
    held = _relation_held(row, known.relations if known else [], begin)
    if held is not None:
        return _relation_differs(row, held)
    end = row.day("ended_on")
    if row.answers["other_number"] is not None and row.answers["other_number"] == own_number:
        return faulty(("相手の会社の法人番号", "自社を親法人等や子法人等として登録することはできません。"))
    if row.answers["controlling"] and row.answers.get("basis") is None:
        return faulty(("支配の根拠", "支配している場合は、支配の根拠を入力してください。"))
    if end is not None and end <= begin:
        return faulty(("解消日", f"取得日（{format_date(begin)}）より後の日付を入力してください。"))
    if begin > max(today, first_day or today):
        return faulty(("取得日", "取得日は今日までの日付を入力してください。"))
    return new(RELATIONS, row, ("enter_relation", {"row": as_relation(row), "default_on": begin}))


def as_relation(row: Row) -> dict[str, Any]:
    """The row in the shape of a row of the form, as `register.enter_relation` takes it."""
    keys = ("relation", "basis", "ratio_bp", "holding", "acquired_on", "ended_on")
    return {key: row.answers.get(key) for key in keys} | {
        "name": row.answers["other_name"],
        "corporate_number": row.answers["other_number"],
        "controlling": bool(row.answers["controlling"]),
    }


def _relation_held(row: Row, held: Sequence[KnownRelation], begin: date) -> KnownRelation | None:
    number = row.answers["other_number"]
    of_other = [
        one
        for one in held
        if one.relation == row.answers["relation"]
        and (
            one.corporate_number == number
            if number
            else (not one.corporate_number and one.name == row.answers["other_name"])
        )
    ]
    exact = next((one for one in of_other if one.effective_on == begin), None)
    if exact is not None or row.answers.get("acquired_on"):
        return exact
    return next((one for one in of_other if one.ended_on is None), None)


def _relation_differs(row: Row, held: KnownRelation) -> Verdict:
    diffs: list[Diff] = [
        (RELATIONS.column(key), getattr(held, key), row.answers[key])
        for key in _RELATION_VALUES
        if row.answers.get(key) is not None and row.answers[key] != getattr(held, key)
    ]
    end = row.day("ended_on")
    if end is not None and held.ended_on is not None and end != held.ended_on:
        return faulty(("解消日", f"{format_date(held.ended_on)}に解消と登録されています。違うときは、{_STAFF_WAY}"))
    if end is not None and end <= held.effective_on:
        return faulty(("解消日", f"取得日（{format_date(held.effective_on)}）より後の日付を入力してください。"))
    ends = end is not None and held.ended_on is None
    if not diffs and not ends:
        return SAME
    if ends:
        diffs.append((RELATIONS.column("ended_on"), None, row.answers["ended_on"]))
    if ends and len(diffs) == 1:
        return changed(diffs, ("end_relation", {"relation_no": held.relation_no, "ended_on": end}))
    merged = as_relation(row)
    merged |= {key: getattr(held, key) for key in _RELATION_VALUES if merged[key] is None}
    last = end or held.ended_on
    merged |= {"acquired_on": held.effective_on.isoformat(), "ended_on": last.isoformat() if last else None}
    merged["basis"] = merged["basis"] if merged["controlling"] else None
    step = {"relation_no": held.relation_no, "row": merged, "default_on": held.effective_on}
    return changed(diffs, ("correct_relation", step))


def roster(row: Row, known: KnownMember | None, *, today: date) -> Verdict:
    """A new roster number of a member on record; the list as a whole is entered in one go."""
    missing = _missing(row, ROSTER.columns)
    if missing:
        return faulty(*missing)
    if known is None:
        return faulty(("事業者コード", "新しい会員の名簿番号は、「会員」のシートに入れてください。"))
    number, on = row.answers["roster_no"], row.day("effective_on") or today
    if number == known.roster_no:
        return SAME
    if known.left:
        return faulty(("事業者コード", "退会した会員の名簿番号は、変えられません。"))
    if known.roster_since is not None and known.roster_since > on:
        return faulty(
            (
                "有効になる日",
                f"いまの番号は{format_date(known.roster_since)}に始まっています。その日より後にしてください。",
            )
        )
    return changed([(ROSTER.column("roster_no"), known.roster_no, number)])


PastVerdict = tuple[Verdict, dict[str, Any]]


def past(rows: Sequence[Row], subject: "Subject", *, today: date) -> dict[tuple[SheetKind, int], PastVerdict]:
    """Past changes, item by item; beside each verdict, what a new member's items were on its first day."""
    found: dict[tuple[SheetKind, int], PastVerdict] = {}
    by_item: dict[str, list[Row]] = {}
    for row in rows:
        missing = _missing(row, PAST.columns)
        if missing:
            found[row.place] = faulty(*missing), {}
        else:
            by_item.setdefault(row.answers["item"], []).append(row)
    for item, changes in by_item.items():
        changes.sort(key=lambda row: row.answers["changed_on"])
        found |= _past_of(item, changes, subject, today=today)
    return found


def _past_of(
    item: str, rows: list[Row], subject: "Subject", *, today: date
) -> dict[tuple[SheetKind, int], PastVerdict]:
    known = subject.known
    if known is not None and all(_past_held(item, row, known) for row in rows):
        return {row.place: (SAME, {}) for row in rows}
    found: dict[tuple[SheetKind, int], PastVerdict] = {}
    expected = rows[0].answers.get("before")
    for row in rows:
        fault = _past_fault(item, row, subject, expected=expected, today=today)
        expected = row.answers.get("after")
        found[row.place] = (faulty(fault) if fault else new(PAST, row)), {}
    last, first = rows[-1], subject.first_day
    if found[last.place][0].outcome is RowOutcome.NEW and expected != subject.value_now(item, today):
        found[last.place] = faulty(("変更後", f"最後の変更後の内容が、いまの{ITEMS[item].title}と合いません。")), {}
    if first is None or any(verdict.outcome is RowOutcome.FAULTY for verdict, _ in found.values()):
        return found
    return _past_entered(item, rows, found, known, first=first)


def _past_held(item: str, row: Row, known: KnownMember) -> bool:
    on = row.day("changed_on")
    assert on is not None
    facts = dict(known.facts.get(item, ()))
    before = known.value_on(item, on - timedelta(days=1))
    return on in facts and facts[on] == row.answers.get("after") and before == row.answers.get("before")


def _past_fault(item: str, row: Row, subject: "Subject", *, expected: Any, today: date) -> tuple[str, str] | None:
    on, first = row.day("changed_on"), subject.first_day
    before, after = row.answers.get("before"), row.answers.get("after")
    assert on is not None
    if on > today:
        return "変更日", "変更日は今日までの日付を入力してください。これからの変更は、変更申請でお取り扱いください。"
    if first is not None and on <= first:
        return "変更日", f"加入日（{format_date(first)}）より後の日付を入力してください。"
    if before is None and (after is None or ITEMS[item].required):
        return "変更前", "変更前の内容を入力してください。"
    if after is None and ITEMS[item].required:
        return "変更後", "変更後の内容を入力してください。"
    if before != expected:
        return (
            "変更前",
            "ひとつ前の変更の「変更後」と合いません。同じ項目の変更が、すき間なくつながるように入れてください。",
        )
    return None


def _past_entered(
    item: str,
    rows: list[Row],
    found: dict[tuple[SheetKind, int], PastVerdict],
    known: KnownMember | None,
    *,
    first: date,
) -> dict[tuple[SheetKind, int], PastVerdict]:
    """The steps: on each day its value, and on the first day what was before all changes."""
    begin = rows[0].answers.get("before")
    wanted = {row.day("changed_on"): row.answers.get("after") for row in rows}
    facts = dict(known.facts.get(item, ())) if known else {}
    now = rows[-1].answers.get("after")
    strange = [day for day, value in facts.items() if day != first and wanted.get(day, ...) != value]
    if strange or facts.get(first, begin) not in (begin, now):
        day = strange[0] if strange else first
        fault = faulty(("変更日", f"この項目には、{format_date(day)}からの別の登録があります。{_STAFF_WAY}"))
        return {row.place: (fault, {}) for row in rows}
    for row in rows:
        on, after = row.day("changed_on"), row.answers.get("after")
        steps = [("set_item", {"item": item, "value": after, "effective_on": on})] if on not in facts else []
        if row is rows[0] and known is not None and facts.get(first) != begin:
            steps.insert(0, ("set_item", {"item": item, "value": begin, "effective_on": first}))
        verdict = found[row.place][0]
        found[row.place] = (replace(verdict, steps=tuple(steps)) if steps else SAME), {}
    if known is None:
        found[rows[0].place] = found[rows[0].place][0], {item: begin}
    return found
