"""The calendar of an assembly: real days, business days, done and late."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from occto.domain.assembly import AssemblyState as S
from occto.domain.assembly_calendar import TITLES, Line, Milestone, Standing, calendar
from occto.domain.dates import JST
from occto.holidays import is_holiday

M, T = Milestone, Standing
HELD = datetime(2026, 12, 18, 10, tzinfo=JST)
UNTIL = datetime(2026, 12, 17, 17, tzinfo=JST)


def _lines(today: date, state: S = S.PREPARING, **changes: Any) -> dict[Milestone, Line]:
    values: dict[str, Any] = {
        "state": state,
        "held_at": HELD,
        "reply_until": UNTIL,
        "record_days": 30,
        "freeze_days": 20,
        "notice_days": 14,
        "planned": True,
        "now": datetime(today.year, today.month, today.day, 12, tzinfo=JST),
        "is_holiday": is_holiday,
    }
    return {line.milestone: line for line in calendar(**(values | changes))}


def test_the_days_are_those_before_the_assembly() -> None:
    found = [(line.milestone, line.on, line.days) for line in _lines(date(2026, 11, 1)).values()]
    assert found == [
        (M.PLAN, date(2026, 11, 3), -45),
        (M.RECORD, date(2026, 11, 18), -30),
        (M.FREEZE, date(2026, 11, 28), -20),
        (M.NOTICE, date(2026, 12, 4), -14),
        (M.REMINDER, date(2026, 12, 11), -7),
        (M.FLOOR, date(2026, 12, 12), -6),
        (M.LAST_REMINDER, date(2026, 12, 16), -2),
        (M.DEADLINE, date(2026, 12, 17), -1),
        (M.DAY, date(2026, 12, 18), 0),
        (M.MINUTES, date(2026, 12, 28), 10),
    ]
    assert set(TITLES) == {str(one) for one in M}


def test_a_day_on_which_the_office_is_closed_names_the_one_before() -> None:
    lines = _lines(date(2026, 11, 1))
    assert (lines[M.PLAN].business, lines[M.PLAN].work_by) == (False, date(2026, 11, 2))  # 文化の日
    assert (lines[M.FREEZE].business, lines[M.FREEZE].work_by) == (False, date(2026, 11, 27))  # a Saturday
    assert (lines[M.NOTICE].business, lines[M.NOTICE].work_by) == (True, None)
    assert not lines[M.FLOOR].business
    sunday = _lines(date(2026, 11, 1), held_at=datetime(2026, 12, 20, 10, tzinfo=JST))
    assert (sunday[M.DAY].business, sunday[M.DAY].work_by) == (False, None)


def test_days_go_by_the_calendar_of_japan() -> None:
    held = datetime(2026, 12, 17, 15, 30, tzinfo=UTC)  # 0:30 on the 18th
    assert _lines(date(2026, 11, 1), held_at=held, reply_until=None)[M.DAY].on == date(2026, 12, 18)


def test_without_a_deadline_there_is_none_to_show() -> None:
    assert not {M.DEADLINE, M.LAST_REMINDER} & set(_lines(date(2026, 11, 1), reply_until=None))


@pytest.mark.parametrize(
    ("today", "state", "milestone", "standing"),
    [
        (date(2026, 11, 18), S.PREPARING, M.RECORD, T.TODAY),
        (date(2026, 11, 19), S.PREPARING, M.RECORD, T.DONE),
        (date(2026, 11, 28), S.COUNTING, M.FREEZE, T.TODAY),
        (date(2026, 11, 29), S.COUNTING, M.FREEZE, T.OVERDUE),
        (date(2026, 11, 29), S.FROZEN, M.FREEZE, T.DONE),
        (date(2026, 12, 5), S.FROZEN, M.NOTICE, T.OVERDUE),
        (date(2026, 12, 5), S.NOTIFIED, M.NOTICE, T.DONE),
        (date(2026, 12, 13), S.FROZEN, M.FLOOR, T.OVERDUE),
        (date(2026, 12, 13), S.REPLIES_OPEN, M.FLOOR, T.PASSED),
        (date(2026, 12, 12), S.REPLIES_OPEN, M.REMINDER, T.PASSED),
        (date(2026, 12, 17), S.REPLIES_OPEN, M.DEADLINE, T.TODAY),
        (date(2026, 12, 18), S.REPLIES_OPEN, M.DEADLINE, T.OVERDUE),
        (date(2026, 12, 18), S.REPLIES_CLOSED, M.DEADLINE, T.DONE),
        (date(2026, 12, 19), S.REPLIES_CLOSED, M.DAY, T.OVERDUE),
        (date(2026, 12, 19), S.FINISHED, M.DAY, T.DONE),
        (date(2026, 12, 19), S.RESULT_FIXED, M.MINUTES, T.COMING),
        (date(2026, 12, 29), S.PUBLISHED, M.MINUTES, T.OVERDUE),
        (date(2026, 12, 1), S.POSTPONED, M.NOTICE, T.PASSED),
        (date(2026, 12, 1), S.CANCELLED, M.DAY, T.PASSED),
        (date(2026, 12, 1), S.CANCELLED, M.RECORD, T.DONE),
    ],
)
def test_what_is_done_and_what_is_late(today: date, state: S, milestone: Milestone, standing: Standing) -> None:
    assert _lines(today, state)[milestone].standing is standing


def test_the_plan_is_late_until_place_and_agenda_are_there() -> None:
    assert _lines(date(2026, 11, 4), planned=False)[M.PLAN].standing is T.OVERDUE
    assert _lines(date(2026, 11, 4))[M.PLAN].standing is T.DONE
