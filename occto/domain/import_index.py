"""初期登録: what rows of one workbook must not say twice, collected while it is read."""

from collections import defaultdict
from collections.abc import Mapping

from occto.domain.import_known import Fault, Row
from occto.domain.importing import SheetKind

Place = tuple[SheetKind, int]
BY_NUMBER = "N"
"""Sign before a corporate number that stands for the operator code of a row that gives none."""


def key_of(row: Row) -> str:
    """The operator code of the row, else its corporate number; empty where it has neither."""
    code, number = row.answers.get("operator_code"), row.answers.get("corporate_number")
    return code or (f"{BY_NUMBER}{number}" if number else "")


class Index:
    """Codes, numbers and addresses of the rows seen so far: a few words a row, never the rows."""

    def __init__(self) -> None:
        self._codes: dict[str, str] = {}
        self._numbers: dict[str, list[tuple[Place, str]]] = defaultdict(list)
        self._roster: dict[tuple[SheetKind, int], list[tuple[Place, str]]] = defaultdict(list)
        self._names: dict[str, list[tuple[Place, str]]] = defaultdict(list)
        self.numbers_alone: set[str] = set()

    def see(self, row: Row) -> None:
        """Take a row in."""
        key, number = key_of(row), row.answers.get("corporate_number")
        if key.startswith(BY_NUMBER):
            self.numbers_alone.add(key.removeprefix(BY_NUMBER))
        if row.sheet is SheetKind.MEMBERS and number and not key.startswith(BY_NUMBER):
            self._codes.setdefault(number, key)
            self._numbers[number].append((row.place, key))
        if row.sheet in (SheetKind.MEMBERS, SheetKind.ROSTER) and row.answers.get("roster_no"):
            self._roster[row.sheet, row.answers["roster_no"]].append((row.place, key))
        if row.sheet is SheetKind.USERS and row.answers.get("email") and row.answers.get("name"):
            self._names[row.answers["email"].lower()].append((row.place, row.answers["name"]))

    def renamed(self, on_record: Mapping[str, str]) -> dict[str, str]:
        """Keys by number → operator code, by the workbook's own rows and by what is on record (number → code)."""
        known = {**on_record, **self._codes}
        return {f"{BY_NUMBER}{number}": known[number] for number in self.numbers_alone if number in known}

    def faults(self) -> dict[Place, list[Fault]]:
        """What the rows say twice, by row."""
        found: dict[Place, list[Fault]] = defaultdict(list)
        for number, places in self._numbers.items():
            if len({key for _place, key in places}) > 1:
                for place, _key in places:
                    found[place].append(
                        (
                            "法人番号",
                            f"法人番号 {number} が、別の事業者コードの行にもあります。どちらかをお直しください。",
                        )
                    )
        for (_sheet, roster_no), places in self._roster.items():
            if len({key for _place, key in places}) > 1:
                for place, _key in places:
                    found[place].append(
                        ("名簿番号", f"名簿番号 {roster_no} が、別の会員の行にもあります。番号をお確かめください。")
                    )
        for address, places in self._names.items():
            if len({name for _place, name in places}) > 1:
                for place, _name in places:
                    found[place].append(
                        (
                            "氏名",
                            f"{address} の行の氏名が合いません。1つのアドレスは1人の方だけが使えます（利用規約 3.2）。",
                        )
                    )
        return dict(found)
