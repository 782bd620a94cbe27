"""初期登録: states of an import, sheets of its workbook, and what becomes of a row (`domain` 4)."""

from enum import StrEnum

from occto.domain.permissions import Permission
from occto.domain.workflow import Flow, Step

BATCH = 200
"""Rows that are checked or entered in one transaction."""
MOST_ROWS = 20_000
"""Rows of one sheet."""


class ImportState(StrEnum):
    """UPLOADED is being read, READ compared with the register; CHECKED waits for release, RELEASED for the worker."""

    UPLOADED = "UPLOADED"
    READ = "READ"
    CHECKED = "CHECKED"
    RELEASED = "RELEASED"
    DONE = "DONE"
    DROPPED = "DROPPED"
    FAILED = "FAILED"


class SheetKind(StrEnum):
    MEMBERS = "MEMBERS"
    LICENCES = "LICENCES"
    RELATIONS = "RELATIONS"
    USERS = "USERS"
    ROSTER = "ROSTER"
    PAST = "PAST"


class RowOutcome(StrEnum):
    """READ waits for the comparison; NEW, CHANGED and SAME are what it foresees; DONE was entered, SKIPPED left out."""

    READ = "READ"
    NEW = "NEW"
    CHANGED = "CHANGED"
    SAME = "SAME"
    FAULTY = "FAULTY"
    DONE = "DONE"
    SKIPPED = "SKIPPED"


S = ImportState
IMPORT_STATES: dict[str, str] = {
    S.UPLOADED: "読み込み中",
    S.READ: "確認中",
    S.CHECKED: "反映待ち",
    S.RELEASED: "反映中",
    S.DONE: "反映済み",
    S.DROPPED: "取りやめ",
    S.FAILED: "中止",
}
SHEETS: dict[str, str] = {
    SheetKind.MEMBERS: "会員",
    SheetKind.LICENCES: "区分",
    SheetKind.RELATIONS: "資本関係",
    SheetKind.USERS: "ユーザ",
    SheetKind.ROSTER: "名簿番号",
    SheetKind.PAST: "過去の変更",
}
ROW_OUTCOMES: dict[str, str] = {
    RowOutcome.READ: "確認前",
    RowOutcome.NEW: "新規",
    RowOutcome.CHANGED: "変更",
    RowOutcome.SAME: "変更なし",
    RowOutcome.FAULTY: "誤りあり",
    RowOutcome.DONE: "反映済み",
    RowOutcome.SKIPPED: "反映しない",
}
TO_ENTER = (RowOutcome.NEW, RowOutcome.CHANGED)
WORKED = (S.UPLOADED, S.READ, S.RELEASED)
"""States in which the worker has something to do."""
IMPORTS = Flow(
    name="imports",
    title="取込み",
    states=ImportState,
    labels={str(key): words for key, words in IMPORT_STATES.items()},
    steps=(
        Step("read", "ファイルを読み込む（自動）", frozenset({S.UPLOADED}), S.READ, Permission.IMPORT_PREPARE),
        Step("compare", "登録と比べる（自動）", frozenset({S.READ}), S.CHECKED, Permission.IMPORT_PREPARE),
        Step("fail", "続けられない（自動）", frozenset(WORKED), S.FAILED, Permission.IMPORT_PREPARE),
        Step("release", "反映する", frozenset({S.CHECKED}), S.RELEASED, Permission.IMPORT_RELEASE, second_person=True),
        Step("enter", "反映し終わる（自動）", frozenset({S.RELEASED}), S.DONE, Permission.IMPORT_RELEASE),
        Step("drop", "取りやめる", frozenset({S.UPLOADED, S.READ, S.CHECKED}), S.DROPPED, Permission.IMPORT_PREPARE),
    ),
)
"""The steps marked 自動 are the worker's. Whoever sent the workbook never releases it."""
