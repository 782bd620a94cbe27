"""届出, papers, objections and sanctions in a real browser, from the member's page to the office's second person."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from occto import clock
from occto.domain.assembly import AssemblyState
from occto.domain.dates import JST, today_jst
from occto.domain.permissions import Role
from occto.domain.replies import Attendance, ReplyChannel
from occto.extensions import db
from occto.models import Assembly, Member, Reply, StandingReply
from tests.assembling import assembly, item
from tests.browser.conftest import Person, Site
from tests.browser.test_joining import MakePerson
from tests.browser.test_office import as_staff
from tests.electing import SCAN, family
from tests.factories import Factory

pytestmark = [pytest.mark.browser]


def _held(make: Factory, state: AssemblyState) -> Assembly:
    """An assembly 25 days from now, whenever the test runs."""
    now = clock.now()
    held_at = (now + timedelta(days=25)).replace(hour=1, minute=0, second=0, microsecond=0)
    record_on = held_at.astimezone(JST).date() - timedelta(days=30)
    return assembly(make, state, held_at=held_at, record_on=record_on, reply_until=held_at - timedelta(hours=17))


def _speaking(person: MakePerson, make: Factory, name: str, member: Member, email: str) -> Person:
    user = make.user(email=email, name=name)
    make.affiliate(user, member)
    make.consent(user)
    made = person(name)
    made.take_session(make.signed_in(user, member=member))
    return made


def _search(somebody: Person, words: str) -> None:
    """Type into the search box of the page, which has the focus, and press Enter."""
    box = somebody.page.locator("main input[name='q']")
    box.fill(words)
    with somebody.page.expect_navigation():
        box.press("Enter")


def _attach(somebody: Person, tmp_path: Path) -> None:
    file = tmp_path / "書面.pdf"
    file.write_bytes(SCAN.content)
    somebody.page.locator("input[name='file']").set_input_files(file)


def test_an_election_is_filed_consented_to_and_objected_against(site: Site, person: MakePerson) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        parent, child, _young = family(make)
        held = _held(make, AssemblyState.COUNTING)
        files = _speaking(person, make, "佐藤 美咲", child, "sato@denki.example.jp")
        consents = _speaking(person, make, "汐見 一郎", parent, "ichiro@shiomi.example.jp")
        office = as_staff(person, make, "小林 恵", Role.OPERATOR)
        number, holder = held.id, str(child.id)
    files.go(f"/assemblies/{number}/holder")
    files.look("holder")
    files.follow("届出をする")
    files.press("内容を確認する")
    files.look_at_refusal("holder-error")
    files.choose("group", "*")
    files.choose("holder", holder)
    files.look("holder-new")
    files.press("内容を確認する")
    files.look("holder-check")
    files.press("この内容で届け出る")
    files.look("filing")
    text = site.postbox.wait_for("ichiro@shiomi.example.jp", "届出への同意のお願い")
    path = text.split(site.url)[1].split()[0]
    consents.go(path)
    consents.look("countersign")
    consents.press("この届出に同意する")
    assert "届出は有効になりました" in consents.page.inner_text("main")
    consents.look("countersigned")
    site.postbox.wait_for("sato@denki.example.jp", "届出が有効になりました")
    consents.go(f"/assemblies/{number}/holder")
    assert "届出により" in consents.page.inner_text("main")
    consents.look("holder-after")
    consents.follow("事実と異なることを申し出る")
    consents.fill({"body": "汐見でんき株式会社は、2026年9月に子法人ではなくなりました。"})
    consents.look("objection")
    consents.press("この内容で申し出る")
    office.go("/admin/?tab=rights")
    office.look("rights")
    office.open("main table a")
    office.follow("回答する")
    office.fill({"answer": "資本関係の登録を確かめ、訂正しました。"})
    office.look("answer")
    office.press("回答を送る")
    office.look("answered")
    assert "訂正しました" in site.postbox.wait_for("ichiro@shiomi.example.jp", "お申し出への回答")
    consents.go(f"/assemblies/{number}/objection")
    consents.look("objection-answered")
    office.go("/admin/elections/")
    office.look("elections")


def test_a_paper_overrides_an_electronic_reply(site: Site, person: MakePerson, tmp_path: Path) -> None:
    from occto.domain.replies import Answer
    from occto.services.replies.taking import take_reply
    from occto.unit_of_work import run
    from tests.electing import speaking

    with site.app.app_context():
        make = Factory(site.app)
        member, _other = make.member(name="髙砂グリーン電力株式会社"), make.member(name="高砂エナジー株式会社")
        held = _held(make, AssemblyState.REPLIES_OPEN)
        first_item = item(held)
        now = clock.now()
        run(
            take_reply,
            assembly_id=held.id,
            member_id=member.id,
            answer=Answer(Attendance.CHAIR),
            channel=ReplyChannel.ELECTRONIC,
            received_at=now - timedelta(hours=2),
            seen_version=0,
            actor=speaking(make, member),
            now=now - timedelta(hours=2),
        )
        office = as_staff(person, make, "小林 恵", Role.OPERATOR)
        number, code, item_id = held.id, member.operator_code, first_item.id
        at = (now - timedelta(minutes=5)).astimezone(JST)
    office.go(f"/admin/replies/enter/?assembly={number}")
    office.look("pick")
    _search(office, "砂")
    office.page.wait_for_selector("main table")
    office.look("picked")
    _search(office, code)
    assert "髙砂グリーン電力株式会社" in office.heading()
    office.look("key-in")
    values: dict[str, Any] = {"received_on": at.date().isoformat(), "received_time": f"{at:%H:%M}"}
    office.fill(values)
    office.choose("attendance", "ELECTRONIC")
    office.choose(f"item_{item_id}", "NO")
    office.press("この内容で入力する")
    office.look_at_refusal("key-in-error")
    _attach(office, tmp_path)
    office.press("この内容で入力する")
    assert "回答を入力しました" in office.page.locator(".flashes").inner_text()
    office.look("keyed-in")
    office.go(f"/admin/replies/?assembly={number}")
    office.look("replies")
    office.open("main table a")
    office.page.wait_for_selector("text=第2版（有効）")
    office.look("reply")
    with site.app.app_context():
        reply = db.session.query(Reply).join(StandingReply, StandingReply.reply_id == Reply.id).one()
        assert (reply.channel, reply.attendance) == (ReplyChannel.PAPER, Attendance.ELECTRONIC)


def test_a_sanction_by_two_persons(site: Site, person: MakePerson, tmp_path: Path) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        member = make.member(name="髙砂グリーン電力株式会社")
        own = _speaking(person, make, "佐藤 美咲", member, "desk@takasago.example.jp")
        office = as_staff(person, make, "小林 恵", Role.OPERATOR)
        second = as_staff(person, make, "高橋 直樹")
        today = today_jst(clock.now())
    office.go("/admin/sanctions/")
    office.follow("権利の停止・制限を登録する")
    office.look("pick-member")
    _search(office, "髙砂")
    office.follow("髙砂グリーン電力株式会社")
    office.choose("scope", "VOTES")
    day = (today - timedelta(days=3)).isoformat()
    office.fill(
        {
            "decided_by": "理事会",
            "decided_on": day,
            "ground": "定款第9条にもとづく、2期の会費の未納。",
            "effective_on": day,
            "reason": "理事会の決定による。",
        }
    )
    office.look("sanction")
    _attach(office, tmp_path)
    office.press("二人目の確認を依頼する")
    office.look("proposed")
    second.go(office.page.url.removeprefix(site.url))
    second.look("confirm")
    second.press("確認して行う")
    second.go("/admin/sanctions/")
    second.look("sanctions")
    second.follow("髙砂グリーン電力株式会社")
    second.look("sanction-on-record")
    own.go("/member")
    assert "権利の停止・制限" in own.page.inner_text("main")
    own.look("record")
