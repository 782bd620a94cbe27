"""受付票 in the hands of the office: issued anew, taken off, seated, mailed again; guests. Every refusal writes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from occto.domain.assembly import AssemblyState
from occto.domain.errors import Refusal
from occto.domain.permissions import Role
from occto.domain.reception import ScanOutcome
from occto.domain.replies import Answer, Person
from occto.domain.tickets import Revocation, TicketKind
from occto.extensions import db
from occto.models import AdmissionTicket, Assembly, AuditEvent, OutboxMail
from occto.services.tickets import guests, issuing, managing
from occto.services.tickets.guests import Guest
from occto.unit_of_work import run, unit_of_work
from tests.factories import NOW, Factory
from tests.observing import everything
from tests.racing import at_once
from tests.receiving import Door, door, sign
from tests.replies_scene import SATO, A, S, Scene, scene

GUEST = Guest(TicketKind.GUEST, "来賓 花子", "学識経験者", "guest@b.example.jp", "R-1", "車椅子")
OFFICIAL = Guest(TicketKind.OFFICIAL, "省 太郎", "経済産業省", None)


@pytest.fixture
def here(make: Factory) -> Scene:
    found = scene(make)
    found.take(answer=Answer(A.ATTEND, attendees=(SATO,)))
    run(issuing.keep_tickets, found.held.id, sign=sign, now=NOW)
    return found


def _rows() -> list[AdmissionTicket]:
    db.session.rollback()
    db.session.expunge_all()
    return list(db.session.scalars(select(AdmissionTicket).order_by(AdmissionTicket.number)))


def _acting(of: Scene, **more: Any) -> dict[str, Any]:
    return {"actor": of.staff, "now": NOW} | more


def _mails() -> list[tuple[str, str]]:
    db.session.rollback()
    found = db.session.execute(
        select(OutboxMail.template, OutboxMail.to_address)
        .where(OutboxMail.template.like("assemblies/ticket%"))
        .order_by(OutboxMail.id)
    )
    return [(row.template.partition("/")[2], row.to_address) for row in found]


def _refused(code: str, act: Callable[[], object]) -> None:
    db.session.rollback()
    before = everything()
    with pytest.raises(Refusal) as refusal:
        act()
    assert refusal.value.code == code
    db.session.rollback()
    assert everything() == before


class TestReissuing:
    def test_the_same_person_gets_another(self, here: Scene) -> None:
        (old,) = _rows()
        run(managing.reissue, old.id, reason="紛失", seen_version=1, sign=sign, **_acting(here))
        old, new = _rows()
        assert (old.revoked_for, new.number, new.issue_no, new.replaces_id) == (Revocation.REISSUED, 1002, 2, old.id)
        assert (new.name, new.attendee_id, new.voting) == (old.name, old.attendee_id, old.voting)
        assert new.token_hash != old.token_hash
        assert run(issuing.keep_tickets, here.held.id, sign=sign, now=NOW) == 0
        tags = db.session.scalars(select(AuditEvent.tag).where(AuditEvent.tag.like("ticket.%")).order_by(AuditEvent.id))
        assert list(tags) == ["ticket.issued", "ticket.revoked", "ticket.issued"]

    def test_refusals(self, here: Scene, make: Factory) -> None:
        (old,) = _rows()
        number, outsider = old.id, make.actor(make.staff(Role.OPERATOR))

        def act(**more: Any) -> Callable[[], object]:
            values = {"reason": "紛失", "seen_version": 1, "sign": sign} | _acting(here) | more
            return lambda: run(managing.reissue, values.pop("ticket", number), **values)

        _refused("reason_missing", act(reason=" "))
        _refused("reason_too_long", act(reason="x" * 501))
        _refused("stale", act(seen_version=2))
        _refused("not_found", act(ticket=999))
        _refused("not_allowed", act(actor=outsider))
        run(managing.withdraw, number, reason="来ない", seen_version=1, **_acting(here))
        _refused("ticket_revoked", act())

    @pytest.mark.parametrize("state", [S.RESULT_FIXED, S.FINISHED, S.POSTPONED, S.CANCELLED])
    def test_not_when_it_is_over(self, here: Scene, state: AssemblyState) -> None:
        (old,) = _rows()
        with unit_of_work() as session:
            held = session.get_one(Assembly, here.held.id)
            held.state, held.closing_reason = state, "理由"
        values = {"reason": "紛失", "seen_version": 1} | _acting(here)
        _refused("assembly_closed", lambda: run(managing.reissue, old.id, sign=sign, **values))
        _refused("assembly_closed", lambda: run(managing.withdraw, old.id, **values))
        _refused("assembly_closed", lambda: run(managing.send_again, old.id, **_acting(here)))
        _refused("assembly_closed", lambda: run(guests.register_guest, here.held.id, GUEST, sign=sign, **_acting(here)))
        _refused("assembly_closed", lambda: run(managing.give_seats, here.held.id, seats={1001: "A"}, **_acting(here)))

    def test_whoever_is_inside_is_left_to_the_supervisor(self, make: Factory) -> None:
        at: Door = door(make)
        ticket = at.ticket()
        at.show(ticket)
        clerk = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
        values = {"reason": "紛失", "seen_version": 1, "actor": clerk, "now": NOW}
        _refused("in_the_hall", lambda: run(managing.reissue, ticket.id, sign=sign, **values))
        _refused("in_the_hall", lambda: run(managing.withdraw, ticket.id, **values))


class TestWithdrawing:
    def test_it_holds_until_the_member_replies_anew(self, here: Scene) -> None:
        (old,) = _rows()
        run(managing.withdraw, old.id, reason="欠席の連絡", seen_version=1, **_acting(here))
        assert run(issuing.keep_tickets, here.held.id, sign=sign, now=NOW) == 0
        assert [one.revoked_for for one in _rows()] == [Revocation.WITHDRAWN]
        here.take(answer=Answer(A.ATTEND, attendees=(SATO,)), seen_version=1)
        assert run(issuing.keep_tickets, here.held.id, sign=sign, now=NOW) == 1
        assert [one.revoked_for for one in _rows()] == [Revocation.WITHDRAWN, None]

    def test_without_an_address_the_member_is_told(self, make: Factory) -> None:
        here = scene(make)
        here.take(answer=Answer(A.ATTEND, attendees=(Person("部長", "佐藤 美咲", None, voting=True),)))
        run(issuing.keep_tickets, here.held.id, sign=sign, now=NOW)
        run(managing.withdraw, _rows()[0].id, reason="欠席の連絡", seen_version=1, **_acting(here))
        assert _mails() == [("tickets_of_member", here.user.email)] * 2
        last = db.session.scalars(select(OutboxMail).order_by(OutboxMail.id.desc()).limit(1)).one()
        assert last.params["people"] == []
        assert "佐藤 美咲 様" in last.params["gone"][0]


class TestSeats:
    def test_seat_and_note(self, here: Scene) -> None:
        (ticket,) = _rows()
        run(managing.place, ticket.id, seat=" A-1 ", note="車椅子", seen_version=1, **_acting(here))
        (ticket,) = _rows()
        assert (ticket.seat, ticket.note, ticket.version) == ("A-1", "車椅子", 2)
        run(managing.place, ticket.id, seat="", note="", seen_version=2, **_acting(here))
        assert [(one.seat, one.note) for one in _rows()] == [(None, None)]

    def test_refusals(self, here: Scene) -> None:
        guest = run(guests.register_guest, here.held.id, GUEST, sign=sign, **_acting(here))

        def act(seat: str = "A-1", note: str = "") -> Callable[[], object]:
            number = _rows()[0].id
            return lambda: run(managing.place, number, seat=seat, note=note, seen_version=1, **_acting(here))

        _refused("seat_too_long", act("x" * 21))
        _refused("note_too_long", act(note="x" * 201))
        _refused("seat_taken", act("R-1"))
        assert guest

    def test_many(self, here: Scene) -> None:
        run(guests.register_guest, here.held.id, GUEST, sign=sign, **_acting(here))
        assert run(managing.give_seats, here.held.id, seats={1001: "R-1", 1002: None}, **_acting(here)) == 2
        assert [one.seat for one in _rows()] == ["R-1", None]
        for code, seats in (
            ("nothing_changed", {1001: "R-1"}),
            ("ticket_unknown", {1009: "A-1"}),
            ("seat_twice", {1001: "A-1", 1002: "A-1"}),
            ("seat_taken", {1002: "R-1"}),
            ("seat_too_long", {1002: "x" * 21}),
        ):
            _refused(code, lambda seats=seats: run(managing.give_seats, here.held.id, seats=seats, **_acting(here)))

    def test_a_seat_stays_with_the_place(self, here: Scene) -> None:
        run(managing.give_seats, here.held.id, seats={1001: "A-1"}, **_acting(here))
        other = Person("総務部", "藤本 悠", None, voting=True)
        here.take(answer=Answer(A.ATTEND, attendees=(other,)), seen_version=1)
        run(issuing.keep_tickets, here.held.id, sign=sign, now=NOW)
        assert [(one.name, one.seat) for one in _rows() if one.revoked_at is None] == [("藤本 悠", "A-1")]


class TestSendingAgain:
    def test_it_is_queued_once_more(self, here: Scene) -> None:
        run(managing.send_again, _rows()[0].id, **_acting(here))
        assert _mails() == [("ticket", "m.sato@a.example.jp")] * 2

    def test_refusals(self, here: Scene) -> None:
        official = run(guests.register_guest, here.held.id, OFFICIAL, sign=sign, **_acting(here))
        _refused("no_address", lambda: run(managing.send_again, official, **_acting(here)))


class TestRehearsing:
    def test_nobody_is_told(self, make: Factory) -> None:
        real = scene(make)
        here = scene(make, rehearsal_of_id=real.held.id)
        guest = run(guests.register_guest, here.held.id, GUEST, sign=sign, **_acting(here))
        _refused("rehearsal", lambda: run(managing.send_again, guest, **_acting(here)))
        run(managing.reissue, guest, reason="試し", seen_version=1, sign=sign, **_acting(here))
        assert _mails() == []


class TestGuests:
    def test_registered_and_told(self, here: Scene) -> None:
        run(guests.register_guest, here.held.id, GUEST, sign=sign, **_acting(here))
        run(guests.register_guest, here.held.id, OFFICIAL, sign=sign, **_acting(here))
        _sato, guest, official = _rows()
        assert (guest.kind, guest.voting, guest.member_id, guest.seat, guest.note) == (
            TicketKind.GUEST,
            False,
            None,
            "R-1",
            "車椅子",
        )
        assert official.kind is TicketKind.OFFICIAL
        assert _mails()[1:] == [("ticket", "guest@b.example.jp")]

    def test_changed_in_what_is_printed_it_is_another_ticket(self, here: Scene) -> None:
        number = run(guests.register_guest, here.held.id, GUEST, sign=sign, **_acting(here))
        renamed = Guest(TicketKind.GUEST, "来賓 桜", "学識経験者", "guest@b.example.jp", None, "車椅子")
        new = run(guests.change_guest, number, renamed, seen_version=1, sign=sign, **_acting(here))
        assert new != number
        assert [(one.name, one.seat, one.revoked_for) for one in _rows()[1:]] == [
            ("来賓 花子", "R-1", Revocation.REISSUED),
            ("来賓 桜", None, None),
        ]

    def test_changed_in_seat_or_note_it_is_the_same(self, here: Scene) -> None:
        number = run(guests.register_guest, here.held.id, GUEST, sign=sign, **_acting(here))
        moved = Guest(TicketKind.GUEST, "来賓 花子", "学識経験者", "guest@b.example.jp", "R-2", None)
        assert run(guests.change_guest, number, moved, seen_version=1, sign=sign, **_acting(here)) == number
        assert [(one.seat, one.note) for one in _rows()[1:]] == [("R-2", None)]

    @pytest.mark.parametrize(
        ("code", "guest"),
        [
            ("not_a_guest", Guest(TicketKind.ATTENDEE, "名", "所属")),
            ("name_missing", Guest(TicketKind.GUEST, " ", "所属")),
            ("name_too_long", Guest(TicketKind.GUEST, "x" * 201, "所属")),
            ("title_missing", Guest(TicketKind.GUEST, "名", None)),
            ("title_too_long", Guest(TicketKind.GUEST, "名", "x" * 121)),
            ("seat_too_long", Guest(TicketKind.GUEST, "名", "所属", seat="x" * 21)),
            ("note_too_long", Guest(TicketKind.GUEST, "名", "所属", note="x" * 201)),
        ],
    )
    def test_refusals(self, here: Scene, code: str, guest: Guest) -> None:
        _refused(code, lambda: run(guests.register_guest, here.held.id, guest, sign=sign, **_acting(here)))

    def test_more_refusals(self, here: Scene, make: Factory) -> None:
        sato = _rows()[0].id
        values = {"seen_version": 1, "sign": sign} | _acting(here)
        _refused("not_a_guest", lambda: run(guests.change_guest, sato, GUEST, **values))
        _refused("not_found", lambda: run(guests.register_guest, 999, GUEST, sign=sign, **_acting(here)))
        outsider = make.actor(make.staff(Role.OPERATOR))
        _refused(
            "not_allowed", lambda: run(guests.register_guest, here.held.id, GUEST, sign=sign, actor=outsider, now=NOW)
        )
        run(guests.register_guest, here.held.id, GUEST, sign=sign, **_acting(here))
        second = Guest(TicketKind.GUEST, "別の方", "所属", seat="R-1")
        _refused("seat_taken", lambda: run(guests.register_guest, here.held.id, second, sign=sign, **_acting(here)))


@pytest.mark.races
class TestAtTheSameMoment:
    def test_reissued_by_two_it_happens_once(self, fresh_app: Flask) -> None:
        here = scene(Factory(fresh_app))
        here.take(answer=Answer(A.ATTEND, attendees=(SATO,)))
        run(issuing.keep_tickets, here.held.id, sign=sign, now=NOW)
        values = {"reason": "紛失", "seen_version": 1, "sign": sign} | _acting(here)
        number = _rows()[0].id
        db.session.remove()
        told = at_once(fresh_app, [lambda: run(managing.reissue, number, **values)] * 3)
        assert [one for one in told if one != "ticket_revoked"] == [_rows()[1].id]
        assert len(_rows()) == 2

    def test_reissued_while_the_reply_changes_and_is_followed(self, fresh_app: Flask) -> None:
        """Whoever comes first: one good ticket of the person remains, and numbers are given once."""
        here = scene(Factory(fresh_app))
        here.take(answer=Answer(A.ATTEND, attendees=(SATO,)))
        run(issuing.keep_tickets, here.held.id, sign=sign, now=NOW)
        here.take(answer=Answer(A.ATTEND, attendees=(SATO, Person("総務部", "藤本 悠", None))), seen_version=1)
        values = {"reason": "紛失", "seen_version": 1, "sign": sign} | _acting(here)
        number, held = _rows()[0].id, here.held.id
        db.session.remove()
        acts: list[Callable[[], Any]] = [
            lambda: run(managing.reissue, number, **values),
            lambda: run(issuing.keep_tickets, held, sign=sign, now=NOW),
        ]
        at_once(fresh_app, acts)
        run(issuing.keep_tickets, held, sign=sign, now=NOW)
        assert sorted(one.name for one in _rows() if one.revoked_at is None) == ["佐藤 美咲", "藤本 悠"]
        assert len({one.number for one in _rows()}) == len(_rows())

    def test_taken_off_while_the_person_enters(self, fresh_app: Flask) -> None:
        """Either the person is in and the ticket good, or the ticket is gone and the door refuses it."""
        at = door(Factory(fresh_app))
        ticket, clerk = at.ticket(), at.make.actor(at.make.staff(Role.OPERATOR), Role.OPERATOR)
        token, number = at.token(ticket), ticket.id
        values = {"reason": "来ない", "seen_version": 1, "actor": clerk, "now": NOW}
        db.session.remove()
        acts: list[Callable[[], Any]] = [
            lambda: run(managing.withdraw, number, **values),
            lambda: at.scan(token).outcome,
        ]
        taken_off, outcome = at_once(fresh_app, acts)
        good = db.session.get_one(AdmissionTicket, number).revoked_at is None
        assert (taken_off, outcome, good) in {
            (None, ScanOutcome.REVOKED, False),
            ("in_the_hall", ScanOutcome.ADMITTED, True),
        }

    def test_one_seat_for_two(self, fresh_app: Flask) -> None:
        here = scene(Factory(fresh_app))
        here.take(answer=Answer(A.ATTEND, attendees=(SATO, Person("総務部", "藤本 悠", None))))
        run(issuing.keep_tickets, here.held.id, sign=sign, now=NOW)
        first, second = (one.id for one in _rows())
        values = {"seat": "A-1", "note": None, "seen_version": 1} | _acting(here)
        db.session.remove()
        told = at_once(fresh_app, [lambda one=one: run(managing.place, one, **values) for one in (first, second)])
        assert sorted(map(str, told)) == ["None", "seat_taken"]
        assert sorted(str(one.seat) for one in _rows()) == ["A-1", "None"]
