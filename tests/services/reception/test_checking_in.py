"""One scan, one answer: every outcome with what it writes, and exactly once whatever the number of desks."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from occto.domain.actor import SYSTEM
from occto.domain.assembly import AssemblyState
from occto.domain.errors import Refusal
from occto.domain.reception import ScanOutcome, ScanWay
from occto.domain.replies import Attendance
from occto.domain.tally import Choice
from occto.domain.tickets import Revocation, TicketKind, read_code, shown_number
from occto.extensions import db
from occto.models import AdmissionTicket, AuditEvent, CheckIn, Scan, StandingReply
from occto.services.reception.checking_in import Attempt, check_in
from occto.services.tickets import issuing
from occto.unit_of_work import run
from tests import assembling
from tests.assembling import HELD
from tests.certifying import end_licence
from tests.factories import NOW, Factory
from tests.freezing import on_paper, sanction
from tests.racing import at_once
from tests.receiving import ARRIVAL, Door, counts, door, scan_id
from tests.replying import reply

Out, A, S = ScanOutcome, Attendance, AssemblyState


@pytest.fixture
def at_door(make: Factory) -> Door:
    return door(make)


def _events() -> int:
    return (
        db.session.scalar(select(func.count()).select_from(AuditEvent).where(AuditEvent.tag == "reception.checked_in"))
        or 0
    )


class TestAdmitted:
    def test_by_the_code_and_what_the_desk_is_told(self, at_door: Door) -> None:
        ticket = at_door.ticket(seat="C-12", note="車椅子")
        answer = at_door.show(ticket)
        assert answer.outcome is Out.ADMITTED
        assert answer.ticket is not None
        assert answer.entered is not None
        assert (answer.ticket.name, answer.ticket.company, answer.ticket.votes) == (
            "佐藤 美咲",
            at_door.voter.current_name,
            1,
        )
        assert (answer.ticket.seat, answer.ticket.note) == ("C-12", "車椅子")
        assert (answer.entered.entered_at, answer.entered.desk) == (ARRIVAL, "受付 1番")
        assert answer.withdrawn is None
        assert counts(db.session) == (1, 1, 0)
        assert _events() == 1

    def test_by_the_number(self, at_door: Door) -> None:
        ticket = at_door.ticket()
        assert at_door.scan(shown_number(ticket.number)).outcome is Out.ADMITTED
        assert db.session.scalars(select(Scan.way)).all() == [ScanWay.NUMBER]

    def test_from_the_list(self, at_door: Door) -> None:
        ticket = at_door.ticket()
        assert at_door.scan("", way=ScanWay.LIST, ticket_id=ticket.id).outcome is Out.ADMITTED

    def test_guests_and_officials_belong_to_no_member(self, at_door: Door) -> None:
        for kind in (TicketKind.GUEST, TicketKind.OFFICIAL):
            ticket = at_door.ticket(kind=kind, member_id=None, voting=False)
            assert at_door.show(ticket).outcome is Out.ADMITTED

    def test_late_comers_during_the_voting(self, make: Factory) -> None:
        scene = door(make, S.VOTING)
        assert scene.show(scene.ticket()).outcome is Out.ADMITTED

    def test_an_ended_contract_of_use_refuses_nobody(self, at_door: Door) -> None:
        on_paper(at_door.voter)
        assert at_door.show(at_door.ticket()).outcome is Out.ADMITTED

    def test_a_right_that_was_stopped_after_the_record_date_refuses_nobody(self, at_door: Door) -> None:
        sanction(at_door.voter, since=date(2026, 12, 1))
        assert at_door.show(at_door.ticket()).outcome is Out.ADMITTED

    def test_offline_it_counts_from_the_clock_of_the_desk(self, at_door: Door) -> None:
        earlier = ARRIVAL - timedelta(minutes=7)
        answer = at_door.show(at_door.ticket(), offline=True, device_at=earlier)
        assert answer.entered is not None
        assert answer.entered.entered_at == earlier

    @pytest.mark.parametrize("ahead", [timedelta(minutes=2), timedelta(days=2)])
    def test_a_clock_that_runs_ahead_is_not_believed(self, at_door: Door, ahead: timedelta) -> None:
        answer = at_door.show(at_door.ticket(), offline=True, device_at=ARRIVAL + ahead)
        assert answer.entered is not None
        assert answer.entered.entered_at == ARRIVAL


class TestAdvanceVote:
    @pytest.mark.parametrize(
        ("attendance", "choices", "told"),
        [
            (A.ELECTRONIC, True, A.ELECTRONIC),
            (A.CHAIR, False, A.CHAIR),
            (A.PROXY, False, A.PROXY),
            (A.ATTEND, True, A.ATTEND),
            (A.ATTEND, False, None),
            (A.ABSENT, False, None),
        ],
    )
    def test_the_voters_arrival_sets_it_aside_and_the_desk_tells(
        self, at_door: Door, make: Factory, attendance: Attendance, choices: bool, told: Attendance | None
    ) -> None:
        chosen = {assembling.item(at_door.held): Choice.YES} if choices else {}
        reply(make, at_door.held, at_door.voter, attendance, choices=chosen)
        answer = at_door.show(at_door.ticket())
        assert answer.withdrawn is told
        row = db.session.scalars(select(StandingReply)).one()
        assert answer.entered is not None
        assert (row.set_aside_by_check_in_id, row.version) == (answer.entered.id, 2)

    def test_an_observer_leaves_it_in_force(self, at_door: Door, make: Factory) -> None:
        reply(make, at_door.held, at_door.voter)
        answer = at_door.show(at_door.ticket(voting=False))
        assert (answer.outcome, answer.withdrawn) == (Out.ADMITTED, None)
        assert counts(db.session) == (1, 1, 0)

    def test_the_person_named_in_a_mandate_acts_on_it(self, at_door: Door, make: Factory) -> None:
        stood = reply(make, at_door.held, at_door.voter, A.PROXY)
        answer = at_door.show(at_door.ticket(kind=TicketKind.PROXY, reply_id=stood.id))
        assert (answer.outcome, answer.withdrawn) == (Out.ADMITTED, None)

    def test_only_that_of_the_member_itself(self, at_door: Door, make: Factory) -> None:
        reply(make, at_door.held, at_door.other)
        at_door.show(at_door.ticket())
        assert counts(db.session) == (1, 1, 0)


class TestAlready:
    def test_it_says_when_and_where(self, at_door: Door) -> None:
        ticket = at_door.ticket()
        at_door.show(ticket)
        second = at_door.another_desk("受付 2番")
        answer = at_door.show(ticket, desk=second, now=ARRIVAL + timedelta(minutes=4))
        assert answer.outcome is Out.ALREADY
        assert answer.entered is not None
        assert (answer.entered.entered_at, answer.entered.desk) == (ARRIVAL, "受付 1番")
        assert counts(db.session) == (1, 2, 0)
        assert _events() == 1

    def test_another_voter_of_the_member_is_not_let_in_as_one(self, at_door: Door) -> None:
        at_door.show(at_door.ticket(name="先の方"))
        answer = at_door.show(at_door.ticket(name="後の方"))
        assert answer.outcome is Out.VOTER_PRESENT
        assert answer.entered is not None
        assert answer.entered.name == "先の方"
        assert counts(db.session) == (1, 2, 0)

    def test_the_same_scan_gets_the_same_answer(self, at_door: Door, make: Factory) -> None:
        reply(make, at_door.held, at_door.voter)
        ticket, mine = at_door.ticket(), scan_id()
        first = at_door.show(ticket, scan_id=mine)
        again = at_door.show(ticket, scan_id=mine, now=ARRIVAL + timedelta(seconds=5))
        assert again.again
        assert not first.again
        assert (again.outcome, again.withdrawn, again.entered) == (Out.ADMITTED, A.ELECTRONIC, first.entered)
        assert counts(db.session) == (1, 1, 1)

    def test_an_id_of_another_scan_is_refused(self, at_door: Door) -> None:
        mine = scan_id()
        at_door.show(at_door.ticket(), scan_id=mine)
        with pytest.raises(Refusal) as caught:
            at_door.show(at_door.ticket(at_door.other), scan_id=mine)
        assert caught.value.code == "scan_id_used"
        assert counts(db.session) == (1, 1, 0)


class TestRefused:
    """Each with its code, and nothing written but the scan."""

    def _refused(self, scene: Door, code: str, expected: ScanOutcome, **changes: Any) -> Any:
        before = counts(db.session)
        answer = scene.scan(code, **changes)
        assert answer.outcome is expected
        after = counts(db.session)
        assert (after[0], after[1], after[2]) == (before[0], before[1] + 1, before[2])
        assert _events() == before[0]
        return answer

    @pytest.mark.parametrize("code", ["", "hello", "A" * 26, "2041-8", "x" * 2000, "１２３"])
    def test_unknown(self, at_door: Door, code: str) -> None:
        answer = self._refused(at_door, code, Out.UNKNOWN)
        assert answer.ticket is None

    def test_revoked_names_the_one_that_took_its_place(self, at_door: Door, make: Factory) -> None:
        reply(make, at_door.held, at_door.voter)
        old = at_door.ticket(revoked_at=NOW, revoked_for=Revocation.REPLY_CHANGED)
        between = at_door.ticket(replaces_id=old.id, issue_no=2, revoked_at=NOW, revoked_for=Revocation.REISSUED)
        new = at_door.ticket(replaces_id=between.id, issue_no=3, name="藤本 悠")
        answer = self._refused(at_door, at_door.token(old), Out.REVOKED)
        assert (answer.successor.number, answer.successor.name) == (new.number, "藤本 悠")

    def test_revoked_without_another(self, at_door: Door) -> None:
        old = at_door.ticket(revoked_at=NOW, revoked_for=Revocation.WITHDRAWN)
        assert self._refused(at_door, at_door.token(old), Out.REVOKED).successor is None

    def test_of_another_assembly_says_nothing_of_it(self, at_door: Door, make: Factory) -> None:
        elsewhere = assembling.assembly(make, S.HALL_OPEN)
        ticket = at_door.ticket(assembly_id=elsewhere.id)
        assert self._refused(at_door, at_door.token(ticket), Out.OTHER_ASSEMBLY).ticket is None

    @pytest.mark.parametrize("state", [S.REPLIES_OPEN, S.REPLIES_CLOSED, S.RESULT_FIXED, S.CANCELLED])
    def test_not_open_in_other_states(self, make: Factory, state: AssemblyState) -> None:
        scene = door(make, state)
        self._refused(scene, scene.token(scene.ticket()), Out.NOT_OPEN)

    @pytest.mark.parametrize("now", [HELD - timedelta(days=1), HELD + timedelta(days=1)])
    def test_not_open_on_another_day(self, at_door: Door, now: Any) -> None:
        self._refused(at_door, at_door.token(at_door.ticket()), Out.NOT_OPEN, now=now)

    def test_a_member_that_left(self, at_door: Door, make: Factory) -> None:
        reply(make, at_door.held, at_door.voter)
        end_licence(at_door.voter, "GEN", date(2026, 12, 1))
        self._refused(at_door, at_door.token(at_door.ticket()), Out.MEMBER_LEFT)

    def test_a_member_whose_rights_were_stopped_on_the_record_date(self, make: Factory) -> None:
        member = make.member()
        sanction(member, since=date(2026, 11, 1))
        scene = door(make)
        ticket = scene.ticket(member, voting=False)
        self._refused(scene, scene.token(ticket), Out.SUSPENDED)

    def test_there_is_no_such_assembly(self, at_door: Door) -> None:
        with pytest.raises(Refusal) as caught:
            run(
                check_in,
                999_999,
                Attempt(scan_id(), ScanWay.QR, read_code("A" * 26)),
                desk_id=at_door.desk.id,
                actor=at_door.volunteer,
                now=ARRIVAL,
            )
        assert caught.value.code == "not_found"
        assert counts(db.session) == (0, 0, 0)


@pytest.mark.races
class TestAtOnce:
    def test_eight_desks_admit_one_ticket_once(self, fresh_app: Flask) -> None:
        scene = door(Factory(fresh_app))
        reply(scene.make, scene.held, scene.voter)
        ticket = scene.ticket()
        desks = [scene.another_desk(f"受付 {no}番") for no in range(2, 10)]
        token = scene.token(ticket)
        answers = at_once(fresh_app, [lambda one=one: scene.scan(token, desk=one).outcome for one in desks])
        assert sorted(answers) == [Out.ADMITTED, *[Out.ALREADY] * 7]
        assert counts(db.session) == (1, 8, 1)

    def test_one_scan_that_arrives_twice_is_one(self, fresh_app: Flask) -> None:
        scene = door(Factory(fresh_app))
        token, mine = scene.token(scene.ticket()), scan_id()
        answers = at_once(fresh_app, [lambda: scene.scan(token, scan_id=mine).outcome for _ in range(4)])
        assert answers == [Out.ADMITTED] * 4
        assert counts(db.session) == (1, 1, 0)

    def test_two_voters_of_one_member(self, fresh_app: Flask) -> None:
        scene = door(Factory(fresh_app))
        tokens = [scene.token(scene.ticket(name=name)) for name in ("一", "二")]
        answers = at_once(fresh_app, [lambda one=one: scene.scan(one).outcome for one in tokens])
        assert sorted(answers) == [Out.ADMITTED, Out.VOTER_PRESENT]
        assert db.session.scalar(select(func.count()).select_from(CheckIn)) == 1

    def test_a_ticket_revoked_meanwhile_admits_nobody_afterwards(self, fresh_app: Flask) -> None:
        scene = door(Factory(fresh_app))
        ticket = scene.ticket()
        token, number = scene.token(ticket), ticket.id

        def revoke() -> str:
            def verb(session: Any) -> None:
                issuing.hold(session, scene.held.id)
                row = session.get(AdmissionTicket, number, with_for_update=True)
                issuing.revoke(session, row, why=Revocation.REISSUED, actor=SYSTEM, now=ARRIVAL)

            run(verb)
            return "revoked"

        answers = at_once(fresh_app, [revoke, *[lambda: scene.scan(token).outcome for _ in range(3)]])
        db.session.rollback()
        admitted = [one for one in answers[1:] if one is Out.ADMITTED]
        assert len(admitted) == db.session.scalar(select(func.count()).select_from(CheckIn)) <= 1
        assert scene.scan(token).outcome is Out.REVOKED
