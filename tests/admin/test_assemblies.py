"""総会 through its generated form: once, on the version seen, refusals beside their fields."""

from datetime import timedelta
from io import BytesIO
from urllib.parse import quote

import pytest
from pypdf import PdfReader
from sqlalchemy import select, update

from occto import clock
from occto.admin.assembly_menu import STEPS
from occto.domain.agenda import ItemKind
from occto.domain.assembly import ASSEMBLY, AssemblyState
from occto.domain.assembly_settings import read_settings
from occto.domain.codes import AttachmentKind, MailState, ScanState
from occto.domain.permissions import Role, permissions_of
from occto.extensions import db
from occto.holidays import is_holiday
from occto.models import Assembly, Attachment, OutboxMail
from occto.services import assemblies
from occto.services.files import store_file
from occto.unit_of_work import run, unit_of_work
from tests.admin.office import (
    assembly,
    assembly_values,
    committing_only_in_units_of_work,
    in_days,
    send,
    staff,
    unchanged,
)
from tests.assembling import HELD, item
from tests.assembling import assembly as made
from tests.clients import Browser
from tests.factories import Factory
from tests.observing import everything

S = AssemblyState


def row_of(held: Assembly) -> Assembly:
    db.session.rollback()
    return db.session.get_one(Assembly, held.id)


