"""受付票 in a real browser: read by a phone at 360 px, printed, and shown again where there is no network."""

from datetime import timedelta
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image

from occto import clock, ticket_paper, vault
from occto.domain.permissions import Role
from occto.domain.replies import Answer, Attendance, Person
from occto.domain.tickets import shown_number
from occto.extensions import db
from occto.services.tickets import issuing
from occto.unit_of_work import run
from tests.browser.conftest import DESKTOP, PHONE, Site
from tests.browser.conftest import Person as Somebody
from tests.browser.test_joining import MakePerson
from tests.factories import Factory
from tests.replies_scene import SATO, Scene, scene

pytestmark = [pytest.mark.browser]


def _scene(site: Site) -> Scene:
    now = clock.now()
    held_at = now + timedelta(days=10)
    here = scene(
        Factory(site.app),
        held_at=held_at,
        reply_until=now + timedelta(days=9),
        reception_from=held_at - timedelta(minutes=45),
    )
    fuji = Person("総務部", "藤本 悠", None)
    here.take(answer=Answer(Attendance.ATTEND, attendees=(SATO, fuji)), received_at=now, now=now)
    run(issuing.keep_tickets, here.held.id, sign=vault.derived, now=now)
    return here


def _seen_by_a_phone(somebody: Somebody, expected: str) -> None:
    """At 360 px the code is at least 200 px wide, and a reader finds it in the picture of the whole screen."""
    somebody.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    box = somebody.page.locator(".ticket .qr").bounding_box()
    assert box is not None
    assert box["width"] >= 200
    found = zxingcpp.read_barcodes(Image.open(BytesIO(somebody.page.screenshot(full_page=True))))
    assert [code.text for code in found] == [expected]
    somebody.page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]


def _offline(somebody: Somebody, expected: str) -> None:
    page = somebody.page
    page.locator("[data-kept]").first.wait_for(state="visible")
    somebody.context.set_offline(True)
    page.reload()
    assert somebody.heading() == "受付票"
    page.locator("[data-kept]").first.wait_for(state="visible")
    assert page.evaluate("getComputedStyle(document.querySelector('.ticket')).textAlign") == "center"
    _seen_by_a_phone(somebody, expected)
    somebody.context.set_offline(False)
    somebody.complaints.clear()


def test_a_ticket_at_the_door(site: Site, person: MakePerson) -> None:
    with site.app.app_context():
        here = _scene(site)
        assembly_id, no = here.held.id, shown_number(1001)
        token = issuing.ticket_token(vault.derived, assembly_id, 1001, 1)
        secret = issuing.ticket_secret(vault.derived, assembly_id, 1001, 1)
        signed = here.make.signed_in(here.user, member=here.member)
        member, user = here.member, here.user
        db.session.remove()
    own = person("member")
    own.take_session(signed)
    own.go(f"/assemblies/{assembly_id}")
    own.look("assembly-with-tickets")
    own.follow(no)
    own.look("ticket")
    _seen_by_a_phone(own, token)
    with own.page.expect_download() as saved:
        own.page.get_by_role("link", name="A4で印刷する").click()
    assert saved.value.suggested_filename == f"受付票_{no}.pdf"
    own.go(f"/assemblies/{assembly_id}/tickets/{no}")
    _offline(own, token)

    guest = person("by-link")
    guest.go(f"/assemblies/{assembly_id}/tickets/{no}/{secret}")
    guest.look("ticket-by-link")
    _seen_by_a_phone(guest, token)
    _offline(guest, token)
    guest.page.get_by_role("button", name="この端末に保存した受付票を消す").click()
    guest.page.locator("[data-not-kept]").wait_for(state="visible")
    assert guest.page.evaluate("caches.has('tickets')") is False

    guest.page.reload()
    guest.page.locator("[data-kept]").first.wait_for(state="visible")
    with site.app.app_context():
        later = clock.now()
        other = Person("総務部", "代わり 太郎", None, voting=True)
        fresh = Scene(here.make, member, user, here.held, here.item, here.clerk)
        fresh.take(answer=Answer(Attendance.ATTEND, attendees=(other,)), seen_version=1, received_at=later, now=later)
        run(issuing.keep_tickets, assembly_id, sign=vault.derived, now=later)
        db.session.remove()
    guest.page.reload()
    guest.page.get_by_text("この受付票は失効しました").wait_for()
    guest.look("ticket-by-link-revoked")
    assert guest.page.evaluate("caches.has('tickets')") is False
    own.page.reload()
    own.look("ticket-revoked")


