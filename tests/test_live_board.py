"""The stored count: counted at most once a second whoever looks, kept apart from replies, whole under many viewers."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, Response
from sqlalchemy import delete, select

from occto import live_board
from occto.domain.replies import Attendance
from occto.domain.tally import Choice
from occto.extensions import db
from occto.live_board import replies_board
from occto.models import BoardCount
from occto.queries.recounting import REPLIES
from occto.queries.reply_board import count_replies
from occto.services import board
from occto.unit_of_work import Busy, run, unit_of_work
from tests.assembling import HELD, assembly, item
from tests.factories import NOW, Factory
from tests.queries.test_reply_board import leave
from tests.racing import at_once
from tests.replying import reply

MOMENT = timedelta(milliseconds=999)


@pytest.fixture
def recounts(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One entry for each count that was made."""
    made: list[Any] = []

    def counting(*args: Any, **kwargs: Any) -> Any:
        made.append(args)
        return count_replies(*args, **kwargs)

    monkeypatch.setattr(live_board, "count_replies", counting)
    return made


def answered(found: Any) -> int:
    return sum(row[3] for row in found.counts["roll"] if row[1])


def test_for_a_second_the_stored_count_is_shown(make: Factory, recounts: list[Any]) -> None:
    members = [make.member() for _ in range(2)]
    held = assembly(make)
    first = replies_board(held.id, now=NOW)
    assert first is not None
    assert (answered(first), first.counted_at) == (0, NOW)
    reply(make, held, members[0])
    same = replies_board(held.id, now=NOW + MOMENT)
    assert same == first
    assert len(recounts) == 1
    later = replies_board(held.id, now=NOW + timedelta(seconds=1))
    assert later is not None
    assert answered(later) == 1
    assert later.etag != first.etag
    assert len(recounts) == 2


def test_equal_counts_have_equal_etags(make: Factory) -> None:
    make.member()
    held = assembly(make)
    first, second = (replies_board(held.id, now=NOW + timedelta(seconds=5 * n)) for n in range(2))
    assert first is not None
    assert second is not None
    assert first.etag == second.etag
    assert second.counted_at > first.counted_at


def test_before_the_freeze_nothing_is_stored(make: Factory) -> None:
    from occto.domain.assembly import AssemblyState

    held = assembly(make, AssemblyState.COUNTING)
    assert replies_board(held.id, now=NOW) is None
    assert db.session.scalars(select(BoardCount)).all() == []


def test_a_claim_is_given_once_and_held_while_it_is_counted(make: Factory) -> None:
    make.member()
    held = assembly(make)
    assert run(board.claim, held.id, REPLIES, now=NOW)
    assert not run(board.claim, held.id, REPLIES, now=NOW + timedelta(seconds=2))
    counts = count_replies(db.session(), held.id, day=NOW.date())
    assert counts is not None
    run(board.store, held.id, REPLIES, counts, began=NOW)
    assert not run(board.claim, held.id, REPLIES, now=NOW + MOMENT)
    assert run(board.claim, held.id, REPLIES, now=NOW + board.FRESH)


def test_a_counter_that_died_is_not_waited_for_forever(make: Factory) -> None:
    make.member()
    held = assembly(make)
    assert run(board.claim, held.id, REPLIES, now=NOW)
    assert not run(board.claim, held.id, REPLIES, now=NOW + board.PATIENCE - timedelta(seconds=1))
    assert run(board.claim, held.id, REPLIES, now=NOW + board.PATIENCE)


def test_an_older_count_never_replaces_a_later_one(make: Factory) -> None:
    member = make.member()
    held = assembly(make)
    old = count_replies(db.session(), held.id, day=NOW.date())
    reply(make, held, member)
    new = count_replies(db.session(), held.id, day=NOW.date())
    assert old is not None
    assert new is not None
    run(board.store, held.id, REPLIES, new, began=NOW + timedelta(seconds=3))
    run(board.store, held.id, REPLIES, old, began=NOW)
    row = db.session.get_one(BoardCount, (held.id, REPLIES))
    assert row.counts == new


