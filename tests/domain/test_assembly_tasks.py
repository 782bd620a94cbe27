"""What is still to be done for an assembly: in which state which task is done, open or waits."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from occto.domain.assembly import AssemblyState as S
from occto.domain.assembly_tasks import Prepared, Task, TaskState, tasks
from occto.domain.dates import JST

NOW = datetime(2026, 11, 23, 12, tzinfo=JST)
EMPTY = Prepared(
    state=S.PREPARING,
    held_at=datetime(2026, 12, 18, 10, tzinfo=JST),
    record_on=date(2026, 11, 18),
    place=False,
    reception=False,
    reply_until=None,
    quorum=False,
    items=0,
    documents=0,
)
READY = replace(
    EMPTY,
    place=True,
    reception=True,
    reply_until=datetime(2026, 12, 17, 17, tzinfo=JST),
    quorum=True,
    items=3,
    documents=1,
    notice_tested=True,
)


def _tasks(at: Prepared, *, now: datetime = NOW, **changes: Any) -> dict[str, Task]:
    return {task.code: task for task in tasks(replace(at, **changes), now=now)}


def _open(found: dict[str, Task]) -> list[str]:
    return [code for code, task in found.items() if task.state is TaskState.OPEN]


def test_at_the_beginning_everything_is_to_be_done() -> None:
    found = _tasks(EMPTY)
    assert _open(found) == ["place", "reception", "deadline", "agenda", "documents", "quorum", "count", "notice"]
    assert {code: task.waits for code, task in found.items() if task.state is TaskState.LATER} == {
        "freeze": "基準日集計を始めてから",
        "notify": "議案を登録し、議決権を確定してから",
        "open": "招集通知を送ってから",
        "close": "2026年12月18日（金）10:00 に自動で締め切ります",
    }


def test_counting_waits_for_the_end_of_the_record_date() -> None:
    on_the_day = datetime(2026, 11, 18, 23, 59, tzinfo=JST)
    assert _tasks(READY, now=on_the_day)["count"].waits == "2026年11月18日（基準日）の翌日から"
    assert _tasks(READY, now=on_the_day + timedelta(minutes=1))["count"].state is TaskState.OPEN


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (S.PREPARING, ["count"]),
        (S.COUNTING, ["freeze"]),
        (S.FROZEN, ["notify"]),
        (S.NOTIFIED, ["open"]),
        (S.REPLIES_OPEN, []),
        (S.REPLIES_CLOSED, []),
        (S.FINISHED, []),
        (S.CANCELLED, []),
        (S.POSTPONED, ["follow"]),
    ],
)
def test_each_state_has_its_next_task(state: S, expected: list[str]) -> None:
    assert _open(_tasks(READY, state=state)) == expected


def test_at_the_deadline_the_replies_can_be_closed() -> None:
    assert READY.reply_until is not None
    found = _tasks(READY, state=S.REPLIES_OPEN, now=READY.reply_until)
    assert _open(found) == ["close", "desks"]


def test_what_can_no_longer_be_settled_is_not_asked_for() -> None:
    found = _tasks(EMPTY, state=S.REPLIES_OPEN, items=1)
    assert _open(found) == ["documents"]
    assert not {"place", "reception", "deadline", "quorum"} & set(found)


def test_what_turns_up_is_named_with_its_number() -> None:
    found = _tasks(
        READY,
        state=S.REPLIES_OPEN,
        late_open=2,
        elections_open=1,
        unnotified_items=1,
        bounced=1_200,
        tables_missing=("小売",),
    )
    assert _open(found) == ["shares", "late", "elections", "addendum", "bounced"]
    assert [found[code].note for code in _open(found)] == ["表のない区分：小売", "2件", "1件", "1件", "1,200社"]


@pytest.mark.parametrize(("state", "asked"), [(S.COUNTING, False), (S.FROZEN, True)])
def test_what_is_known_before_the_freeze_asks_for_nothing(state: S, *, asked: bool) -> None:
    assert ("late" in _tasks(READY, state=state, late_open=1)) is asked


def test_a_postponement_that_was_decided_is_a_task_until_it_is_done() -> None:
    assert "postpone" in _open(_tasks(READY, state=S.NOTIFIED, to_postpone=True))
    assert "postpone" not in _tasks(READY, state=S.POSTPONED, to_postpone=True)


def test_an_assembly_held_anew_asks_for_nothing_more() -> None:
    assert _open(_tasks(READY, state=S.POSTPONED, followed=True)) == []


NOTIFIED = replace(READY, state=S.REPLIES_CLOSED, desks=2, desks_paired=2, desks_practised=2, undecided=3)
THE_DAY = datetime(2026, 12, 18, 9, tzinfo=JST)


def test_the_day_is_prepared_from_three_days_before_it() -> None:
    bare = replace(NOTIFIED, desks=0, desks_paired=0, desks_practised=0)
    before = _tasks(bare, now=datetime(2026, 12, 14, 23, 59, tzinfo=JST))
    assert before["desks"].waits == before["practice"].waits == "2026年12月15日（総会の3日前）から"
    found = _tasks(bare, now=datetime(2026, 12, 15, tzinfo=JST))
    assert _open(found) == ["desks"]
    assert found["practice"].waits == "端末を接続してから"
    assert found["hall"].waits == "2026年12月18日（総会の当日）から"
    assert "desks" not in _tasks(replace(bare, state=S.FROZEN), now=THE_DAY)


def test_every_desk_is_paired_and_has_practised() -> None:
    found = _tasks(replace(NOTIFIED, desks=3, desks_practised=1), now=THE_DAY)
    assert _open(found) == ["desks", "practice", "hall"]
    assert (found["desks"].note, found["practice"].note) == ("2台（登録 3台）", "1台（接続 2台）")
    assert _open(_tasks(NOTIFIED, now=THE_DAY)) == ["hall"]
    assert _tasks(NOTIFIED, now=THE_DAY, state=S.REPLIES_OPEN)["hall"].waits == "回答を締め切ってから"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": S.HALL_OPEN}, ["decide"]),
        ({"state": S.HALL_OPEN, "desks_paired": 1}, ["desks", "decide"]),
        ({"state": S.VOTING, "desks": 0}, ["decide"]),
        ({"state": S.VOTING, "undecided": 0}, ["fix"]),
        ({"state": S.RESULT_FIXED, "undecided": 0}, ["publish", "minutes", "kit"]),
        ({"state": S.PUBLISHED, "undecided": 0, "minutes": True}, ["kit", "finish"]),
        ({"state": S.PUBLISHED, "undecided": 0, "minutes": True, "kit": True}, ["finish"]),
        ({"state": S.FINISHED, "undecided": 0}, []),
    ],
)
def test_from_the_hall_to_the_end(changes: dict[str, Any], expected: list[str]) -> None:
    assert _open(_tasks(NOTIFIED, now=THE_DAY, **changes)) == expected


def test_how_much_is_left_to_decide_is_said_at_the_hall() -> None:
    assert _tasks(NOTIFIED, now=THE_DAY)["decide"].note == ""
    assert _tasks(NOTIFIED, now=THE_DAY, state=S.VOTING)["decide"].note == "残り 3件"
