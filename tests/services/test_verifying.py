"""verify-snapshot: kept votes against their hash and against the register of then."""

from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from occto.domain.codes import EndReason
from occto.extensions import db
from occto.models import Body
from occto.models.triggers import drop_triggers
from occto.services import register
from occto.services.verifying import verify_snapshots
from occto.unit_of_work import unit_of_work
from tests import assembling
from tests.factories import Factory
from tests.freezing import Scene, capital, sanction, scene
from tests.registering import entering, licence_id


@pytest.fixture
def frozen(app: Flask, make: Factory) -> Scene:
    parent, child, other = (make.member(licences=("GEN", "RETAIL")) for _ in range(3))
    assembling.controls(parent, child)
    sanction(other)
    now = scene(make)
    now.freeze()
    return now


def verify(app: Flask, *arguments: Any) -> tuple[int, str]:
    db.session.rollback()
    result = app.test_cli_runner().invoke(args=["occto", "verify-snapshot", *map(str, arguments)])
    return result.exit_code, result.output


def tamper(statement: str) -> None:
    """What somebody with the database in hand can do, the triggers out of the way."""
    with unit_of_work() as session:
        drop_triggers(session.connection())
        assert session.execute(text(statement)).rowcount  # type: ignore[attr-defined]


def fault() -> str:
    db.session.rollback()
    return "".join(one.fault or "" for one in verify_snapshots(db.session()))


def test_what_nobody_touched_holds(app: Flask, frozen: Scene) -> None:
    code, output = verify(app)
    assert code == 0, output
    assert f"総会 {frozen.held} 集計 2（確定） {frozen.frozen().sha256} 一致" in output
    assert output.count("\n") == 1


def test_what_the_register_learnt_later_changes_nothing(app: Flask, frozen: Scene) -> None:
    """Sanctions, relations, licences, names: the votes are those of what was known then."""
    members = [frozen.make.member() for _ in range(2)]
    capital(members[0], 5)
    sanction(members[1])
    assembling.controls(members[1], members[0])
    with unit_of_work() as session:
        session.get_one(Body, members[0].body_id).name = "改名電力株式会社"
    number, on = licence_id(members[0], "GEN"), date(2026, 11, 1)
    with entering() as change:
        register.end_licence(
            *change.into,
            member_id=members[0].id,
            licence_id=number,
            ended_on=on,
            reason=EndReason.CLOSURE_NOTIFICATION,
        )
    assert fault() == ""
    frozen.confirm(frozen.refreeze())
    code, output = verify(app, frozen.held)
    assert code == 0, output
    assert "確定し直す前" in output
    assert output.count("一致") == 2


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE snapshot_members SET votes = votes + 1, votes_g = votes_g + 1 WHERE votes > 0", "snapshot_members"),
        ("UPDATE snapshot_members SET capital = 1", "capital kept 1, calculated 10000000"),
        ("UPDATE snapshot_members SET name = '別の会社'", "votes and facts are those of the register"),
        ("UPDATE snapshot_units SET votes = votes + 1", "snapshot_units"),
        ("UPDATE snapshot_units SET reason = 'election'", "reason kept"),
        ("DELETE FROM unit_members WHERE vote_group = 'G'", "calculated, but not kept"),
        ("UPDATE snapshot_relations SET ratio_bp = 9999", "ratio_bp kept 9999, calculated 6200"),
        ("UPDATE snapshots SET total = total + 1", "snapshots.total differs"),
        ("UPDATE snapshots SET basis = '{}'", "cannot be calculated again"),
        ("UPDATE snapshots SET sha256 = '" + "0" * 64 + "'", "do not match the SHA-256"),
    ],
)
def test_rows_that_were_changed_are_named(app: Flask, frozen: Scene, statement: str, words: str) -> None:
    tamper(statement)
    code, output = verify(app)
    assert code == 1
    assert words in output
    assert "改ざんまたは破損があります" in output


def test_a_hash_made_to_fit_does_not_help(app: Flask, frozen: Scene) -> None:
    """Votes and hash changed together: the register of then gives others."""
    from occto.models import Snapshot
    from occto.services.snapshots import TABLES, kept_head, sha256_of
    from occto.services.verifying import _rows

    tamper("UPDATE snapshot_members SET votes = votes + 1, votes_g = votes_g + 1 WHERE votes > 0")
    with unit_of_work() as session:
        snapshot = session.get_one(Snapshot, frozen.frozen().id)
        snapshot.sha256 = sha256_of(
            kept_head(snapshot), {table: _rows(session, table, snapshot.id) for table in TABLES}
        )
    assert "snapshot_members" in fault()
    assert "SHA-256" not in fault()


def test_a_fact_rewritten_in_the_register_shows(app: Flask, frozen: Scene) -> None:
    tamper("UPDATE control_facts SET effective_on = '2026-11-19'")
    assert fault() != ""


def test_where_nothing_is_frozen_it_says_so(app: Flask, make: Factory) -> None:
    scene(make)
    assert verify(app) == (0, "確定した議決権はありません。\n")


@pytest.mark.parametrize("given", ["0", "-1", "x", str(2**63)])
def test_what_is_no_number_of_an_assembly_is_refused(app: Flask, given: str) -> None:
    assert verify(app, given)[0] == 2
