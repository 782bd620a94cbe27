"""取込み: the workbook of the first load, its dry run, its release by a second person, and what became of each row."""

from collections.abc import Sequence
from typing import Any, ClassVar

from flask import Response, abort, request, url_for
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin import access_log
from occto.admin.base import Facet, Facts, Order, StaffView, Table
from occto.admin.exports import attached
from occto.admin.import_rows import ImportRows
from occto.admin.reconciliation import Reconciliation
from occto.admin.sent import sent_version
from occto.admin.verb_view import Door, Doors, Preview
from occto.admin.workbooks_sent import form_sent, workbook_sent
from occto.domain.codes import ScanState
from occto.domain.dates import format_instant, today_jst
from occto.domain.importing import WORKED, ImportState, RowOutcome, SheetKind
from occto.domain.jobs import ranges
from occto.domain.permissions import Permission
from occto.excel import MIMETYPE
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.imports import ReleaseForm, ReleaseValidForm, UploadForm
from occto.labels import choices, label
from occto.models import ImportBatch, User
from occto.queries.import_export import all_member_ids
from occto.queries.imports import counts, faulty_rows, faulty_sheets, touched_members
from occto.services.imports import case, release
from occto.unit_of_work import run
from occto.views.tools import new_form_id
from occto.workbooks.faults import faults_workbook
from occto.workbooks.record import record_workbook
from occto.workbooks.writing import template

_SHOWN = (
    RowOutcome.NEW,
    RowOutcome.CHANGED,
    RowOutcome.SAME,
    RowOutcome.FAULTY,
    RowOutcome.DONE,
    RowOutcome.SKIPPED,
)
_uploader, _releaser = aliased(User), aliased(User)


def _name_of(person: Any, column: Any) -> Any:
    return select(person.name).where(person.id == column).correlate(ImportBatch).scalar_subquery()


def _progress(_view: Any, _context: Any, row: ImportBatch, _name: str) -> str:
    if row.state is ImportState.UPLOADED:
        return f"{row.total:,} 行を読みました" if row.total else "これから読みます"
    return f"{row.progress:,} / {row.total:,} 行"


