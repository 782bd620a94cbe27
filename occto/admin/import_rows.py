"""取込み, the rows: for each what it would do or did, old and new, and what is wrong with it."""

from typing import Any

from flask import abort, request, url_for
from flask_admin import expose

from occto.access import permit
from occto.admin import access_log
from occto.admin.base import clamped_id, link
from occto.domain.import_sheets import BY_KIND
from occto.domain.importing import RowOutcome, SheetKind
from occto.domain.numbers import HIGHEST_ID
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.labels import label
from occto.models import ImportBatch, ImportRow
from occto.queries.imports import page_of_rows
from occto.unit_of_work import run

PAGE = 50
HIGHEST_ROW = 1_048_576
_TYPED_SHOWN = 4


def what_is_typed(row: ImportRow) -> str:
    """The first cells of a row, by which people find it in the workbook."""
    cells = [row.typed.get(column.key, "") for column in BY_KIND[row.sheet].columns]
    return "　".join([cell for cell in cells if cell][:_TYPED_SHOWN])[:200]


class ImportRows:
    """The door /rows/?id=…&sheet=…&outcome=…, with a page of rows."""

    @expose("/rows/")
    @permit(Permission.IMPORT_SEE)
    def rows(self: Any) -> Any:
        """A page of the rows of one sheet."""
        batch: ImportBatch | None = self.get_one(request.args.get("id", ""))
        sheet = request.args.get("sheet", "")
        if batch is None or sheet not in set(SheetKind):
            abort(404)
        number, kind = batch.id, SheetKind(sheet)
        chosen = request.args.get("outcome", "")
        outcome = RowOutcome(chosen) if chosen in set(RowOutcome) else None
        after = min(clamped_id(request.args.get("after")) or 0, HIGHEST_ROW)
        found = page_of_rows(db.session(), number, sheet=kind, outcome=outcome, after=after, limit=PAGE + 1)
        asked: dict[str, Any] = {"id": number, "sheet": sheet} | ({"outcome": chosen} if outcome else {})
        page = self.render(
            "admin/import_rows.html",
            batch=batch,
            sheet=label(kind),
            outcome=label(outcome) if outcome else "",
            rows=[
                (
                    one,
                    what_is_typed(one),
                    link("会員", "members.details_view", one.member_id or 0, Permission.MEMBER_SEE),
                )
                for one in found[:PAGE]
            ],
            back=url_for("imports.details_view", id=number),
            first=url_for("imports.rows", **asked) if after else "",
            following=url_for("imports.rows", **asked, after=found[PAGE - 1].row_no) if len(found) > PAGE else "",
        )
        self.note_rows(number)
        return page

    def note_rows(self: Any, import_id: int) -> None:
        """Note in the access log that rows with personal data were shown."""
        assert 0 < import_id <= HIGHEST_ID
        run(access_log.shown, [import_id], kind="IMPORT", details=True)
