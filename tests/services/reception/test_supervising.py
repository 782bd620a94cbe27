"""What the supervisor sets right, and what it does to the advance vote; desks made, paired and taken away."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.domain.reception import CheckInEnd, DeskProfile, ScanOutcome
from occto.domain.replies import Attendance
from occto.extensions import db
from occto.models import CheckIn, Desk, StandingReply
from occto.queries.reception import DESK_LASTS, desk_of_key
from occto.services.reception import desks, supervising
from occto.unit_of_work import run, unit_of_work
from tests.factories import Factory
from tests.observing import refused
from tests.racing import at_once
from tests.receiving import ARRIVAL, Door, counts, door
from tests.replying import reply

S = AssemblyState
LATER = ARRIVAL + timedelta(minutes=20)


@pytest.fixture
def at_door(make: Factory) -> Door:
    return door(make)


def _inside(scene: Door, *, voting: bool = True, replied: bool = True, **changes: Any) -> int:
    if replied:
        reply(scene.make, scene.held, scene.voter)
    answer = scene.show(scene.ticket(voting=voting, **changes))
    assert answer.entered is not None
    return answer.entered.id


def _aside() -> list[int | None]:
    db.session.rollback()
    return list(db.session.scalars(select(StandingReply.set_aside_by_check_in_id)))


def _ends() -> list[tuple[CheckInEnd | None, bool]]:
    db.session.rollback()
    return [(one.ending, one.voting) for one in db.session.scalars(select(CheckIn).order_by(CheckIn.id))]


class TestUndo:
    def test_the_advance_vote_stands_again(self, at_door: Door) -> None:
        entry = _inside(at_door)
        assert _aside() == [entry]
        run(supervising.undo, entry, reason="人違い", actor=at_door.supervisor, now=LATER)
        assert _aside() == [None]
        assert _ends() == [(CheckInEnd.UNDONE, True)]

    def test_and_the_person_may_come_again(self, at_door: Door) -> None:
        ticket = at_door.ticket()
        first = at_door.show(ticket)
        assert first.entered is not None
        run(supervising.undo, first.entered.id, reason="人違い", actor=at_door.supervisor, now=LATER)
        assert at_door.show(ticket).outcome is ScanOutcome.ADMITTED

    @pytest.mark.parametrize("reason", [None, "", "　 "])
    def test_needs_a_reason(self, at_door: Door, reason: str | None) -> None:
        entry = _inside(at_door)
        with refused("reason_missing", field="reason"):
            run(supervising.undo, entry, reason=reason, actor=at_door.supervisor, now=LATER)
        assert _aside() == [entry]

    def test_a_reason_has_its_limit(self, at_door: Door) -> None:
        entry = _inside(at_door)
        with refused("reason_too_long", field="reason"):
            run(supervising.undo, entry, reason="理" * 501, actor=at_door.supervisor, now=LATER)

    def test_once(self, at_door: Door) -> None:
        entry = _inside(at_door)
        run(supervising.undo, entry, reason="人違い", actor=at_door.supervisor, now=LATER)
        with refused("not_present"):
            run(supervising.undo, entry, reason="人違い", actor=at_door.supervisor, now=LATER)

    def test_not_by_a_desk_nor_by_other_staff(self, at_door: Door, make: Factory) -> None:
        entry = _inside(at_door)
        for actor in (at_door.volunteer, make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)):
            with refused("not_allowed"):
                run(supervising.undo, entry, reason="人違い", actor=actor, now=LATER)
        assert _ends() == [(None, True)]

    def test_not_after_the_hall_is_closed(self, at_door: Door) -> None:
        entry = _inside(at_door)
        with unit_of_work() as session:
            session.get_one(type(at_door.held), at_door.held.id).state = S.RESULT_FIXED
        with refused("hall_closed"):
            run(supervising.undo, entry, reason="人違い", actor=at_door.supervisor, now=LATER)

    def test_there_is_no_such_check_in(self, at_door: Door) -> None:
        with refused("not_found"):
            run(supervising.undo, 999, reason="人違い", actor=at_door.supervisor, now=LATER)


class TestLeave:
    def test_who_leaves_does_not_vote_in_advance_again(self, at_door: Door) -> None:
        entry = _inside(at_door)
        run(supervising.leave, entry, actor=at_door.supervisor, now=LATER)
        assert _aside() == [entry]
        assert _ends() == [(CheckInEnd.LEFT, True)]

    def test_and_may_come_back(self, at_door: Door) -> None:
        ticket = at_door.ticket()
        first = at_door.show(ticket)
        assert first.entered is not None
        run(supervising.leave, first.entered.id, actor=at_door.supervisor, now=LATER)
        assert at_door.show(ticket).outcome is ScanOutcome.ADMITTED
        assert counts(db.session)[0] == 2


class TestChangeRole:
    def test_an_observer_becomes_the_voter(self, at_door: Door) -> None:
        entry = _inside(at_door, voting=False)
        assert _aside() == [None]
        new = run(supervising.change_role, entry, voting=True, reason="部長の欠席", actor=at_door.supervisor, now=LATER)
        assert _aside() == [new]
        assert _ends() == [(CheckInEnd.CHANGED, False), (None, True)]

    def test_the_voter_becomes_an_observer(self, at_door: Door) -> None:
        entry = _inside(at_door)
        run(supervising.change_role, entry, voting=False, reason="本人の申出", actor=at_door.supervisor, now=LATER)
        assert _aside() == [None]
        assert _ends() == [(CheckInEnd.CHANGED, True), (None, False)]

    def test_not_beside_another_voter(self, at_door: Door) -> None:
        _inside(at_door)
        observer = _inside(at_door, voting=False, replied=False)
        with refused("voter_present"):
            run(supervising.change_role, observer, voting=True, reason="申出", actor=at_door.supervisor, now=LATER)
        assert _ends() == [(None, True), (None, False)]

    def test_not_without_votes(self, at_door: Door, make: Factory) -> None:
        later = make.member()  # after the freeze: not on the roll
        answer = at_door.show(at_door.ticket(later, voting=False))
        assert answer.entered is not None
        with refused("no_votes"):
            run(
                supervising.change_role,
                answer.entered.id,
                voting=True,
                reason="申出",
                actor=at_door.supervisor,
                now=LATER,
            )

    def test_not_to_what_it_is(self, at_door: Door) -> None:
        entry = _inside(at_door)
        with refused("role_same"):
            run(supervising.change_role, entry, voting=True, reason="申出", actor=at_door.supervisor, now=LATER)


@pytest.mark.races
def test_two_observers_become_the_voter_at_once(fresh_app: Flask) -> None:
    scene = door(Factory(fresh_app))
    entries = [_inside(scene, voting=False, replied=False, name=name) for name in ("一", "二")]
    chief = scene.supervisor
    db.session.remove()

    def change(entry: int) -> Callable[[], str]:
        def act() -> str:
            run(supervising.change_role, entry, voting=True, reason="申出", actor=chief, now=LATER)
            return "changed"

        return act

    assert sorted(at_once(fresh_app, [change(entry) for entry in entries])) == ["changed", "voter_present"]


class TestDesks:
    def _make(self, scene: Door, **changes: Any) -> int:
        values: dict[str, Any] = {
            "name": "受付 3番",
            "profile": DeskProfile.STANDARD,
            "contact": "鈴木（内線 0000）",
            "code_hash": "c" * 64,
            "actor": scene.supervisor,
            "now": ARRIVAL,
        }
        return run(desks.make_desk, scene.held.id, **(values | changes))

    def test_a_code_pairs_one_device_once(self, at_door: Door) -> None:
        self._make(at_door)
        nobody = at_door.volunteer
        paired = run(desks.pair_desk, code_hash="c" * 64, key_hash="k" * 64, actor=nobody, now=ARRIVAL)
        assert paired == at_door.held.id
        seen = desk_of_key(db.session(), "k" * 64, now=LATER)
        assert seen is not None
        assert (seen.name, seen.assembly_id) == ("受付 3番", at_door.held.id)
        with refused("code_unknown", field="code"):
            run(desks.pair_desk, code_hash="c" * 64, key_hash="x" * 64, actor=nobody, now=ARRIVAL)

    def test_a_code_has_its_time(self, at_door: Door) -> None:
        self._make(at_door)
        over = ARRIVAL + desks.CODE_LASTS
        with refused("code_unknown", field="code"):
            run(desks.pair_desk, code_hash="c" * 64, key_hash="k" * 64, actor=at_door.volunteer, now=over)
        desk = db.session.scalars(select(Desk).where(Desk.code_hash.is_not(None))).one()
        run(
            desks.renew_code,
            desk.id,
            code_hash="d" * 64,
            seen_version=desk.version,
            actor=at_door.supervisor,
            now=over,
        )
        run(desks.pair_desk, code_hash="d" * 64, key_hash="k" * 64, actor=at_door.volunteer, now=over)

    def test_a_new_code_ends_the_old_key(self, at_door: Door) -> None:
        desk = at_door.desk
        key = desk.key_hash or ""
        assert desk_of_key(db.session(), key, now=ARRIVAL) is not None
        run(desks.renew_code, desk.id, code_hash="d" * 64, seen_version=1, actor=at_door.supervisor, now=ARRIVAL)
        assert desk_of_key(db.session(), key, now=ARRIVAL) is None

    def test_taken_away_it_opens_nothing(self, at_door: Door) -> None:
        desk = at_door.desk
        key = desk.key_hash or ""
        run(desks.end_desk, desk.id, seen_version=1, actor=at_door.supervisor, now=ARRIVAL)
        assert desk_of_key(db.session(), key, now=ARRIVAL) is None
        with refused("desk_ended"):
            run(desks.end_desk, desk.id, seen_version=2, actor=at_door.supervisor, now=ARRIVAL)
        self._make(at_door, name="受付 1番")  # the name is free again

    def test_its_day_has_an_end(self, at_door: Door) -> None:
        desk = at_door.desk
        assert desk.paired_at is not None
        assert desk_of_key(db.session(), desk.key_hash or "", now=desk.paired_at + DESK_LASTS) is None

    def test_the_assembly_over_it_opens_nothing(self, at_door: Door) -> None:
        key = at_door.desk.key_hash or ""
        with unit_of_work() as session:
            session.get_one(type(at_door.held), at_door.held.id).state = S.CANCELLED
        assert desk_of_key(db.session(), key, now=ARRIVAL) is None

    def test_refusals(self, at_door: Door, make: Factory) -> None:
        with refused("name_taken", field="name"):
            self._make(at_door, name="受付 1番")
        with refused("name_missing", field="name"):
            self._make(at_door, name="  ")
        with refused("name_too_long", field="name"):
            self._make(at_door, name="受" * 41)
        approver = make.actor(make.staff(Role.APPROVER), Role.APPROVER)
        with refused("not_allowed"):
            self._make(at_door, actor=approver)
        with refused("stale"):
            run(desks.end_desk, at_door.desk.id, seen_version=7, actor=at_door.supervisor, now=ARRIVAL)
        assert db.session.scalars(select(Desk.name)).all() == ["受付 1番"]

    @pytest.mark.parametrize("state", [S.PREPARING, S.FROZEN, S.RESULT_FIXED, S.FINISHED])
    def test_not_in_every_state(self, make: Factory, state: AssemblyState) -> None:
        scene = door(make, state)
        with refused("not_open_for_desks"):
            self._make(scene)


def test_attendance_of_a_withdrawn_reply_takes_nothing_back(at_door: Door, make: Factory) -> None:
    reply(make, at_door.held, at_door.voter, Attendance.WITHDRAWN)
    assert at_door.show(at_door.ticket()).withdrawn is None


class TestAfterComingBack:
    """Who left and came back is one person: what the first arrival did is undone where it becomes an observer."""

    def test_an_observer_lets_the_vote_stand_again(self, at_door: Door) -> None:
        reply(at_door.make, at_door.held, at_door.voter)
        ticket = at_door.ticket()
        first = at_door.show(ticket)
        assert first.entered is not None
        run(supervising.leave, first.entered.id, actor=at_door.supervisor, now=ARRIVAL)
        again = at_door.show(ticket, now=LATER)
        assert again.entered is not None
        assert _aside() == [first.entered.id]
        run(
            supervising.change_role,
            again.entered.id,
            voting=False,
            reason="本人の申出",
            actor=at_door.supervisor,
            now=LATER,
        )
        assert _aside() == [None]

    def test_an_undo_leaves_what_the_first_arrival_did(self, at_door: Door) -> None:
        reply(at_door.make, at_door.held, at_door.voter)
        ticket = at_door.ticket()
        first = at_door.show(ticket)
        assert first.entered is not None
        run(supervising.leave, first.entered.id, actor=at_door.supervisor, now=ARRIVAL)
        again = at_door.show(ticket, now=LATER)
        assert again.entered is not None
        run(supervising.undo, again.entered.id, reason="人違い", actor=at_door.supervisor, now=LATER)
        assert _aside() == [first.entered.id]
