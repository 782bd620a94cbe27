from datetime import UTC, date, datetime

import pytest

from occto.domain.errors import Refusal
from occto.domain.joining import (
    AFTER_ACCEPTANCE,
    BEFORE_ACCEPTANCE,
    DECIDED,
    EDITABLE,
    JOINING,
    LABELS,
    MAIN_STAGE,
    WAITING_FOR_STAFF,
    WITHOUT_MAIN,
    ApplicationState,
    check_member_on,
    last_day_for_main,
    membership_date,
    reminder_days,
)
from occto.domain.permissions import Permission

S = ApplicationState
NOON = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("submitted_at", "acts", "on", "by_law"),
    [
        (NOON, [date(2026, 11, 24)], date(2026, 11, 24), True),
        (NOON, [date(2026, 11, 23)], date(2026, 11, 23), True),
        (NOON, [date(2026, 11, 22)], date(2026, 11, 23), False),
        (datetime(2026, 11, 22, 14, 59, 59, tzinfo=UTC), [date(2026, 11, 22)], date(2026, 11, 22), True),
        (datetime(2026, 11, 22, 15, 0, tzinfo=UTC), [date(2026, 11, 22)], date(2026, 11, 23), False),
        (NOON, [date(2027, 3, 1), date(2026, 12, 1)], date(2026, 12, 1), True),
        (NOON, [date(2027, 3, 1), date(2026, 11, 1)], date(2026, 11, 23), False),
        (datetime(2028, 2, 1, tzinfo=UTC), [date(2028, 2, 29)], date(2028, 2, 29), True),
    ],
)
def test_membership_begins_with_the_first_act(submitted_at: datetime, acts: list[date], on: date, by_law: bool) -> None:
    found = membership_date(submitted_at=submitted_at, act_dates=acts)
    assert (found.on, found.by_law) == (on, by_law)


def test_no_membership_before_every_act() -> None:
    acts = [date(2026, 12, 1), date(2027, 1, 1)]
    check_member_on(date(2026, 12, 1), act_dates=acts)
    with pytest.raises(Refusal) as caught:
        check_member_on(date(2026, 11, 30), act_dates=acts)
    assert (caught.value.code, caught.value.field) == ("before_act", "member_on")


@pytest.mark.parametrize(
    ("submitted_at", "day"),
    [
        (NOON, date(2027, 11, 23)),
        (datetime(2028, 2, 29, 3, 0, tzinfo=UTC), date(2029, 2, 28)),
        (datetime(2027, 2, 28, 3, 0, tzinfo=UTC), date(2028, 2, 28)),
        (datetime(2026, 12, 31, 15, 0, tzinfo=UTC), date(2028, 1, 1)),
    ],
)
def test_a_year_without_its_first_day(submitted_at: datetime, day: date) -> None:
    assert last_day_for_main(submitted_at) == day


def test_the_days_of_reminding() -> None:
    assert reminder_days(date(2026, 8, 31), date(2027, 8, 31)) == {
        "6m": date(2027, 2, 28),
        "9m": date(2027, 5, 31),
        "11m": date(2027, 7, 31),
        "14d": date(2027, 8, 17),
    }


def test_sets_of_states_agree_with_the_table() -> None:
    assert set(LABELS) == {state.value for state in S}
    assert not DECIDED & EDITABLE
    assert MAIN_STAGE < EDITABLE
    assert WAITING_FOR_STAFF < EDITABLE
    assert not BEFORE_ACCEPTANCE & AFTER_ACCEPTANCE
    assert not WITHOUT_MAIN & {S.MAIN_IN_REVIEW, S.MAIN_RETURNED, S.AWAITING_ACT}
    lapse, submit = JOINING.step("lapse"), JOINING.step("submit_provisional")
    assert lapse.sources == frozenset(state.value for state in WITHOUT_MAIN)
    assert submit.sources == frozenset(state.value for state in BEFORE_ACCEPTANCE)


def test_every_state_can_be_reached() -> None:
    reached, frontier = {S.DRAFT.value, S.REMOVED.value}, [S.DRAFT.value]
    while frontier:
        state = frontier.pop()
        for step in JOINING.steps:
            if state in step.sources and step.leads_to(state) not in reached:
                reached.add(step.leads_to(state))
                frontier.append(step.leads_to(state))
    assert reached == {state.value for state in S}


def test_there_is_no_rejection() -> None:
    """OCCTO may not refuse an eligible applicant (電気事業法 28条の10)."""
    endings = {step.target for step in JOINING.steps if step.target in {state.value for state in DECIDED}}
    assert endings == {"APPROVED", "WITHDRAWN", "LAPSED", "NOT_QUALIFIED"}


def test_approval_needs_a_second_person_and_endings_a_reason() -> None:
    approve = JOINING.step("approve")
    assert approve.second_person
    assert approve.permission is Permission.APPLICATION_APPROVE
    for name in ("return_provisional", "return_main", "hold", "extend", "carry_to_main", "lapse", "not_qualified"):
        assert JOINING.step(name).reason, name
