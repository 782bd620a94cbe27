"""Reads for 取込み: the workbook, its rows batch by batch, and what the pages show of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from occto.domain.import_control import ControlBook, Held
from occto.domain.import_known import Around, Fault, Row, Verdict
from occto.domain.import_plan import plan
from occto.domain.importing import BATCH, TO_ENTER, RowOutcome, SheetKind
from occto.models import Attachment, AttachmentChunk, Body, ImportBatch, ImportRow, Member
from occto.queries.import_known import around, by_codes, controls, named_only, touched_since

Place = tuple[SheetKind, int]
TOGETHER = 500


def workbook_of(session: Session, import_id: int) -> bytes:
    """The file of an import."""
    pieces = session.scalars(
        select(AttachmentChunk.bytes)
        .join(Attachment, Attachment.id == AttachmentChunk.attachment_id)
        .where(Attachment.import_id == import_id)
        .order_by(AttachmentChunk.attachment_id, AttachmentChunk.no)
    )
    return b"".join(pieces)


def as_row(row: Any) -> Row:
    """A kept row as it is compared; until then its faults are those of its cells."""
    faults = [(fault[0], fault[1]) for fault in row.faults] if row.outcome is RowOutcome.READ else []
    return Row(row.sheet, row.row_no, row.answers or {}, faults)


def around_rows(session: Session, rows: Sequence[Row], *, today: date) -> Around:
    """What these rows are compared with besides their own members."""
    answers = [row.answers for row in rows]
    return around(
        session,
        today=today,
        numbers={one["corporate_number"] for one in answers if one.get("corporate_number")},
        roster_numbers={one["roster_no"] for one in answers if one.get("roster_no")},
        addresses={one["email"].lower() for one in answers if one.get("email")},
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """A row with its verdict and the member it is about."""

    place: Place
    verdict: Verdict
    member_id: int | None


def next_compared(session: Session, import_id: int, *, today: date) -> list[Compared]:
    """The verdicts on the next members whose rows wait for the comparison; empty where none do."""
    keys = session.scalars(
        select(ImportRow.key)
        .where(ImportRow.import_id == import_id, ImportRow.outcome == RowOutcome.READ)
        .order_by(ImportRow.key)
        .limit(BATCH)
    )
    wanted = list(dict.fromkeys(keys))
    kept = session.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == import_id, ImportRow.key.in_(wanted))
        .order_by(ImportRow.sheet, ImportRow.row_no)
    )
    groups: dict[str, list[Row]] = {key: [] for key in wanted}
    for one in kept:
        groups[one.key].append(as_row(one))
    known = by_codes(session, wanted)
    beside = around_rows(session, [row for group in groups.values() for row in group], today=today)
    found: list[Compared] = []
    for key, group in groups.items():
        member = known.get(key)
        verdicts = plan(key, group, member, beside)
        found += [Compared(place, verdict, member.member_id if member else None) for place, verdict in verdicts.items()]
    return found


def faults_of_all(session: Session, import_id: int, *, today: date) -> dict[Place, list[Fault]]:
    """What only all rows together show: second parents, rings, roster numbers of members outside the list."""
    return _faults_of_relations(session, import_id) | _faults_of_roster(session, import_id, today=today)


def _own_numbers(session: Session, import_id: int) -> dict[str, tuple[str, str | None]]:
    """Operator code → corporate number and first day, of the members in the workbook's rows."""
    rows = session.execute(
        select(ImportRow.key, ImportRow.answers).where(
            ImportRow.import_id == import_id, ImportRow.sheet == SheetKind.MEMBERS
        )
    )
    return {
        row.key: (row.answers["corporate_number"], row.answers.get("member_on"))
        for row in rows
        if row.answers and row.answers.get("corporate_number")
    }


def _faults_of_relations(session: Session, import_id: int) -> dict[Place, list[Fault]]:
    rows = session.scalars(
        select(ImportRow)
        .where(
            ImportRow.import_id == import_id,
            ImportRow.sheet == SheetKind.RELATIONS,
            ImportRow.outcome == RowOutcome.NEW,
        )
        .order_by(ImportRow.row_no)
    ).all()
    rows = [row for row in rows if row.answers and row.answers.get("controlling")]
    if not rows:
        return {}
    book, own = ControlBook(controls(session)), _own_numbers(session, import_id)
    on_record = session.execute(
        select(Member.operator_code, Body.corporate_number, Member.body_id, Member.current_member_on)
        .join(Body, Body.id == Member.body_id)
        .where(Member.operator_code.in_({row.key for row in rows}))
    )
    known = {
        row.operator_code: (row.corporate_number or f"B{row.body_id}", str(row.current_member_on)) for row in on_record
    }
    found: dict[Place, list[Fault]] = {}
    for row in rows:
        number, since = known.get(row.key) or own.get(row.key) or ("", None)
        sentence = book.add(_held(row.answers or {}, number, since)) if number and since else None
        if sentence is not None:
            found[row.sheet, row.row_no] = [("相手の会社の名称", sentence)]
    return found


