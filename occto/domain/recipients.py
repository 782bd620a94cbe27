"""Whom the office writes to at a member about an assembly: 総会担当 else 会員担当, 管理者, contractors (業務: `domain` 6)."""

from enum import StrEnum


class RecipientKind(StrEnum):
    """What somebody who is told about an assembly is to the member."""

    ASSEMBLY_CONTACT = "ASSEMBLY_CONTACT"
    MEMBER_CONTACT = "MEMBER_CONTACT"
    ADMINISTRATOR = "ADMINISTRATOR"
    CONTRACTOR = "CONTRACTOR"


K = RecipientKind
LABELS: dict[str, str] = {
    K.ASSEMBLY_CONTACT: "総会担当",
    K.MEMBER_CONTACT: "会員担当",
    K.ADMINISTRATOR: "管理者",
    K.CONTRACTOR: "受託者",
}
