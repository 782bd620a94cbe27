"""確定の前の確認: what is undecided and could still change the votes of a record date (業務: `domain` 5.3)."""

from enum import StrEnum


class CaseKind(StrEnum):
    """What a case is about. ERROR: the calculation itself cannot stand; it has to be mended and cannot be marked."""

    APPLICATION = "APPLICATION"
    CHANGE = "CHANGE"
    ROSTER = "ROSTER"
    IMPORT = "IMPORT"
    ELECTION = "ELECTION"
    CONSENT = "CONSENT"
    OBJECTION = "OBJECTION"
    PROPOSAL = "PROPOSAL"
    ERROR = "ERROR"


K = CaseKind
LABELS: dict[str, str] = {
    K.APPLICATION: "加入申請",
    K.CHANGE: "変更申請",
    K.ROSTER: "名簿番号の変更案",
    K.IMPORT: "取込み",
    K.ELECTION: "届出（要確認）",
    K.CONSENT: "届出（同意のない会社から議決権が移る）",
    K.OBJECTION: "議決権への異議",
    K.PROPOSAL: "二人目の確認待ち",
    K.ERROR: "計算の誤り",
}
ERRORS: dict[str, str] = {
    "two_parents": "支配する親法人が2社以上登録されているため、議決権を集約できません。資本関係の登録を直してください。",
    "cycle": "親子の関係が輪になっているため、議決権を集約できません。資本関係の登録を直してください。",
}
"""Findings of the calculation that stand in the way of a freeze."""