def test_while_another_counts_the_older_count_is_shown(make: Factory, recounts: list[Any]) -> None:
    member = make.member()
    held = assembly(make)
    assert run(board.claim, held.id, REPLIES, now=NOW)
    unkept = replies_board(held.id, now=NOW)  # nothing is stored yet: counted for this viewer, and not kept
    assert unkept is not None
    assert db.session.get(BoardCount, (held.id, REPLIES)) is None
    run(board.store, held.id, REPLIES, unkept.counts, began=NOW)
    reply(make, held, member)
    assert run(board.claim, held.id, REPLIES, now=NOW + timedelta(seconds=5))
    recounts.clear()
    older = replies_board(held.id, now=NOW + timedelta(seconds=6))
    assert older is not None
    assert (answered(older), recounts) == (0, [])


@pytest.mark.parametrize("verb", ["claim", "store"])
def test_where_nothing_can_be_written_the_board_is_still_shown(
    make: Factory, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    member = make.member()
    held = assembly(make)
    reply(make, held, member)

    def busy(*_args: Any, **_kwargs: Any) -> Any:
        raise Busy(collided=False)

    monkeypatch.setattr(board, verb, busy)
    found = replies_board(held.id, now=NOW)
    assert found is not None
    assert answered(found) == 1
    assert db.session.get(BoardCount, (held.id, REPLIES)) is None


def test_many_viewers_at_once_make_one_count(fresh_app: Flask, recounts: list[Any]) -> None:
    make = Factory(fresh_app)
    member = make.member()
    held = assembly(make)
    number = held.id
    replies_board(number, now=NOW)
    for turn in range(1, 4):
        reply(make, held, member, Attendance.ATTEND)
        recounts.clear()
        found = at_once(fresh_app, [lambda at=turn: replies_board(number, now=NOW + timedelta(seconds=2 * at))] * 8)
        assert len(recounts) == 1
        assert {answered(one) for one in found} <= {0, 1}
        last = replies_board(number, now=NOW + timedelta(seconds=2 * turn))
        assert last is not None
        assert answered(last) == 1


def test_viewers_and_replies_at_once_lose_nothing(fresh_app: Flask) -> None:
    """Replies write their own rows while others look; the last look counts them all."""
    make = Factory(fresh_app)
    members = [make.member() for _ in range(6)]
    held = assembly(make)
    one, number = item(held), held.id

    def look(turn: int) -> Any:
        return [replies_board(number, now=NOW + timedelta(seconds=2 * turn + n)) for n in range(3)]

    acts = [lambda who=who: reply(make, held, who, choices={one: Choice.YES}).no for who in members]
    results = at_once(fresh_app, [*acts, *(lambda turn=turn: look(turn) for turn in range(4))])
    assert results[:6] == [1] * 6
    last = replies_board(number, now=NOW + timedelta(hours=1))
    assert last is not None
    assert answered(last) == 6
    assert last.counts["ballots"] == [[one.id, "YES", "ELECTRONIC", 6, 6, 6]]


def test_the_cache_can_be_thrown_away(make: Factory) -> None:
    member = make.member()
    held = assembly(make)
    reply(make, held, member)
    first = replies_board(held.id, now=NOW)
    with unit_of_work() as session:
        session.execute(delete(BoardCount))
    again = replies_board(held.id, now=NOW + MOMENT)
    assert first is not None
    assert again is not None
    assert again.counts == first.counts


def test_a_viewer_is_told_how_old_a_count_is(make: Factory) -> None:
    make.member()
    found = replies_board(assembly(make).id, now=NOW)
    assert found is not None
    for later, age in ((timedelta(0), "0"), (timedelta(milliseconds=740), "740"), (timedelta(seconds=-1), "0")):
        answer = Response()
        live_board.tell_age(answer, found, now=NOW + later)
        assert answer.headers["X-Count-Age"] == age
        assert answer.headers["X-Counted-At"] == NOW.isoformat(timespec="seconds")


def test_who_leaves_after_the_day_changes_nothing_of_it(make: Factory) -> None:
    """回答の状況 of a past assembly: its roll and its answers are those of its day."""
    members = [make.member() for _ in range(3)]
    held = assembly(make)
    for member in members[:2]:
        reply(make, held, member)
    leave(members[0], HELD.date() + timedelta(days=1))
    leave(members[1], HELD.date())
    on_the_day, afterwards = (replies_board(held.id, now=HELD + timedelta(days=days)) for days in (0, 90))
    assert on_the_day is not None
    assert afterwards is not None
    assert [row[2:4] for row in afterwards.counts["roll"] if row[2]] == [[1, 1]]
    assert afterwards.counts == on_the_day.counts
