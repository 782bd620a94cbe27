"""The page on which staff say how each group is divided."""

import pytest

from occto.domain.assembly import AssemblyState
from occto.domain.assembly_settings import read_settings
from occto.domain.permissions import Role
from occto.domain.votes import Group
from occto.extensions import db
from occto.models import Assembly
from tests import assembling
from tests.admin.office import staff
from tests.factories import Factory
from tests.observing import row_counts

S = AssemblyState
EQUAL = {"policy_N": "EQUAL", "policy_R": "EQUAL", "policy_G": "EQUAL", "reason": "理事会の決定"}


def _text(text: str) -> str:
    return " ".join(text.split())


def test_from_entry_over_the_check_page_to_the_division(make: Factory) -> None:
    first, second = make.member(name="甲電力株式会社"), make.member(name="乙電力株式会社")
    held = assembling.assembly(make, S.COUNTING)
    browser = staff(make)
    address = f"/admin/allocation/policies/?id={held.id}"
    assert "総数は、どの分け方でも同じです" in browser.get(address).get_data(as_text=True)
    table = f"{first.operator_code},1/4\n{second.operator_code},75%"
    browser.submit(EQUAL | {"policy_G": "MANUAL", "shares_G": table}, action="/policies/")
    assert "（確認）" in browser.text
    assert "1 / 4" in browser.text
    assert "3 / 4" in browser.text
    browser.submit({"confirmed": "y"}, action="/policies/")
    page = _text(browser.text)
    assert "議決権の分け方を決めました" in page
    assert "個別の割合" in page
    db.session.expire_all()
    settings = read_settings(db.session.get_one(Assembly, held.id).settings)
    assert settings.shares == {Group.G: {first.id: (1, 4), second.id: (3, 4)}}
    again = browser.get(address).get_data(as_text=True)
    assert f"{first.operator_code},1/4" in again


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"policy_G": "MANUAL"}, "割合の表を入力してください"),
        ({"policy_G": "MANUAL", "shares_G": "{code},1/2"}, "合計が 1 になっていません"),
        ({"policy_G": "MANUAL", "shares_G": "{code},1"}, "乙電力株式会社の割合がありません"),
        ({"policy_G": "MANUAL", "shares_G": "99999,1"}, "99999 の会員が見つかりません"),
        ({"policy_G": "MANUAL", "shares_G": "x" * 100_001}, "100,000 文字まで"),
        ({"policy_N": "FORMER_GDU_THIRD"}, "旧一般電気事業者にあたる会員の事業者コードを入力してください"),
        ({"policy_N": "FORMER_GDU_THIRD", "former_gdus": "99999"}, "99999 の会員が見つかりません"),
        ({"policy_R": "FORMER_GDU_THIRD"}, "分け方"),
        ({"reason": ""}, "根拠"),
    ],
)
def test_what_cannot_be_divided_is_said_beside_its_field(make: Factory, values: dict[str, str], sentence: str) -> None:
    first = make.member(name="甲電力株式会社")
    make.member(name="乙電力株式会社")
    held = assembling.assembly(make, S.COUNTING)
    browser = staff(make)
    browser.get(f"/admin/allocation/policies/?id={held.id}")
    before = row_counts()
    sent = EQUAL | {key: value.replace("{code}", first.operator_code or "") for key, value in values.items()}
    answer = browser.submit(sent, action="/policies/")
    assert answer.status_code == 422
    assert sentence in browser.text
    assert row_counts() == before


def test_after_the_freeze_there_is_no_way_in(make: Factory) -> None:
    make.member()
    held = assembling.assembly(make)
    browser = staff(make)
    assert "分け方を決める" not in browser.get(f"/admin/allocation/?id={held.id}").get_data(as_text=True)
    assert browser.get(f"/admin/allocation/policies/?id={held.id}").status_code == 409
    assert "確定したあとは" in browser.text


def test_who_may_not_edit_does_not_get_in(make: Factory) -> None:
    held = assembling.assembly(make, S.COUNTING)
    for role in (Role.SYSTEM, Role.RECEPTION):
        assert staff(make, role).get(f"/admin/allocation/policies/?id={held.id}").status_code == 403
    assert staff(make).get("/admin/allocation/policies/?id=999").status_code == 404
