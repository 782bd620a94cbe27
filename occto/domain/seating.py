"""席: which ticket sits where. A list that was pasted or sent as a file, read line by line, and seats given row by row."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from occto.domain.text import half_width
from occto.domain.tickets import SEAT_LIMIT, read_code, shown_number

MOST_LINES, MOST_IN_A_ROW = 5000, 200
_HEADS = frozenset({"番号", "受付票の番号", "受付票"})


@dataclass(frozen=True, slots=True)
class Line:
    """A line with something on it: its number in the text, the number of the ticket as typed, the seat."""

    line: int
    number: str
    seat: str


@dataclass(frozen=True, slots=True)
class Seated:
    """A good ticket of the assembly: whose it is and where it sits now."""

    number: int
    name: str
    company: str | None
    seat: str | None


@dataclass(frozen=True, slots=True)
class Move:
    """A ticket that gets another seat; None takes it away."""

    seated: Seated
    seat: str | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a list: moves in the order of the numbers, (line, sentence) of faults."""

    moves: tuple[Move, ...]
    faults: tuple[tuple[int, str], ...]


def read_lines(text: str) -> list[Line]:
    """The lines of a text, cells parted by tabs, commas or blanks; a first line with titles is passed over."""
    found: list[Line] = []
    for line, written in enumerate(text.splitlines(), start=1):
        cells = _cells(written)
        if not any(cells) or (not found and cells[0] in _HEADS):
            continue
        found.append(Line(line, cells[0], cells[1] if len(cells) > 1 else ""))
    return found


def _cells(written: str) -> list[str]:
    plain = half_width(written.lstrip("\ufeff")).replace("、", ",")
    for sign in ("\t", ","):
        if sign in plain:
            return [cell.strip() for cell in next(csv.reader(StringIO(plain), delimiter=sign), [])]
    first, _, rest = plain.strip().partition(" ")
    return [first, rest.strip()]


def check(lines: Sequence[Line], tickets: Iterable[Seated]) -> Checked:
    """Compare a list with the good tickets of an assembly. An empty seat takes the seat away."""
    by_number = {one.number: one for one in tickets}
    read = {line: read_code(line.number).number for line in lines}
    numbers = Counter(number for number in read.values() if number is not None)
    asked = Counter(line.seat for line in lines if line.seat)
    stays = {one.seat: one for one in by_number.values() if one.seat and one.number not in numbers}
    moves, faults = [], []
    for line in lines:
        seated = by_number.get(read[line] or 0)
        fault = _fault(line, read[line], seated, numbers=numbers, asked=asked, stays=stays)
        if fault:
            faults.append((line.line, fault))
        elif seated is not None and (line.seat or None) != seated.seat:
            moves.append(Move(seated, line.seat or None))
    if len(lines) > MOST_LINES:
        faults.insert(0, (lines[MOST_LINES].line, f"一度に入れられるのは {MOST_LINES:,} 行までです。"))
    return Checked(tuple(sorted(moves, key=lambda move: move.seated.number)), tuple(faults))


def _fault(
    line: Line,
    number: int | None,
    seated: Seated | None,
    *,
    numbers: Counter[int],
    asked: Counter[str],
    stays: Mapping[str, Seated],
) -> str:
    if number is None:
        return f"「{line.number[:20]}」を番号として読み取れません。2041-7 のように、最後の1桁まで入力してください。"
    if seated is None:
        return f"番号 {shown_number(number)} の有効な受付票がありません。失効していないか、お確かめください。"
    if numbers[number] > 1:
        return f"番号 {shown_number(number)} が2回以上あります。1行だけにしてください。"
    if len(line.seat) > SEAT_LIMIT:
        return f"席は{SEAT_LIMIT}文字以内で入力してください。"
    if asked[line.seat] > 1:
        return f"席 {line.seat} が2回以上あります。席をお確かめください。"
    if line.seat in stays:
        other = stays[line.seat]
        return f"席 {line.seat} は、一覧にない {shown_number(other.number)} {other.name} 様の席です。"
    return ""


def row_by_row(tickets: Sequence[Seated], *, in_a_row: int) -> list[Move]:
    """Seats A-1, A-2 … B-1 … for tickets in the order given; those that sit there already are left out."""
    seats = [f"{_letters(place // in_a_row)}-{place % in_a_row + 1}" for place in range(len(tickets))]
    return [Move(one, seat) for one, seat in zip(tickets, seats, strict=True) if one.seat != seat]


def _letters(row: int) -> str:
    """A … Z, AA, AB …."""
    letters = ""
    row += 1
    while row:
        row, place = divmod(row - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters
