"""結果確定, 訂正, 公表, 完了: nothing is fixed that is not decided, nothing without the quorum, and one mail a publication."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from occto.admin.trail import payload_in_words
from occto.domain.actor import Actor
from occto.domain.agenda import ItemKind
from occto.domain.assembly import AssemblyState
from occto.domain.errors import Refusal
from occto.domain.permissions import Role
from occto.domain.tally import Choice
from occto.extensions import db
from occto.models import AgendaItem, Assembly, AssemblyResult, AuditDetail, AuditEvent, Desk, OutboxMail
from occto.queries.desks import unsettled
from occto.services import assemblies, resolutions
from occto.services.reception.desks import hear_desk
from occto.unit_of_work import run, unit_of_work
from tests.assembling import HELD, assembly, item
from tests.deciding import decide
from tests.factories import Factory
from tests.observing import refused
from tests.racing import at_once
from tests.receiving import Door, door
from tests.replying import reply

C, S = Choice, AssemblyState
NOW = HELD


@pytest.fixture
def hall(make: Factory) -> Door:
    return door(make, S.VOTING)


@pytest.fixture
def chief(make: Factory) -> Actor:
    return make.actor(make.staff(Role.APPROVER), Role.APPROVER)


def row(held: Assembly) -> Assembly:
    db.session.rollback()
    return db.session.get_one(Assembly, held.id)


def act(verb: Any, held: Assembly, actor: Actor, **changes: Any) -> Any:
    values: dict[str, Any] = {"seen_version": row(held).version, "actor": actor, "now": NOW} | changes
    return run(verb, held.id, **values)


def fix(held: Assembly, actor: Actor, reason: str | None = None, **changes: Any) -> AssemblyResult:
    made = act(resolutions.fix_result, held, actor, override_reason=reason, **changes)
    return db.session.get_one(AssemblyResult, made)


def carried(hall: Door, actor: Actor) -> AgendaItem:
    """An item decided by everybody."""
    one = item(hall.held)
    for member in (hall.voter, hall.other):
        reply(hall.make, hall.held, member, choices={one: C.YES})
    decide(one, actor)
    return one


def mails() -> list[OutboxMail]:
    db.session.rollback()
    return list(
        db.session.scalars(
            select(OutboxMail).where(OutboxMail.template == "assemblies/result_published").order_by(OutboxMail.id)
        )
    )


def with_address(make: Factory, hall: Door) -> None:
    """The first member has an administrator, who is told about assemblies."""
    make.affiliate(make.user(), hall.voter)


def test_fixed_published_and_finished(make: Factory, hall: Door, chief: Actor) -> None:
    with_address(make, hall)
    carried(hall, chief)
    made = fix(hall.held, chief)
    assert (made.no, made.quorum_met, made.override_reason, made.published_at) == (1, True, None, None)
    assert len(made.sha256) == 64
    assert row(hall.held).state is S.RESULT_FIXED
    told = act(resolutions.publish_result, hall.held, chief)
    assert (row(hall.held).state, told.mails) == (S.PUBLISHED, len(mails()))
    assert told.mails == 1
    assert mails()[0].params["corrected"] is False
    assert db.session.scalars(select(AssemblyResult)).one().published_at == NOW
    act(assemblies.finish_assembly, hall.held, chief)
    assert row(hall.held).state is S.FINISHED


def test_every_item_is_decided_or_withdrawn(hall: Door, chief: Actor) -> None:
    carried(hall, chief)
    open_one, unnotified = item(hall.held, 2), item(hall.held, 3, notified_at=None)
    item(hall.held, 4, kind=ItemKind.REPORT)
    with refused("items_undecided"):
        fix(hall.held, chief)
    for one in (open_one, unnotified):
        run(assemblies.withdraw_item, one.id, reason="撤回", seen_version=1, actor=chief, now=NOW)
    assert fix(hall.held, chief).no == 1


def test_the_refusal_names_the_items(hall: Door, chief: Actor) -> None:
    item(hall.held, 2)
    with pytest.raises(Refusal) as caught:
        fix(hall.held, chief)
    assert "第2号議案" in caught.value.sentence


def test_without_the_quorum_only_with_a_reason(make: Factory, chief: Actor) -> None:
    make.member()  # three members, one of them present
    hall = door(make, S.VOTING)
    one = item(hall.held)
    reply(make, hall.held, hall.voter, choices={one: C.YES})
    decide(one, chief)
    for reason in (None, " "):
        with refused("quorum_not_met", field="override_reason"):
            fix(hall.held, chief, reason)
    made = fix(hall.held, chief, "出席した会員の同意による")
    assert (made.quorum_met, made.override_reason) == (False, "出席した会員の同意による")


def test_the_quorum_is_that_of_the_decisions(make: Factory, hall: Door, chief: Actor) -> None:
    """Whoever leaves after the last decision changes nothing; one decision without it is enough to ask for the reason."""
    first = item(hall.held, 1)
    decide(first, chief)  # nobody is present
    for member in (hall.voter, hall.other):
        reply(make, hall.held, member, choices={first: C.YES})
    with refused("quorum_not_met"):
        fix(hall.held, chief)
    decide(first, chief, reason="回答の入力が遅れたため")
    assert fix(hall.held, chief, "要らない理由").override_reason is None


def test_an_assembly_without_resolutions_asks_for_the_quorum_of_the_moment(hall: Door, chief: Actor) -> None:
    item(hall.held, kind=ItemKind.REPORT)
    with refused("quorum_not_met"):
        fix(hall.held, chief)


def test_a_correction_goes_back_and_is_published_as_one(make: Factory, hall: Door, chief: Actor) -> None:
    with_address(make, hall)
    carried(hall, chief)
    fix(hall.held, chief)
    act(resolutions.publish_result, hall.held, chief)
    with refused("reason_missing", field="reason"):
        act(resolutions.correct_result, hall.held, chief, reason="")
    act(resolutions.correct_result, hall.held, chief, reason="集計を誤ったため")
    assert row(hall.held).state is S.VOTING
    assert fix(hall.held, chief).no == 2
    act(resolutions.publish_result, hall.held, chief)
    assert [mail.params["corrected"] for mail in mails()] == [False, True]
    published = db.session.scalars(select(AssemblyResult.published_at).order_by(AssemblyResult.no)).all()
    assert published == [NOW, NOW]


def test_a_rehearsal_tells_nobody(make: Factory, hall: Door, chief: Actor) -> None:
    with_address(make, hall)
    carried(hall, chief)
    real = assembly(make)
    with unit_of_work() as session:
        session.get_one(Assembly, hall.held.id).rehearsal_of_id = real.id
    fix(hall.held, chief)
    assert act(resolutions.publish_result, hall.held, chief).mails == 0
    assert mails() == []


@pytest.mark.parametrize(
    ("verb", "more"),
    [
        (resolutions.fix_result, {"override_reason": None}),
        (resolutions.correct_result, {"reason": "誤り"}),
        (resolutions.publish_result, {}),
    ],
)
def test_who_may_and_when(make: Factory, chief: Actor, verb: Any, more: dict[str, Any]) -> None:
    held = door(make).held
    clerk = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    with refused("not_allowed"):
        act(verb, held, clerk, **more)
    with refused("illegal_step"):
        act(verb, held, chief, **more)
    with refused("stale"):
        act(verb, held, chief, seen_version=9, **more)
    with refused("not_found"):
        run(verb, 2**40, seen_version=1, actor=chief, now=NOW, **more)


def test_withdrawing_at_the_hall_keeps_numbers_and_tells_nobody(hall: Door, chief: Actor) -> None:
    first, second = item(hall.held, 1), item(hall.held, 2)
    run(assemblies.withdraw_item, first.id, reason="提案者の申し出", seen_version=1, actor=chief, now=NOW)
    rows = db.session.scalars(select(AgendaItem).order_by(AgendaItem.id)).all()
    assert [(one.id, one.no) for one in rows] == [(first.id, 1), (second.id, 2)]
    assert db.session.scalars(select(OutboxMail)).all() == []


def test_fixed_and_published_once_whoever_presses(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    hall = door(make, S.VOTING)
    chief = make.actor(make.staff(Role.APPROVER), Role.APPROVER)
    with_address(make, hall)
    carried(hall, chief)
    number, version = hall.held.id, row(hall.held).version
    fixing = [
        lambda: run(resolutions.fix_result, number, override_reason=None, seen_version=version, actor=chief, now=NOW)
    ] * 2
    assert sorted(map(str, at_once(fresh_app, fixing))) == ["1", "stale"]
    version = row(hall.held).version
    publishing = [lambda: run(resolutions.publish_result, number, seen_version=version, actor=chief, now=NOW).mails] * 2
    assert sorted(map(str, at_once(fresh_app, publishing))) == ["1", "stale"]
    assert len(mails()) == 1


@pytest.mark.parametrize("verb", [assemblies.cancel_assembly, assemblies.postpone_assembly])
def test_what_has_a_result_on_record_neither_cancelled_nor_postponed(hall: Door, chief: Actor, verb: Any) -> None:
    carried(hall, chief)
    fix(hall.held, chief)
    act(resolutions.publish_result, hall.held, chief)
    act(resolutions.correct_result, hall.held, chief, reason="票数の誤り")
    with refused("result_on_record"):
        act(verb, hall.held, chief, reason="誤り")
    assert row(hall.held).state is S.VOTING


def _silent(hall: Door, name: str) -> int:
    """A desk that was not heard for ten minutes and had said that two arrivals wait."""
    desk = hall.another_desk(name)
    with unit_of_work() as session:
        row = session.get_one(Desk, desk.id)
        row.contact_at, row.waiting = NOW - timedelta(minutes=10), 2
    return desk.id


def test_desks_that_may_hold_arrivals_are_looked_at_one_by_one(hall: Door, chief: Actor) -> None:
    carried(hall, chief)
    second, third = _silent(hall, "受付 2番"), _silent(hall, "受付 3番")
    for ticked, unseen in (((), "受付 2番、受付 3番"), ((second,), "受付 3番"), ((third, hall.desk.id), "受付 2番")):
        with pytest.raises(Refusal) as caught:
            fix(hall.held, chief, desks_checked=ticked)
        assert (caught.value.code, caught.value.field) == ("desks_unsettled", "desks_checked")
        assert f"：{unseen}。" in caught.value.sentence
    run(hear_desk, third, waiting=0, now=NOW)
    fix(hall.held, chief, desks_checked=(second, third))
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "resolution.fixed")).one()
    kept = db.session.get_one(AuditDetail, event.id).payload["desks_checked"]
    at = (NOW - timedelta(minutes=10)).isoformat()
    assert kept == [{"name": "受付 2番", "waiting": 2, "heard_at": at}]
    assert ("残りがないと確かめた端末", f"名前：受付 2番、最後の通信のときの送信待ちの件数：2、最後の通信：{at}") in (
        payload_in_words({"desks_checked": kept})
    )


def test_the_silence_that_fixing_brought_about_is_no_reason_to_look_at_a_desk_again(hall: Door, chief: Actor) -> None:
    """Of two desks heard until the result was fixed, months later only the one that had said that arrivals wait is asked about."""
    carried(hall, chief)
    waiting = hall.another_desk("受付 2番").id
    run(hear_desk, waiting, waiting=3, now=NOW)
    fix(hall.held, chief, desks_checked=(waiting,))
    for later in (timedelta(hours=5), timedelta(days=90)):
        act(resolutions.correct_result, hall.held, chief, reason="票数の誤り", now=NOW + later)
        with pytest.raises(Refusal) as caught:
            fix(hall.held, chief, now=NOW + later)
        assert "：受付 2番。" in caught.value.sentence
        fix(hall.held, chief, desks_checked=(waiting,), now=NOW + later)


def test_a_desk_heard_after_the_correction_is_watched_again(hall: Door, chief: Actor) -> None:
    carried(hall, chief)
    fix(hall.held, chief)
    act(resolutions.correct_result, hall.held, chief, reason="票数の誤り")
    run(hear_desk, hall.desk.id, waiting=0, now=NOW + timedelta(minutes=5))
    assert unsettled(db.session(), hall.held.id, now=NOW + timedelta(minutes=6)) == []
    with refused("desks_unsettled", field="desks_checked"):
        fix(hall.held, chief, now=NOW + timedelta(minutes=10))
