"""認可・承認: recorded for what was carried, corrected by the next number; every refusal writes nothing."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from occto.domain.actor import Actor
from occto.domain.assembly import AssemblyState
from occto.domain.outcomes import consent_in_words, outcome_in_words
from occto.domain.permissions import Role
from occto.domain.resolutions import ConsentOutcome
from occto.extensions import db
from occto.models import Assembly, AuditDetail, AuditEvent, ConsentRecord, ItemDecision
from occto.queries.results import results_of
from occto.queries.work_tabs import _consents
from occto.services.consents import record_consent
from occto.unit_of_work import run, unit_of_work
from tests.assembling import HELD
from tests.factories import Factory
from tests.observing import refused
from tests.racing import at_once
from tests.resulting import F, Y, decided
from tests.results_scene import Ended, ended

LATER = HELD + timedelta(days=40)
GRANTED = ConsentOutcome.GRANTED


@pytest.fixture
def scene(make: Factory) -> Ended:
    return ended(make)


@pytest.fixture
def actor(make: Factory) -> Actor:
    return make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)


def record(scene: Ended, actor: Actor, no: int = 1, *, now: datetime = LATER, **changes: Any) -> int:
    values: dict[str, Any] = {
        "outcome": GRANTED,
        "decided_on": date(2027, 1, 20),
        "document_number": "20261220資第12号",
        "note_words": None,
        "seen_no": 0,
    }
    return run(record_consent, scene.items[no].id, actor=actor, now=now, **(values | changes))


def words(scene: Ended, no: int) -> str:
    db.session.rollback()
    return next(one.words for one in results_of(db.session(), scene.held.id) if one.item.no == no)


def test_a_carried_item_waits_until_the_minister_has_spoken(scene: Ended, actor: Actor) -> None:
    assert words(scene, 1) == "修正可決（認可待ち）"
    assert words(scene, 8) == "可決（承認待ち）"
    assert record(scene, actor) == 1
    assert record(scene, actor, 8, outcome=ConsentOutcome.REFUSED) == 1
    assert words(scene, 1) == "修正可決（認可済）"
    assert words(scene, 8) == "可決（不承認）"
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "consent.recorded")).first()
    assert event is not None
    detail = db.session.get_one(AuditDetail, event.id).payload
    assert (detail["no"], detail["outcome"], detail["decided_on"]) == (1, "GRANTED", "2027-01-20")


def test_a_correction_is_the_next_number(scene: Ended, actor: Actor) -> None:
    record(scene, actor)
    assert record(scene, actor, outcome=ConsentOutcome.REFUSED, seen_no=1, note_words="通知を取り違えたため") == 2
    assert words(scene, 1) == "修正可決（不認可）"
    db.session.rollback()
    rows = db.session.scalars(select(ConsentRecord).order_by(ConsentRecord.no)).all()
    assert [(row.no, row.outcome) for row in rows] == [(1, GRANTED), (2, ConsentOutcome.REFUSED)]


def test_what_is_no_longer_carried_awaits_nothing(scene: Ended, actor: Actor) -> None:
    record(scene, actor)
    decided(scene.make, scene.items[1], {})
    assert words(scene, 1) == "不成立"


def test_the_words_follow_the_consent() -> None:
    from occto.domain.agenda import Consent
    from occto.domain.tally import Outcome

    assert outcome_in_words(Outcome.CARRIED, Consent.NONE, None) == "可決"
    assert outcome_in_words(Outcome.REJECTED, Consent.APPROVAL, None) == "否決"
    assert outcome_in_words(None, Consent.APPROVAL, None) == "未採決"
    assert outcome_in_words(Outcome.CARRIED, amended=True) == "修正可決"
    assert outcome_in_words(Outcome.REJECTED, amended=True) == "否決"
    assert consent_in_words(Consent.APPROVAL, GRANTED) == "承認済"


@pytest.mark.parametrize("no", [3, 5, 7])
def test_refused_where_nothing_is_to_be_given(scene: Ended, actor: Actor, no: int) -> None:
    with refused("consent_not_needed"):
        record(scene, actor, no)


def test_refused_for_what_was_not_carried(scene: Ended, actor: Actor) -> None:
    with refused("not_carried"):
        record(scene, actor, 4)
    decided(scene.make, scene.items[1], {scene.members["grid"]: (Y, "FLOOR")}, outcome="NOT_DECIDED")  # type: ignore[dict-item]
    with refused("not_carried"):
        record(scene, actor)


def test_refused_for_a_day_to_come(scene: Ended, actor: Actor) -> None:
    with refused("date_in_future", field="decided_on"):
        record(scene, actor, decided_on=date(2027, 1, 28), now=LATER)


def test_refused_before_the_decision(scene: Ended, actor: Actor) -> None:
    with refused("date_before_decision", field="decided_on"):
        record(scene, actor, decided_on=date(2026, 12, 17))
    assert record(scene, actor, decided_on=date(2026, 12, 18)) == 1


def test_refused_where_it_is_too_long(scene: Ended, actor: Actor) -> None:
    with refused("consent_too_long", field="document_number"):
        record(scene, actor, document_number="号" * 81)
    with refused("consent_too_long", field="note_words"):
        record(scene, actor, note_words="号" * 501)


def test_refused_on_what_was_not_seen(scene: Ended, actor: Actor) -> None:
    with refused("stale"):
        record(scene, actor, seen_no=1)
    record(scene, actor)
    with refused("stale"):
        record(scene, actor)


@pytest.mark.parametrize("state", [AssemblyState.VOTING, AssemblyState.RESULT_FIXED])
def test_refused_before_the_result_is_public(scene: Ended, actor: Actor, state: AssemblyState) -> None:
    with unit_of_work() as session:
        session.get_one(Assembly, scene.held.id).state = state
    with refused("illegal_step"):
        record(scene, actor)


def test_refused_to_others_and_for_nothing(scene: Ended, make: Factory, actor: Actor) -> None:
    for role in (Role.SYSTEM, Role.RECEPTION):
        other = make.actor(make.staff(role), role)
        with refused("not_allowed"):
            record(scene, other)
    with refused("not_found"):
        run(
            record_consent,
            10**9,
            outcome=GRANTED,
            decided_on=date(2027, 1, 20),
            document_number=None,
            note_words=None,
            seen_no=0,
            actor=actor,
            now=LATER,
        )


@pytest.mark.races
def test_several_at_once_record_one(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    scene = ended(make)
    actor = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    item_id = scene.items[1].id
    given: dict[str, Any] = {
        "outcome": GRANTED,
        "decided_on": date(2027, 1, 20),
        "document_number": None,
        "note_words": None,
        "seen_no": 0,
    }
    db.session.remove()
    acts = [lambda: run(record_consent, item_id, **given, actor=actor, now=LATER) for _ in range(4)]
    assert sorted(at_once(fresh_app, acts), key=str) == [1, "stale", "stale", "stale"]


def test_a_decision_corrected_afterwards_waits_again(scene: Ended, actor: Actor) -> None:
    record(scene, actor)
    corrected = LATER + timedelta(hours=1)
    decided(scene.make, scene.items[1], {scene.members["grid"]: (Y, F)}, at=corrected)
    assert words(scene, 1) == "可決（認可待ち）"
    assert words(scene, 8) == "可決（承認待ち）"
    assert (
        record(scene, actor, seen_no=1, now=corrected + timedelta(minutes=1)) == 2
    )  # its day is before the correction
    assert words(scene, 1) == "可決（認可済）"


def test_what_waits_again_is_work_again(scene: Ended, actor: Actor) -> None:
    def waiting() -> int:
        db.session.rollback()
        return db.session.scalar(select(func.count()).select_from(ItemDecision).where(*_waits())) or 0

    before = waiting()
    record(scene, actor)
    assert waiting() == before - 1
    decided(scene.make, scene.items[1], {scene.members["grid"]: (Y, F)}, at=LATER + timedelta(hours=1))
    assert waiting() == before


def _waits() -> list[Any]:
    return [_consents(db.session(), 0, LATER.date())[0][1]]
