"""二人で行うこと: what one of the staff proposes and another confirms (業務: `domain` 4, Second person)."""

from enum import StrEnum

from occto.domain.permissions import Permission


class ProposalKind(StrEnum):
    """What is proposed. One open proposal a kind and subject."""

    FREEZE = "FREEZE"
    REFREEZE = "REFREEZE"
    LATE_FACT = "LATE_FACT"
    ELECTION = "ELECTION"
    SANCTION = "SANCTION"
    SANCTION_END = "SANCTION_END"
    SETTING = "SETTING"


K = ProposalKind
LABELS: dict[str, str] = {
    K.FREEZE: "議決権の確定",
    K.REFREEZE: "議決権の再確定",
    K.LATE_FACT: "基準日後判明の取扱い",
    K.ELECTION: "届出の要確認の決定",
    K.SANCTION: "権利の停止・制限の登録",
    K.SANCTION_END: "権利の停止・制限の終了",
    K.SETTING: "設定の変更",
}
PROPOSED_WITH: dict[ProposalKind, Permission] = {
    K.FREEZE: Permission.ASSEMBLY_EDIT,
    K.REFREEZE: Permission.ASSEMBLY_EDIT,
    K.LATE_FACT: Permission.ASSEMBLY_EDIT,
    K.ELECTION: Permission.ELECTION_ENTER,
    K.SANCTION: Permission.SANCTION_PROPOSE,
    K.SANCTION_END: Permission.SANCTION_PROPOSE,
    K.SETTING: Permission.SETTINGS_PROPOSE,
}
WEIGHS_REGISTER = frozenset({K.FREEZE, K.REFREEZE})
"""Confirmed while the register stands still: votes are calculated anew from all of it."""
CONFIRMED_WITH = Permission.PROPOSAL_CONFIRM
"""Whoever confirms any of them has this permission and is another person than who proposed."""
