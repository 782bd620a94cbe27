"""What the check list before a freeze names, and what it leaves out."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from occto.domain.assembly import AssemblyState
from occto.domain.changes import ChangeState
from occto.domain.codes import Channel, ElectionState, ProposalState
from occto.domain.freezing import CaseKind
from occto.domain.joining import ApplicationState
from occto.domain.proposals import ProposalKind
from occto.domain.votes import Group
from occto.extensions import db
from occto.models import Assembly, HolderElection, Proposal, RosterProposal, VoteObjection
from occto.queries.freeze_checks import Case, freeze_cases
from occto.services import elections
from occto.unit_of_work import run, unit_of_work
from tests import answers, assembling, changing, electing, freezing
from tests.admin.counting import statements
from tests.answers import ACT_ON
from tests.factories import NOW, Factory
from tests.freezing import AFTER, BEFORE

ON = assembling.RECORD_ON


@pytest.fixture
def held(app: Flask, make: Factory) -> Assembly:
    return assembling.assembly(make, AssemblyState.COUNTING)


def cases(held: Assembly) -> list[Case]:
    db.session.expunge_all()
    db.session.rollback()
    return freeze_cases(db.session(), db.session.get_one(Assembly, held.id))


def kinds(held: Assembly) -> list[CaseKind]:
    return [case.kind for case in cases(held)]


def add(row: Any) -> Any:
    with unit_of_work() as session:
        session.add(row)
    return row


@pytest.mark.parametrize(
    ("wanted", "listed"),
    [
        (changing.capital(5, on=BEFORE), True),
        (changing.capital(5, on=ON), True),
        (changing.capital(5, on=ON + timedelta(days=1)), False),
        (changing.renamed(on=BEFORE), False),
        (changing.licences(changing.licence_added("RETAIL", on=BEFORE)), True),
        (changing.licences(changing.licence_added("RETAIL", on=AFTER)), False),
        (changing.relations(changing.relation_added("4010001000004", on=BEFORE)), True),
        (changing.relations(changing.relation_added("4010001000004", on=AFTER)), False),
        (changing.relations(changing.relation_added("4010001000004", on=AFTER, acquired_on=BEFORE.isoformat())), True),
    ],
)
def test_a_change_that_could_count_on_the_record_date_is_listed(
    make: Factory, held: Assembly, wanted: changing.Answers, listed: bool
) -> None:
    request = changing.submitted(make, wanted, occurred_on=date(2026, 11, 1))
    found = cases(held)
    assert [case.target_id for case in found] == ([request.id] if listed else [])
    if listed:
        assert found[0].on is not None
        assert found[0].on <= ON
        assert (found[0].key, found[0].company) == (f"CHANGE:{request.id}:1", request.member.current_name)


@pytest.mark.parametrize("state", list(ChangeState))
def test_decided_requests_and_drafts_are_left_out(make: Factory, held: Assembly, state: ChangeState) -> None:
    changing.in_state(make, state, answers=changing.capital(5, on=BEFORE), occurred_on=BEFORE)
    undecided = state in (ChangeState.SUBMITTED, ChangeState.IN_REVIEW, ChangeState.RETURNED)
    assert kinds(held) == ([CaseKind.CHANGE] if undecided else [])


def test_a_correction_may_reach_back_to_any_day(make: Factory, held: Assembly) -> None:
    changing.submitted(make, changing.capital(5, on=AFTER), channel=Channel.PAPER, occurred_on=BEFORE, received_at=NOW)
    assert kinds(held) == []
    with unit_of_work() as session:
        from occto.models import ChangeItem

        item = session.query(ChangeItem).one()
        found = _copied(item)
        found.act, found.target_key, found.target_id, found.new = "VOID", "1", 1, None  # type: ignore[assignment]
        session.add(found)
    assert [case.on for case in cases(held)] == [None]


def _copied(item: Any) -> Any:
    columns = [column.key for column in item.__table__.c if column.key != "id"]
    return type(item)(**{name: getattr(item, name) for name in columns})


@pytest.mark.parametrize("state", list(ApplicationState))
def test_applications_that_were_sent_in_are_listed_until_they_are_decided(
    make: Factory, held: Assembly, state: ApplicationState
) -> None:
    """A main application whose days all lie after the record date is none of them."""
    answers.in_state(make, state)
    listed = state in (
        ApplicationState.SUBMITTED,
        ApplicationState.IN_REVIEW,
        ApplicationState.RETURNED,
        ApplicationState.ACCEPTED,
        ApplicationState.MAIN_DRAFT,
        ApplicationState.AWAITING_ACT,
    )
    assert ON < ACT_ON
    assert kinds(held) == ([CaseKind.APPLICATION] if listed else [])


def test_what_else_is_undecided(make: Factory, held: Assembly) -> None:
    member, user = make.member(), make.user()
    other = assembling.assembly(make, AssemblyState.COUNTING)
    election = {
        "vote_group": "*",
        "root_body_id": member.body_id,
        "holder_member_id": member.id,
        "filed_by_member_id": member.id,
        "channel": "ONLINE",
        "received_at": NOW,
    }
    standing = add(HolderElection(**election, state="UNSETTLED"))
    add(HolderElection(**election, state="EFFECTIVE"))
    add(HolderElection(**election, state="UNSETTLED", assembly_id=other.id))
    objection = {
        "member_id": member.id,
        "filed_by_id": user.id,
        "filed_at": NOW,
        "body": "当社にも議決権があるはずです。",
    }
    said = add(VoteObjection(**objection, assembly_id=held.id))
    add(VoteObjection(**objection, assembly_id=other.id))
    answered = {"answer": "届出によります。", "answered_at": NOW, "answered_by_id": user.id}
    add(VoteObjection(**objection, **answered, assembly_id=held.id))
    proposal = {"values": {}, "reason": "理事会", "proposed_by_id": user.id, "proposed_at": NOW}
    proposed = add(
        Proposal(
            **proposal, kind=ProposalKind.SANCTION, state=ProposalState.PROPOSED, subject_key="M:1", member_id=member.id
        )
    )
    add(
        Proposal(
            **proposal, kind=ProposalKind.FREEZE, state=ProposalState.PROPOSED, subject_key="A:1", assembly_id=held.id
        )
    )
    add(
        Proposal(**proposal, kind=ProposalKind.SANCTION, state=ProposalState.DROPPED, subject_key="M:2", decided_at=NOW)
    )
    roster = {
        "rows": [[member.id, 1, 2]],
        "reason": "整理",
        "base_change_id": 0,
        "proposed_by_id": user.id,
        "proposed_at": NOW,
    }
    numbered = add(RosterProposal(**roster, state=ProposalState.PROPOSED, effective_on=ON))
    add(RosterProposal(**roster, state=ProposalState.PROPOSED, effective_on=AFTER))
    assert {case.key for case in cases(held)} == {
        f"ELECTION:{standing.id}:1",
        f"OBJECTION:{said.id}:1",
        f"PROPOSAL:{proposed.id}",
        f"ROSTER:{numbered.id}",
    }


def test_a_standing_election_that_the_company_of_this_day_never_consented_to(make: Factory, held: Assembly) -> None:
    parent = make.member(licences=("GEN",))
    large, small, young = (make.member(licences=("RETAIL",), capital=yen) for yen in (30, 20, 10))
    for child in (large, small, young):
        assembling.controls(parent, child)
    number = electing.file_election(electing.speaking(make, large), small, None, Group.R)
    assert electing.one(number).state is ElectionState.EFFECTIVE
    assert cases(held) == []
    freezing.capital(young, 40)
    (case,) = cases(held)
    assert (case.kind, case.target_id, case.key) == (CaseKind.CONSENT, number, f"CONSENT:{number}:1:{young.id}")
    assert young.current_name in case.number
    later = NOW + timedelta(hours=1)
    again = electing.file_election(electing.speaking(make, young), small, None, Group.R, now=later)
    assert [one.key for one in cases(held)] == [f"ELECTION:{again}:1", case.key]
    filer = electing.speaking(make, small)
    run(elections.countersign, again, seen_version=1, actor=filer, now=later)
    assert cases(held) == []


def test_the_number_of_cases_adds_no_statement(make: Factory, held: Assembly) -> None:
    counted = []
    for _ in range(2):
        changing.submitted(make, changing.capital(5, on=BEFORE), occurred_on=BEFORE)
        answers.in_state(make, ApplicationState.ACCEPTED)
        db.session.rollback()
        row = db.session.get_one(Assembly, held.id)
        with statements() as seen:
            freeze_cases(db.session(), row)
        counted.append(len(seen))
    assert counted[0] == counted[1] == 9
