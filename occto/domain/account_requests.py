"""管理者の申請・変更 and lost second factors: states and steps of a request that OCCTO decides (`domain` 4).

Only OCCTO makes an administrator (利用規約 3.1/3.2.1, 3.1/3.2.2). The office says which member a request is about, which
tells the people on record there; a call to a number on record confirms it; a second person approves it.
"""

from enum import StrEnum

from occto.domain.clauses import Clause
from occto.domain.permissions import GRANTED_BY_MEMBER, Permission
from occto.domain.text import half_width
from occto.domain.workflow import Flow, Step


class AccountRequestKind(StrEnum):
    """What is asked: a further 管理者, a new one in place of an old one, or a new second factor."""

    ADMINISTRATOR = "ADMINISTRATOR"
    CHANGE = "CHANGE"
    SECOND_FACTOR = "SECOND_FACTOR"


class AccountRequestState(StrEnum):
    SUBMITTED = "SUBMITTED"
    MATCHED = "MATCHED"
    CONFIRMED = "CONFIRMED"
    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"


KIND_LABELS: dict[str, str] = {
    AccountRequestKind.ADMINISTRATOR: "管理者の追加",
    AccountRequestKind.CHANGE: "管理者の変更",
    AccountRequestKind.SECOND_FACTOR: "2段階認証の復旧",
}
S = AccountRequestState
LABELS: dict[str, str] = {
    S.SUBMITTED: "審査待ち",
    S.MATCHED: "電話での確認待ち",
    S.CONFIRMED: "承認待ち",
    S.APPROVED: "承認済",
    S.DECLINED: "確認できず終了",
    S.WITHDRAWN: "取下げ",
}
OPEN = frozenset({S.SUBMITTED, S.MATCHED, S.CONFIRMED})
_OPEN = frozenset(state.value for state in OPEN)
_MATCHED = frozenset({S.MATCHED.value, S.CONFIRMED.value})
ACCOUNT_REQUESTS = Flow(
    name="account_requests",
    title="管理者の申請・2段階認証の復旧",
    states=AccountRequestState,
    labels={str(key): words for key, words in LABELS.items()},
    steps=(
        Step("withdraw", "取り下げる", _OPEN, S.WITHDRAWN, Permission.ADMINISTRATOR_APPLY),
        Step("match", "会員・ユーザを特定する", _OPEN, S.MATCHED, Permission.ACCOUNT_PROCESS),
        Step(
            "confirm",
            "電話での確認を記録する",
            frozenset({S.MATCHED.value}),
            S.CONFIRMED,
            Permission.ACCOUNT_PROCESS,
            reason=True,
        ),
        Step("settle", "異議を確かめた結果を記録する", _MATCHED, None, Permission.ACCOUNT_PROCESS, reason=True),
        Step(
            "approve",
            "承認する",
            frozenset({S.CONFIRMED.value}),
            S.APPROVED,
            Permission.ACCOUNT_APPROVE,
            second_person=True,
        ),
        Step("decline", "確認できないため終了する", _OPEN, S.DECLINED, Permission.ACCOUNT_PROCESS, reason=True),
    ),
)
"""A request that cannot be confirmed ends with its reason; the company files it anew with what was missing.

A request about a member of the staff goes the same way, each step by a system administrator (`permission_for`).
"""

KEPT_ROLES = GRANTED_BY_MEMBER
"""What an old 管理者 may be afterwards, besides nothing at all."""
MOST_OPEN = 3
"""How many requests one address may have open from the public page."""
IN_PERSON, BY_POST = "in_person", "post"
"""Ways to confirm where no number is on record: a member of the staff in person, a company by a letter to its address."""


def permission_for(step: Step, *, of_staff: bool) -> Permission:
    """Who may take `step`: about a member of the staff only a system administrator."""
    return Permission.STAFF_MANAGE if of_staff else step.permission


def clause_of(kind: AccountRequestKind) -> Clause | None:
    """The clause that the request is made under; none for a second factor."""
    return {
        AccountRequestKind.ADMINISTRATOR: Clause.C3_1_3_2_1,
        AccountRequestKind.CHANGE: Clause.C3_1_3_2_2,
    }.get(kind)


def format_number(year: int, running: int) -> str:
    """The number of a request, such as A-2026-00042."""
    return f"A-{year}-{running:05d}"


def read_number(text: str) -> str | None:
    """The number that was typed, in its canonical form; None for anything else."""
    parts = half_width(text).strip().upper().split("-")
    if len(parts) != 3 or parts[0] != "A" or not all(part.isascii() and part.isdigit() for part in parts[1:]):
        return None
    return format_number(int(parts[1]), int(parts[2])) if len(parts[1]) == 4 and len(parts[2]) <= 9 else None
