"""回答の状況 in a browser: drawn, read by everybody, refreshed by itself, and stopped with a button."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from occto.domain.agenda import ItemKind
from occto.domain.permissions import Role
from occto.domain.replies import Attendance, ReplyChannel
from occto.domain.tally import Choice
from tests.assembling import assembly, controls, item
from tests.browser.conftest import Site
from tests.factories import NOW, Factory
from tests.replying import reply

pytestmark = pytest.mark.browser
C = Choice


def test_the_board_follows_the_replies(site: Site, person: Any) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        kinds = (("GEN",), ("RETAIL",), ("GTD",), ("GEN", "RETAIL"))
        members = [make.member(name=f"潮風電力{no}株式会社", licences=kinds[no % 4]) for no in range(12)]
        controls(members[3], members[0])
        held = assembly(make)
        one = item(held, 1, title="2026年度 予算の変更の件")
        two = item(held, 2, kind=ItemKind.ARTICLES, title="定款の一部変更の件", conflict=(members[1],))
        answers = (
            (Attendance.ELECTRONIC, ReplyChannel.ELECTRONIC, {one: C.YES, two: C.YES}),
            (Attendance.ELECTRONIC, ReplyChannel.ELECTRONIC, {one: C.NO, two: C.ABSTAIN}),
            (Attendance.ELECTRONIC, ReplyChannel.PAPER, {one: C.YES}),
            (Attendance.ATTEND, ReplyChannel.ELECTRONIC, {one: C.YES, two: C.NO}),
            (Attendance.CHAIR, ReplyChannel.PAPER, {}),
            (Attendance.ABSENT, ReplyChannel.STAFF, {}),
        )
        for no, (attendance, channel, choices) in enumerate(answers):
            days = timedelta(days=(0, 0, 1, 3, 3, 4)[no])
            reply(make, held, members[no], attendance, choices=choices, channel=channel, received_at=NOW + days)
        number = held.id
        signed = make.signed_in(make.staff(Role.APPROVER, name="小林 恵"))
    office = person("board")
    office.take_session(signed)
    office.go(f"/admin/reply_board/?id={number}")
    answered = office.page.locator(".figures dd").first
    expect(answered).to_contain_text("6/ 12社")
    office.look("board")
    office.page.locator("#days summary").click()
    with site.app.app_context():
        reply(make, held, members[6], choices={one: C.YES, two: C.YES})
    expect(answered).to_contain_text("7/ 12社", timeout=10_000)
    expect(office.page.locator("#days")).to_have_attribute("open", "")
    office.page.get_by_role("button", name="自動更新を止める").click()
    expect(office.page.locator("[data-board-says]")).to_have_text("自動更新を止めています。")
    office.look("stopped")
