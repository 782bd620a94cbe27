"""Walk-ins, guests, officials and substitutes: admitted in one act, or refused with nothing written."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from occto.delivery import fill
from occto.domain.actor import Actor
from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.domain.reception import ScanOutcome
from occto.domain.replies import Attendance
from occto.domain.tickets import Revocation, TicketKind
from occto.extensions import db
from occto.models import (
    AdmissionTicket,
    Assembly,
    AuditDetail,
    AuditEvent,
    CheckIn,
    Desk,
    Member,
    OutboxMail,
    StandingReply,
    User,
)
from occto.pages import site
from occto.queries.tickets import outdated
from occto.services.reception import supervising
from occto.services.reception.admitting import Arrival, admit_at_door, substitute
from occto.services.reception.checking_in import Answer
from occto.unit_of_work import run, unit_of_work
from tests.assembling import assembly
from tests.certifying import end_licence
from tests.factories import Factory
from tests.observing import everything, refused
from tests.racing import at_once
from tests.receiving import ARRIVAL, Door, door, scan_id, sign
from tests.replying import reply

K = TicketKind


@pytest.fixture
def at_door(make: Factory) -> Door:
    return door(make)


def _arrival(scene: Door, **changes: Any) -> Arrival:
    values: dict[str, Any] = {"kind": K.WALK_IN, "name": "高田 亮", "voting": True, "member_id": scene.voter.id}
    return Arrival(**(values | changes))


def _come(scene: Door, arrival: Arrival | None = None, **changes: Any) -> Answer:
    values: dict[str, Any] = {
        "reason": "名刺で確かめた",
        "scan_id": scan_id(),
        "actor": scene.supervisor,
        "now": ARRIVAL,
    }
    return run(admit_at_door, scene.held.id, arrival or _arrival(scene), sign=sign, **(values | changes))


def _instead(scene: Door, ticket: AdmissionTicket, **changes: Any) -> Answer:
    values: dict[str, Any] = {
        "name": "高田 亮",
        "title": "部長",
        "reason": "名刺で確かめた",
        "scan_id": scan_id(),
        "actor": scene.supervisor,
        "now": ARRIVAL,
    }
    return run(substitute, ticket.id, sign=sign, **(values | changes))


def _nothing(code: str, act: Callable[[], Any], *, field: str | None = None) -> None:
    before = everything()
    with refused(code, field=field):
        act()
    assert everything() == before


def _mails(template: str = "voter_admitted") -> list[OutboxMail]:
    db.session.rollback()
    found = select(OutboxMail).where(OutboxMail.template == f"assemblies/{template}").order_by(OutboxMail.id)
    return list(db.session.scalars(found))


def _told(tag: str) -> list[int]:
    """How many mails each entry of the trail says were sent."""
    events = db.session.scalars(select(AuditEvent.id).where(AuditEvent.tag == tag).order_by(AuditEvent.id))
    return [db.session.get_one(AuditDetail, number).payload["told"] for number in events]


def _back(scene: Door, entry: int, *, undo: bool) -> None:
    """The check-in undone, or its voter made an observer."""
    values: dict[str, Any] = {"reason": "人違い", "actor": scene.supervisor, "now": ARRIVAL + timedelta(minutes=1)}
    if undo:
        run(supervising.undo, entry, **values)
    else:
        run(supervising.change_role, entry, voting=False, **values)


def _administrator(scene: Door, member: Member) -> str:
    user = scene.make.user()
    scene.make.affiliate(user, member)
    return user.email


class TestTheMemberIsTold:
    """It has not chosen the person itself: who votes for it now, since when, and what of its reply that takes back."""

    def test_of_somebody_without_a_ticket(self, at_door: Door) -> None:
        address = _administrator(at_door, at_door.voter)
        _administrator(at_door, at_door.other)
        reply(at_door.make, at_door.held, at_door.voter)
        _come(at_door)
        [mail] = _mails()
        assert (mail.to_address, mail.member_id, mail.assembly_id) == (address, at_door.voter.id, at_door.held.id)
        about = {name: mail.params[name] for name in ("company", "voter", "instead_of", "taken_back", "contact")}
        assert about == {
            "company": at_door.voter.current_name,
            "voter": "高田 亮",
            "instead_of": None,
            "taken_back": "賛否の回答",
            "contact": "鈴木 一郎（内線 0000）",
        }
        assert datetime.fromisoformat(mail.params["at"]) == ARRIVAL
        _subject, body = fill(mail.template, {**mail.params, "site": site()})
        addressee = db.session.scalars(select(User.name).where(User.email == address)).one()
        assert body.startswith(f"{at_door.voter.current_name} 御中\n{addressee} 様\n")
        assert "規定により撤回されたものとして扱います" in body
        assert "すでに採決した議案の票数は変わりません" in body
        assert "受付責任者　　　鈴木 一郎（内線 0000）\n" in body
        assert _told("reception.at_the_hall") == [1]

    @pytest.mark.parametrize(
        ("attendance", "words"), [(None, None), (Attendance.CHAIR, "議長一任"), (Attendance.ABSENT, None)]
    )
    def test_of_a_substitute_and_what_is_taken_back(
        self, at_door: Door, attendance: Attendance | None, words: str | None
    ) -> None:
        _administrator(at_door, at_door.voter)
        if attendance is not None:
            reply(at_door.make, at_door.held, at_door.voter, attendance)
        _instead(at_door, at_door.ticket(name="鈴木 一郎"))
        [mail] = _mails()
        assert (mail.params["instead_of"], mail.params["title"], mail.params["taken_back"]) == (
            "鈴木 一郎",
            "部長",
            words,
        )

    def test_without_a_desk_it_is_sent_to_the_office(self, at_door: Door) -> None:
        _administrator(at_door, at_door.voter)
        with unit_of_work() as session:
            session.get_one(Desk, at_door.desk.id).ended_at = ARRIVAL
        _come(at_door)
        [mail] = _mails()
        assert mail.params["contact"] == ""
        assert "すぐに当機関へお電話ください" in fill(mail.template, {**mail.params, "site": site()})[1]

    def test_of_an_observer_who_becomes_the_voter(self, at_door: Door) -> None:
        """Nobody was told at the door: the vote moves only now."""
        address = _administrator(at_door, at_door.voter)
        reply(at_door.make, at_door.held, at_door.voter, Attendance.CHAIR)
        entered = _come(at_door, _arrival(at_door, voting=False)).entered
        assert entered is not None
        assert _mails() == []
        change = {"voting": True, "reason": "本人の申出", "actor": at_door.supervisor, "now": ARRIVAL}
        run(supervising.change_role, entered.id, **change)
        db.session.rollback()
        [mail] = _mails()
        assert (mail.to_address, mail.params["taken_back"], mail.params["company"], mail.params["instead_of"]) == (
            address,
            "議長一任",
            at_door.voter.current_name,
            None,
        )
        assert _told("reception.ended") == [1]

    @pytest.mark.parametrize("undo", [True, False])
    @pytest.mark.parametrize(("attendance", "words"), [(Attendance.ELECTRONIC, "賛否の回答"), (None, None)])
    def test_that_it_was_undone(
        self, at_door: Door, attendance: Attendance | None, words: str | None, *, undo: bool
    ) -> None:
        """Its only word of the reply would be that it was withdrawn, while it stands again."""
        address = _administrator(at_door, at_door.voter)
        _administrator(at_door, at_door.other)
        if attendance is not None:
            reply(at_door.make, at_door.held, at_door.voter, attendance)
        entered = _come(at_door).entered
        assert entered is not None
        _back(at_door, entered.id, undo=undo)
        [mail] = _mails("voter_undone")
        assert (mail.to_address, mail.member_id, mail.assembly_id) == (address, at_door.voter.id, at_door.held.id)
        assert (mail.params["voter"], mail.params["stands"]) == ("高田 亮", words)
        assert mail.params["company"] == at_door.voter.current_name
        assert _told("reception.ended") == [1]

    def test_that_the_reply_stands_again_though_somebody_else_had_set_it_aside(self, at_door: Door) -> None:
        """Who was told of left; the next voter came by a ticket, and becomes an observer."""
        _administrator(at_door, at_door.voter)
        reply(at_door.make, at_door.held, at_door.voter)
        first = _come(at_door).entered
        assert first is not None
        run(supervising.leave, first.id, actor=at_door.supervisor, now=ARRIVAL)
        assert _mails("voter_undone") == []  # it chose to vote at the hall: the reply stays aside
        second = at_door.show(at_door.ticket()).entered
        assert second is not None
        _back(at_door, second.id, undo=True)
        assert _mails("voter_undone") == []
        third = at_door.show(at_door.ticket()).entered
        assert third is not None
        _back(at_door, third.id, undo=False)
        [mail] = _mails("voter_undone")
        assert (mail.params["voter"], mail.params["stands"]) == ("佐藤 美咲", "賛否の回答")

    def test_not_what_it_was_never_told(self, at_door: Door) -> None:
        """Whom the member named itself, the door told nothing of."""
        _administrator(at_door, at_door.voter)
        reply(at_door.make, at_door.held, at_door.voter)
        for undo in (True, False):
            entered = at_door.show(at_door.ticket()).entered
            assert entered is not None
            _back(at_door, entered.id, undo=undo)
        assert _mails("voter_undone") == []
        assert _told("reception.ended") == [0, 0]

    def test_not_of_people_who_do_not_vote(self, at_door: Door) -> None:
        _administrator(at_door, at_door.voter)
        _come(at_door, _arrival(at_door, voting=False))
        _come(at_door, Arrival(K.GUEST, "来賓 太郎"))
        _instead(at_door, at_door.ticket(voting=False))
        assert _mails() == []

    def test_not_in_a_rehearsal(self, at_door: Door) -> None:
        _administrator(at_door, at_door.voter)
        copied = assembly(at_door.make, AssemblyState.NOTIFIED)
        with unit_of_work() as session:
            session.get_one(Assembly, at_door.held.id).rehearsal_of_id = copied.id
        _come(at_door)
        assert _mails() == []


class TestWalkIn:
    def test_admitted_and_the_advance_vote_set_aside(self, at_door: Door) -> None:
        reply(at_door.make, at_door.held, at_door.voter)
        answer = _come(at_door)
        assert (answer.outcome, answer.withdrawn) == (ScanOutcome.ADMITTED, Attendance.ELECTRONIC)
        ticket = db.session.scalars(select(AdmissionTicket)).one()
        assert (ticket.kind, ticket.voting, ticket.issued_by_id) == (K.WALK_IN, True, at_door.chief.id)
        entry = db.session.scalars(select(CheckIn)).one()
        assert (entry.desk_id, entry.entered_by_id, entry.voting) == (None, at_door.chief.id, True)
        assert db.session.scalar(select(StandingReply.set_aside_by_check_in_id)) == entry.id

    def test_an_observer_leaves_the_advance_vote_alone(self, at_door: Door) -> None:
        reply(at_door.make, at_door.held, at_door.voter)
        assert _come(at_door, _arrival(at_door, voting=False)).withdrawn is None
        assert db.session.scalar(select(StandingReply.set_aside_by_check_in_id)) is None

    @pytest.mark.parametrize("kind", [K.GUEST, K.OFFICIAL])
    def test_people_of_no_member(self, at_door: Door, kind: TicketKind) -> None:
        answer = _come(at_door, Arrival(kind, "来賓 太郎", "電力・ガス事業部"))
        assert answer.outcome is ScanOutcome.ADMITTED
        assert db.session.scalars(select(CheckIn.member_id)).one() is None

    def test_refused(self, at_door: Door) -> None:
        scene = at_door
        volunteer = Actor(request_id="x", address="x", permissions=scene.volunteer.permissions)
        operator = scene.make.actor(scene.make.staff(Role.OPERATOR), Role.OPERATOR)
        stranger = scene.make.member()  # after the freeze
        for actor in (volunteer, operator):
            _nothing("not_allowed", lambda actor=actor: _come(scene, actor=actor))
        _nothing("reason_missing", lambda: _come(scene, reason=" "), field="reason")
        _nothing("reason_too_long", lambda: _come(scene, reason="x" * 501), field="reason")
        _nothing("name_missing", lambda: _come(scene, _arrival(scene, name=" ")), field="name")
        _nothing("name_too_long", lambda: _come(scene, _arrival(scene, name="x" * 201)), field="name")
        _nothing("title_too_long", lambda: _come(scene, _arrival(scene, title="x" * 121)), field="title")
        _nothing("note_too_long", lambda: _come(scene, _arrival(scene, note="x" * 201)), field="note")
        _nothing("kind_wrong", lambda: _come(scene, _arrival(scene, member_id=None)), field="kind")
        _nothing("kind_wrong", lambda: _come(scene, _arrival(scene, kind=K.GUEST)), field="kind")
        _nothing("kind_wrong", lambda: _come(scene, _arrival(scene, kind=K.GUEST, member_id=None)), field="kind")
        _nothing("not_on_roll", lambda: _come(scene, _arrival(scene, member_id=stranger.id)))
        _nothing("not_open", lambda: _come(scene, now=ARRIVAL - timedelta(days=1)))
        with refused("not_found"):
            run(
                admit_at_door,
                10**9,
                _arrival(scene),
                reason="x",
                scan_id="x" * 8,
                sign=sign,
                actor=scene.supervisor,
                now=ARRIVAL,
            )

    def test_no_votes(self, make: Factory) -> None:
        from tests.assembling import controls

        parent, child = make.member(), make.member()
        controls(parent, child)
        scene = door(make)
        _nothing("no_votes", lambda: _come(scene, _arrival(scene, member_id=child.id)))
        assert _come(scene, _arrival(scene, member_id=child.id, voting=False)).outcome is ScanOutcome.ADMITTED

    def test_one_voter_a_member(self, at_door: Door) -> None:
        at_door.show(at_door.ticket())
        _nothing("voter_present", lambda: _come(at_door))

    def test_a_member_that_has_left(self, at_door: Door) -> None:
        end_licence(at_door.voter, "GEN", date(2026, 12, 1))
        _nothing("member_left", lambda: _come(at_door))

    @pytest.mark.parametrize("state", [AssemblyState.REPLIES_CLOSED, AssemblyState.RESULT_FIXED])
    def test_the_hall_is_closed(self, make: Factory, state: AssemblyState) -> None:
        scene = door(make, state)
        _nothing("hall_closed", lambda: _come(scene))
        ticket = scene.ticket()
        _nothing("hall_closed", lambda: _instead(scene, ticket))


class TestSubstitute:
    def test_takes_the_place(self, at_door: Door) -> None:
        reply(at_door.make, at_door.held, at_door.voter)
        old = at_door.ticket(seat="C-12")
        answer = _instead(at_door, old)
        assert answer.outcome is ScanOutcome.ADMITTED
        first, second = db.session.scalars(select(AdmissionTicket).order_by(AdmissionTicket.id))
        assert (first.revoked_for, second.replaces_id) == (Revocation.SUBSTITUTED, first.id)
        assert (second.kind, second.seat, second.voting, second.issue_no) == (K.SUBSTITUTE, "C-12", True, 2)
        told = at_door.show(first)
        assert (told.outcome, told.successor.name if told.successor else "") == (ScanOutcome.REVOKED, "高田 亮")

    def test_the_worker_gives_the_first_no_ticket_again(self, at_door: Door) -> None:
        stood = reply(at_door.make, at_door.held, at_door.voter, Attendance.ATTEND)
        assert outdated(db.session(), at_door.held.id, limit=9) == [at_door.voter.id]
        answer = _instead(at_door, at_door.ticket(kind=K.ATTENDEE, reply_id=stood.id))
        assert answer.entered is not None
        run(supervising.leave, answer.entered.id, actor=at_door.supervisor, now=ARRIVAL)
        assert outdated(db.session(), at_door.held.id, limit=9) == []

    def test_refused(self, at_door: Door) -> None:
        scene, ticket = at_door, at_door.ticket()
        guest = scene.ticket(voting=False, kind=K.GUEST, member_id=None)
        revoked = scene.ticket(revoked_at=ARRIVAL, revoked_for="WITHDRAWN")
        operator = scene.make.actor(scene.make.staff(Role.OPERATOR), Role.OPERATOR)
        _nothing("not_allowed", lambda: _instead(scene, ticket, actor=operator))
        _nothing("reason_missing", lambda: _instead(scene, ticket, reason=None), field="reason")
        _nothing("name_missing", lambda: _instead(scene, ticket, name=None), field="name")
        _nothing("title_too_long", lambda: _instead(scene, ticket, title="x" * 121), field="title")
        _nothing("no_member", lambda: _instead(scene, guest))
        _nothing("ticket_revoked", lambda: _instead(scene, revoked))
        _nothing("not_open", lambda: _instead(scene, ticket, now=ARRIVAL + timedelta(days=1)))
        other = scene.ticket(name="別の方")
        scene.show(ticket)
        _nothing("present", lambda: _instead(scene, ticket))
        _nothing("voter_present", lambda: _instead(scene, other))
        with refused("not_found"):
            run(
                substitute,
                10**9,
                name="x",
                title="",
                reason="x",
                scan_id="x" * 8,
                sign=sign,
                actor=scene.supervisor,
                now=ARRIVAL,
            )


@pytest.mark.races
def test_a_substitute_and_the_first_at_once(fresh_app: Flask) -> None:
    """One of the two is in the hall, whoever came first; nobody votes twice."""
    scene = door(Factory(fresh_app))
    tickets = [scene.ticket() for _ in range(6)]
    codes = [(ticket.id, scene.token(ticket)) for ticket in tickets]
    supervisor = scene.supervisor
    for number, code in codes:
        told = at_once(fresh_app, [partial(_scan, scene, code), partial(_replace, scene, number, supervisor)])
        assert told in ([ScanOutcome.ADMITTED, "present"], [ScanOutcome.REVOKED, ScanOutcome.ADMITTED])
        inside = list(db.session.scalars(select(CheckIn.id).where(CheckIn.ended_at.is_(None))))
        assert len(inside) == 1
        run(supervising.undo, inside[0], reason="次の回のため", actor=supervisor, now=ARRIVAL)


def _scan(scene: Door, code: str) -> ScanOutcome:
    return scene.scan(code).outcome


def _replace(scene: Door, number: int, supervisor: Actor) -> ScanOutcome:
    words = {"name": "高田 亮", "title": "", "reason": "名刺で確かめた"}
    return run(substitute, number, **words, scan_id=scan_id(), sign=sign, actor=supervisor, now=ARRIVAL).outcome
