"""The calendar of an assembly: D-45 … D+10 as days, what is done and what is late (業務: `domain` 5.3, 6; 8 for the figures)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from occto.domain.assembly import UNTIL_THE_NOTICE
from occto.domain.assembly import AssemblyState as S
from occto.domain.calendar import IsHoliday, is_business_day, previous_business_day
from occto.domain.convocation import FLOOR_DAYS
from occto.domain.dates import JST, today_jst

PLAN_DAYS, REMINDER_DAYS, MINUTES_DAYS = 45, 7, 10
"""So many days before the assembly it is planned and members are reminded; so many after it the minutes are ready."""
_ORDER = {state: place for place, state in enumerate(S)}


class Milestone(StrEnum):
    PLAN = "PLAN"
    RECORD = "RECORD"
    FREEZE = "FREEZE"
    NOTICE = "NOTICE"
    REMINDER = "REMINDER"
    FLOOR = "FLOOR"
    LAST_REMINDER = "LAST_REMINDER"
    DEADLINE = "DEADLINE"
    DAY = "DAY"
    MINUTES = "MINUTES"


class Standing(StrEnum):
    """Where a milestone stands today. PASSED: nothing was to be done by staff, or it can no longer be."""

    DONE = "DONE"
    TODAY = "TODAY"
    OVERDUE = "OVERDUE"
    COMING = "COMING"
    PASSED = "PASSED"


M = Milestone
TITLES: dict[str, str] = {
    M.PLAN: "日時・場所・議案の案を決める",
    M.RECORD: "基準日（この日の終わりの登録で、議決権を数える）",
    M.FREEZE: "議決権の確定",
    M.NOTICE: "招集通知の送付",
    M.REMINDER: "回答のお願い（1回目）",
    M.FLOOR: "招集通知が届く期限（電気事業法 28条の36）",
    M.LAST_REMINDER: "回答のお願い（最後）",
    M.DEADLINE: "回答の締切",
    M.DAY: "総会",
    M.MINUTES: "議事録の作成、認可・承認の申請",
}
STANDINGS: dict[str, str] = {
    Standing.DONE: "完了",
    Standing.TODAY: "今日",
    Standing.OVERDUE: "期限超過",
    Standing.COMING: "これから",
    Standing.PASSED: "経過",
}
_DONE_FROM = {
    M.FREEZE: S.FROZEN,
    M.NOTICE: S.NOTIFIED,
    M.DEADLINE: S.REPLIES_CLOSED,
    M.DAY: S.RESULT_FIXED,
    M.MINUTES: S.FINISHED,
}
"""From which state on a milestone is done; the others say themselves when they are over."""


@dataclass(frozen=True, slots=True)
class Line:
    """A milestone with its day. `work_by`: the business day before, where the office is closed on the day itself."""

    milestone: Milestone
    on: date
    days: int
    """Days from the assembly: -30 is the thirtieth before."""
    business: bool
    work_by: date | None
    standing: Standing


def calendar(
    *,
    state: S,
    held_at: datetime,
    reply_until: datetime | None,
    record_days: int,
    freeze_days: int,
    notice_days: int,
    planned: bool,
    now: datetime,
    is_holiday: IsHoliday,
) -> list[Line]:
    """The milestones by day. `planned`: place and agenda are on record. `reply_until` None: the deadline is not shown."""
    held_on, today = held_at.astimezone(JST).date(), today_jst(now)

    def before(days: int) -> date:
        return held_on - timedelta(days=days)

    days = {
        M.PLAN: before(PLAN_DAYS),
        M.RECORD: before(record_days),
        M.FREEZE: before(freeze_days),
        M.NOTICE: before(notice_days),
        M.REMINDER: before(REMINDER_DAYS),
        M.FLOOR: before(FLOOR_DAYS),
        M.DAY: held_on,
        M.MINUTES: held_on + timedelta(days=MINUTES_DAYS),
    }
    if reply_until is not None:
        days[M.DEADLINE] = reply_until.astimezone(JST).date()
        days[M.LAST_REMINDER] = previous_business_day(days[M.DEADLINE], is_holiday=is_holiday)
    order = {milestone: place for place, milestone in enumerate(M)}
    lines = []
    for milestone, on in sorted(days.items(), key=lambda item: (item[1], order[item[0]])):
        business = is_business_day(on, is_holiday=is_holiday)
        by_staff = milestone not in {M.RECORD, M.DAY}
        lines.append(
            Line(
                milestone=milestone,
                on=on,
                days=(on - held_on).days,
                business=business,
                work_by=previous_business_day(on, is_holiday=is_holiday) if by_staff and not business else None,
                standing=_standing(milestone, on, state, planned=planned, today=today),
            )
        )
    return lines


def _standing(milestone: Milestone, on: date, state: S, *, planned: bool, today: date) -> Standing:
    stopped = state in {S.POSTPONED, S.CANCELLED}
    if _is_done(milestone, on, state, planned=planned, today=today):
        return Standing.DONE
    if stopped or (on < today and not _is_missed(milestone, state)):
        return Standing.PASSED
    if on == today:
        return Standing.TODAY
    return Standing.COMING if on > today else Standing.OVERDUE


def _is_done(milestone: Milestone, on: date, state: S, *, planned: bool, today: date) -> bool:
    if milestone is M.PLAN:
        return planned
    if milestone is M.RECORD:
        return on < today
    since = _DONE_FROM.get(milestone)
    if since is None or state in {S.POSTPONED, S.CANCELLED}:
        return False
    return _ORDER[state] >= _ORDER[since]


def _is_missed(milestone: Milestone, state: S) -> bool:
    """Whether what should be done by a day that is over can and must still be."""
    if milestone in {M.REMINDER, M.LAST_REMINDER}:
        return False
    return milestone is not M.FLOOR or state in UNTIL_THE_NOTICE
