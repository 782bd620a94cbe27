"""An assembly from its draft to closed replies: a family over three groups, a 届出, paper, a telephone call too late.

Time is moved by the clock of the application: `Calendar` adds whole days to the real one, so every rule, mail and session
sees the same day; who comes back on a later day signs in anew.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from occto import clock
from occto.domain.dates import JST, today_jst
from occto.domain.permissions import Role
from occto.worker import close_assemblies, keep_drafts
from tests.browser.conftest import DESKTOP, PHONE, Person, Site
from tests.browser.story import DAYS_AHEAD, DESK, POWER, Calendar, Story, companies, votes_by_hand
from tests.browser.test_joining import MakePerson
from tests.electing import SCAN
from tests.factories import Factory

pytestmark = [pytest.mark.browser]


def _registered(story: Story, office: Person) -> None:
    office.go("/admin/assemblies/new/")
    office.choose("kind", "EXTRAORDINARY")
    place = {"place": "東都会館 3階 大会議室", "reception_time": "13:15"}
    office.fill({"no": "1", "held_on": story.held_on.isoformat(), "held_time": "14:00"} | place)
    office.press("内容を確認する")
    office.press("総会を登録する")
    story.number = int(office.page.url.split("id=")[1])
    for kind, title in (
        ("BUDGET", "2027年度 事業計画及び収支予算の件"),
        ("ARTICLES", "定款の一部変更の件"),
        ("OTHER", "東都電力送配電株式会社との契約の件"),
    ):
        office.go(f"/admin/agenda/?id={story.number}")
        office.follow("議案を追加する")
        office.choose("kind", kind)
        office.fill({"title": title})
        office.press("議案を追加する")
    office.follow("東都電力送配電株式会社との契約の件")
    office.page.locator("#q").fill("東都電力")
    with office.page.expect_navigation():
        office.page.get_by_role("button", name="探す", exact=True).last.click()
    office.open("main .list button")
    office.look("item-with-conflict")
    office.go(f"/admin/assemblies/documents/?id={story.number}")
    office.page.set_input_files("#file", {"name": "x.pdf", "mimeType": "application/pdf", "buffer": SCAN.content})
    office.fill({"title": "議案書"})
    office.press("登録する")
    office.go(f"/admin/assemblies/details/?id={story.number}")
    office.look("registered")


def _counted(story: Story, office: Person) -> None:
    office.go(f"/admin/assemblies/details/?id={story.number}")
    office.follow("基準日集計を始める")
    office.look("count")
    office.press("基準日集計を始める")
    office.look("counting")
    office.go(f"/admin/allocation/?id={story.number}")
    office.look("allocation")


def _elected(story: Story) -> None:
    """power files that it holds the share of 発電; retail, which would hold it, consents and objects all the same."""
    files, consents = story.member("power", "汐見 一郎"), story.member("retail", "佐藤 美咲")
    files.go(story.path)
    assert "汐見でんき株式会社" in files.page.locator("#votes").inner_text()
    files.look("votes-held-by-another")
    files.follow("議決権を行使する会社と届出")
    files.look("holder")
    files.follow("届出をする")
    files.choose("group", "G")
    files.choose("holder", str(story.members["power"].id))
    files.press("内容を確認する")
    files.look("holder-check")
    files.press("この内容で届け出る")
    text = story.site.postbox.wait_for(DESK, "届出への同意のお願い")
    consents.go(text.split(story.site.url)[1].split()[0])
    consents.look("countersign")
    consents.press("この届出に同意する")
    story.site.postbox.wait_for(POWER, "届出が有効になりました")
    with story.site.app.app_context():
        assert keep_drafts() == 1  # a round of the worker
    files.go(story.path)
    assert "届出" in files.page.locator("#votes").inner_text()
    files.look("votes-by-election")
    consents.go(story.path)
    consents.follow("事実と異なることを申し出る")
    consents.fill({"body": "小売の登録は、先月、別の会社へ引き継ぎました。"})
    consents.press("この内容で申し出る")


def _answered(story: Story, office: Person) -> None:
    office.go("/admin/?tab=rights")
    office.open("main table a")
    office.follow("回答する")
    office.fill({"answer": "引継ぎの届出がまだないため、登録のとおり数えます。"})
    office.press("回答を送る")
    office.look("objection-answered")
    assert "登録のとおり数えます" in story.site.postbox.wait_for(DESK, "お申し出への回答")


def _frozen(story: Story, office: Person, second: Person) -> None:
    office.go(f"/admin/freezing/?id={story.number}")
    office.look("freezing-open")
    office.follow("確認済にする")
    for box in office.page.locator("[name='keys']").all():
        box.check()
    office.fill({"reason": "電話で確かめ、議決権に関わらない増資と分かったため"})
    office.press("確認済にする")
    office.follow("確定を依頼する")
    office.fill({"reason": "基準日の集計のとおり"})
    office.press("内容を確認する")
    office.look("freeze-check")
    office.press("確定を依頼する")
    second.go("/admin/?tab=second")
    second.follow("議決権の確定")
    second.look("freeze-confirm")
    second.press("確認して行う")
    for key, votes in votes_by_hand().items():
        second.go(f"/admin/allocation/member/?id={story.number}&member={story.members[key].id}")
        assert second.page.locator("h2 .nb").first.inner_text() == f"{votes}票", key
    second.look("member-frozen")


def _notified(story: Story, office: Person, second: Person) -> None:
    office.go(f"/admin/convocations/?id={story.number}")
    office.look("convocations-before")
    office.follow("招集通知の文を作る")
    office.look("notice-text")
    office.press("下書きを保存する")
    office.look("notice-draft")
    office.press("この内容を自分あてに試しに送る")
    assert "試しのメールを送りました" in office.page.locator(".flashes").inner_text()
    second.go(office.page.url.removeprefix(story.site.url))
    second.follow("招集通知を送る")
    second.choose("open_replies", "OPEN")
    second.press("内容を確認する")
    second.look("notice-check")
    second.press("招集通知を送る")
    for address in (DESK, POWER):
        text = story.site.postbox.wait_for(address, "【招集通知】")
        assert "2027年度 事業計画及び収支予算の件" in text
        assert f"{story.site.url}{story.path}" in text
    second.go(f"/admin/convocations/?id={story.number}")
    second.look("convocations")
    second.follow("手紙と宛名を印刷し、郵送を記録する")
    second.follow("まとめて郵送・手渡しを記録する")
    second.look("posted")
    second.press("内容を確認する")
    second.press("記録する")
    second.look("convocations-posted")
    second.go(f"/admin/convocations/details/?id={story.members['paper'].id}&assembly={story.number}")
    second.look("convocation")


def _reply(somebody: Person, path: str, choices: list[str], *, what: str, phone: bool = False) -> str:
    """Vote on line; the receipt code."""
    page = somebody.page
    page.set_viewport_size(PHONE if phone else DESKTOP)  # type: ignore[arg-type]
    somebody.go(f"{path}/reply")
    page.locator("[name=attendance][value=ELECTRONIC]").check()
    for number, words in enumerate(choices):
        page.locator("ol.agenda > li").nth(number).get_by_label(words).check()
    somebody.press("確認へ進む")
    somebody.look(f"{what}-check")
    page.set_viewport_size(PHONE if phone else DESKTOP)  # type: ignore[arg-type]
    somebody.press("この内容で回答する")
    assert "回答を受け付けました" in page.inner_text("h1")
    somebody.look(f"{what}-done")
    return page.locator("b.code").first.inner_text()


def _keyed_in(story: Story, office: Person, company: str, at: datetime, *, what: str, values: dict[str, str]) -> None:
    """A paper with its scan, or with a reason a telephone call; `values`: fields that are chosen."""
    local = at.astimezone(JST)
    office.go(f"/admin/replies/enter/?assembly={story.number}&member={story.members[company].id}")
    office.fill({"received_on": local.date().isoformat(), "received_time": f"{local:%H:%M}"})
    for name, value in values.items():
        if name == "reason":
            office.fill({name: value})
        else:
            office.choose(name, value)
    if values["channel"] == "PAPER":
        office.page.locator("input[name='file']").set_input_files(story.file)
    office.look(what)
    office.press("この内容で入力する")
    assert "回答を入力しました" in office.page.locator(".flashes").inner_text()


def _figures(office: Person, number: int) -> dict[str, Any]:
    found = office.page.request.get(f"{office.site.url}/admin/reply_board/counts/?id={number}")
    assert found.ok
    answer: dict[str, Any] = found.json()
    return answer


def _codes(somebody: Person, path: str) -> list[str]:
    somebody.go(f"{path}/receipts")
    return somebody.page.locator("ul.code li").all_inner_texts()


def _items(figures: dict[str, Any]) -> list[dict[str, int]]:
    """Votes in advance per item."""
    return [{choice: part["votes"] for choice, part in item["advance"].items()} for item in figures["items"]]


def _expected(choices: Mapping[str, list[str]], *, items: int, out: Mapping[int, str]) -> list[dict[str, int]]:
    """The same from the choices of each company; `out`: item → the company that has no vote on it."""
    votes = votes_by_hand()
    return [
        {
            choice: sum(
                votes[company] for company, chosen in choices.items() if chosen[no] == choice and out.get(no) != company
            )
            for choice in ("YES", "NO", "ABSTAIN")
        }
        for no in range(items)
    ]


def _numbers(office: Person, number: int) -> list[str]:
    """The names of the fields of the items in the form that staff key in."""
    fields = office.page.locator("input[type=radio][name^='item_']")
    return sorted({name for one in fields.all() if (name := one.get_attribute("name"))})


def test_from_the_draft_to_closed_replies(
    site: Site, person: MakePerson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = tmp_path / "回答書.pdf"
    scan.write_bytes(SCAN.content)
    days = Calendar(monkeypatch)
    with site.app.app_context():
        held_on = today_jst(clock.now()) + timedelta(days=DAYS_AHEAD)
        story = Story(site, person, Factory(site.app), days, held_on, scan)
        companies(story)
    office = story.staff("小林 恵", Role.OPERATOR)
    _registered(story, office)
    days.go_to(held_on - timedelta(days=29))
    office, second = story.staff("小林 恵", Role.OPERATOR), story.staff("高橋 直樹", Role.APPROVER)
    _counted(story, office)
    _elected(story)
    _answered(story, office)
    _frozen(story, office, second)
    _notified(story, office, second)
    _replied(story)


def _replied(story: Story) -> None:
    """Eight days before: on a phone, changed; paper over an electronic reply; closed; and a call too late."""
    story.days.go_to(story.held_on - timedelta(days=8))
    votes, board = votes_by_hand(), f"/admin/reply_board/?id={story.number}"
    mine, theirs = story.member("retail", "mine"), story.member("power", "theirs")
    office, second = story.staff("小林 恵", Role.OPERATOR), story.staff("高橋 直樹", Role.APPROVER)
    mine.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    mine.go("/home")
    mine.go(story.path)
    first = _reply(mine, story.path, ["賛成", "賛成", "賛成"], what="phone", phone=True)
    mine.go(story.path)
    mine.look("replied")
    last = _reply(mine, story.path, ["賛成", "反対", "賛成"], what="phone-changed", phone=True)
    assert first != last
    overridden = _reply(theirs, story.path, ["賛成", "賛成", "賛成"], what="electronic")
    figures = _figures(second, story.number)
    electronic = {"retail": ["YES", "NO", "YES"], "power": ["YES", "YES", "YES"]}
    assert _items(figures) == _expected(electronic, items=3, out={2: "east"})
    later = clock.now() + timedelta(minutes=2)
    story.days.ahead += timedelta(minutes=5)  # the paper arrives behind the electronic reply
    office.go(f"/admin/replies/enter/?assembly={story.number}&member={story.members['power'].id}")
    names = _numbers(office, story.number)
    assert len(names) == 3
    paper = {"channel": "PAPER", "attendance": "ELECTRONIC"}
    _keyed_in(
        story,
        office,
        "power",
        later,
        what="paper",
        values=paper | dict(zip(names, ["NO", "NO", "ABSTAIN"], strict=True)),
    )
    _keyed_in(story, office, "east", later, what="paper-chair", values={"channel": "PAPER", "attendance": "CHAIR"})
    second.go(board)
    second.look("board")
    theirs.go(f"{story.path}/replies")
    assert "第2版" in theirs.page.inner_text("main")
    theirs.look("history")

    # the business day before has passed: the round of the worker closes and publishes
    story.days.go_to(story.held_on)
    with story.site.app.app_context():
        assert close_assemblies() == 1
    mine = story.member("retail", "mine-after")
    office, second = story.staff("小林 恵", Role.OPERATOR), story.staff("高橋 直樹", Role.APPROVER)
    mine.go(story.path)
    mine.look("closed")
    before = _codes(mine, story.path)
    assert len(before) == 3
    assert last in before
    assert not {first, overridden} & set(before)
    assert "貴社の回答は、一覧に含まれています" in mine.page.inner_text("main")
    mine.look("receipts")
    mine.fill({"code": first})
    mine.press("確かめる")
    assert "この番号は、一覧に含まれていません" in mine.page.inner_text("main")
    late = {"channel": "STAFF", "attendance": "ELECTRONIC", "reason": "締切の後に電話で変更の申出を受けたため"}
    _keyed_in(
        story, office, "east", clock.now(), what="late", values=late | dict(zip(names[:2], ["YES", "YES"], strict=True))
    )
    after = _codes(mine, story.path)
    assert len(after) == 3
    assert len(set(before) - set(after)) == 1
    mine.look("receipts-anew")
    figures = _figures(second, story.number)
    final = {"retail": ["YES", "NO", "YES"], "power": ["NO", "NO", "ABSTAIN"], "east": ["YES", "YES", "YES"]}
    assert _items(figures) == _expected(final, items=3, out={2: "east"})
    assert figures["items"][2]["conflict"]["votes"] == votes["east"]
    whole = {"members": len(votes), "holders": sum(1 for one in votes.values() if one), "votes": sum(votes.values())}
    assert figures["all"]["whole"] == whole
    assert figures["all"]["answered"] == {"members": 3, "holders": 3, "votes": sum(votes[key] for key in final)}
    second.go(board)
    expect(second.page.locator(".figures dd").first).to_contain_text(f"3/ {len(votes)}社")
    row = second.page.get_by_role("region", name="議案ごとの賛否").locator("tbody tr").first
    assert row.locator("td").first.inner_text().startswith(f"{votes['retail'] + votes['east']}票")
    second.look("board-closed")
    office.go(f"/admin/assemblies/details/?id={story.number}")
    office.follow("招集・回答")
    office.follow("回答の一覧")
    assert "締切後" in office.page.get_by_role("region", name="回答の一覧").inner_text()
    office.look("replies-closed")
    office.follow("概要")
    assert "回答締切" in office.page.inner_text("main")
    office.look("closed")
