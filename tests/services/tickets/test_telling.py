"""Mails about 受付票: who is told what, the paper and the link made at delivery, nothing sent that is good no more."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select, update

from occto import clock, vault
from occto.delivery import MASK, deliver_due
from occto.domain.codes import MailState
from occto.domain.replies import Answer, Person, ProxyKind
from occto.domain.tickets import shown_number
from occto.extensions import db
from occto.models import Assembly, DemoMail, OutboxMail
from occto.services.tickets import issuing
from occto.unit_of_work import run, unit_of_work
from tests.assemblies_scene import telling_time
from tests.assembling import HELD
from tests.clients import Browser
from tests.factories import NOW, Factory
from tests.replies_scene import SATO, A, S, Scene, scene
from tests.test_delivery import Server, server  # noqa: F401 - a fixture

FUJI = Person("総務部", "藤本 悠", "fuji@a.example.jp")
UNREACHED = Person("総務部", "山本 京", None)


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> None:
    telling_time(monkeypatch)


@pytest.fixture
def here(make: Factory) -> Scene:
    return scene(make, reception_from=HELD - timedelta(minutes=45))


def _come(of: Scene, *people: Person, seen: int = 0) -> None:
    of.take(answer=Answer(A.ATTEND, attendees=people), seen_version=seen)
    _keep(of)


def _keep(of: Scene) -> None:
    run(issuing.keep_tickets, of.held.id, sign=vault.derived, now=NOW)


def _mails() -> list[OutboxMail]:
    db.session.rollback()
    found = select(OutboxMail).where(OutboxMail.template.like("assemblies/ticket%")).order_by(OutboxMail.id)
    return list(db.session.scalars(found))


def _told() -> list[tuple[str, str, MailState]]:
    return [(one.template.partition("/")[2], one.to_address, one.state) for one in _mails()]


def _sent(server: Server) -> list[Any]:  # noqa: F811
    while deliver_due():
        pass
    return [one for one in server.taken if "受付票" in one["Subject"]]


class TestQueued:
    def test_each_attendee_with_an_address(self, here: Scene) -> None:
        _come(here, SATO, FUJI)
        _keep(here)
        assert _told() == [
            ("ticket", "m.sato@a.example.jp", MailState.PENDING),
            ("ticket", "fuji@a.example.jp", MailState.PENDING),
        ]
        assert "token" not in str(_mails()[0].params)

    def test_the_member_for_those_without(self, here: Scene) -> None:
        _come(here, SATO, UNREACHED)
        told = [(one.template, one.to_address) for one in _mails()]
        assert told == [
            ("assemblies/ticket", "m.sato@a.example.jp"),
            ("assemblies/tickets_of_member", here.user.email),
        ]
        assert _mails()[1].params["people"] == [f"{shown_number(1002)}　山本 京 様（傍聴の方）"]

    def test_the_member_for_a_person_with_a_mandate(self, here: Scene) -> None:
        here.take(answer=Answer(A.PROXY, proxy_kind=ProxyKind.PERSON, proxy_name="代理 太郎"))
        _keep(here)
        assert [one.template for one in _mails()] == ["assemblies/tickets_of_member"]
        assert "代理 太郎" in _mails()[0].params["people"][0]

    def test_one_not_sent_yet_is_stopped_and_not_told_of_as_lost(self, here: Scene) -> None:
        _come(here, SATO)
        here.take(answer=Answer(A.ABSENT), seen_version=1)
        _keep(here)
        assert _told() == [("ticket", "m.sato@a.example.jp", MailState.SUPPRESSED)]


class TestDelivered:
    def test_paper_and_link(self, here: Scene, server: Server, app: Flask) -> None:  # noqa: F811
        _come(here, SATO)
        (mail,) = _sent(server)
        body = mail.get_body(("plain",)).get_content()
        secret = issuing.ticket_secret(vault.derived, here.held.id, 1001, 1)
        link = f"{app.config['BASE_URL']}/assemblies/{here.held.id}/tickets/{shown_number(1001)}/{secret}"
        assert link in body.splitlines()
        assert "佐藤 美咲 様" in body
        assert "\n\n\n" not in body
        (paper,) = mail.iter_attachments()
        assert paper.get_filename() == f"受付票_{shown_number(1001)}.pdf"
        assert paper.get_content_type() == "application/pdf"
        assert "佐藤 美咲" in PdfReader(BytesIO(paper.get_content())).pages[0].extract_text()
        (kept,) = _mails()
        assert secret not in (kept.body_masked or "")
        assert MASK in (kept.body_masked or "")
        assert Browser(app).client.get(link.removeprefix(app.config["BASE_URL"])).status_code == 200

    def test_one_revoked_while_a_worker_held_it(self, here: Scene, server: Server) -> None:  # noqa: F811
        _come(here, SATO)
        (mail,) = _mails()
        number = mail.id
        _state(number, MailState.LEASED)
        here.take(answer=Answer(A.ABSENT), seen_version=1)
        _keep(here)
        _state(number, MailState.PENDING)
        assert [one["Subject"].split(" は")[0] for one in _sent(server)] == [
            f"受付票 {shown_number(1001)}"
        ]  # that it is lost, not the ticket
        assert "失効しました" in server.taken[0]["Subject"] + server.taken[-1]["Subject"]
        assert db.session.get_one(OutboxMail, number).state is MailState.SUPPRESSED

    @pytest.mark.parametrize("state", [S.POSTPONED, S.CANCELLED])
    def test_not_for_an_assembly_that_is_called_off(self, here: Scene, server: Server, state: S) -> None:  # noqa: F811
        _come(here, SATO)
        with unit_of_work() as session:
            session.execute(update(Assembly).values(state=state, closing_reason="会場の都合"))
        assert _sent(server) == []
        assert _told() == [("ticket", "m.sato@a.example.jp", MailState.SUPPRESSED)]

    def test_revoked_afterwards_the_person_is_told(self, here: Scene, server: Server) -> None:  # noqa: F811
        _come(here, SATO)
        _sent(server)
        here.take(answer=Answer(A.ABSENT), seen_version=1)
        _keep(here)
        lost = _sent(server)[-1]
        assert lost["To"] == "m.sato@a.example.jp"
        assert f"受付票 {shown_number(1001)} は失効しました" in lost["Subject"]

    def test_another_person_in_the_place(self, here: Scene, server: Server) -> None:  # noqa: F811
        """The one who is out is told so, the new one gets a ticket that names no earlier one."""
        _come(here, SATO)
        _sent(server)
        new = Person("総務部", "代わり 太郎", "kawari@a.example.jp", voting=True)
        _come(here, new, seen=1)
        told = {one["To"]: one for one in _sent(server)[1:]}
        assert set(told) == {"m.sato@a.example.jp", "kawari@a.example.jp"}
        assert "失効しました" in told["m.sato@a.example.jp"]["Subject"]
        assert "先にお送り" not in told["kawari@a.example.jp"].get_body(("plain",)).get_content()

    def test_the_same_person_issued_anew(self, here: Scene, server: Server) -> None:  # noqa: F811
        _come(here, SATO)
        _sent(server)
        changed = Person("監査部 部長", "佐藤 美咲", "m.sato@a.example.jp", voting=True)
        _come(here, changed, seen=1)
        fresh = _sent(server)[1:]
        assert len(fresh) == 1
        assert f"先にお送りした受付票（番号 {shown_number(1001)}）は失効しました" in (
            fresh[0].get_body(("plain",)).get_content()
        )

    def test_the_mailbox_of_the_demo_tells_of_the_file(self, here: Scene, app: Flask) -> None:
        _come(here, SATO)
        app.config["DEMO"] = True
        try:
            while deliver_due():
                pass
        finally:
            app.config["DEMO"] = False
        body = db.session.scalars(select(DemoMail.body).where(DemoMail.subject.startswith("受付票"))).one()
        assert f"添付ファイル：受付票_{shown_number(1001)}.pdf（" in body


def _state(mail_id: int, state: MailState) -> None:
    until = clock.now() + timedelta(minutes=5) if state is MailState.LEASED else None
    with unit_of_work() as session:
        session.execute(update(OutboxMail).where(OutboxMail.id == mail_id).values(state=state, lease_until=until))