class ImportsView(Doors, ImportRows, Reconciliation, StaffView):
    """取込み. Nothing of the register changes before a second person has released it."""

    see = Permission.IMPORT_SEE
    title, counter = "取込み", "imports"
    subject_kind, personal = "IMPORT", False
    details_template = "admin/import.html"
    list_template = "admin/imports.html"
    column_list = ("name", "state", "progress", "uploader", "uploaded_at", "releaser")
    reads = ("name", "state", "progress", "total", "uploaded_at")
    column_details_list = ("note", "uploaded_at", "finished_at", "last_error")
    column_labels: ClassVar[dict[str, str]] = {
        "name": "ファイル",
        "state": "状態",
        "progress": "進み具合",
        "note": "データの出どころ",
        "uploader": "取り込んだ方",
        "uploaded_at": "取り込んだ日時",
        "releaser": "反映した方",
        "released_at": "反映を始めた日時",
        "finished_at": "終わった日時",
        "last_error": "中止の理由など",
    }
    column_formatters = {"progress": _progress}
    orders = {"new": Order("新しい順", ImportBatch.id, descending=True)}
    tagged = ("state",)
    facets = {"state": Facet("状態", ImportBatch.state, choices(ImportState))}
    extras: ClassVar[dict[str, Any]] = {
        "uploader": _name_of(_uploader, ImportBatch.uploaded_by_id),
        "releaser": _name_of(_releaser, ImportBatch.released_by_id),
    }

    def heading(self, row: ImportBatch) -> str:
        return f"取込み　{row.name}"

    def details_page(self, row: ImportBatch) -> str:
        waiting = row.state is ImportState.CHECKED
        own = row.uploaded_by_id == viewer.user_id
        found = counts(db.session(), row.id)
        to_enter = sum(
            number for (_sheet, outcome), number in found.items() if outcome in (RowOutcome.NEW, RowOutcome.CHANGED)
        )
        self._template_args.update(
            working=row.state in WORKED,
            progress=_progress(self, None, row, ""),
            own=waiting and own and viewer.can(Permission.IMPORT_RELEASE),
            may_release=waiting and not own and bool(to_enter) and viewer.can(Permission.IMPORT_RELEASE),
            nothing=waiting and not to_enter,
            waits=waiting and bool(to_enter) and not viewer.can(Permission.IMPORT_RELEASE),
            may_drop=row.state in (ImportState.UPLOADED, ImportState.READ, ImportState.CHECKED),
            faulty=any(outcome in (RowOutcome.FAULTY, RowOutcome.SKIPPED) for _sheet, outcome in found),
            touched=touched_members(db.session(), row) if waiting else 0,
            counted=self.counted(row.id, found),
            outcomes=[label(outcome) for outcome in _SHOWN],
            new_form_id=new_form_id,
        )
        return super().details_page(row)

    @staticmethod
    def counted(import_id: int, found: Any) -> list[tuple[str, str, list[tuple[int, str]]]]:
        """For each sheet its title, the address of its rows, and number and address by outcome."""
        return [
            (
                label(sheet),
                url_for("imports.rows", id=import_id, sheet=sheet.value),
                [
                    (
                        found.get((sheet, outcome), 0),
                        url_for("imports.rows", id=import_id, sheet=sheet.value, outcome=outcome.value),
                    )
                    for outcome in _SHOWN
                ],
            )
            for sheet in SheetKind
            if any(of_sheet is sheet for of_sheet, _outcome in found)
        ]

    def below(self, row: ImportBatch) -> Sequence[Facts | Table]:
        names = dict(
            db.session.execute(
                select(User.id, User.name).where(User.id.in_([row.uploaded_by_id, row.released_by_id or 0]))
            ).all()
        )
        people = [("取り込んだ方", names.get(row.uploaded_by_id, ""))]
        if row.released_by_id is not None and row.released_at is not None:
            people.append(("反映した方", names.get(row.released_by_id, "")))
            people.append(("反映を始めた日時", format_instant(row.released_at)))
            people.append(("誤りのある行", "正しい行だけを反映" if row.valid_only else "誤りなし"))
        return [Facts("取込みと反映", people)]

    @expose("/upload/", methods=("GET", "POST"))
    @permit(Permission.IMPORT_PREPARE)
    def upload(self) -> Any:
        """A workbook for the dry run."""
        door = Door(
            "ファイルを取り込む",
            "取り込んで確認を始める",
            ("取込みの一覧へ戻る", url_for("imports.index_view")),
            lead="ファイルを読み込み、いまの登録と比べた結果を一覧にします。別の方が反映するまで、登録は変わりません。",
            multipart=True,
        )
        form = UploadForm(form_sent())
        if request.method == "GET":
            return self.entry(door, form, version=None)
        sent, problem = workbook_sent()
        if not form.validate() or sent is None:
            if problem:
                form.add_error("file", problem)
            return self.entry(door, form, version=None), 422

        def act(session: Session) -> str:
            number = case.upload(
                session,
                name=sent.name,
                content=sent.content,
                note=form.note.data,
                scan_state=ScanState.NOT_CONFIGURED,
                actor=actor(),
                now=clock.now(),
            )
            return url_for("imports.details_view", id=number)

        return self.go_through(door, form, act, done="取り込みました。確認が終わると、結果がこの画面に出ます。")

    @expose("/template/")
    @permit(Permission.IMPORT_SEE)
    def template(self) -> Response:
        """The empty workbook."""
        return attached(template(), name="初期登録のひな形.xlsx", media_type=MIMETYPE)

    @expose("/export-record/")
    @permit(Permission.EXPORT)
    def export_record(self) -> Response:
        """All that is on record of all members, in the format of the template; noted before the first byte leaves."""
        if not viewer.can(self.see):
            abort(403)
        ids = all_member_ids(db.session())
        run(
            access_log.exported,
            ranges(ids),
            subject="LIST:会員の全登録",
            form="xlsx",
            conditions="",
            fields=[label(sheet) for sheet in SheetKind],
        )
        today = today_jst(clock.now())
        pieces = record_workbook(db.session(), member_ids=ids, today=today)
        return attached(pieces, name=f"会員の全登録_{today.isoformat()}.xlsx", media_type=MIMETYPE)

    @expose("/faults/")
    @permit(Permission.IMPORT_SEE)
    def faults(self) -> Response:
        """The rows that cannot be entered, as they were typed, with what is wrong in the last column."""
        row = self.row_asked()
        session, number = db.session(), row.id
        rows = {sheet: faulty_rows(session, number, sheet=sheet) for sheet in faulty_sheets(session, number)}
        self.note_rows(number)
        return attached(faults_workbook(rows), name=f"直す行_{row.name}", media_type=MIMETYPE)

    @expose("/release/", methods=("GET", "POST"))
    @permit(Permission.IMPORT_RELEASE)
    def release(self) -> Any:
        """The second person lets what was checked be entered."""
        row = self.row_asked()
        number, found = row.id, counts(db.session(), row.id)
        faulty = sum(count for (_sheet, outcome), count in found.items() if outcome is RowOutcome.FAULTY)
        form_type: type[BaseForm] = ReleaseValidForm if faulty else ReleaseForm
        form = form_type(request.form if request.method == "POST" else None)
        version = sent_version(row.version)
        door = Door(
            "取込みを反映する",
            "反映する",
            ("取込みの画面へ戻る", url_for("imports.details_view", id=number)),
            lead="反映すると、会員、区分、資本関係、名簿番号などを登録します。区分、資本金、資本関係、名簿番号は、議決権に関わります。",
            caption=row.name,
            hidden={"id": number},
        )

        def act(session: Session) -> str:
            valid_only = bool(faulty) and form["valid_only"].data == "VALID"
            release.release(
                session, number, valid_only=valid_only, seen_version=version, actor=actor(), now=clock.now()
            )
            return url_for("imports.details_view", id=number)

        return self.go_through(
            door,
            form,
            act,
            done="反映を始めました。進み具合は、この画面でわかります。",
            preview=lambda: _preview(row, found, faulty=faulty),
            version=version,
            now_version=lambda: self.get_one(number).version,
        )

    @expose("/drop/", methods=("POST",))
    @permit(Permission.IMPORT_PREPARE)
    def drop(self) -> Any:
        """取りやめ."""
        done = "取込みを取りやめました。登録は変わっていません。"
        return self.decide(case.drop, title="取込みを取りやめる", back="取込みの画面へ戻る", done=done)


def _preview(row: ImportBatch, found: dict[tuple[SheetKind, RowOutcome], int], *, faulty: int) -> Preview:
    sentences = []
    if faulty:
        sentences.append(f"誤りのある行が {faulty:,} 行あります。その会員は、正しい行も含めて反映しません。")
    touched = touched_members(db.session(), row)
    if touched:
        sentences.append(
            f"確認のあとに登録が変わった会員が {touched:,} 社あります。その会員の行は反映せず、理由を一覧にします。"
        )
    heads = ("シート", "新規", "変更", "変更なし", "誤りあり")
    outcomes = (RowOutcome.NEW, RowOutcome.CHANGED, RowOutcome.SAME, RowOutcome.FAULTY)
    lines = [
        (label(sheet), *(f"{found.get((sheet, outcome), 0):,}" for outcome in outcomes))
        for sheet in SheetKind
        if any(of_sheet is sheet for of_sheet, _outcome in found)
    ]
    return Preview(
        sentences, [Facts("出どころ", [("データの出どころ", row.note or "")]), Table("反映する行", heads, lines)]
    )