def test_an_assembly_is_registered_through_its_verb(make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    with committing_only_in_units_of_work():
        browser.get("/admin/assemblies/new/")
        before = everything()
        assert send(browser, "/new/", assembly_values()) == 200
        assert "の終わりの登録で、議決権を数えます。" in browser.text
        assert unchanged(before)
        send(browser, "/new/", {"confirmed": "y", "state": "FINISHED", "record_on": "2000-01-01", "version": "9"})
    row = assembly()
    assert (row.state, row.version) == (AssemblyState.PREPARING, 1)
    assert row.record_on == in_days(30)
    assert browser.path == "/admin/assemblies/details/"
    assert "総会を登録しました。" in browser.text
    browser.get("/admin/assemblies/")
    assert "通常総会" in browser.text


def test_sent_twice_it_is_registered_once(make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    browser.get("/admin/assemblies/new/")
    send(browser, "/new/", assembly_values())
    form = next(one for one in browser.forms() if one["action"].endswith("/new/"))
    data = {**form["fields"], "confirmed": "y"}
    answers = [browser.client.post("/admin/assemblies/new/", data=data) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    assembly()


def test_a_refusal_stands_beside_its_field_and_nothing_is_lost(make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    for expected in (200, 409):
        browser.get("/admin/assemblies/new/")
        send(browser, "/new/", assembly_values(place="大阪市北区"))
        assert send(browser, "/new/", {"confirmed": "y"}) == expected
    assert 'id="no-e"' in browser.text
    assert 'value="大阪市北区"' in browser.text
    browser.get("/admin/assemblies/new/")
    assert send(browser, "/new/", assembly_values(held_time="25時", no="〇")) == 422
    assert 'value="25時"' in browser.text


def test_what_changed_in_between_is_told(make: Factory) -> None:
    browser, other = staff(make, Role.OPERATOR), make.staff(Role.OPERATOR)
    browser.get("/admin/assemblies/new/")
    send(browser, "/new/", assembly_values())
    send(browser, "/new/", {"confirmed": "y"})
    row = assembly()
    browser.get(f"/admin/assemblies/edit/?id={row.id}")
    assert 'value="13:30"' in browser.text
    run(
        assemblies.update_assembly,
        row.id,
        seen_version=1,
        kind="ORDINARY",
        no=1,
        held_on=in_days(61),
        held_time=row.held_at.time(),
        place="名古屋",
        is_holiday=is_holiday,
        actor=make.actor(other, Role.OPERATOR),
        now=clock.now(),
    )
    send(browser, "/edit/", {"place": "大阪"})
    assert send(browser, "/edit/", {"confirmed": "y"}) == 409
    assert "画面を開いたあとに内容が変わりました" in browser.text
    assert 'value="大阪"' in browser.text
    with committing_only_in_units_of_work():
        send(browser, "/edit/")
        send(browser, "/edit/", {"confirmed": "y"})
    assert (assembly().place, assembly().version) == ("大阪", 3)


def _page(browser: Browser, number: int) -> str:
    browser.get(f"/admin/assemblies/details/?id={number}")
    return browser.text


def test_an_assembly_is_cancelled_with_a_reason(make: Factory) -> None:
    browser = staff(make, Role.APPROVER)
    browser.get("/admin/assemblies/new/")
    send(browser, "/new/", assembly_values())
    send(browser, "/new/", {"confirmed": "y"})
    number = assembly().id
    browser.get(f"/admin/assemblies/finish/?id={number}")
    assert send(browser, "/finish/") == 409
    assert "いまの状態は「準備」のため、「完了にする」は行えません" in browser.text
    browser.get(f"/admin/assemblies/cancel/?id={number}")
    assert send(browser, "/cancel/") == 422
    send(browser, "/cancel/", {"reason": "会場の都合"})
    assert assembly().state is S.CANCELLED
    assert "会場の都合" in _page(browser, number)
    assert "/admin/assemblies/edit/" not in browser.text


def test_the_page_says_what_is_missing_and_where_it_is_done(make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    held = made(make, S.PREPARING, place=None, reply_until=None)
    text = _page(browser, held.id)
    assert "まだ済んでいないものが" in text
    for words, place in (
        ("場所を決める", "/admin/assemblies/arrange/"),
        ("議案を登録する", "/admin/agenda/"),
        ("資料を登録する", "/admin/assemblies/documents/"),
        ("定足数の数え方を、根拠とともに決める", "/admin/assemblies/rules/"),
    ):
        assert f'<a href="{place}?id={held.id}">{words}</a>' in text
    assert "招集通知を送ってから" in text
    assert "招集通知が届く期限（電気事業法 28条の36）" in text
    assert "延期する" not in text  # only an approver may


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.APPROVER])
def test_the_buttons_are_those_of_the_table(make: Factory, role: Role) -> None:
    browser = staff(make, role)
    for state in S:
        held = made(make, state, held_at=clock.now() - timedelta(hours=1), reply_until=None)
        text = _page(browser, held.id).partition('class="decide"')[2]
        for step in ASSEMBLY.steps:
            if step.name in STEPS:
                shown = state in step.sources and step.permission in permissions_of((role,))
                assert (f">{step.label}</a>" in text) is shown, (state, step.name)


def test_a_step_whose_hour_has_not_come_is_no_button(make: Factory) -> None:
    browser = staff(make)
    soon = {"held_at": clock.now() + timedelta(days=1), "reply_until": clock.now() + timedelta(hours=1)}
    open_ones = _page(browser, made(make, S.REPLIES_OPEN, **soon).id).partition('class="decide"')[2]
    assert "延期する" in open_ones
    assert "回答を締め切る" not in open_ones
    assert "完了にする" not in open_ones
    new = made(make, S.PREPARING, record_on=in_days(0), **soon)
    assert "基準日集計を始める</a>" not in _page(browser, new.id)
    assert "の翌日から" in browser.text


def test_arrangements_and_conditions_are_changed(make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    held = made(make, S.COUNTING, held_at=HELD, reply_until=None)
    browser.get(f"/admin/assemblies/arrange/?id={held.id}")
    assert send(browser, "/arrange/", {"reception_time": "11時"}) == 409
    assert 'id="reception_time-e"' in browser.text
    send(browser, "/arrange/", {"reception_time": "9時", "place": "大阪市北区"})
    row = row_of(held)
    assert (row.place, row.reply_until is not None, row.version) == ("大阪市北区", True, 2)
    browser.get(f"/admin/assemblies/rules/change/?id={held.id}")
    assert send(browser, "/rules/change/", {"quorum_basis": "VOTES"}) == 409
    assert 'id="quorum_source-e"' in browser.text
    send(browser, "/rules/change/", {"quorum_source": "定款 第25条", "proxies": ["CHAIR"]})
    assert browser.path == "/admin/assemblies/rules/"
    assert "議決権の半数以上" in browser.text
    settings = read_settings(row_of(held).settings)
    assert (settings.proxy_member, settings.proxy_person, settings.proxy_chair) == (False, False, True)


def test_a_postponed_assembly_is_held_anew(make: Factory) -> None:
    browser, member = staff(make), make.member()
    make.affiliate(make.user(), member)
    paper = make.member(name="紙対応電力株式会社")
    held = made(make, S.REPLIES_OPEN)
    item(held, kind=ItemKind.BUDGET)
    browser.get(f"/admin/assemblies/postpone/?id={held.id}")
    assert "招集通知を送った会員に、理由を添えてメールで知らせます" in browser.text
    send(browser, "/postpone/", {"reason": "会場が使えなくなったため"})
    assert "会員へのメール 1通を送信待ちにしました。郵送でお知らせいただく会員が 1社あります。" in browser.text
    assert f"{paper.current_name}</a>" in browser.text
    for kind, name in (("letters", "手紙"), ("labels", "宛名ラベル")):
        address = f"/admin/assemblies/letters/?id={held.id}&kind={kind}&part=1"
        assert address.replace("&", "&amp;") in browser.text
        paper_out = browser.client.get(address)
        assert quote(f"{name}.pdf") in paper_out.headers["Content-Disposition"]
        printed = "".join(page.extract_text() for page in PdfReader(BytesIO(paper_out.data)).pages)
        assert paper.current_name in printed
        assert ("会場が使えなくなったため" in printed) is (kind == "letters")
    browser.get(f"/admin/assemblies/follow/?id={held.id}")
    send(browser, "/follow/", {"held_on": in_days(60).isoformat(), "held_time": "14:00"})
    assert "取り下げていない議案" in browser.text
    send(browser, "/follow/", {"confirmed": "y"})
    db.session.rollback()
    new = db.session.scalars(select(Assembly).where(Assembly.replaces_id == held.id)).one()
    assert browser.path == "/admin/assemblies/details/"
    assert "延期した総会" in browser.text
    assert f"/admin/assemblies/details/?id={new.id}" in _page(browser, held.id)


def test_documents_are_added_shown_downloaded_and_removed(make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    held = made(make, S.NOTIFIED)
    there = f"/admin/assemblies/documents/?id={held.id}"
    browser.get(there)
    assert send(browser, "/add-document/", {"title": "議案書"}) == 422
    assert "ファイルを選んでください。" in browser.text
    for content in (b"<html>", b""):
        send(browser, "/add-document/", {"title": "議案書", "file": (BytesIO(content), "a.pdf")})
        assert browser.path == "/admin/assemblies/add-document/"
    browser.get(there)
    send(browser, "/add-document/", {"title": "議案書", "file": (BytesIO(b"%PDF-1.4\n%%EOF"), "x.pdf")})
    assert "資料を登録しました。" in browser.text
    assert "議案書.pdf" in browser.text
    db.session.rollback()
    kept = db.session.query(Attachment).one()
    answer = browser.client.get(f"/admin/assemblies/file/?id={kept.id}")
    assert answer.data == b"%PDF-1.4\n%%EOF"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    browser.get(there)
    send(browser, "/remove-document/", {})
    assert "資料を外しました。" in browser.text
    assert "議案書.pdf" not in browser.text
    assert browser.client.get("/admin/assemblies/file/?id=9223372036854775808").status_code == 404


def test_a_file_of_another_case_is_no_document(make: Factory) -> None:
    browser, held = staff(make, Role.OPERATOR), made(make, S.NOTIFIED)
    with unit_of_work() as session:
        kept = store_file(
            session,
            kind=AttachmentKind.REPLY_PAPER,
            name="回答書.pdf",
            media_type="application/pdf",
            content=b"%PDF",
            scan_state=ScanState.CLEAN,
            assembly_id=held.id,
            now=clock.now(),
        )
        number = kept.id
    assert browser.client.get(f"/admin/assemblies/file/?id={number}").status_code == 404


def test_who_was_written_to_in_vain_gets_a_letter(make: Factory) -> None:
    browser, gone = staff(make), make.member(name="不達電力株式会社")
    make.affiliate(make.user(), gone)
    held = made(make, S.REPLIES_OPEN)
    item(held)
    browser.get(f"/admin/assemblies/cancel/?id={held.id}")
    send(browser, "/cancel/", {"reason": "会場が使えなくなったため"})
    shown = "郵送で知らせる会員"
    assert shown not in _page(browser, held.id)
    for state in (MailState.FAILED, MailState.BOUNCED):
        with unit_of_work() as session:
            session.execute(update(OutboxMail).values(state=state))
        assert f"{shown}（1社）" in _page(browser, held.id)


def test_nobody_is_written_to_about_a_rehearsal(make: Factory) -> None:
    make.member()
    held = made(make, S.REPLIES_CLOSED)
    item(held)
    browser = staff(make, Role.OPERATOR)
    browser.get(f"/admin/assemblies/rehearse/?id={held.id}")
    send(browser, "/rehearse/", {"replies": "INVENTED"})
    copy = db.session.scalars(select(Assembly.id).where(Assembly.rehearsal_of_id.is_not(None))).one()
    browser.get(f"/admin/assemblies/end-rehearsal/?id={copy}")
    send(browser, "/end-rehearsal/", {})
    db.session.rollback()
    assert db.session.get_one(Assembly, copy).state is S.CANCELLED
    assert "郵送で知らせる会員" not in _page(browser, copy)
    assert browser.client.get(f"/admin/assemblies/letters/?id={copy}&kind=letters&part=1").status_code == 404
