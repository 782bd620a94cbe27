"""採決 for staff: the whole day through the pages, what is shown before it is decided, and hostile input."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from occto import clock
from occto.admin import voting_items
from occto.domain.agenda import ItemKind
from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.domain.replies import Attendance
from occto.domain.tally import Choice, Outcome
from occto.extensions import db
from occto.live_board import hall_board
from occto.models import AgendaItem, Assembly, AssemblyResult, FloorVote, ItemDecision, OutboxMail, VoteSheet
from occto.queries.item_votes import tally_of_item
from occto.unit_of_work import unit_of_work
from tests.admin.office import committing_only_in_units_of_work, send, staff, unchanged
from tests.assembling import HELD, item
from tests.clients import Browser
from tests.deciding import record
from tests.factories import NOW, Factory
from tests.observing import everything
from tests.queries.test_void_votes import ends
from tests.receiving import Door, door
from tests.replying import reply

A, C, S = Attendance, Choice, AssemblyState


@pytest.fixture
def hall(make: Factory) -> Door:
    return door(make, S.VOTING)


def fresh(number: int, kind: Any = ItemDecision) -> Any:
    db.session.rollback()
    return db.session.get(kind, number)


def decide(browser: Browser, one: AgendaItem, **values: str) -> int:
    browser.get(f"/admin/voting/decide/?id={one.id}")
    send(browser, "/decide/", dict(values))
    return send(browser, "/decide/", {"confirmed": "y"})


def decisions() -> list[ItemDecision]:
    db.session.rollback()
    return list(db.session.scalars(select(ItemDecision).order_by(ItemDecision.id)))


def test_the_whole_day_through_the_pages(make: Factory) -> None:
    hall = door(make)
    make.affiliate(make.user(), hall.voter)
    budget, rules = item(hall.held, 1, title="予算の件"), item(hall.held, 2, kind=ItemKind.RULES, title="規程の件")
    dropped = item(hall.held, 3, title="撤回する件")
    item(hall.held, 4, kind=ItemKind.REPORT, title="報告の件")
    reply(make, hall.held, hall.other, choices={budget: C.NO, rules: C.NO})
    hall.show(hall.ticket())
    browser, number = staff(make), hall.held.id
    with committing_only_in_units_of_work():
        browser.get(f"/admin/voting/start/?id={number}")
        assert "採決に入る" in browser.text
        send(browser, "/start/")
        assert "いまの定足数" in browser.text
        send(browser, "/start/", {"confirmed": "y"})
        assert fresh(number, Assembly).state is S.VOTING
        browser.get(f"/admin/voting/item/?id={budget.id}")
        assert "まだ記録されていないもの：会場で行使する会員の賛否" in browser.text
        send(browser, "/sheet/", {"floor_choice": "YES"})
        browser.get(f"/admin/voting/item/?id={budget.id}")
        assert "賛成 1票 ＝ 反対 1票（可否同数。議長が決定します）" in browser.text
        browser.get(f"/admin/voting/decide/?id={budget.id}")
        send(browser, "/decide/", {"chair_choice": "YES", "amendment": "2,000万円に改める。"})
        assert "採決の内容" in browser.text
        send(browser, "/decide/", {"confirmed": "y"})
        browser.get(f"/admin/voting/item/?id={rules.id}")
        send(browser, "/sheet/", {"floor_choice": "YES"})
        assert decide(browser, rules) == 200
        browser.get(f"/admin/voting/fix/?id={number}")
        send(browser, "/fix/")
        assert send(browser, "/fix/", {"confirmed": "y"}) == 409
        assert "まだ採決していない議案があります：第3号議案" in browser.text
        browser.get(f"/admin/agenda/withdraw/?id={dropped.id}")
        send(browser, "/withdraw/", {"reason": "提案者の申し出"})
        browser.get(f"/admin/voting/fix/?id={number}")
        send(browser, "/fix/")
        assert send(browser, "/fix/", {"confirmed": "y"}) == 200
        browser.get(f"/admin/voting/publish/?id={number}")
        send(browser, "/publish/")
        send(browser, "/publish/", {"confirmed": "y"})
    assert [(one.outcome, one.chair_choice, one.amendment) for one in decisions()] == [
        (Outcome.CARRIED, C.YES, "2,000万円に改める。"),
        (Outcome.REJECTED, None, None),
    ]
    assert fresh(number, Assembly).state is S.PUBLISHED
    assert db.session.scalars(select(OutboxMail.template)).all() == ["assemblies/result_published"]
    text = browser.get(f"/admin/voting/?id={number}").text
    for words in ("修正可決（議長の決定）", "否決", "取下げ", "報告事項", "結果の確定"):
        assert words in text, words


def test_the_sheet_shows_channels_conflicts_and_how_much_the_chair_casts(make: Factory, hall: Door) -> None:
    one = item(hall.held, conflict=(hall.voter,))
    reply(make, hall.held, hall.other, A.CHAIR)
    text = staff(make).get(f"/admin/voting/item/?id={one.id}").text
    for words in (
        "議長一任は、1社（1票）です。",
        "まだ記録されていないもの：議長一任の賛否（議長の宣言）",
        f"<li>{hall.voter.current_name}</li>",
        "普通決議（出席した議決権の過半数）",
    ):
        assert words in text, words


def test_while_an_item_waits_the_result_is_not_the_next_step(make: Factory, hall: Door) -> None:
    item(hall.held)
    browser = staff(make, Role.APPROVER)
    step = f'href="/admin/voting/fix/?id={hall.held.id}">結果を確定する'
    path = f"/admin/voting/?id={hall.held.id}"
    waiting = browser.get(path).get_data(as_text=True)
    assert f'<a class="btn" {step}' in waiting
    with unit_of_work() as session:
        for one in session.scalars(select(AgendaItem).where(AgendaItem.assembly_id == hall.held.id)):
            one.withdrawn_at, one.withdrawn_reason = NOW, "提案者の申出"
    assert f'<a class="btn btn-primary" {step}' in browser.get(path).get_data(as_text=True)


def test_exceptions_are_found_set_and_taken_away(make: Factory, hall: Door) -> None:
    one = item(hall.held)
    hall.show(hall.ticket())
    record(one.id, hall.chief.id, floor_choice=C.YES)
    browser, name = staff(make), hall.voter.current_name
    browser.get(f"/admin/voting/item/?id={one.id}&q={hall.voter.operator_code}")
    assert name in browser.text
    send(browser, "/vote/", {"choice": "NO"})
    browser.get(f"/admin/voting/item/?id={one.id}")
    assert "まだありません。会場の会員は" not in browser.text
    row = db.session.scalars(select(FloorVote)).one()
    assert (row.member_id, row.choice) == (hall.voter.id, C.NO)
    send(browser, "/vote/", {"choice": ""})
    db.session.rollback()
    assert db.session.scalars(select(FloorVote)).all() == []
    browser.get(f"/admin/voting/item/?id={one.id}&q={hall.other.operator_code}")
    assert "会場で行使する会員はありません" in browser.text


def test_who_voted_otherwise_is_named_during_voting_or_to_who_may_see_choices(make: Factory, hall: Door) -> None:
    one = item(hall.held)
    hall.show(hall.ticket())
    with unit_of_work() as session:
        session.add(
            FloorVote(
                item_id=one.id, member_id=hall.voter.id, choice=C.NO, entered_at=HELD, entered_by_id=hall.chief.id
            )
        )
    operator, approver = staff(make, Role.OPERATOR), staff(make)
    page, name = f"/admin/voting/item/?id={one.id}&q={hall.voter.operator_code}", hall.voter.current_name
    assert name in operator.get(page).text
    with unit_of_work() as session:
        session.get_one(Assembly, hall.held.id).state = S.FINISHED
    text = operator.get(page).text
    assert (name in text, "ちがう賛否を示した会員" in text) == (False, False)
    assert name in approver.get(page).text


def test_many_by_their_codes_and_what_was_typed_stays(make: Factory, hall: Door) -> None:
    one = item(hall.held)
    hall.show(hall.ticket())
    browser, code = staff(make), hall.voter.operator_code or ""
    wide = code.translate({ord("0") + n: ord("0") + n + 0xFEE0 for n in range(10)})
    browser.get(f"/admin/voting/votes/?id={one.id}")
    assert send(browser, "/votes/", {"choice": "NO", "codes": f"{wide}、99999"}) == 409
    assert "次の事業者コードの会員はありません：99999" in browser.text
    assert wide in browser.text
    assert send(browser, "/votes/", {"choice": "NO", "codes": f"{wide}\n{code}"}) == 200
    assert db.session.scalar(select(func.count()).select_from(FloorVote)) == 1


def test_what_changed_meanwhile_is_shown_and_not_decided(make: Factory, hall: Door) -> None:
    one = item(hall.held)
    reply(make, hall.held, hall.other, choices={one: C.YES})
    record(one.id, hall.chief.id, floor_choice=C.NO)
    browser = staff(make)
    browser.get(f"/admin/voting/decide/?id={one.id}")
    send(browser, "/decide/")
    assert "賛成 1票 × 2 ＞ 出席 1票" in browser.text
    hall.show(hall.ticket())
    assert send(browser, "/decide/", {"confirmed": "y"}) == 409
    assert "画面を開いたあとに" in browser.text
    assert "賛成 1票 ＝ 反対 1票" in browser.text, "the new figures stand on the page"
    assert decisions() == []


def test_the_check_page_decides_what_it_shows(make: Factory, hall: Door) -> None:
    """Between the entry page and the check page somebody came: the check page shows it, and that is decided."""
    one = item(hall.held)
    reply(make, hall.held, hall.other, choices={one: C.YES})
    record(one.id, hall.chief.id, floor_choice=C.YES)
    browser = staff(make)
    browser.get(f"/admin/voting/decide/?id={one.id}")
    hall.show(hall.ticket())
    send(browser, "/decide/")
    assert "賛成 2票 × 2 ＞ 出席 2票" in browser.text
    assert send(browser, "/decide/", {"confirmed": "y"}) == 200
    assert [made.present for made in decisions()] == [2]


def test_a_page_counts_once(make: Factory, hall: Door, monkeypatch: Any) -> None:
    """Figures, what is missing, the field of a tie and what goes back as seen are of the same counting."""
    one = item(hall.held)
    browser, made = staff(make), []

    def counting(*args: Any) -> Any:
        made.append(args)
        return tally_of_item(*args)

    monkeypatch.setattr(voting_items, "tally_of_item", counting)
    browser.get(f"/admin/voting/decide/?id={one.id}")
    assert len(made) == 1
    send(browser, "/decide/")
    assert len(made) == 2
    assert send(browser, "/decide/", {"confirmed": "y"}) == 200
    assert len(decisions()) == 1


def test_a_tie_needs_the_chair(make: Factory, hall: Door) -> None:
    one = item(hall.held)
    reply(make, hall.held, hall.other, choices={one: C.YES})
    reply(make, hall.held, hall.voter, choices={one: C.NO})
    browser = staff(make)
    assert decide(browser, one) == 409
    assert "可否同数です。議長の決定（可決か否決か）を選んでください。" in browser.text
    assert decide(browser, one, chair_choice="NO") == 200
    assert decisions()[0].outcome is Outcome.REJECTED


def test_a_correction_needs_its_reason_and_both_stand_on_the_page(make: Factory, hall: Door) -> None:
    one = item(hall.held)
    browser = staff(make)
    assert decide(browser, one) == 200
    browser.get(f"/admin/voting/decide/?id={one.id}")
    assert send(browser, "/decide/") == 422
    assert decide(browser, one, reason="書面の回答を入力し忘れたため") == 200
    text = browser.get(f"/admin/voting/item/?id={one.id}").text
    assert "書面の回答を入力し忘れたため" in text
    assert "訂正する前の結果（1回目）" in text


def test_a_later_day_counts_who_was_a_member_on_the_day(make: Factory, hall: Door, monkeypatch: Any) -> None:
    """Pages, board and verb say the same of a member that left after the assembly."""
    one = item(hall.held)
    for member in (hall.voter, hall.other):
        reply(make, hall.held, member, choices={one: C.YES})
    ends(hall.other, "GEN", date(2026, 12, 20))
    later = HELD + timedelta(days=10)
    monkeypatch.setattr(clock, "now", lambda: later)
    browser = staff(make)
    assert "出席 2票" in browser.get(f"/admin/voting/item/?id={one.id}").text
    assert decide(browser, one) == 200
    assert [made.present for made in decisions()] == [2]
    assert "定足数を満たしています。" in browser.get(f"/admin/voting/?id={hall.held.id}").text
    board = hall_board(hall.held.id, now=later)
    assert board is not None
    assert {row[2] for row in board.counts["roll"]} == {0}


def test_the_result_without_the_quorum_asks_for_the_reason(make: Factory, hall: Door) -> None:
    one = item(hall.held)
    browser, number = staff(make), hall.held.id
    decide(browser, one)
    assert "「送信待ち 0件」" in browser.get(f"/admin/voting/fix/?id={number}").text
    send(browser, "/fix/")
    assert "「送信待ち 0件」" in browser.text
    assert send(browser, "/fix/", {"confirmed": "y"}) == 409
    assert "定足数を満たさない議決があるため" in browser.text
    browser.get(f"/admin/voting/fix/?id={number}")
    send(browser, "/fix/", {"override_reason": "全員の同意による"})
    send(browser, "/fix/", {"confirmed": "y"})
    assert db.session.scalars(select(AssemblyResult.override_reason)).one() == "全員の同意による"
    browser.get(f"/admin/voting/correct/?id={number}")
    send(browser, "/correct/", {"reason": "票数の誤り"})
    send(browser, "/correct/", {"confirmed": "y"})
    assert fresh(number, Assembly).state is S.VOTING


def test_the_operator_records_and_only_the_approver_fixes(make: Factory, hall: Door) -> None:
    one = item(hall.held)
    operator, number = staff(make, Role.OPERATOR), hall.held.id
    assert operator.get(f"/admin/voting/?id={number}").status_code == 200
    assert "結果を確定する" not in operator.text
    for path in ("fix", "publish", "correct"):
        assert operator.get(f"/admin/voting/{path}/?id={number}").status_code == 403
    assert decide(operator, one) == 200
    for role in (Role.RECEPTION, Role.SYSTEM):
        assert staff(make, role).get(f"/admin/voting/?id={number}").status_code == 403


def test_pages_before_the_hall_say_what_is_missing(make: Factory) -> None:
    from tests.assembling import assembly

    held = assembly(make, S.PREPARING)
    one = item(held)
    browser = staff(make)
    assert "議決権がまだ確定していません" in browser.get(f"/admin/voting/?id={held.id}").text
    for page in ("item", "decide"):
        assert browser.get(f"/admin/voting/{page}/?id={one.id}").status_code == 404


def test_unnotified_items_are_named_as_such(make: Factory, hall: Door) -> None:
    one = item(hall.held, notified_at=None)
    browser = staff(make)
    assert "招集通知に載っていません" in browser.get(f"/admin/voting/?id={hall.held.id}").text
    assert decide(browser, one) == 409
    assert "招集通知に載っていない議案は、議決できません" in browser.text


HOSTILE = ("0", "-1", "9" * 300, "abc", "\x00", "１", "")


def test_hostile_input_is_answered_without_a_fault(make: Factory, hall: Door) -> None:
    one = item(hall.held)
    hall.show(hall.ticket())
    browser = staff(make)
    for number in HOSTILE:
        for page in ("", "item/", "decide/", "votes/", "start/", "fix/"):
            answer = browser.client.get(f"/admin/voting/{page}", query_string={"id": number})
            assert answer.status_code == 404, (page, number)
    browser.get(f"/admin/voting/item/?id={one.id}")
    token = next(one["fields"]["csrf_token"][0] for one in browser.forms() if "csrf_token" in one["fields"])
    before = everything()
    posts: list[tuple[str, dict[str, Any]]] = [
        ("sheet/", {"floor_choice": "MAYBE", "version": "0"}),
        ("sheet/", {"floor_choice": ["YES", "NO"], "chair_cast": "\x00", "version": "9" * 50}),
        ("vote/", {"member": "9" * 40, "choice": "YES"}),
        ("vote/", {"member": str(hall.voter.id), "choice": "MAYBE"}),
        ("vote/", {"member": str(hall.voter.id)}),
        ("votes/", {"choice": "YES", "codes": "長" * 100_000}),
        ("votes/", {"choice": "X", "codes": "\x00\ud800"}),
        ("decide/", {"seen": "長" * 100_000, "confirmed": "y"}),
        ("decide/", {"seen": "\x00", "amendment": "長" * 100_000, "confirmed": "y"}),
        ("fix/", {"override_reason": "長" * 100_000, "confirmed": "y", "version": "-1"}),
    ]
    for number, (page, values) in enumerate(posts):
        sent = {"csrf_token": token, "form_id": f"hostile-{number}", "id": one.id} | values
        if page == "fix/":
            sent["id"] = hall.held.id
        sent = {key: _sendable(value) for key, value in sent.items()}
        answer = browser.client.post(f"/admin/voting/{page}", data=sent)
        assert answer.status_code < 500, (page, values)
    assert unchanged(before)
    assert fresh(one.id, VoteSheet) is None


def _sendable(value: Any) -> Any:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
