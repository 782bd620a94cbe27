"""管理者の申請・変更 and lost second factors: states and steps of a request that OCCTO decides (`domain` 4).

Only OCCTO makes an administrator (利用規約 3.1/3.2.1, 3.1/3.2.2). A call to a number on record confirms the request, a second
person approves it.
"""

from enum import StrEnum

from occto.domain.permissions import Permission
from occto.domain.workflow import Flow, Step


class AccountRequestKind(StrEnum):
    """What is asked: a further 管理者, a new one in place of an old one, or a new second factor."""

    ADMINISTRATOR = "ADMINISTRATOR"
    CHANGE = "CHANGE"
    SECOND_FACTOR = "SECOND_FACTOR"


class AccountRequestState(StrEnum):
    SUBMITTED = "SUBMITTED"
    CONFIRMED = "CONFIRMED"
    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"


S = AccountRequestState
LABELS: dict[str, str] = {
    S.SUBMITTED: "審査待ち",
    S.CONFIRMED: "承認待ち（電話で確認済み）",
    S.APPROVED: "承認済",
    S.DECLINED: "確認できず終了",
    S.WITHDRAWN: "取下げ",
}
OPEN = frozenset({S.SUBMITTED, S.CONFIRMED})
_OPEN = frozenset(state.value for state in OPEN)
ACCOUNT_REQUESTS = Flow(
    name="account_requests",
    title="管理者の申請・2段階認証の復旧",
    states=AccountRequestState,
    labels={str(key): words for key, words in LABELS.items()},
    steps=(
        Step("withdraw", "取り下げる", _OPEN, S.WITHDRAWN, Permission.ADMINISTRATOR_APPLY),
        Step(
            "confirm",
            "電話での確認を記録する",
            frozenset({S.SUBMITTED.value}),
            S.CONFIRMED,
            Permission.ACCOUNT_PROCESS,
            reason=True,
        ),
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
"""A request that cannot be confirmed ends with its reason; the company files it anew with what was missing."""


def format_number(year: int, running: int) -> str:
    """The number of a request, such as A-2026-00042."""
    return f"A-{year}-{running:05d}"
