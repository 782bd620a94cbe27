"""Parts made of rows, each an act on one licence or relation: kept as typed, whether right or wrong.

A row has a number of its own (`n`) that it keeps, so that two windows and the documents mean the same row.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from occto.access import actor
from occto.domain.changes import Part
from occto.domain.codes import ChangeAct
from occto.domain.errors import NotFound, Refusal
from occto.services.changes import drafts as verbs
from occto.unit_of_work import run
from occto.views.changes.blueprint import Case, seen_version

ROWS_LIMIT = 60
Row = dict[str, Any]


@dataclass(frozen=True)
class Rows:
    """The rows of one part. `clean` gives a row's clean values, None while something is missing or wrong."""

    part: Part
    clean: Callable[[Case, Row], Row | None]
    from_answers: Callable[[Row], Row]

    def typed(self, case: Case) -> list[Row]:
        """The rows as typed; after the office has divided a request, its answers stand in place of them."""
        draft = case.drafts[self.part.value]
        rows = draft.typed.get("rows")
        if isinstance(rows, list):
            return [row for row in rows if isinstance(row, dict)]
        answers = (draft.answers or {}).get("rows", [])
        return [{"n": row.get("n", no), **self.from_answers(row)} for no, row in enumerate(answers, 1)]

    def find(self, case: Case, number: int, *, act: ChangeAct | None = None) -> Row:
        """The row with this number; NotFound where there is none, or it does something else."""
        for row in self.typed(case):
            if row["n"] == number and act in (None, row["act"]):
                return row
        raise NotFound

    def about(self, case: Case, name: str, number: int) -> Row | None:
        """The row that is about a licence or relation on record, by the name of its number."""
        return next((row for row in self.typed(case) if row.get(name) == number), None)

    def put(self, case: Case, row: Row, *, drop_file: int | None = None) -> int:
        """Save the part with this row, new or in place of the one with its number; returns the number.

        `drop_file`: a document that the row no longer needs. Refusals of `save_part`, and too_many_rows.
        """
        rows = self.typed(case)
        if row.get("n") is None:
            if len(rows) >= ROWS_LIMIT:
                raise Refusal("too_many_rows", f"一つの申請に入力できるのは{ROWS_LIMIT}件までです。")
            row = {**row, "n": max((each["n"] for each in rows), default=0) + 1}
            self.save(case, [*rows, row], drop_file=drop_file)
        else:
            self.save(case, [row if each["n"] == row["n"] else each for each in rows], drop_file=drop_file)
        return int(row["n"])

    def remove(self, case: Case, row: Row) -> None:
        """Save the part without the row, and take out the document that belongs to it."""
        left = [each for each in self.typed(case) if each["n"] != row["n"]]
        self.save(case, left, drop_file=row.get("attachment_id"))

    def save(self, case: Case, rows: Iterable[Row], *, drop_file: int | None = None) -> None:
        kept = list(rows)
        clean = [self.clean(case, row) for row in kept]
        good = [row for row in clean if row is not None]

        def act(session: Session) -> None:
            verbs.save_part(
                session,
                case.id,
                self.part,
                typed={"rows": kept} if kept else {},
                answers={"rows": good} if kept and len(good) == len(kept) else None,
                errors=len(kept) - len(good),
                seen_version=seen_version(),
                actor=actor(),
                now=case.now,
            )
            if drop_file is not None:
                verbs.remove_file(session, case.id, drop_file, actor=actor(), now=case.now)

        run(act)


def documents_of_rows(case: Case) -> set[int]:
    """The documents that belong to rows: they are exchanged on the page of their row."""
    draft = case.drafts.get(Part.LICENCES.value)
    if draft is None:
        return set()
    rows: Iterable[Mapping[str, Any]] = draft.typed.get("rows") or (draft.answers or {}).get("rows") or ()
    return {row["attachment_id"] for row in rows if row.get("attachment_id") is not None}
