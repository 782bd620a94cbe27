"""設定 as staff see and change it: the list, one setting with its history, the request, the second person."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from occto import clock
from occto.domain.assembly import AssemblyState
from occto.domain.dates import format_date, today_jst
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Proposal, Setting
from tests import assembling
from tests.admin.office import send
from tests.clients import Browser
from tests.factories import Factory

CHANGE = "/admin/settings/change/"


def _first(make: Factory) -> Browser:
    return make.signed_in(make.staff(Role.OPERATOR, name="一条 薫"))


def _ask(browser: Browser, name: str = "MAX_ATTENDEES", **values: Any) -> int:
    browser.get(f"{CHANGE}?name={name}")
    given = {"value": "3", "source": "定款 第30条", "reason": "理事会の決定"} | values
    return send(browser, "/change/", given)


def _confirmed(browser: Browser) -> int:
    return send(browser, "/change/", {"confirmed": "1"})


@pytest.fixture
def day() -> Any:
    return today_jst(clock.now()) + timedelta(days=10)


def test_the_list_names_every_value_with_its_source(make: Factory) -> None:
    browser = _first(make)
    browser.get("/admin/settings/")
    for words in ("基準日から総会までの日数", "30 日", "電気事業法 28条の34", "はじめから", "利用規約 2.7.2④"):
        assert words in browser.text


def test_from_the_request_to_the_value(make: Factory, day: Any) -> None:
    assembling.assembly(make, AssemblyState.PREPARING)
    browser = _first(make)
    _ask(browser, effective_on=day.isoformat())
    assert "定款 第30条" in browser.text
    assert "登録済みの総会" in browser.text
    assert db.session.scalar(select(func.count()).select_from(Proposal)) == 0
    _confirmed(browser)
    assert "二人目の確認を依頼しました" in browser.text
    assert "確認して行う" not in browser.text
    browser.get("/admin/settings/item/?name=MAX_ATTENDEES")
    assert "二人目の確認を待っています" in browser.text
    assert "変更を依頼する" not in browser.text
    number = db.session.scalars(select(Proposal.id)).one()
    second = make.signed_in(make.staff(Role.APPROVER, name="二宮 翔"))
    second.get("/admin/proposals/")
    assert "1会員の出席者の人数の上限" in second.text
    second.get(f"/admin/proposals/details/?id={number}")
    assert "3 名" in second.text
    send(second, "/confirm/")
    facts = second.text[second.text.index("依頼の内容") :]
    assert facts.index("依頼したときの値") < facts.index("2 名") < facts.index("新しい値") < facts.index("3 名")
    second.get("/admin/settings/")
    assert f"{format_date(day)}から 3 名" in second.text
    second.get("/admin/settings/item/?name=MAX_ATTENDEES")
    for words in ("一条 薫", "二宮 翔", "理事会の決定", "3 名", "2 名"):
        assert words in second.text
    db.session.rollback()
    assert db.session.scalars(select(Setting)).one().effective_on == day


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("MAX_ATTENDEES", {"value": "0"}, "1 から 10 まで"),
        ("MAX_ATTENDEES", {"source": ""}, "根拠"),
        ("MAX_ATTENDEES", {"effective_on": "2020-01-01"}, "始まる日"),
        ("REPLY_TIME", {"value": "25:00"}, "13:30 のように"),
        ("BLANK_CHOICE", {"value": "NOPE"}, "選んでください"),
        ("PROXIES", {"value": ["NOPE"]}, "選んでください"),
    ],
)
def test_what_cannot_be_a_value_is_said_and_kept(
    make: Factory, day: Any, name: str, values: dict[str, Any], words: str
) -> None:
    browser = _first(make)
    assert _ask(browser, name, **({"effective_on": day.isoformat()} | values)) == 422
    assert words in browser.text
    assert "理事会の決定" in browser.text


def test_a_value_that_breaks_the_order_of_days_is_refused_with_what_was_typed(make: Factory, day: Any) -> None:
    browser = _first(make)
    _ask(browser, "FREEZE_DAYS", value="45", effective_on=day.isoformat())
    assert _confirmed(browser) == 409
    assert "確定は45日前" in browser.text
    assert "理事会の決定" in browser.text


@pytest.mark.parametrize("name", ["", "NOPE", "record_days", "RECORD_DAYS\0"])
def test_what_is_no_setting_is_not_found(make: Factory, name: str) -> None:
    browser = _first(make)
    for path in ("item", "change"):
        assert browser.client.get(f"/admin/settings/{path}/", query_string={"name": name}).status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "RECORD_DAYS",
        "FREEZE_DAYS",
        "NOTICE_DAYS",
        "REPLY_TIME",
        "QUORUM_BASIS",
        "PROXIES",
        "BLANK_CHOICE",
        "NO_SHOW",
        "CHAIR",
    ],
)
def test_every_setting_has_its_pages(make: Factory, name: str) -> None:
    browser = _first(make)
    assert browser.get(f"/admin/settings/item/?name={name}").status_code == 200
    assert browser.get(f"{CHANGE}?name={name}").status_code == 200


def test_who_only_reads_is_offered_no_change(make: Factory) -> None:
    browser = make.signed_in(make.staff(Role.SYSTEM))
    assert browser.get("/admin/settings/item/?name=CHAIR").status_code == 200
    assert "変更を依頼する" not in browser.text
    assert browser.client.get(f"{CHANGE}?name=CHAIR").status_code == 403
