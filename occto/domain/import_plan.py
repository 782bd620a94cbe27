"""初期登録: all rows of one member against what is on record of it. Pure: the dry run and the release ask the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from occto.domain import import_facts, import_people
from occto.domain.import_known import SAME, Around, Fault, KnownMember, Row, Step, Verdict, changed, faulty, new
from occto.domain.import_sheets import MEMBERS, SPECIAL
from occto.domain.importing import RowOutcome, SheetKind
from occto.domain.profile import ACCOUNTING_CONTACT, ASSEMBLY_CONTACT, ITEMS

Place = tuple[SheetKind, int]
_STAFF_WAY = "変更申請（当機関の入力）で訂正してください。"


@dataclass(frozen=True, slots=True)
class Subject:
    """The member that a group of rows is about: known, or as its row in 会員 says. `first_day` None: it cannot be told."""

    code: str
    known: KnownMember | None
    row: Row | None
    first_day: date | None

    @property
    def number(self) -> str | None:
        if self.known is not None:
            return self.known.corporate_number
        return self.row.answers.get("corporate_number") if self.row else None

    def value_now(self, item: str, today: date) -> Any:
        """What an item says today, on record or by the row of a new member."""
        if self.known is not None:
            return self.known.value_on(item, self.known.shown_on(today))
        return self.row.answers.get(item) if self.row else None


def plan(code: str, rows: Sequence[Row], known: KnownMember | None, around: Around) -> dict[Place, Verdict]:
    """A verdict on each row of the member with this operator code; faults of cells stand in their verdicts."""
    verdicts = {row.place: faulty(*row.faults) for row in rows if row.faults}
    good = [row for row in rows if not row.faults]
    own = [row for row in rows if row.sheet is SheetKind.MEMBERS]
    row = own[0] if len(own) == 1 and not own[0].faults else None
    subject = Subject(code, known, row, _first_day(known, row))
    for each in good:
        fault = _fault_of_identity(each, subject, around)
        if fault is not None:
            verdicts[each.place] = faulty(fault)
        elif len(own) > 1 and each.sheet is SheetKind.MEMBERS:
            verdicts[each.place] = faulty(("事業者コード", "同じ会員の行が2つ以上あります。1行にまとめてください。"))
        elif known is None and not own:
            verdicts[each.place] = faulty(
                (
                    "事業者コード",
                    "この会員は登録されていません。「会員」のシートに行を足すか、コードをお確かめください。",
                )
            )
        elif known is None and row is None:
            verdicts[each.place] = faulty(
                ("事業者コード", "「会員」のシートのこの会社の行に誤りがあります。先にその行を直してください。")
            )
    rest = [each for each in good if each.place not in verdicts]
    verdicts |= _compared(rest, subject, around, wrong={place[0] for place in verdicts})
    return verdicts


def _first_day(known: KnownMember | None, row: Row | None) -> date | None:
    if known is not None:
        return known.member_on
    return row.day("member_on") if row else None


def _fault_of_identity(row: Row, subject: Subject, around: Around) -> Fault | None:
    """事業者コード and 法人番号 have to name the same company."""
    number = row.answers.get("corporate_number")
    if number is None:
        return None
    other = around.by_number.get(number)
    if other is not None and other.operator_code != subject.code:
        return (
            "法人番号",
            f"この法人番号は、事業者コード {other.operator_code} の{other.name}の登録です。事業者コードと法人番号の組をお確かめください。",
        )
    if subject.number is not None and number != subject.number:
        return (
            "法人番号",
            f"事業者コード {subject.code} の会員の法人番号は {subject.number} です。事業者コードと法人番号の組をお確かめください。",
        )
    return None


def _compared(rows: Sequence[Row], subject: Subject, around: Around, *, wrong: set[SheetKind]) -> dict[Place, Verdict]:
    by_sheet: dict[SheetKind, list[Row]] = {}
    for row in rows:
        by_sheet.setdefault(row.sheet, []).append(row)
    first = subject.first_day
    found: dict[Place, Verdict] = {}
    past = import_facts.past(by_sheet.get(SheetKind.PAST, []), subject, today=around.today)
    found |= {place: verdict for place, (verdict, _initial) in past.items()}
    initial = {item: value for _verdict, values in past.values() for item, value in values.items()}
    licences = by_sheet.get(SheetKind.LICENCES, [])
    found |= import_facts.licences(licences, subject.known)
    for row in by_sheet.get(SheetKind.RELATIONS, []):
        found[row.place] = import_facts.relation(
            row, subject.known, first_day=first, own_number=subject.number, today=around.today
        )
    found |= import_people.people(by_sheet.get(SheetKind.USERS, []), subject.known, around)
    for row in by_sheet.get(SheetKind.ROSTER, []):
        found[row.place] = import_facts.roster(row, subject.known, today=around.today)
    for row in by_sheet.get(SheetKind.MEMBERS, []):
        if subject.known is not None:
            found[row.place] = _existing(row, subject.known, today=around.today)
        else:
            found[row.place] = _new(
                row, licences, around, code=subject.code, initial=initial, unsure=SheetKind.LICENCES in wrong
            )
    return found


def _existing(row: Row, known: KnownMember, *, today: date) -> Verdict:
    """Cells that are not blank against what is on record; blanks never overwrite."""
    faults: list[Fault] = []
    on = row.day("effective_on") or known.shown_on(today)
    if row.day("member_on") not in (None, known.member_on):
        faults.append(("加入日", f"登録されている加入日と合いません。取込みでは変えられないため、{_STAFF_WAY}"))
    if row.answers.get("roster_no") not in (None, known.roster_no):
        faults.append(("名簿番号", "登録のある会員の名簿番号は、「名簿番号」のシートで変えてください。"))
    diffs = []
    for column in MEMBERS.columns:
        value = row.answers.get(column.key)
        if column.key in SPECIAL or column.key == "corporate_number" or value is None:  # the number names the member
            continue
        old = known.value_on(column.key, on)
        if old != value:
            diffs.append((column, old, value))
    if diffs and known.left:
        faults.append(("事業者コード", "退会した会員の内容は、取込みでは変えられません。"))
    if diffs and on < known.member_on:
        faults.append(("変更の有効日", "加入日か、それより後の日付を入力してください。"))
    merged = {item: known.value_on(item, on) for item in ITEMS} | {column.key: new for column, _old, new in diffs}
    if diffs:
        faults += _faults_of_contacts(merged)
    if faults:
        return faulty(*faults)
    if not diffs:
        return SAME
    return changed(diffs, *(_set(column.key, value, row.day("effective_on")) for column, _old, value in diffs))


def _set(item: str, value: Any, on: date | None) -> Step:
    return "set_item", {"item": item, "value": value, "effective_on": on}


def _new(
    row: Row, licences: Sequence[Row], around: Around, *, code: str, initial: Mapping[str, Any], unsure: bool
) -> Verdict:
    faults: list[Fault] = [
        (column.title, f"新しい会員には{column.title}が要ります。入力してください。")
        for column in MEMBERS.columns
        if column.required and row.answers.get(column.key) is None
    ]
    faults += _faults_of_contacts(row.answers)
    faults += _faults_of_dates(row, licences, around, unsure=unsure)
    holder = around.numbers_held.get(row.answers.get("roster_no") or 0)
    if holder is not None and holder != code:
        faults.append(("名簿番号", f"この名簿番号は、事業者コード {holder} の会員の番号です。番号をお確かめください。"))
    if faults:
        return faulty(*faults)
    profile = {item: value for item, value in row.answers.items() if item not in SPECIAL} | dict(initial)
    admit = {
        "profile": profile,
        "operator_code": code,
        "member_on": row.day("member_on"),
        "roster_no": row.answers["roster_no"],
    }
    return new(MEMBERS, row, ("admit", admit))


def _faults_of_dates(row: Row, licences: Sequence[Row], around: Around, *, unsure: bool) -> list[Fault]:
    member_on = row.day("member_on")
    if member_on is None or unsure:
        return []
    if not any((end := each.day("ended_on")) is None or end > around.today for each in licences):
        return [("事業者コード", "「区分」のシートに、この会員のいまある区分がありません。区分の行を足してください。")]
    begins = [begin for each in licences if (begin := each.day("effective_on")) is not None]
    if begins and member_on < min(begins):
        return [("加入日", "加入日が、最初の登録・許可・届出の日より前です。どちらかの日付をお確かめください。")]
    return []


def _faults_of_contacts(values: Mapping[str, Any]) -> list[Fault]:
    """A contact that may be left out is either left out or has name and address."""
    found: list[Fault] = []
    for role in (ASSEMBLY_CONTACT, ACCOUNTING_CONTACT):
        if any(values.get(item) for item in ITEMS if item.startswith(f"{role}_")):
            found += [
                (
                    ITEMS[key].title,
                    f"{ITEMS[key].title}も入力してください。担当を置かないときは、すべて空欄にしてください。",
                )
                for key in (f"{role}_name", f"{role}_email")
                if not values.get(key)
            ]
    return found


def steps_of(verdicts: Mapping[Place, Verdict]) -> list[Step]:
    """What is to be entered for a member, its admission first."""
    steps = [step for verdict in verdicts.values() for step in verdict.steps]
    return sorted(steps, key=lambda step: step[0] != "admit")


def to_enter(verdicts: Mapping[Place, Verdict]) -> bool:
    """Whether there is anything to enter and nothing in the way: a member comes in whole or not at all."""
    outcomes = {verdict.outcome for verdict in verdicts.values()}
    return RowOutcome.FAULTY not in outcomes and bool(outcomes & {RowOutcome.NEW, RowOutcome.CHANGED})
