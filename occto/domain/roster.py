"""名簿番号の一覧: what was pasted or sent as a file, read line by line; nothing is lost and every line has its number."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from io import StringIO

from occto.domain.dates import format_date
from occto.domain.text import half_width, half_width_digits

MOST_LINES = 5000
HIGHEST_DIGITS = 7
CODE_HEAD, NUMBER_HEADS = "事業者コード", ("新しい名簿番号", "名簿番号")


@dataclass(frozen=True, slots=True)
class Entry:
    """A line with something on it: its number in the text, what stands for code and new number."""

    line: int
    code: str
    number: str


@dataclass(frozen=True, slots=True)
class Known:
    """A member on the roster: its running number and since when, None for a member without one."""

    member_id: int
    code: str
    name: str
    number: int | None
    since: date | None


@dataclass(frozen=True, slots=True)
class Move:
    """A member that gets another number."""

    known: Known
    number: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a list: moves in the order of the new numbers, members left as they are, (line, sentence) of faults."""

    moves: tuple[Move, ...]
    unchanged: tuple[Known, ...]
    faults: tuple[tuple[int, str], ...]


def read_entries(text: str) -> list[Entry]:
    """The lines of a text, cells parted by tabs, commas or blanks. A first line with titles says which column is which."""
    places, found = (0, 1), list[Entry]()
    for line, written in enumerate(text.splitlines(), start=1):
        cells = _cells(written)
        if not any(cells):
            continue
        if not found and CODE_HEAD in cells:
            places = _places(cells)
            continue
        code, number = (cells[place] if place < len(cells) else "" for place in places)
        found.append(Entry(line, code, number))
    return found


def _cells(written: str) -> list[str]:
    plain = half_width(written.lstrip("\ufeff")).replace("、", ",")
    for sign in ("\t", ","):
        if sign in plain:
            return [cell.strip() for cell in next(csv.reader(StringIO(plain), delimiter=sign), [])]
    return plain.split()


def _places(cells: list[str]) -> tuple[int, int]:
    number = next((cells.index(head) for head in NUMBER_HEADS if head in cells), 1)
    return cells.index(CODE_HEAD), number


def check(
    entries: Iterable[Entry], *, by_code: Mapping[str, Known], holders: Mapping[int, Known], effective_on: date
) -> Checked:
    """Compare a list with the roster. `holders`: who has each of the new numbers now."""
    entries = list(entries)
    codes = Counter(entry.code for entry in entries)
    numbers = Counter(number for entry in entries if (number := _number(entry.number)) is not None)
    named = {by_code[entry.code].member_id for entry in entries if entry.code in by_code}
    moves, unchanged, faults = [], [], []
    for entry in entries:
        number, known = _number(entry.number), by_code.get(entry.code)
        fault = _fault(entry, number, known, codes=codes, numbers=numbers)
        if fault is None and known is not None and number is not None and number != known.number:
            fault = _fault_of_number(number, known, holders.get(number), named=named, effective_on=effective_on)
        if fault is not None:
            faults.append((entry.line, fault))
        elif known is not None and number is not None:
            if number == known.number:
                unchanged.append(known)
            else:
                moves.append(Move(known, number))
    moves.sort(key=lambda move: move.number)
    return Checked(tuple(moves), tuple(unchanged), tuple(faults))


def _number(text: str) -> int | None:
    digits = half_width_digits(text).strip()
    if not digits.isascii() or not digits.isdigit() or len(digits) > HIGHEST_DIGITS or int(digits) < 1:
        return None
    return int(digits)


def numbers_in(entries: Iterable[Entry]) -> set[int]:
    """The new numbers that could be read."""
    return {number for entry in entries if (number := _number(entry.number)) is not None}


def _fault(
    entry: Entry, number: int | None, known: Known | None, *, codes: Counter[str], numbers: Counter[int]
) -> str | None:
    if not entry.code or not entry.number:
        return "事業者コードと新しい名簿番号を、タブかカンマで区切って入力してください。"
    if known is None:
        return f"事業者コード {entry.code[:20]} の会員が見つかりません。先頭の 0 も入力してください。"
    if number is None:
        return f"{known.name}の名簿番号を、1 以上の数字で入力してください。"
    if codes[entry.code] > 1:
        return f"{known.name}が2回以上あります。1行だけにしてください。"
    if numbers[number] > 1:
        return f"名簿番号 {number} が2回以上あります。番号をお確かめください。"
    return None


def _fault_of_number(
    number: int, known: Known, holder: Known | None, *, named: set[int], effective_on: date
) -> str | None:
    if holder is not None and holder.member_id not in named:
        return f"名簿番号 {number} は、一覧にない{holder.name}の番号です。{holder.name}の新しい番号も入れてください。"
    if known.since is not None and known.since > effective_on:
        return f"{known.name}のいまの番号は、{format_date(known.since)}に始まっています。有効になる日を、その日より後にしてください。"
    return None
