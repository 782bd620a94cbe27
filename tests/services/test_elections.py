"""届出: who may file, whose consent makes it effective, what is refused, and that the later received wins."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from occto.domain.assembly import AssemblyState
from occto.domain.assembly_settings import AssemblySettings, VotePolicy
from occto.domain.codes import ElectionState
from occto.domain.permissions import Role
from occto.domain.votes import Group
from occto.election_words import family_rows, move_rows
from occto.extensions import db
from occto.models import Assembly, Attachment, HolderElection, Member, OutboxMail, Proposal
from occto.queries import elections as reads
from occto.queries.allocation import calculate
from occto.services import election_settling, elections, proposals
from occto.services.proposal_kinds import HANDLERS
from occto.unit_of_work import run
from tests.assembling import RECORD_ON, assembly, freeze
from tests.electing import SCAN, family, file_election, one, speaking, staff_actor
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.racing import at_once

E, R, G = ElectionState, Group.R, Group.G


def _holders(held: Assembly) -> dict[Group, set[int]]:
    """Group → members that hold votes in an assembly."""
    db.session.rollback()
    found = calculate(db.session(), db.session.get_one(Assembly, held.id))
    ids = found.record.member_ids
    return {group: {ids[unit.holder] for unit in units} for group, units in found.allocation.units.items()}


def _enter(actor: Any, filer: Member, holder: Member, held: Assembly | None, **changes: Any) -> int:
    values: dict[str, Any] = {
        "assembly_id": held.id if held else None,
        "group": R,
        "filed_by_id": filer.id,
        "holder_id": holder.id,
        "received_at": NOW,
        "scan": SCAN,
        "now": NOW,
    }
    return run(election_settling.enter_and_propose, actor=actor, **(values | changes))


def _confirm(number: int, actor: Any, seen: int = 1) -> None:
    run(proposals.confirm, number, handlers=HANDLERS, seen_version=seen, actor=actor, now=NOW)


def _proposal() -> int:
    db.session.rollback()
    found = db.session.scalars(select(Proposal.id).order_by(Proposal.id.desc())).first()
    assert found is not None
    return found


def _mails() -> list[str]:
    db.session.rollback()
    return [mail.template for mail in db.session.scalars(select(OutboxMail).order_by(OutboxMail.id))]


def test_the_company_that_would_hold_files_and_it_counts(make: Factory) -> None:
    parent, child, young = family(make)
    held = assembly(make, AssemblyState.COUNTING)
    assert _holders(held)[R] == {parent.id}
    number = file_election(speaking(make, parent), young, held.id, R)
    assert one(number).state is E.EFFECTIVE
    assert _holders(held) == {Group.N: set(), R: {young.id}, G: {parent.id}}
    # for all groups: the holder has no licence for generation, where the rules go on
    assert child.id not in _holders(held)[R]


def test_another_company_files_and_the_holder_countersigns(make: Factory) -> None:
    parent, child, _young = family(make)
    speaks = speaking(make, parent, Role.ADMINISTRATOR)
    held = assembly(make, AssemblyState.COUNTING)
    number = file_election(speaking(make, child), child, held.id, None)
    assert one(number).state is E.UNSETTLED
    assert _holders(held)[R] == {parent.id}
    assert _mails() == ["assemblies/election_filed"]
    run(elections.countersign, number, seen_version=1, actor=speaks, now=NOW)
    found = one(number)
    assert (found.state, found.countersigned_by_id, found.version) == (E.EFFECTIVE, parent.id, 2)
    assert _holders(held)[R] == _holders(held)[G] == {child.id}


def test_who_may_file_and_what_is_refused(make: Factory) -> None:
    parent, child, young = family(make)
    other, stranger = make.member(licences=("RETAIL",)), make.member(licences=("RETAIL",), since=NOW.date())
    held, early = assembly(make, AssemblyState.COUNTING), assembly(make, AssemblyState.PREPARING)
    actor = speaking(make, child)
    cases: list[tuple[str, Any, Any, int | None, Group | None]] = [
        ("not_allowed", speaking(make, child, Role.VIEWER), child, held.id, R),
        ("not_allowed", staff_actor(make), child, held.id, R),
        ("not_found", actor, child, 10**9, R),
        ("not_found", actor, child, early.id, R),
        ("not_in_family", actor, other, held.id, R),
        ("not_in_group", actor, young, held.id, G),
        ("alone", actor, child, held.id, Group.N),
        ("alone", speaking(make, other), other, held.id, R),
        ("not_on_roll", speaking(make, stranger), stranger, held.id, R),
    ]
    for code, who, holder, assembly_id, group in cases:
        with refused(code):
            file_election(who, holder, assembly_id, group)
    with refused("not_in_family"):
        run(
            elections.file_election,
            assembly_id=held.id,
            group=R,
            holder_id=2**40,
            actor=actor,
            now=NOW,
        )
    file_election(actor, child, held.id, R)
    with refused("filed_already"):
        file_election(actor, child, held.id, R)
    assert parent.id in _holders(held)[R]


def test_after_the_freeze_nothing_is_filed_signed_or_withdrawn(make: Factory) -> None:
    parent, child, young = family(make)
    speaks, files, staff = speaking(make, parent), speaking(make, child), staff_actor(make)
    held = assembly(make, AssemblyState.COUNTING)
    effective = file_election(speaks, young, held.id, R)
    waiting = file_election(files, child, held.id, G)
    freeze(make, held)

    def close(session: Any) -> None:
        session.get(Assembly, held.id).state = AssemblyState.FROZEN

    run(close)
    with refused("votes_frozen"):
        file_election(files, child, held.id, R)
    with refused("votes_frozen"):
        run(elections.countersign, waiting, seen_version=1, actor=speaks, now=NOW)
    with refused("votes_frozen"):
        run(elections.withdraw, effective, seen_version=1, actor=speaks, now=NOW)
    with refused("votes_frozen"):
        _enter(staff, child, child, held)
    file_election(speaks, child, None, R, now=NOW + timedelta(days=1))  # a standing one, for later assemblies
    assert _holders(held)[R] == {young.id}  # the freeze closed them
    assert _holders(assembly(make, AssemblyState.COUNTING))[R] == {child.id}


def test_only_the_company_that_would_hold_countersigns(make: Factory) -> None:
    parent, child, young = family(make)
    other, held = make.member(), assembly(make, AssemblyState.COUNTING)
    number = file_election(speaking(make, child), child, held.id, R)
    speaks, reads_only = speaking(make, parent), speaking(make, parent, Role.VIEWER)
    stranger, sister = speaking(make, other), speaking(make, young)
    with refused("not_allowed"):
        run(elections.countersign, number, seen_version=1, actor=reads_only, now=NOW)
    with refused("not_found"):
        run(elections.countersign, number, seen_version=1, actor=stranger, now=NOW)
    with refused("not_found"):
        run(elections.countersign, 10**9, seen_version=1, actor=speaks, now=NOW)
    with refused("not_holder"):
        run(elections.countersign, number, seen_version=1, actor=sister, now=NOW)
    with refused("stale"):
        run(elections.countersign, number, seen_version=2, actor=speaks, now=NOW)
    run(elections.countersign, number, seen_version=1, actor=speaks, now=NOW)
    with refused("over"):
        run(elections.countersign, number, seen_version=2, actor=speaks, now=NOW)


def test_two_companies_would_have_to_consent(make: Factory) -> None:
    parent, child, young = family(make)
    held = assembly(make, AssemblyState.COUNTING)
    file_election(speaking(make, parent), young, held.id, R)
    number = file_election(speaking(make, child), child, held.id, None)
    for who in (speaking(make, parent), speaking(make, young)):
        with refused("holders_several"):
            run(elections.countersign, number, seen_version=1, actor=who, now=NOW)


def test_the_later_received_wins_whatever_the_order_of_entering(make: Factory) -> None:
    parent, child, young = family(make)
    held, staff, second = assembly(make, AssemblyState.COUNTING), staff_actor(make), staff_actor(make, Role.APPROVER)
    file_election(speaking(make, parent), child, held.id, R)
    _enter(staff, parent, young, held, received_at=NOW - timedelta(hours=1))
    _confirm(_proposal(), second)
    assert _holders(held)[R] == {child.id}
    _enter(staff, parent, young, held, received_at=NOW + timedelta(hours=1), now=NOW + timedelta(hours=2))
    _confirm(_proposal(), second)
    assert _holders(held)[R] == {young.id}


def test_withdrawing(make: Factory) -> None:
    parent, child, _young = family(make)
    held, speaks = assembly(make, AssemblyState.COUNTING), speaking(make, parent)
    number = file_election(speaks, child, held.id, R)
    sister, staff = speaking(make, child), staff_actor(make)
    with refused("not_found"):
        run(elections.withdraw, number, seen_version=1, actor=sister, now=NOW)
    with refused("not_found"):
        run(elections.withdraw, 10**9, seen_version=1, actor=speaks, now=NOW)
    with refused("not_allowed"):
        run(elections.withdraw, number, seen_version=1, actor=staff, now=NOW)
    with refused("stale"):
        run(elections.withdraw, number, seen_version=7, actor=speaks, now=NOW)
    run(elections.withdraw, number, seen_version=1, actor=speaks, now=NOW)
    assert one(number).withdrawn_at == NOW
    assert _holders(held)[R] == {parent.id}
    with refused("over"):
        run(elections.withdraw, number, seen_version=2, actor=speaks, now=NOW)


def test_paper_needs_a_second_person(make: Factory) -> None:
    parent, child, _young = family(make)
    held, staff, second = assembly(make, AssemblyState.COUNTING), staff_actor(make), staff_actor(make, Role.APPROVER)
    number = _enter(staff, parent, child, held)
    kept = one(number)
    assert (kept.state, kept.document_id is not None) == (E.UNSETTLED, True)
    assert db.session.get_one(Attachment, kept.document_id).assembly_id == held.id
    assert [line.id for line in reads.unsettled(db.session(), held.id)] == [number]
    with refused("not_allowed"):
        _confirm(_proposal(), staff)
    _confirm(_proposal(), second)
    found = one(number)
    assert (found.state, found.settled_by_id) == (E.EFFECTIVE, second.user_id)
    assert _holders(held)[R] == {child.id}
    assert reads.unsettled(db.session(), held.id) == []


def test_whoever_keyed_a_paper_in_does_not_confirm_what_another_asked(make: Factory) -> None:
    parent, child, _young = family(make)
    held, keyed, other = assembly(make, AssemblyState.COUNTING), staff_actor(make, Role.APPROVER), staff_actor(make)
    number = _enter(keyed, parent, child, held)
    run(proposals.drop, _proposal(), seen_version=1, actor=keyed, now=NOW)
    values: dict[str, Any] = {"reason": "電話で確かめた", "scan": None, "seen_version": 1, "actor": other, "now": NOW}
    waiting = run(election_settling.propose_settlement, number, outcome=E.EFFECTIVE, **values)
    with refused("second_person"):
        _confirm(waiting, keyed)
    _confirm(waiting, staff_actor(make, Role.APPROVER))
    assert one(number).state is E.EFFECTIVE


def test_the_database_too_wants_two_persons(make: Factory) -> None:
    parent, child, _young = family(make)
    number = _enter(staff_actor(make), parent, child, assembly(make, AssemblyState.COUNTING))

    def settle(session: Session) -> None:
        found = session.get_one(HolderElection, number)
        found.settled_by_id, found.settled_at = found.entered_by_id, NOW
        session.flush()

    with pytest.raises(IntegrityError, match="two_persons"):
        run(settle)


def test_of_groups_that_are_not_divided_equally_no_equal_share_is_named(make: Factory) -> None:
    parent, child, _young = family(make)
    settings = AssemblySettings(policies={R: VotePolicy.MANUAL}, shares={R: {parent.id: (1, 1)}})
    held = assembly(make, AssemblyState.COUNTING, settings=settings)
    number = file_election(speaking(make, parent), child, held.id, None)
    row, found = db.session.get_one(HolderElection, number), db.session.get_one(Assembly, held.id)
    moved = reads.moves(db.session(), row, found, today=RECORD_ON)
    assert [line[:2] for line in move_rows(moved)] == [
        ("小売グループ", "この総会で決めた割合"),
        ("発電グループ", "1 / 1"),
    ]
    seen = reads.family_of(db.session(), parent.id, found, today=RECORD_ON)
    assert seen is not None
    assert [(one["title"], one["share"]) for one in family_rows(seen)] == [
        ("小売グループ", "この総会で決めた割合"),
        ("発電グループ", "グループの 1 / 1"),
    ]


def test_a_standing_paper_is_kept_with_the_member(make: Factory) -> None:
    parent, child, _young = family(make)
    number = _enter(staff_actor(make), parent, child, None)
    kept = db.session.get_one(Attachment, one(number).document_id)
    assert (kept.assembly_id, kept.member_id) == (None, parent.id)


def test_what_is_refused_on_paper(make: Factory) -> None:
    parent, child, young = family(make)
    held, staff, speaks = assembly(make, AssemblyState.COUNTING), staff_actor(make), speaking(make, parent)
    with refused("not_allowed"):
        _enter(speaks, parent, child, held)
    with refused("received_later", field="received_on"):
        _enter(staff, parent, child, held, received_at=NOW + timedelta(seconds=1))
    with refused("not_found"):
        _enter(staff, parent, child, held, filed_by_id=10**9)
    with refused("not_found"):
        _enter(staff, parent, child, held, assembly_id=10**9)
    with refused("not_in_group", field="holder"):
        _enter(staff, parent, young, held, group=G)


def test_staff_settle_with_a_second_person(make: Factory) -> None:
    _parent, child, _young = family(make)
    held, staff, second = assembly(make, AssemblyState.COUNTING), staff_actor(make), staff_actor(make, Role.APPROVER)
    number, system = file_election(speaking(make, child), child, held.id, R), staff_actor(make, Role.SYSTEM)

    def propose(outcome: ElectionState, **changes: Any) -> int:
        values: dict[str, Any] = {"reason": "電話で確かめた", "scan": None, "seen_version": 1, "actor": staff}
        return run(election_settling.propose_settlement, number, outcome=outcome, now=NOW, **(values | changes))

    with refused("not_allowed"):
        propose(E.EFFECTIVE, actor=system)
    with refused("stale"):
        propose(E.EFFECTIVE, seen_version=2)
    with refused("reason_missing", field="reason"):
        propose(E.EFFECTIVE, reason=" ")
    with refused("document_missing", field="file"):
        propose(E.WITHDRAWN)
    with refused("over"):
        propose(E.UNSETTLED)
    first = propose(E.REFUSED)
    with refused("already_proposed"):
        propose(E.EFFECTIVE)
    _confirm(first, second)
    found = one(number)
    assert (found.state, found.reason) == (E.REFUSED, "電話で確かめた")
    with refused("over"):
        propose(E.EFFECTIVE, seen_version=2)
    with refused("over"):
        propose(E.WITHDRAWN, seen_version=2, scan=SCAN)


def test_what_was_countersigned_meanwhile_is_not_settled(make: Factory) -> None:
    parent, child, _young = family(make)
    held, second = assembly(make, AssemblyState.COUNTING), staff_actor(make, Role.APPROVER)
    number = _enter(staff_actor(make), child, child, held)
    waiting = _proposal()
    run(elections.countersign, number, seen_version=1, actor=speaking(make, parent), now=NOW)
    with refused("stale"):
        _confirm(waiting, second)
    assert one(number).state is E.EFFECTIVE


def test_a_withdrawal_from_paper(make: Factory) -> None:
    parent, child, _young = family(make)
    held, staff, second = assembly(make, AssemblyState.COUNTING), staff_actor(make), staff_actor(make, Role.APPROVER)
    number = file_election(speaking(make, parent), child, held.id, R)
    waiting = run(
        election_settling.propose_settlement,
        number,
        outcome=E.WITHDRAWN,
        reason="書面による",
        scan=SCAN,
        seen_version=1,
        actor=staff,
        now=NOW,
    )
    _confirm(waiting, second)
    assert one(number).state is E.WITHDRAWN
    assert _holders(held)[R] == {parent.id}


def test_a_company_outside_its_family_later_is_ignored_with_a_warning(make: Factory) -> None:
    from tests.assembling import RECORD_ON
    from tests.registering import entering

    parent, child, young = family(make)
    held = assembly(make, AssemblyState.COUNTING)
    file_election(speaking(make, parent), young, held.id, R)
    with entering() as change:
        from occto.models import ControlFact

        fact = change.session.scalars(select(ControlFact).where(ControlFact.child_body_id == young.body_id)).one()
        fact.voided_id = change.change.id
        assert fact.effective_on < RECORD_ON
    db.session.rollback()
    found = calculate(db.session(), db.session.get_one(Assembly, held.id))
    assert "election_ignored" in {one.code for one in found.findings}
    assert _holders(held)[R] == {parent.id, young.id}
    assert child.id not in _holders(held)[R]


@pytest.mark.races
def test_two_withdraw_at_once(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    parent, child, _young = family(make)
    held = assembly(make, AssemblyState.COUNTING)
    people = [speaking(make, parent) for _ in range(4)]
    number = file_election(people[0], child, held.id, R)
    db.session.remove()
    results = at_once(
        fresh_app,
        [lambda who=who: run(elections.withdraw, number, seen_version=1, actor=who, now=NOW) for who in people],
    )
    assert sorted(map(str, results)) == ["None", "stale", "stale", "stale"]
