"""初期登録: states of an import, sheets of its workbook, and what becomes of a row (`domain` 4)."""

from enum import StrEnum


class ImportState(StrEnum):
    """UPLOADED waits for the dry run, CHECKED for release, RELEASED for the worker."""

    UPLOADED = "UPLOADED"
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
    """NEW, CHANGED and SAME are what the dry run foresees; DONE what was entered; SKIPPED what was left out."""

    NEW = "NEW"
    CHANGED = "CHANGED"
    SAME = "SAME"
    FAULTY = "FAULTY"
    DONE = "DONE"
    SKIPPED = "SKIPPED"


IMPORT_STATES: dict[str, str] = {
    ImportState.UPLOADED: "確認中",
    ImportState.CHECKED: "反映待ち",
    ImportState.RELEASED: "反映中",
    ImportState.DONE: "反映済み",
    ImportState.DROPPED: "取りやめ",
    ImportState.FAILED: "処理できませんでした",
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
    RowOutcome.NEW: "新規",
    RowOutcome.CHANGED: "変更",
    RowOutcome.SAME: "変更なし",
    RowOutcome.FAULTY: "誤りあり",
    RowOutcome.DONE: "反映済み",
    RowOutcome.SKIPPED: "反映しない",
}
