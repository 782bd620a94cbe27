"""総会: kinds, states and the record date (業務: `domain` 5.1 and 6)."""

from datetime import date, timedelta
from enum import StrEnum

from occto.domain.settings import RECORD_DAYS


class AssemblyKind(StrEnum):
    ORDINARY = "ORDINARY"
    EXTRAORDINARY = "EXTRAORDINARY"


class AssemblyState(StrEnum):
    PREPARING = "PREPARING"
    COUNTING = "COUNTING"
    FROZEN = "FROZEN"
    NOTIFIED = "NOTIFIED"
    REPLIES_OPEN = "REPLIES_OPEN"
    REPLIES_CLOSED = "REPLIES_CLOSED"
    HALL_OPEN = "HALL_OPEN"
    VOTING = "VOTING"
    RESULT_FIXED = "RESULT_FIXED"
    PUBLISHED = "PUBLISHED"
    FINISHED = "FINISHED"
    POSTPONED = "POSTPONED"
    CANCELLED = "CANCELLED"


S = AssemblyState
LABELS: dict[str, str] = {
    S.PREPARING: "準備",
    S.COUNTING: "基準日集計",
    S.FROZEN: "確定",
    S.NOTIFIED: "招集通知",
    S.REPLIES_OPEN: "回答受付",
    S.REPLIES_CLOSED: "回答締切",
    S.HALL_OPEN: "当日受付",
    S.VOTING: "採決",
    S.RESULT_FIXED: "結果確定",
    S.PUBLISHED: "公表",
    S.FINISHED: "完了",
    S.POSTPONED: "延期",
    S.CANCELLED: "中止",
}
CLOSED = frozenset({S.RESULT_FIXED, S.PUBLISHED, S.FINISHED, S.CANCELLED})
"""States in which the votes of an assembly can no longer change; in every other one it is open."""
FROZEN_OR_LATER = frozenset({S.FROZEN, S.NOTIFIED, S.REPLIES_OPEN, S.REPLIES_CLOSED, S.HALL_OPEN, S.VOTING})
"""Open, but the allocation is fixed: later facts need a decision (基準日後判明)."""


def record_date(held_on: date) -> date:
    """基準日: RECORD_DAYS days before the assembly; facts count as they stand at the end of that day."""
    return held_on - timedelta(days=RECORD_DAYS)


def fiscal_year(day: date) -> int:
    """The fiscal year (1 April to 31 March) that `day` lies in."""
    return day.year if day.month >= 4 else day.year - 1
