"""議事録 as people write it: kept with its version, incomplete as it may be; every refusal writes nothing."""

from dataclasses import replace
from datetime import time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from occto.domain.actor import Actor
from occto.domain.assembly import AssemblyState
from occto.domain.minutes import MinutesValues, lacking, read_minutes, stored_minutes
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Assembly, AuditDetail, AuditEvent, Minutes
from occto.services.minutes import save_minutes
from occto.unit_of_work import run, unit_of_work
from tests.assembling import HELD
from tests.factories import Factory
from tests.observing import everything, refused
from tests.racing import at_once
from tests.results_scene import Ended, ended


@pytest.fixture
def scene(make: Factory) -> Ended:
    return ended(make)


@pytest.fixture
def actor(make: Factory) -> Actor:
    return make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)


def values(scene: Ended, **changes: Any) -> MinutesValues:
    written = MinutesValues(
        chair="理事長　大山 一郎",
        officers="理事長　大山 一郎\n監事　小川 花子",
        place="東都会館 3階 大会議室",
        opened_at=time(10, 0),
        closed_at=time(11, 35),
        opening="議長は、定足数を満たすことを告げ、開会を宣した。",
        proceedings={scene.items[1].id: "議長は、事務局に説明を求めた。"},
        closing="以上をもって議事を終え、閉会した。",
        signers="議長　大山 一郎\n議事録署名人　山田 花子",
    )
    return replace(written, **changes)


def save(scene: Ended, actor: Actor, written: MinutesValues, *, seen_version: int = 0) -> None:
    run(save_minutes, scene.held.id, written, seen_version=seen_version, actor=actor, now=HELD)


def kept(scene: Ended) -> Minutes:
    db.session.expunge_all()
    db.session.rollback()
    return db.session.get_one(Minutes, scene.held.id)


def test_what_was_written_is_read_back(scene: Ended, actor: Actor) -> None:
    save(scene, actor, values(scene))
    assert read_minutes(kept(scene).values) == values(scene)
    assert kept(scene).version == 1
    save(scene, actor, values(scene, notes="付記"), seen_version=1)
    assert (kept(scene).version, kept(scene).values["notes"]) == (2, "付記")
    events = db.session.scalars(select(AuditEvent.id).where(AuditEvent.tag == "minutes.saved").order_by(AuditEvent.id))
    assert [db.session.get_one(AuditDetail, number).payload["fields"] for number in events.all()][1] == ["付記"]


def test_nothing_is_written_where_nothing_has_changed(scene: Ended, actor: Actor) -> None:
    save(scene, actor, values(scene))
    before = everything()
    save(scene, actor, values(scene), seen_version=1)
    assert everything() == before


def test_a_draft_may_lack_what_it_will_need(scene: Ended, actor: Actor) -> None:
    save(scene, actor, MinutesValues())
    assert lacking(read_minutes(kept(scene).values)) == [
        "議長の氏名",
        "開会の時刻",
        "閉会の時刻",
        "出席した役員",
        "署名する方",
    ]
    assert lacking(values(scene)) == []


def test_the_stored_form_goes_round() -> None:
    written = MinutesValues(opened_at=time(9, 5), proceedings={3: "あ", 4: ""})
    assert read_minutes(stored_minutes(written)) == replace(written, proceedings={3: "あ"})
    assert read_minutes({}) == MinutesValues()


def test_refused_on_what_was_not_seen(scene: Ended, actor: Actor) -> None:
    with refused("stale"):
        save(scene, actor, values(scene), seen_version=1)
    save(scene, actor, values(scene))
    with refused("stale"):
        save(scene, actor, values(scene, notes="別の方"))


@pytest.mark.parametrize("closed", [time(10, 0), time(9, 59)])
def test_refused_where_it_ends_before_it_began(scene: Ended, actor: Actor, closed: time) -> None:
    with refused("minutes_times", field="closed_at"):
        save(scene, actor, values(scene, closed_at=closed))


@pytest.mark.parametrize("name", ["chair", "place", "officers", "opening", "closing", "opinions", "signers", "notes"])
def test_refused_where_it_is_too_long(scene: Ended, actor: Actor, name: str) -> None:
    with refused("minutes_too_long", field=name):
        save(scene, actor, values(scene, **{name: "あ" * 20_001}))


def test_refused_for_a_proceeding_that_is_too_long_or_of_another_assembly(scene: Ended, actor: Actor) -> None:
    number = scene.items[2].id
    with refused("minutes_too_long", field=f"item_{number}"):
        save(scene, actor, values(scene, proceedings={number: "あ" * 20_001}))
    with refused("minutes_item"):
        save(scene, actor, values(scene, proceedings={10**9: "あ"}))


@pytest.mark.parametrize("state", [AssemblyState.REPLIES_CLOSED, AssemblyState.CANCELLED])
def test_refused_before_the_votes(scene: Ended, actor: Actor, state: AssemblyState) -> None:
    with unit_of_work() as session:
        row = session.get_one(Assembly, scene.held.id)
        row.state, row.closing_reason = state, "試験"
    with refused("illegal_step"):
        save(scene, actor, values(scene))


def test_refused_to_others_and_for_nothing(scene: Ended, make: Factory, actor: Actor) -> None:
    for role in (Role.SYSTEM, Role.RECEPTION):
        other = make.actor(make.staff(role), role)
        with refused("not_allowed"):
            save(scene, other, values(scene))
    with refused("not_found"):
        run(save_minutes, 10**9, values(scene), seen_version=0, actor=actor, now=HELD)


@pytest.mark.races
def test_several_who_begin_at_once_write_over_nobody(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    found = ended(make)
    clerk = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    number, written = found.held.id, values(found)
    db.session.remove()

    def act() -> None:
        run(save_minutes, number, written, seen_version=0, actor=clerk, now=HELD)

    answers = at_once(fresh_app, [act] * 4)
    assert sorted(answers, key=str) == [None, "stale", "stale", "stale"]
