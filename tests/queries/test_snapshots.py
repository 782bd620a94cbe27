"""A kept calculation is read back from its rows as it was calculated."""

import pytest
from flask import Flask
from sqlalchemy import select

from occto.domain.assembly import AssemblyState
from occto.domain.codes import SnapshotState
from occto.domain.votes import Group
from occto.extensions import db
from occto.models import Assembly, HolderElection, Member, Snapshot
from occto.queries.allocation import Calculation, calculate
from occto.queries.snapshots import kept_calculation, newest_of
from occto.services import snapshots
from occto.unit_of_work import unit_of_work
from tests import assembling
from tests.admin.counting import statements
from tests.factories import NOW, Factory
from tests.freezing import sanction


def kept(held: Assembly) -> tuple[Calculation, Calculation]:
    """A calculation, and the same one after it was kept as a draft and read back."""
    with unit_of_work() as session:
        made = calculate(session, session.get_one(Assembly, held.id))
        draft = {"state": SnapshotState.DRAFT, "reason": None, "made_by_id": None, "second_by_id": None}
        snapshots.keep(session, made, **draft, now=NOW)  # type: ignore[arg-type]
    found = newest_of(db.session(), held.id)
    assert found is not None
    return made, kept_calculation(db.session(), found)


def elects(parent: Member, holder: Member, group: str) -> None:
    """A standing 届出 that is in force."""
    with unit_of_work() as session:
        session.add(
            HolderElection(
                vote_group=group,
                root_body_id=parent.body_id,
                holder_member_id=holder.id,
                filed_by_member_id=holder.id,
                channel="ONLINE",
                received_at=NOW,
                state="EFFECTIVE",
            )
        )


@pytest.fixture
def held(app: Flask, make: Factory) -> Assembly:
    return assembling.assembly(make, AssemblyState.COUNTING)


def test_it_is_what_was_calculated(make: Factory, held: Assembly) -> None:
    parent = make.member(licences=("GTD",))
    one, two, three = (make.member(licences=("GEN", "RETAIL"), capital=capital) for capital in (5, 7, 7))
    make.member(licences=("RSPTD",))
    for child in (one, two, three):
        assembling.controls(parent, child)
    for group in ("G", "*"):
        elects(parent, one, group)
    sanction(two)
    made, back = kept(held)
    assert len(back.filed) == 2
    assert back.allocation.total == made.allocation.total
    assert {group: list(made.allocation.units[group]) for group in Group} == back.allocation.units
    assert {node: dict(held) for node, held in made.allocation.weights.items()} == back.allocation.weights
    assert back.findings == made.findings
    assert set(back.relations) == set(made.relations)
    assert (back.sanctioned, back.filed, back.settings) == (made.sanctioned, made.filed, made.settings)
    assert sorted(back.record.roll.voters) == sorted(made.record.roll.voters)
    assert {node: made.record.names[node] for node in back.record.names} == back.record.names
    assert snapshots.sha256_of(snapshots.head_of(back), snapshots.rows_of(back)) == newest_sha()


def test_findings_and_errors_come_back(make: Factory, held: Assembly) -> None:
    one, two = make.member(), make.member()
    assembling.controls(one, two)
    assembling.controls(two, one)
    made, back = kept(held)
    assert [finding.code for finding in back.allocation.errors] == ["cycle"]
    assert back.findings == made.findings


def test_the_number_of_members_adds_no_statement(make: Factory, held: Assembly) -> None:
    counted = []
    for _ in range(2):
        make.member()
        kept(held)
        snapshot = newest_of(db.session(), held.id)
        assert snapshot is not None
        with statements() as seen:
            kept_calculation(db.session(), snapshot)
        counted.append(len(seen))
    assert counted == [4, 4]


def newest_sha() -> str:
    found = db.session.scalars(select(Snapshot.sha256).order_by(Snapshot.no.desc())).first()
    assert found is not None
    return found
