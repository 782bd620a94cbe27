"""Votes kept as rows: what is frozen is what was calculated, and never changes."""

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from occto.domain.assembly import AssemblyState
from occto.domain.codes import SnapshotState
from occto.extensions import db
from occto.models import Snapshot, SnapshotMember, SnapshotUnit
from occto.queries.snapshots import frozen_of, votes_of
from tests import assembling
from tests.factories import Factory


def test_a_family_holds_one_share_of_each_group(app: Flask, make: Factory) -> None:
    parent = make.member(licences=("GEN", "RETAIL"))
    child, other = make.member(licences=("GEN",)), make.member(licences=("GEN",))
    assembling.controls(parent, child)
    held = assembling.assembly(make)
    frozen = frozen_of(db.session(), held.id)
    assert frozen is not None
    assert (frozen.per_group_total, frozen.total) == (2, 4)
    found = {one.id: votes_of(db.session(), held.id, one.id) for one in (parent, child, other)}
    assert {key: (votes.g, votes.r, votes.total) for key, votes in found.items() if votes} == {
        parent.id: (1, 2, 3),
        child.id: (0, 0, 0),
        other.id: (1, 0, 1),
    }


def test_freezing_again_sets_the_earlier_one_aside(app: Flask, make: Factory) -> None:
    make.member()
    held = assembling.assembly(make)
    first = frozen_of(db.session(), held.id)
    make.member()
    second = assembling.freeze(make, held)
    assert first is not None
    states = dict(db.session.execute(select(Snapshot.id, Snapshot.state)).all())
    assert states == {first.id: SnapshotState.SUPERSEDED, second.id: SnapshotState.FROZEN}
    assert first.sha256 != second.sha256


@pytest.mark.parametrize("table", [SnapshotMember, SnapshotUnit])
def test_rows_of_a_snapshot_never_change(app: Flask, make: Factory, table: type) -> None:
    make.member()
    assembling.assembly(make)
    with pytest.raises(DBAPIError, match="keeps its history"):
        db.session.execute(update(table).values(votes=7))
    db.session.rollback()


def test_an_open_assembly_has_no_frozen_votes(app: Flask, make: Factory) -> None:
    make.member()
    held = assembling.assembly(make, AssemblyState.COUNTING)
    assert frozen_of(db.session(), held.id) is None
    assert votes_of(db.session(), held.id, 1) is None
    assert db.session.scalar(select(func.count()).select_from(Snapshot)) == 0


def test_postgresql_knows_of_the_rows_at_once(app: Flask, make: Factory, database_kind: str) -> None:
    """Else it expects one row of a snapshot that it has not seen, and loops through all of them for each of them."""
    if database_kind != "postgres":
        pytest.skip("SQLite plans without looking at the rows")
    for _ in range(3):
        make.member()
    assembling.assembly(make)
    rows = text("SELECT relname, reltuples FROM pg_class WHERE relname IN ('snapshot_members', 'snapshot_units')")
    known = dict(db.session.execute(rows).all())
    assert known["snapshot_members"] >= 3
    assert known["snapshot_units"] >= 3
