"""The life cycle before the day: counting, closing on time and once, postponed and held anew, cancelled, finished."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from occto import worker
from occto.domain.actor import Actor
from occto.domain.agenda import ItemKind
from occto.domain.assembly import ASSEMBLY, AssemblyKind, AssemblyState
from occto.domain.assembly_settings import AssemblySettings, read_settings
from occto.domain.codes import MailState, MemberState, SnapshotState
from occto.domain.dates import JST
from occto.domain.permissions import STAFF_ROLES, Role, permissions_of
from occto.extensions import db
from occto.holidays import is_holiday
from occto.models import (
    AgendaConflict,
    AgendaItem,
    Assembly,
    AuditDetail,
    AuditEvent,
    Member,
    OutboxMail,
    ReceiptList,
    Snapshot,
)
from occto.queries.assemblies import due_to_close
from occto.services import assemblies
from occto.services.assemblies import moves
from occto.unit_of_work import run, unit_of_work
from tests.assembling import HELD, RECORD_ON, UNTIL, assembly, item
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.racing import at_once
from tests.registering import read

S = AssemblyState
REASON = "会場が使えなくなったため"
AFTER = HELD + timedelta(hours=2)
DAY = HELD - timedelta(hours=10)
"""Midnight in Japan."""


@pytest.fixture
def operator(make: Factory) -> Actor:
    return make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)


@pytest.fixture
def approver(make: Factory) -> Actor:
    return make.actor(make.staff(Role.APPROVER), Role.APPROVER)


def _count(held: Assembly, actor: Actor, *, version: int = 1, now: datetime = NOW) -> None:
    run(assemblies.start_counting, held.id, seen_version=version, actor=actor, now=now)


def _close(held: Assembly, actor: Actor, *, version: int = 1, now: datetime = UNTIL) -> None:
    run(assemblies.close_replies, held.id, seen_version=version, actor=actor, now=now)


def _postpone(held: Assembly, actor: Actor, *, version: int = 1, reason: str | None = REASON) -> Any:
    return run(assemblies.postpone_assembly, held.id, reason=reason, seen_version=version, actor=actor, now=NOW)


def _cancel(held: Assembly, actor: Actor, *, version: int = 1, reason: str | None = REASON) -> Any:
    return run(assemblies.cancel_assembly, held.id, reason=reason, seen_version=version, actor=actor, now=NOW)


def _finish(held: Assembly, actor: Actor, *, version: int = 1, now: datetime = AFTER) -> None:
    run(assemblies.finish_assembly, held.id, seen_version=version, actor=actor, now=now)


def _follow(held: Assembly, actor: Actor, *, version: int = 1, **changes: Any) -> int:
    values: dict[str, Any] = {
        "no": held.no,
        "held_on": date(2027, 1, 29),
        "held_time": time(14),
        "place": "東都会館",
        "is_holiday": is_holiday,
        "now": NOW,
    }
    return run(assemblies.follow_postponed, held.id, seen_version=version, actor=actor, **(values | changes))


def _row(assembly_id: int) -> Assembly:
    db.session.rollback()
    return db.session.get_one(Assembly, assembly_id)


def _last_detail(tag: str = "assembly.closed") -> dict[str, Any]:
    db.session.rollback()
    details = select(AuditDetail.payload).join(AuditEvent, AuditEvent.id == AuditDetail.event_id)
    found = db.session.scalars(details.where(AuditEvent.tag == tag).order_by(AuditDetail.event_id.desc())).first()
    assert found is not None
    return dict(found)


STEPS: dict[str, tuple[Callable[..., Any], datetime]] = {
    "count": (_count, NOW),
    "close_replies": (_close, UNTIL),
    "postpone": (_postpone, NOW),
    "cancel": (_cancel, NOW),
    "finish": (_finish, AFTER),
    "follow": (_follow, NOW),
}


@pytest.mark.parametrize("role", STAFF_ROLES)
@pytest.mark.parametrize("name", STEPS)
def test_every_state_and_step_and_role_as_the_table_says(make: Factory, name: str, role: Role) -> None:
    step, act = ASSEMBLY.step(name), STEPS[name][0]
    actor = make.actor(make.staff(role), role)
    for state in S:
        held = assembly(make, state)
        if step.permission not in permissions_of((role,)):
            with refused("not_allowed"):
                act(held, actor)
        elif state not in step.sources:
            with refused("illegal_step"):
                act(held, actor)
        else:
            act(held, actor)
            assert _row(held.id).state == step.leads_to(state)


@pytest.mark.parametrize("name", STEPS)
def test_what_was_on_the_screen_decides(make: Factory, approver: Actor, name: str) -> None:
    held = assembly(make, S(min(ASSEMBLY.step(name).sources)))
    with refused("stale"):
        STEPS[name][0](held, approver, version=7)
    held.id = 10**6
    with refused("not_found"):
        STEPS[name][0](held, approver)


def test_counting_begins_when_the_record_date_is_over(make: Factory, operator: Actor) -> None:
    held = assembly(make, S.PREPARING)
    with refused("record_date_not_over"):
        _count(held, operator, now=datetime(2026, 11, 18, 23, 59, 59, tzinfo=JST))
    _count(held, operator, now=datetime(2026, 11, 19, tzinfo=JST))
    assert (held.record_on, _row(held.id).state) == (RECORD_ON, S.COUNTING)
    assert _last_detail("assembly.step") == {"step": "count", "from": "PREPARING", "to": "COUNTING", "reason": None}
    assert [tuple(row) for row in read(select(Snapshot.assembly_id, Snapshot.state))] == [
        (held.id, SnapshotState.DRAFT)
    ]


def test_replies_close_at_the_deadline_and_not_before(make: Factory, operator: Actor) -> None:
    held = assembly(make, S.REPLIES_OPEN)
    with refused("replies_still_open"):
        _close(held, operator, now=UNTIL - timedelta(microseconds=1))
    _close(held, operator, now=UNTIL)
    assert (_row(held.id).state, _row(held.id).version) == (S.REPLIES_CLOSED, 2)


def test_the_machine_closes_every_assembly_that_is_due_once(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    make.member()
    due, later = assembly(make), assembly(make, held_at=AFTER, reply_until=UNTIL + timedelta(seconds=1))
    without = assembly(make, reply_until=None, held_at=UNTIL)
    for state in set(S) - {S.REPLIES_OPEN}:
        assembly(make, state)
    monkeypatch.setattr("occto.clock.now", lambda: UNTIL - timedelta(seconds=1))
    assert worker.close_assemblies() == 0
    monkeypatch.setattr("occto.clock.now", lambda: UNTIL)
    assert worker.close_assemblies() == 2
    assert worker.close_assemblies() == 0
    columns = (ReceiptList.assembly_id, ReceiptList.no, ReceiptList.made_at, ReceiptList.count)
    published = read(select(*columns).order_by(ReceiptList.assembly_id))
    assert [tuple(row) for row in published] == [(due.id, 1, UNTIL, 0), (without.id, 1, UNTIL, 0)]
    assert _row(later.id).state is S.REPLIES_OPEN
    closed = select(AuditEvent.subject).where(AuditEvent.tag == "assembly.step").order_by(AuditEvent.id)
    assert db.session.scalars(closed).all() == [f"ASSEMBLY:{due.id}", f"ASSEMBLY:{without.id}"]
    assert due_to_close(db.session(), now=UNTIL) == []


def test_what_fails_after_the_closing_leaves_the_replies_open(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    held = assembly(make)

    def broken(*_: Any) -> None:
        raise RuntimeError("the list of receipts cannot be made")

    monkeypatch.setattr(moves, "publish_list", broken)
    monkeypatch.setattr("occto.clock.now", lambda: UNTIL)
    assert worker.close_assemblies() == 0
    assert _row(held.id).state is S.REPLIES_OPEN


@pytest.mark.races
def test_several_close_at_once(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    held = assembly(make)
    person = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    number = held.id
    db.session.remove()

    def machine() -> Any:
        return run(assemblies.close_when_due, number, now=UNTIL)

    def staff() -> Any:
        return run(assemblies.close_replies, number, seen_version=1, actor=person, now=UNTIL)

    results = at_once(fresh_app, [machine, machine, machine, staff])
    assert sorted(map(str, results)) in (["False", "False", "False", "None"], ["False", "False", "True", "stale"])
    assert _row(number).version == 2
    assert db.session.query(AuditEvent).filter_by(tag="assembly.step").count() == 1


def _reached(make: Factory, name: str) -> Member:
    member = make.member(name=name)
    make.affiliate(make.user(), member)
    make.affiliate(make.user(), member)
    return member


@pytest.mark.parametrize(
    ("act", "mail", "state"),
    [(_postpone, "assemblies/postponed", S.POSTPONED), (_cancel, "assemblies/cancelled", S.CANCELLED)],
)
def test_members_called_to_it_are_told_and_the_others_listed(
    make: Factory, approver: Actor, act: Callable[..., Any], mail: str, state: S
) -> None:
    one, other, paper, left = _reached(make, "一電力"), _reached(make, "二電力"), make.member(), make.member()
    held = assembly(make, S.REPLIES_OPEN)
    late = _reached(make, "後から電力")
    with unit_of_work() as session:
        session.get_one(Member, left.id).current_state = MemberState.LEFT
    told = act(held, approver)
    assert (told.mails, told.on_paper) == (4, (paper.id,))
    row = _row(held.id)
    assert (row.state, row.closing_reason, row.version) == (state, REASON, 2)
    mails = db.session.query(OutboxMail).order_by(OutboxMail.id).all()
    assert [mail.member_id for mail in mails] == [one.id, one.id, other.id, other.id]
    assert late.id not in {mail.member_id for mail in mails}
    assert {(one.template, one.state, one.assembly_id, one.attempts) for one in mails} == {
        (mail, MailState.PENDING, held.id, 0)
    }
    assert mails[0].params["company"] == "一電力"
    assert mails[0].params["assembly"] == f"2026年度 第{held.no}回 臨時総会"
    assert mails[0].params["reason"] == REASON
    assert len({mail.message_id for mail in mails}) == 4
    detail = _last_detail()
    assert (detail["from"], detail["to"], detail["told"], detail["on_paper"]) == ("REPLIES_OPEN", state, 4, 1)


@pytest.mark.parametrize("state", [S.PREPARING, S.COUNTING, S.FROZEN])
def test_before_the_notice_nobody_is_told(make: Factory, approver: Actor, state: S) -> None:
    _reached(make, "一電力")
    held = assembly(make, state)
    assert _cancel(held, approver).mails == 0
    db.session.rollback()
    assert db.session.query(OutboxMail).count() == 0


def test_an_end_needs_its_reason(make: Factory, approver: Actor) -> None:
    held = assembly(make)
    for act in (_postpone, _cancel):
        with refused("reason_missing", field="reason"):
            act(held, approver, reason=" ")


def test_finished_only_once_the_result_is_published(make: Factory, operator: Actor) -> None:
    for state in (S.REPLIES_CLOSED, S.VOTING, S.RESULT_FIXED):
        held = assembly(make, state)
        with refused("illegal_step"):
            _finish(held, operator)


def test_finished_only_after_the_day(make: Factory, operator: Actor) -> None:
    held = assembly(make, S.PUBLISHED)
    with refused("not_held_yet"):
        _finish(held, operator, now=HELD - timedelta(seconds=1))
    _finish(held, operator, now=HELD)
    assert _row(held.id).state is S.FINISHED


def test_a_new_day_takes_over_agenda_and_settings(make: Factory, approver: Actor) -> None:
    member = make.member()
    settings = AssemblySettings(max_attendees=4)
    held = assembly(make, S.NOTIFIED, settings=settings, kind=AssemblyKind.ORDINARY, no=1)
    item(held, 1, kind=ItemKind.BUDGET, summary="別紙のとおり", conflict=(member,))
    item(held, 2, withdrawn_at=NOW, withdrawn_reason="取り下げ")
    item(held, 3, kind=ItemKind.REPORT)
    _postpone(held, approver)
    new_id = _follow(held, approver, version=2)
    new = _row(new_id)
    assert (new.state, new.replaces_id, new.kind, new.no) == (S.PREPARING, held.id, AssemblyKind.ORDINARY, 1)
    assert (new.held_at, new.record_on) == (datetime(2027, 1, 29, 5, tzinfo=UTC), date(2026, 12, 30))
    assert new.reply_until == datetime(2027, 1, 28, 17, tzinfo=JST)
    assert read_settings(new.settings).max_attendees == 4
    items = db.session.query(AgendaItem).filter_by(assembly_id=new_id).order_by(AgendaItem.no).all()
    assert [(one.no, one.kind, one.notified_at) for one in items] == [
        (1, ItemKind.BUDGET, None),
        (2, ItemKind.REPORT, None),
    ]
    assert items[0].summary == "別紙のとおり"
    assert db.session.get(AgendaConflict, (items[0].id, member.id)) is not None
    with refused("already_followed"):
        _follow(held, approver, version=2)
    with unit_of_work() as session:
        session.get_one(Assembly, new_id).state = S.CANCELLED
    assert _row(_follow(held, approver, version=2)).replaces_id == held.id


def test_the_number_of_one_that_stands_cannot_be_taken(make: Factory, approver: Actor) -> None:
    held = assembly(make, S.POSTPONED, no=1)
    assembly(make, S.PREPARING, no=1)
    with refused("no_taken", field="no"):
        _follow(held, approver)
    assert _row(_follow(held, approver, no=2)).no == 2


@pytest.mark.races
def test_two_hold_it_anew_at_once(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    held = assembly(make, S.POSTPONED)
    people = [make.actor(make.staff(Role.OPERATOR), Role.OPERATOR) for _ in range(3)]
    number, no = held.id, held.no
    db.session.remove()

    def follow(actor: Actor) -> int:
        return run(
            assemblies.follow_postponed,
            number,
            seen_version=1,
            no=no,
            held_on=date(2027, 1, 29),
            held_time=time(14),
            place=None,
            is_holiday=is_holiday,
            actor=actor,
            now=NOW,
        )

    results = at_once(fresh_app, [lambda actor=actor: follow(actor) for actor in people])
    assert sorted(map(str, results))[1:] == ["already_followed", "already_followed"]


class TestOpeningTheHall:
    def _open(self, held: Assembly, actor: Actor, *, now: datetime = DAY, version: int = 1) -> None:
        run(assemblies.open_hall, held.id, seen_version=version, actor=actor, now=now)

    def test_on_the_day_of_the_assembly_in_japan(self, make: Factory, operator: Actor) -> None:
        held = assembly(make, S.REPLIES_CLOSED)
        with refused("hall_too_early"):
            self._open(held, operator, now=DAY - timedelta(seconds=1))
        assert _row(held.id).state is S.REPLIES_CLOSED
        self._open(held, operator)
        assert _row(held.id).state is S.HALL_OPEN
        assert _last_detail("assembly.step")["step"] == "open_hall"

    @pytest.mark.parametrize("state", [S.NOTIFIED, S.REPLIES_OPEN, S.HALL_OPEN, S.VOTING, S.CANCELLED])
    def test_only_after_the_deadline_of_replies(self, make: Factory, operator: Actor, state: AssemblyState) -> None:
        held = assembly(make, state)
        with refused("illegal_step"):
            self._open(held, operator)
        assert _row(held.id).state is state

    def test_by_whom_and_on_what(self, make: Factory, operator: Actor) -> None:
        held = assembly(make, S.REPLIES_CLOSED)
        supervisor = make.actor(make.staff(Role.RECEPTION), Role.RECEPTION)
        with refused("not_allowed"):
            self._open(held, supervisor)
        with refused("stale"):
            self._open(held, operator, version=2)
        with refused("not_found"):
            run(assemblies.open_hall, 10**9, seen_version=1, actor=operator, now=DAY)
        assert _row(held.id).state is S.REPLIES_CLOSED