def _held(answers: Mapping[str, Any], own: str, since: str | None) -> Held:
    other = answers.get("other_number") or named_only(answers["other_name"])
    begin = date.fromisoformat(answers.get("acquired_on") or since or "")
    end = date.fromisoformat(answers["ended_on"]) if answers.get("ended_on") else None
    child, parent = (own, other) if answers["relation"] == "PARENT" else (other, own)
    return Held(child, parent, begin, end)


def _faults_of_roster(session: Session, import_id: int, *, today: date) -> dict[Place, list[Fault]]:
    rows = session.scalars(
        select(ImportRow).where(
            ImportRow.import_id == import_id, ImportRow.sheet == SheetKind.ROSTER, ImportRow.outcome.in_(TO_ENTER)
        )
    ).all()
    numbers = {int((row.answers or {})["roster_no"]) for row in rows}
    held = around(session, today=today, numbers=(), roster_numbers=numbers, addresses=()).numbers_held
    listed = {row.key for row in rows}
    found: dict[Place, list[Fault]] = {}
    for row in rows:
        holder = held.get((row.answers or {}).get("roster_no") or 0)
        if holder is not None and holder not in listed:
            sentence = f"この名簿番号は、一覧にない事業者コード {holder} の会員の番号です。その会員の新しい番号も入れてください。"
            found[row.sheet, row.row_no] = [("名簿番号", sentence)]
    return found


def counts(session: Session, import_id: int) -> dict[tuple[SheetKind, RowOutcome], int]:
    """How many rows of each sheet have which outcome."""
    rows = session.execute(
        select(ImportRow.sheet, ImportRow.outcome, func.count())
        .where(ImportRow.import_id == import_id)
        .group_by(ImportRow.sheet, ImportRow.outcome)
    )
    return {(sheet, outcome): number for sheet, outcome, number in rows}


def page_of_rows(
    session: Session, import_id: int, *, sheet: SheetKind, outcome: RowOutcome | None, after: int, limit: int
) -> list[ImportRow]:
    """Rows of one sheet behind the row number `after`, in the order of the workbook."""
    query = select(ImportRow).where(
        ImportRow.import_id == import_id, ImportRow.sheet == sheet, ImportRow.row_no > after
    )
    if outcome is not None:
        query = query.where(ImportRow.outcome == outcome)
    return list(session.scalars(query.order_by(ImportRow.row_no).limit(limit)))


def _to_mend(import_id: int) -> ColumnElement[bool]:
    """Rows that could not or will not be entered, with all others that wait for them: of a member that comes in whole."""
    other = aliased(ImportRow)
    faulty = select(other.key).where(
        other.import_id == import_id, other.outcome == RowOutcome.FAULTY, other.sheet != SheetKind.ROSTER
    )
    waiting = and_(ImportRow.outcome.in_(TO_ENTER), ImportRow.sheet != SheetKind.ROSTER, ImportRow.key.in_(faulty))
    left = ImportRow.outcome.in_((RowOutcome.FAULTY, RowOutcome.SKIPPED))
    return and_(ImportRow.import_id == import_id, or_(left, waiting))


def faulty_rows(
    session: Session, import_id: int, *, sheet: SheetKind
) -> Iterator[tuple[dict[str, str], list[list[str]]]]:
    """Cells as typed and faults of the rows to be mended; mended, they can be sent back by themselves."""
    query = (
        select(ImportRow.typed, ImportRow.faults)
        .where(_to_mend(import_id), ImportRow.sheet == sheet)
        .order_by(ImportRow.row_no)
    )
    for row in session.execute(query, execution_options={"yield_per": TOGETHER}):
        yield row.typed, row.faults


def faulty_sheets(session: Session, import_id: int) -> list[SheetKind]:
    """The sheets that have such rows."""
    found = set(session.scalars(select(ImportRow.sheet).where(_to_mend(import_id)).distinct()))
    return [sheet for sheet in SheetKind if sheet in found]


def touched_members(session: Session, batch: ImportBatch) -> int:
    """How many members of the rows to be entered were changed after the comparison: they will be left out."""
    ids = set(
        session.scalars(
            select(ImportRow.member_id).where(
                ImportRow.import_id == batch.id, ImportRow.outcome.in_(TO_ENTER), ImportRow.member_id.is_not(None)
            )
        )
    )
    members = [number for number in ids if number is not None]
    return len(touched_since(session, members, change_id=batch.base_change_id, but_import=batch.id))
