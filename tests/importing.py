"""Workbooks of the first load as the office would fill them in, and the way of an import from the file to the register."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from occto import loading
from occto.domain.codes import ScanState
from occto.domain.import_sheets import BY_KIND
from occto.domain.importing import WORKED, RowOutcome, SheetKind
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import ImportBatch, ImportRow, User
from occto.services.imports import case
from occto.services.imports.release import release
from occto.unit_of_work import run
from occto.workbooks.writing import workbook
from tests.factories import NOW, Factory, corporate_number

Rows = Mapping[SheetKind, Sequence[Mapping[str, Any]]]
M, L, R, U, N, P = (
    SheetKind.MEMBERS,
    SheetKind.LICENCES,
    SheetKind.RELATIONS,
    SheetKind.USERS,
    SheetKind.ROSTER,
    SheetKind.PAST,
)


def book(rows: Rows) -> bytes:
    """A workbook with these cells, by sheet and key of the column."""
    lines = {
        sheet: [[row.get(column.key) for column in BY_KIND[sheet].columns] for row in of_sheet]
        for sheet, of_sheet in rows.items()
    }
    return b"".join(workbook(lines, faults=False))


def company(serial: int, **changes: Any) -> dict[str, Any]:
    """The row of a new member in 会員; its code is the serial number with leading zeros."""
    return {
        "operator_code": f"{serial:05d}",
        "name": f"取込電力{serial}株式会社",
        "kana": "とりこみでんりょく",
        "corporate_number": corporate_number(500_000 + serial),
        "legal_form": "株式会社",
        "postal_code": "１００－０００１",
        "prefecture": "東京都",
        "address": "千代田区千代田1番1号",
        "representative_title": "代表取締役",
        "representative_name": "髙橋 𠮷雄",
        "representative_kana": "ﾀｶﾊｼ ﾖｼｵ",
        "capital": 150_000_000,
        "member_contact_department": "総務部",
        "member_contact_name": "鈴木 花子",
        "member_contact_email": f"desk{serial}@torikomi.example.jp",
        "member_contact_phone": "03-1234-5678",
        "member_on": date(2016, 4, 1),
        "roster_no": 1000 + serial,
    } | changes


def licence(serial: int, **changes: Any) -> dict[str, Any]:
    """A row in 区分."""
    return {
        "operator_code": f"{serial:05d}",
        "category": "発電事業者",
        "number": f"A{serial:04d}",
        "effective_on": date(2016, 4, 1),
    } | changes


def person(serial: int, **changes: Any) -> dict[str, Any]:
    """A row in ユーザ: the administrator."""
    return {
        "operator_code": f"{serial:05d}",
        "email": f"Admin{serial}@torikomi.example.jp",
        "name": f"佐藤 {serial}子",
        "role": "管理者",
    } | changes


def whole(*serials: int) -> dict[SheetKind, list[dict[str, Any]]]:
    """New members with a licence and an administrator each."""
    return {
        M: [company(serial) for serial in serials],
        L: [licence(serial) for serial in serials],
        U: [person(serial) for serial in serials],
    }


class Loading:
    """An operator and an approver, and imports on their way between them."""

    def __init__(self, make: Factory) -> None:
        self.make = make
        self.operator = make.staff(Role.OPERATOR, name="小林 恵")
        self.approver = make.staff(Role.APPROVER, name="高橋 直樹")

    def upload(self, rows: Rows | bytes, *, by: User | None = None) -> int:
        """Send a workbook; returns the number of the import."""
        content = rows if isinstance(rows, bytes) else book(rows)
        return run(
            case.upload,
            name="初期登録.xlsx",
            content=content,
            note="2026年11月の一覧から",
            scan_state=ScanState.NOT_CONFIGURED,
            actor=self.make.actor(by or self.operator, Role.OPERATOR),
            now=NOW,
        )

    def check(self, rows: Rows | bytes) -> int:
        """Send a workbook and let the worker compare it."""
        number = self.upload(rows)
        work()
        return number

    def release(self, import_id: int, *, valid_only: bool = False, by: User | None = None) -> int:
        """Release what was compared; returns how many rows will be entered."""
        return run(
            release,
            import_id,
            valid_only=valid_only,
            seen_version=batch(import_id).version,
            actor=self.make.actor(by or self.approver, Role.APPROVER),
            now=NOW,
        )

    def enter(self, rows: Rows | bytes, *, valid_only: bool = False) -> int:
        """The whole way, to the end."""
        number = self.check(rows)
        self.release(number, valid_only=valid_only)
        work()
        return number


def work(rounds: int = 200) -> None:
    """Let the worker go on until no import has anything left to do."""
    for _ in range(rounds):
        worked = loading.work_imports()
        db.session.remove()
        if not worked:
            return
    raise AssertionError("the worker does not come to an end")


def batch(import_id: int) -> ImportBatch:
    """The import as it stands."""
    db.session.expunge_all()
    db.session.rollback()
    found = db.session.get(ImportBatch, import_id)
    assert found is not None
    db.session.expunge_all()
    db.session.rollback()
    return found


def rows_of(import_id: int) -> list[ImportRow]:
    """The rows as they stand, by sheet and number."""
    db.session.expunge_all()
    db.session.rollback()
    query = select(ImportRow).where(ImportRow.import_id == import_id).order_by(ImportRow.sheet, ImportRow.row_no)
    found = list(db.session.scalars(query))
    db.session.expunge_all()
    db.session.rollback()
    return found


def outcomes(import_id: int) -> list[tuple[SheetKind, int, RowOutcome]]:
    """What became of each row."""
    return [(row.sheet, row.row_no, row.outcome) for row in rows_of(import_id)]


def faults(import_id: int) -> list[str]:
    """Title and sentence of every fault."""
    return [f"{title}：{sentence}" for row in rows_of(import_id) for title, sentence in row.faults]


def working(import_id: int) -> bool:
    """Whether the worker still has to do with it."""
    return batch(import_id).state in WORKED
