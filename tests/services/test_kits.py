"""The hash of the 再計算キット: noted once for each 結果確定, never of a result that was corrected meanwhile."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from occto import kit, worker
from occto.domain.actor import SYSTEM
from occto.domain.assembly import AssemblyState
from occto.domain.errors import NotFound, Refusal
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Assembly, AuditDetail, AuditEvent, KitHash
from occto.services import kits, resolutions
from occto.unit_of_work import run, unit_of_work
from occto.worker import note_kits
from tests.assembling import HELD, assembly
from tests.factories import NOW, Factory
from tests.freezing import moved
from tests.kit.kits import drawn, hash_of
from tests.racing import at_once
from tests.resulting import F, Y, decided, fixed
from tests.results_scene import Ended, ended


@pytest.fixture
def scene(make: Factory) -> Ended:
    return ended(make)


def noted() -> list[tuple[int, int, str]]:
    """Assembly, number and hash of every row."""
    db.session.expunge_all()
    db.session.rollback()
    rows = db.session.scalars(select(KitHash).order_by(KitHash.assembly_id, KitHash.no))
    return [(row.assembly_id, row.no, row.sha256) for row in rows]


def told(tag: str = "kit.noted") -> list[dict[str, Any]]:
    """The payloads of a tag in the trail."""
    db.session.rollback()
    events = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == tag).order_by(AuditEvent.id)).all()
    return [db.session.get_one(AuditDetail, one.id).payload or {} for one in events]


def correct(scene: Ended) -> None:
    """Back to 採決, decided otherwise, fixed again."""
    decided(scene.make, scene.items[4], {scene.members["grid"]: (Y, F)})
    fixed(scene.make, scene.held)


def test_the_hash_is_noted_once_with_an_entry_in_the_trail(scene: Ended) -> None:
    known = hash_of(drawn(scene.held))
    assert (note_kits(), note_kits()) == (1, 0)
    assert noted() == [(scene.held.id, 1, known)]
    assert told() == [{"no": 1, "sha256": known}]


def test_a_correction_is_noted_anew_and_the_first_stays(scene: Ended) -> None:
    note_kits()
    ((held, _no, first),) = noted()
    moved(held, AssemblyState.VOTING)
    assert note_kits() == 0
    correct(scene)
    assert note_kits() == 1
    second = hash_of(drawn(scene.held))
    assert noted() == [(held, 1, first), (held, 2, second)]
    assert second != first


@pytest.mark.parametrize(
    "state", [AssemblyState.RESULT_FIXED, AssemblyState.PUBLISHED, AssemblyState.FINISHED, AssemblyState.VOTING]
)
def test_it_is_noted_wherever_a_result_stands(scene: Ended, state: AssemblyState) -> None:
    moved(scene.held.id, state)
    assert note_kits() == (state is not AssemblyState.VOTING)


def test_an_assembly_without_a_result_waits_for_nothing(make: Factory) -> None:
    assembly(make, AssemblyState.VOTING)
    assembly(make, AssemblyState.REPLIES_OPEN)
    assert note_kits() == 0
    assert noted() == []


def test_nothing_is_noted_of_a_result_corrected_while_its_kit_is_drawn(
    scene: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(files: Any) -> str:
        known = kit.hash_of(files)
        moved(scene.held.id, AssemblyState.VOTING)
        return known

    monkeypatch.setattr(worker, "hash_of", meanwhile)
    assert note_kits() == 0
    assert (noted(), told()) == ([], [])


def test_the_kit_of_a_result_is_never_noted_for_the_one_after_it(scene: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(files: Any) -> str:
        known = kit.hash_of(files)
        correct(scene)
        return known

    with monkeypatch.context() as slow:
        slow.setattr(worker, "hash_of", meanwhile)
        assert note_kits() == 0
    assert note_kits() == 1
    assert noted() == [(scene.held.id, 2, hash_of(drawn(scene.held)))]


def test_one_that_cannot_be_drawn_does_not_stop_the_others(
    scene: Ended, make: Factory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, other = scene.held.id, assembly(make, AssemblyState.VOTING)
    fixed(make, other)

    def facts(session: Any, assembly_id: int) -> Any:
        if assembly_id == broken:
            raise ValueError("a row that nobody can read")
        return kit_facts(session, assembly_id)

    kit_facts = worker.kit_facts
    monkeypatch.setattr(worker, "kit_facts", facts)
    with pytest.raises(ValueError, match="nobody can read"):
        note_kits()
    assert [row[0] for row in noted()] == [other.id]
    assert f"the kit of assembly {broken} cannot be drawn" in caplog.text


def test_a_kit_goes_out_where_it_is_the_one_that_was_noted(scene: Ended) -> None:
    note_kits()
    ((held, no, known),) = noted()
    asked: dict[str, Any] = {"actor": SYSTEM, "now": HELD}
    assert run(kits.let_out, held, no=no, sha256=known, **asked)
    assert not told("kit.differs")
    assert not run(kits.let_out, held, no=no, sha256="0" * 64, **asked)
    assert told("kit.differs") == [{"no": no, "sha256": known, "drawn": "0" * 64}]
    with pytest.raises(Refusal, match="stale"):
        run(kits.let_out, held, no=no + 1, sha256=known, **asked)
    moved(held, AssemblyState.VOTING)
    with pytest.raises(Refusal, match="stale"):
        run(kits.let_out, held, no=no, sha256=known, **asked)


def test_without_a_noted_hash_nothing_goes_out(scene: Ended, make: Factory) -> None:
    for act in (
        lambda: kits.require_noted(db.session(), scene.held.id),
        lambda: run(kits.let_out, scene.held.id, no=1, sha256="0" * 64, actor=SYSTEM, now=HELD),
    ):
        with pytest.raises(Refusal, match="kit_not_ready"):
            act()
    for number in (assembly(make, AssemblyState.VOTING).id, 10**9):
        with pytest.raises(NotFound):
            kits.require_noted(db.session(), number)


@pytest.mark.races
def test_two_workers_note_one_hash(fresh_app: Flask) -> None:
    scene = ended(Factory(fresh_app))
    known, held = hash_of(drawn(scene.held)), scene.held.id
    db.session.remove()
    assert sum(at_once(fresh_app, [note_kits] * 4)) == 1
    assert noted() == [(held, 1, known)]
    assert len(told()) == 1


@pytest.mark.races
@pytest.mark.parametrize("at_the_door", [False, True])
def test_a_correction_at_the_same_moment_is_before_or_after(fresh_app: Flask, at_the_door: bool) -> None:
    """Either the kit is noted (and goes out) first, or it is the kit of nothing that stands; never an alarm."""
    make = Factory(fresh_app)
    scene = ended(make)
    held, first = scene.held.id, hash_of(drawn(scene.held))
    chief = make.actor(make.staff(Role.APPROVER), Role.APPROVER)
    if at_the_door:
        note_kits()
    version = db.session.get_one(Assembly, held).version
    db.session.remove()

    def correction() -> None:
        given: dict[str, Any] = {"reason": "数え直すため", "seen_version": version}
        run(resolutions.correct_result, held, **given, actor=chief, now=HELD)

    def out() -> bool:
        return run(kits.let_out, held, no=1, sha256=first, actor=chief, now=HELD)

    done, _corrected = at_once(fresh_app, [out if at_the_door else note_kits, correction])
    assert done in ((True, "stale") if at_the_door else (0, 1))
    assert noted() == ([(held, 1, first)] if at_the_door or done else [])
    assert not told("kit.differs")
    with unit_of_work() as session:
        assert session.get_one(Assembly, held).state is AssemblyState.VOTING
    correct(scene)
    assert note_kits() == 1
    assert noted()[-1] == (held, 2, hash_of(drawn(scene.held)))


def test_the_row_is_never_changed_or_removed(scene: Ended) -> None:
    from sqlalchemy import delete, update
    from sqlalchemy.exc import DBAPIError

    note_kits()
    for statement in (update(KitHash).values(noted_at=NOW), delete(KitHash)):
        with pytest.raises(DBAPIError, match="keeps its history"), unit_of_work() as session:
            session.execute(statement)
    assert len(noted()) == 1
