"""受付票 follow the replies that stand: issued, kept, revoked and issued anew."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from occto.domain.assembly import AssemblyState
from occto.domain.replies import Answer, Attendance, Person, ProxyKind
from occto.domain.tickets import Revocation, TicketKind, hash_of
from occto.extensions import db
from occto.models import AdmissionTicket, AuditEvent
from occto.services.tickets import issuing
from occto.unit_of_work import run, unit_of_work
from tests.factories import NOW, Factory
from tests.racing import at_once
from tests.receiving import sign
from tests.replies_scene import SATO, A, S, Scene, scene

FUJI = Person("総務部", "藤本 悠", "fuji@a.example.jp")


@pytest.fixture
def here(make: Factory) -> Scene:
    return scene(make)


def _keep(of: Scene) -> int:
    return run(issuing.keep_tickets, of.held.id, sign=sign, now=NOW)


def _coming(*people: Person) -> Answer:
    return Answer(A.ATTEND, attendees=people)


def _tickets() -> list[AdmissionTicket]:
    db.session.rollback()
    db.session.expunge_all()
    return list(db.session.scalars(select(AdmissionTicket).order_by(AdmissionTicket.number)))


def _told(ticket: AdmissionTicket) -> tuple[Any, ...]:
    return (ticket.number, ticket.issue_no, ticket.name, ticket.voting, ticket.revoked_for)


class TestFollowing:
    def test_one_for_each_person_and_once(self, here: Scene) -> None:
        here.take(answer=_coming(SATO, FUJI))
        assert _keep(here) == 1
        assert _keep(here) == 0
        assert [_told(one) for one in _tickets()] == [
            (1001, 1, "佐藤 美咲", True, None),
            (1002, 1, "藤本 悠", False, None),
        ]

    def test_the_token_can_be_drawn_again_and_only_its_hash_is_kept(self, here: Scene) -> None:
        here.take(answer=_coming(SATO))
        _keep(here)
        (ticket,) = _tickets()
        token = issuing.ticket_token(sign, here.held.id, ticket.number, ticket.issue_no)
        assert ticket.token_hash == hash_of(token)
        assert len(token) == 26

    def test_whoever_stays_the_same_keeps_it(self, here: Scene) -> None:
        here.take(answer=_coming(SATO))
        _keep(here)
        here.take(answer=_coming(SATO, FUJI), seen_version=1)
        assert _keep(here) == 1
        assert [_told(one) for one in _tickets()] == [
            (1001, 1, "佐藤 美咲", True, None),
            (1002, 1, "藤本 悠", False, None),
        ]

    def test_another_person_takes_the_place(self, here: Scene) -> None:
        here.take(answer=_coming(SATO))
        _keep(here)
        new = Person("総務部", "藤本 悠", "fuji@a.example.jp", voting=True)
        here.take(answer=_coming(new), seen_version=1)
        _keep(here)
        old, replaced = _tickets()
        assert _told(old) == (1001, 1, "佐藤 美咲", True, Revocation.REPLY_CHANGED)
        assert _told(replaced) == (1002, 2, "藤本 悠", True, None)
        assert replaced.replaces_id == old.id

    @pytest.mark.parametrize("attendance", [A.ABSENT, A.CHAIR, A.WITHDRAWN])
    def test_whoever_does_not_come_has_none(self, here: Scene, attendance: Attendance) -> None:
        here.take(answer=_coming(SATO))
        _keep(here)
        here.take(answer=Answer(attendance), seen_version=1)
        _keep(here)
        assert [one.revoked_for for one in _tickets()] == [Revocation.REPLY_CHANGED]
        assert _keep(here) == 0

    def test_the_person_of_a_mandate_has_one(self, here: Scene) -> None:
        here.take(answer=Answer(A.PROXY, proxy_kind=ProxyKind.PERSON, proxy_name="代理 太郎"))
        _keep(here)
        (ticket,) = _tickets()
        assert (ticket.kind, ticket.name, ticket.voting) == (TicketKind.PROXY, "代理 太郎", True)

    def test_the_trail(self, here: Scene) -> None:
        here.take(answer=_coming(SATO))
        _keep(here)
        here.take(answer=_coming(Person("総務部", "藤本 悠", None, voting=True)), seen_version=1)
        _keep(here)
        tags = db.session.scalars(
            select(AuditEvent.tag).where(AuditEvent.tag.like("ticket.%")).order_by(AuditEvent.id)
        ).all()
        assert tags == ["ticket.issued", "ticket.revoked", "ticket.issued"]

    @pytest.mark.parametrize("state", [S.RESULT_FIXED, S.POSTPONED, S.FINISHED])
    def test_not_when_it_is_over(self, make: Factory, state: AssemblyState) -> None:
        here = scene(make)
        here.take(answer=_coming(SATO))
        with unit_of_work() as session:
            row = session.get_one(type(here.held), here.held.id)
            row.state, row.closing_reason = state, "理由"
        assert _keep(here) == 0
        assert _tickets() == []


@pytest.mark.races
def test_two_workers_issue_once(fresh_app: Flask) -> None:
    here = scene(Factory(fresh_app))
    here.take(answer=_coming(SATO, FUJI))
    db.session.remove()
    assert sorted(at_once(fresh_app, [lambda: _keep(here)] * 3)) == [0, 0, 1]
    assert db.session.scalar(select(func.count()).select_from(AdmissionTicket)) == 2
