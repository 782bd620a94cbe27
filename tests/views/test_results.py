"""結果 for members: public figures and the own vote alone, from the publication on, on the page and as papers."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from occto.domain.assembly import AssemblyState
from occto.domain.codes import Procedure
from occto.domain.permissions import Role
from occto.models import Assembly, ConsentRecord, User
from occto.unit_of_work import unit_of_work
from tests.assembling import HELD
from tests.clients import Browser
from tests.factories import Factory
from tests.resulting import DECIDED, F, Y, decided, fixed
from tests.results_scene import Ended, ended

S = AssemblyState


@pytest.fixture
def scene(make: Factory) -> Ended:
    return ended(make)


def at(scene: Ended, name: str, role: Role = Role.VIEWER) -> Browser:
    user: User = scene.make.user()
    scene.make.affiliate(user, scene.members[name], role)
    return scene.make.signed_in(user, member=scene.members[name])


def part(text: str, no: int) -> str:
    """What the page says of one item."""
    return text.split(f'id="item-{no}"', 1)[1].split("</section>", 1)[0]


def words_of(browser: Browser, url: str) -> str:
    reader = PdfReader(BytesIO(browser.get(url).data))
    return "".join("".join(page.extract_text().split()) for page in reader.pages)


def test_every_outcome_in_words_with_its_figures(scene: Ended) -> None:
    text = at(scene, "grid").get(f"/assemblies/{scene.held.id}/result").text
    for no, words in (
        (1, "修正可決（認可待ち）"),
        (1, '<th scope="row">賛成</th><td class="num">12票</td><td class="num">4社</td>'),
        (1, "賛成 12票 × 2 ＞ 出席 18票（過半数）"),
        (1, "第3条を次のとおり改める。"),
        (2, "特別決議（出席した議決権の3分の2以上）"),
        (2, "1社（電気事業法 28条の39）"),
        (3, "可否同数のため、議長が可決と決定しました。"),
        (4, "否決"),
        (5, "不成立"),
        (5, "出席した議決権が 0票のため、不成立です。"),
        (6, "取り下げられました（内容を改めて検討するため）"),
        (7, "採決はありません"),
        (8, "可決（承認待ち）"),
        (8, "に訂正しました（理由：集計の誤りを正すため）。訂正前：否決（賛成 6票、反対 12票、棄権 0票）"),
    ):
        assert words in part(text, no), words
    assert "定足数を満たしています。" in text
    assert "必要数は、全会員 8社の半数以上（8 ÷ 2 = 4）。" in text


def test_the_own_vote_and_nobody_elses(scene: Ended) -> None:
    text = at(scene, "child").get(f"/assemblies/{scene.held.id}/result").text
    assert "反対　3票（書面）" in part(text, 1)
    assert "賛成　3票（書面）" in part(text, 2)
    assert "数えられていません" in part(text, 5)
    names = [one.current_name for name, one in scene.members.items() if name != "child"]
    assert not [name for name in names if name in text]


def test_a_conflict_member_reads_why_it_has_no_vote(scene: Ended) -> None:
    text = at(scene, "shop").get(f"/assemblies/{scene.held.id}/result").text
    assert "当機関と貴社との関係について議決する議案のため、貴社の議決権はありません" in part(text, 2)
    assert "棄権　3票（会場）" in part(text, 4)


@pytest.mark.parametrize("name", ["young", "barred"])
def test_a_member_without_votes_has_none(scene: Ended, name: str) -> None:
    text = at(scene, name).get(f"/assemblies/{scene.held.id}/result").text
    assert "貴社はこの総会で議決権を持たないため" in text
    assert "貴社の議決権：" not in text


def test_a_contractor_sees_the_own_vote_of_its_member(scene: Ended) -> None:
    make, user = scene.make, scene.make.user()
    mandate = make.mandate(scene.members["wires"], make.contractor(user), user, procedures=(Procedure.VIEW,))
    make.consent(user)
    text = make.signed_in(user, mandate=mandate).get(f"/assemblies/{scene.held.id}/result").text
    assert "賛成　4票（電子）" in part(text, 1)


def test_staff_who_look_at_the_pages_of_a_member_see_no_choice(scene: Ended) -> None:
    browser = scene.make.signed_in(scene.make.staff(Role.APPROVER))
    browser.get(f"/admin/members/view-as/?id={scene.members['child'].id}")
    browser.submit({"reason": "お電話でのお問い合わせの確認"}, action="/view-as/")
    text = browser.get(f"/assemblies/{scene.held.id}/result").text
    assert "3票が数えられています（書面）。賛否は、職員の画面には表示しません。" in part(text, 1)
    assert "反対　3票" not in text


_STATES = sorted(set(S) - {S.PUBLISHED, S.FINISHED, S.POSTPONED})


@pytest.mark.parametrize("state", _STATES)
def test_nothing_is_shown_before_the_publication_or_while_it_is_corrected(scene: Ended, state: AssemblyState) -> None:
    with unit_of_work() as session:
        session.get_one(Assembly, scene.held.id).state = state
    browser, url = at(scene, "grid"), f"/assemblies/{scene.held.id}"
    for end in ("result", "result.pdf", "result.xlsx"):
        assert browser.get(f"{url}/{end}").status_code == 404
    assert "議決の結果" not in browser.get("/assemblies/").text


def test_the_pages_of_the_assembly_lead_to_it(scene: Ended) -> None:
    browser, url = at(scene, "grid"), f"/assemblies/{scene.held.id}/result"
    assert f'href="{url}"' in browser.get(f"/assemblies/{scene.held.id}").text
    assert f'href="{url}"' in browser.get("/assemblies/").text


def test_what_the_minister_gave_is_told(scene: Ended) -> None:
    by = scene.make.user().id
    with unit_of_work() as session:
        for no, outcome, number in ((1, "GRANTED", "20261220資第12号"), (2, "REFUSED", None)):
            session.add(
                ConsentRecord(
                    item_id=scene.items[no].id,
                    no=1,
                    outcome=outcome,
                    decided_on=HELD.date(),
                    document_number=number,
                    entered_at=DECIDED + timedelta(days=30),
                    entered_by_id=by,
                )
            )
    text = at(scene, "grid").get(f"/assemblies/{scene.held.id}/result").text
    assert "修正可決（認可済）" in part(text, 1)
    assert "認可済（2026年12月18日　文書番号 20261220資第12号）" in part(text, 1)
    assert "可決（不認可）" in part(text, 2)


def test_a_correction_of_the_whole_is_told(scene: Ended) -> None:
    decided(scene.make, scene.items[4], {scene.members["grid"]: (Y, F)})
    fixed(scene.make, scene.held)
    text = at(scene, "grid").get(f"/assemblies/{scene.held.id}/result").text
    assert "結果を訂正して確定し直しました（第2回）。" in text
    assert "訂正前：否決" in part(text, 4)


def test_a_result_without_the_quorum_gives_its_reason(make: Factory) -> None:
    scene = ended(make, present=1)
    text = at(scene, "grid").get(f"/assemblies/{scene.held.id}/result").text
    assert "定足数を満たしていません。" in text
    assert "満たさないまま結果を確定した理由：緊急の議決のため" in text


def test_the_pdf_says_what_the_page_says(scene: Ended) -> None:
    said = words_of(at(scene, "child"), f"/assemblies/{scene.held.id}/result.pdf")
    for words in (
        "議決の結果",
        "第1号議案2027年度事業計画及び予算の件修正可決（認可待ち）",
        "賛成12票×2＞出席18票（過半数）",
        "不成立",
        "訂正前：否決",
        "必要数は、全会員8社の半数以上",
    ):
        assert words in said, words
    assert "汐見" not in said


def test_the_workbook_has_votes_and_companies_side_by_side(scene: Ended) -> None:
    browser = at(scene, "child")
    book = load_workbook(BytesIO(browser.get(f"/assemblies/{scene.held.id}/result.xlsx").data))
    assert book.sheetnames == ["議案ごとの結果", "定足数"]
    rows: list[Any] = list(book["議案ごとの結果"].iter_rows(values_only=True))
    assert rows[1][:12] == (
        "第1号議案",
        "2027年度 事業計画及び予算の件",
        "普通決議（出席した議決権の過半数）",
        "修正可決（認可待ち）",
        *(12, 3, 3, 18),
        *(4, 1, 1, 6),
    )
    assert rows[6][3] == "取下げ"
    assert list(book["定足数"].iter_rows(values_only=True))[1][:5] == ("全会員", 8, 4, 8, "満たす")
    every = " ".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)
    assert "電力株式会社" not in every


def test_hostile_addresses_are_answers(scene: Ended) -> None:
    browser = at(scene, "grid")
    for number in (0, 10**30, 999_999):
        assert browser.get(f"/assemblies/{number}/result").status_code == 404