def test_what_was_kept_is_gone_when_its_user_leaves(site: Site, person: MakePerson) -> None:
    """At sign-out, and where another person signs in on the device; not where the same one signs in again."""
    with site.app.app_context():
        here = _scene(site)
        ticket = f"/assemblies/{here.held.id}/tickets/{shown_number(1001)}"
        colleague = here.make.user()
        here.make.affiliate(colleague, here.member)
        signed, again, other = (
            here.make.signed_in(user, member=here.member) for user in (here.user, here.user, colleague)
        )
        db.session.remove()
    phone = person("shared")
    kept = "caches.has('tickets')"

    def opened() -> None:
        phone.go(ticket)
        phone.page.locator("[data-kept]").first.wait_for(state="visible")
        assert phone.page.evaluate(kept)

    phone.take_session(signed)
    opened()
    phone.take_session(again)
    phone.go("/home")
    assert phone.page.evaluate(kept)
    phone.take_session(other)
    phone.go("/home")
    phone.page.wait_for_function(f"{kept}.then((held) => !held)")
    opened()
    phone.page.locator("form[data-forgets] button").first.click()
    phone.page.get_by_text("ログアウトしました").wait_for()
    assert phone.page.evaluate(kept) is False
    assert phone.page.evaluate("localStorage.getItem('who')") is None


def test_the_office_keeps_the_tickets(site: Site, person: MakePerson) -> None:
    with site.app.app_context():
        here = _scene(site)
        assembly_id = here.held.id
        signed = here.make.signed_in(here.make.staff(Role.OPERATOR, name="小林 恵"))
        db.session.remove()
    office = person("office")
    office.take_session(signed)
    office.go(f"/admin/assemblies/details/?id={assembly_id}")
    office.follow("当日")
    office.follow("受付票")
    office.look("tickets")
    office.follow("傍聴の方を登録する")
    office.press("登録して受付票を発行する")
    office.look_at_refusal("guest-errors")
    office.fill({"name": "来賓 花子", "title": "学識経験者", "email": "guest@b.example.jp", "seat": "R-1"})
    office.press("登録して受付票を発行する")
    office.look("guest")
    body = site.postbox.wait_for("guest@b.example.jp", "受付票")
    link = next(line for line in body.splitlines() if f"/assemblies/{assembly_id}/tickets/" in line)
    office.follow("受付票の一覧へ戻る")
    office.follow("席を一覧で割り当てる")
    office.fill({"lines": f"{shown_number(1001)}\tA-1\n1001-8\tA-2"})
    office.press("内容を確認する")
    office.look_at_refusal("seats-faults")
    office.fill({"lines": f"{shown_number(1001)}\tA-1\n{shown_number(1002)}\tA-2"})
    office.press("内容を確認する")
    office.look("seats-check")
    office.press("この席を割り当てる")
    office.follow("席を名簿順に割り当てる")
    office.look("rows")
    office.go(f"/admin/tickets/?id={assembly_id}")
    for words in ("名札", "席札", "封筒ラベル"):
        with office.page.expect_download() as saved:
            office.page.get_by_role("link", name=words).first.click()
        assert saved.value.suggested_filename == f"{words}.pdf"
    office.follow(shown_number(1003))
    office.follow("再発行する")
    office.fill({"reason": "紛失の連絡があったため"})
    office.look("reissue")
    office.press("再発行する")
    office.look("reissued")
    guest = person("guest")
    guest.page.goto(link)
    assert "失効" in guest.page.inner_text("main")
    body = site.postbox.wait_for("guest@b.example.jp", shown_number(1004))
    assert f"先にお送りした受付票（番号 {shown_number(1003)}）は失効しました" in body


def test_what_was_kept_is_gone_when_the_day_is_over(
    site: Site, person: MakePerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of the day comes while the ticket lies on the device: without a network it is shown no more, and deleted."""
    with site.app.app_context():
        here = _scene(site)
        assembly_id = here.held.id
        secret = issuing.ticket_secret(vault.derived, assembly_id, 1001, 1)
        db.session.remove()
    over = clock.now() + timedelta(seconds=6)
    monkeypatch.setattr(ticket_paper, "good_until", lambda _held: over)
    guest = person("by-link")
    guest.go(f"/assemblies/{assembly_id}/tickets/{shown_number(1001)}/{secret}")
    guest.page.locator("[data-kept]").first.wait_for(state="visible")
    assert guest.page.evaluate("caches.has('tickets')")
    guest.context.set_offline(True)
    guest.page.wait_for_timeout(max(0, (over - clock.now()).total_seconds()) * 1000 + 1500)
    guest.page.reload()
    assert "表示できる期間は終わりました" in guest.page.inner_text("body")
    guest.context.set_offline(False)
    guest.page.reload()
    assert guest.heading() == "受付票の表示期間が終わりました"
    guest.look_at_refusal("ticket-over")
    assert guest.page.evaluate("caches.has('tickets')") is False
