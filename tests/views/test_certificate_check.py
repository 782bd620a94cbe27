"""The public check of 加入証跡: as of a day, in words and as JSON, and what it tells nobody."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from occto import clock
from occto.domain.certificates import check_character, grouped
from occto.domain.certificates import code_of as code_from
from occto.domain.codes import UserState
from occto.domain.dates import format_date, format_date_era, today_jst
from occto.extensions import db, limiter
from occto.models import ContractOfUse, Member, User
from occto.services import register
from occto.unit_of_work import unit_of_work
from tests.certifying import code_of, end_licence, new_key
from tests.clients import Browser
from tests.factories import NOW, Factory
from tests.observing import everything
from tests.registering import entering
from tests.test_statement_counts import counted

JSON = {"Accept": "application/json"}
FIELDS = {"state", "valid", "as_of", "foreseen", "code", "name", "categories", "valid_from", "void_from"}
PERSONAL = ("鈴木", "スズキ", "山田", "東京都", "千代田区", "10,000,000")


def _today() -> date:
    return today_jst(clock.now())


def _json(app: Flask, path: str, *, status: int = 200) -> dict[str, Any]:
    answer = app.test_client().get(path, headers=JSON)
    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    found = json.loads(answer.get_data(as_text=True))
    assert isinstance(found, dict)
    return found


def _on(app: Flask, member: Member, day: date) -> dict[str, Any]:
    return _json(app, f"/certificates/{code_of(member)}?date={day.isoformat()}")


def test_a_stranger_learns_name_categories_and_period_alone(make: Factory) -> None:
    member = make.member(name="汐見でんき株式会社", licences=("GEN", "RETAIL"))
    make.affiliate(make.user(name="山田 花子"), member)
    stranger = Browser(make.app)
    assert stranger.get(f"/certificates/{code_of(member)}").status_code == 200
    for words in (
        "有効です",
        f"{format_date(_today())}現在、次の会社は、電力広域的運営推進機関の会員です。",
        "汐見でんき株式会社",
        "小売電気事業者、発電事業者",
        "2020年4月1日から",
        grouped(code_of(member)),
    ):
        assert words in stranger.text
    assert not [words for words in PERSONAL if words in stranger.text]
    found = _json(make.app, f"/certificates/{code_of(member)}")
    assert found == {
        "state": "VALID",
        "valid": True,
        "as_of": _today().isoformat(),
        "foreseen": False,
        "code": code_of(member),
        "name": "汐見でんき株式会社",
        "categories": [{"code": "RETAIL", "label": "小売電気事業者"}, {"code": "GEN", "label": "発電事業者"}],
        "valid_from": "2020-04-01",
        "void_from": None,
    }
    assert set(found) == FIELDS


def test_only_the_loss_of_membership_voids(make: Factory) -> None:
    member = make.member(licences=("GEN", "RETAIL"))
    end_licence(member, "GEN", date(2024, 4, 1))
    assert _on(make.app, member, _today())["state"] == "VALID"
    assert _on(make.app, member, date(2024, 3, 31))["categories"][1]["code"] == "GEN"
    assert [one["code"] for one in _on(make.app, member, date(2024, 4, 1))["categories"]] == ["RETAIL"]
    end_licence(member, "RETAIL", date(2025, 4, 1))
    assert _on(make.app, member, date(2025, 3, 31)) | {"name": ""} == {
        "state": "VALID",
        "valid": True,
        "as_of": "2025-03-31",
        "foreseen": False,
        "code": code_of(member),
        "name": "",
        "categories": [{"code": "RETAIL", "label": "小売電気事業者"}],
        "valid_from": "2020-04-01",
        "void_from": "2025-04-01",
    }
    void = _on(make.app, member, date(2025, 4, 1))
    assert (void["state"], void["valid"], void["void_from"], void["categories"]) == ("VOID", False, "2025-04-01", [])
    stranger = Browser(make.app)
    stranger.get(f"/certificates/{code_of(member)}")
    assert "無効です" in stranger.text
    assert "2025年4月1日に会員でなくなりました" in stranger.text
    assert "会員であった期間" in stranger.text


def test_ended_contracts_and_stopped_people_leave_it_valid(make: Factory) -> None:
    user, member = make.user(), make.member()
    make.affiliate(user, member)
    with unit_of_work() as session:
        session.execute(
            update(ContractOfUse)
            .where(ContractOfUse.member_id == member.id)
            .values(ended_at=NOW, end_clause="2.7.2", end_reason="書面を希望")
        )
        session.execute(update(User).where(User.id == user.id).values(state=UserState.STOPPED))
    found = _on(make.app, member, _today())
    assert (found["state"], found["void_from"]) == ("VALID", None)


def test_a_day_before_joining_is_not_yet_valid(make: Factory) -> None:
    member = make.member()
    found = _on(make.app, member, date(2020, 3, 31))
    assert (found["state"], found["valid_from"], found["name"]) == ("NOT_YET", "2020-04-01", member.current_name)
    stranger = Browser(make.app)
    stranger.get(f"/certificates/{code_of(member)}?date=2020-03-31")
    assert "有効ではありません" in stranger.text
    assert "会員になったのは、2020年4月1日です" in stranger.text


def test_a_member_to_come_is_foreseen(make: Factory) -> None:
    begins = _today() + timedelta(days=20)
    member = make.member(since=begins)
    assert _on(make.app, member, _today())["state"] == "NOT_YET"
    later = _on(make.app, member, begins)
    assert (later["state"], later["foreseen"]) == ("VALID", True)
    stranger = Browser(make.app)
    stranger.get(f"/certificates/{code_of(member)}")
    assert f"会員になる予定の日は、{format_date(begins)}です" in stranger.text


def test_a_day_to_come_is_answered_as_foreseen(make: Factory) -> None:
    ends = _today() + timedelta(days=30)
    member = make.member()
    end_licence(member, "GEN", ends)
    stranger = Browser(make.app)
    for day, words in (
        (_today(), ("有効です", f"{format_date(ends)}からは、会員でなくなるため無効になる予定です")),
        (ends - timedelta(days=1), ("有効の見込みです", "会員である見込みです", "いまの登録にもとづく見込み")),
        (ends, ("無効の見込みです", f"{format_date(ends)}に会員でなくなる予定です", "いまの登録にもとづく見込み")),
    ):
        stranger.get(f"/certificates/{code_of(member)}?date={day}")
        for each in words:
            assert each in stranger.text
        assert _on(make.app, member, day)["foreseen"] is (day > _today())


def test_name_and_categories_are_those_of_the_day(make: Factory) -> None:
    member = make.member(name="前の電力株式会社")
    with entering() as change:
        register.set_item(
            *change.into, member_id=member.id, item="name", value="今の電力株式会社", effective_on=date(2025, 1, 1)
        )
    assert _on(make.app, member, date(2024, 12, 31))["name"] == "前の電力株式会社"
    assert _on(make.app, member, date(2025, 1, 1))["name"] == "今の電力株式会社"


def test_the_day_is_typed_as_people_write_it(make: Factory) -> None:
    member = make.member()
    stranger = Browser(make.app)
    stranger.get("/certificates/")
    day = date(2021, 4, 2)
    for typed in (day.isoformat(), format_date(day), format_date_era(day), "Ｒ３．４．２", "令和3.4.2"):
        typed_code = f" {grouped(code_of(member)).lower()} "
        stranger.get("/certificates/")
        answer = stranger.client.get("/certificates/", query_string={"code": typed_code, "date": typed})
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/certificates/{code_of(member)}?date=2021-04-02"
        stranger.get(f"/certificates/{code_of(member)}?date={typed}")
        assert "2021年4月2日の時点で" in stranger.text


def test_without_a_day_the_form_asks_about_today(make: Factory) -> None:
    member = make.member()
    answer = make.app.test_client().get("/certificates/", query_string={"code": code_of(member), "date": ""})
    assert answer.headers["Location"] == f"/certificates/{code_of(member)}"


@pytest.mark.parametrize("typed", ["2021-02-29", "令和99年13月1日", "昨日", "0001-01-01", "9" * 500, "\x1b"])
def test_a_day_that_is_none_is_said_beside_the_field(make: Factory, typed: str) -> None:
    member = make.member()
    stranger = Browser(make.app)
    for path, query in (("/certificates/", {"code": code_of(member)}), (f"/certificates/{code_of(member)}", {})):
        answer = stranger.client.get(path, query_string={**query, "date": typed})
        page = answer.get_data(as_text=True)
        assert answer.status_code == 400
        assert 'id="date-e"' in page
        assert "<title>エラー：" in page
        assert member.current_name not in page
        found = stranger.client.get(path, query_string={**query, "date": typed}, headers=JSON)
        assert (found.status_code, found.get_json()["error"]) == (400, "date")


def test_unknown_and_mistyped_codes_get_the_same_answer(make: Factory) -> None:
    member = make.member()
    own = code_of(member)
    first = own[:-2] + ("0" if own[-2] != "0" else "1")
    mistyped, unknown = first + own[-1], code_from(7)
    assert mistyped[-1] != check_character(mistyped[:-1])
    pages, fields = [], []
    for code in (mistyped, unknown, "NOPE", "鬱"):
        stranger = Browser(make.app)
        assert stranger.get(f"/certificates/{code}").status_code == 404
        assert "見つかりません" in stranger.text
        assert "最後の1文字は写し間違いを見つけるための文字です" in stranger.text
        pages.append(stranger.text.replace(code, "CODE"))
        fields.append(_json(make.app, f"/certificates/{code}", status=404))
    assert [_without_nonce(page) for page in pages] == [_without_nonce(pages[0])] * 4
    assert fields == [fields[0]] * 4
    assert (fields[0]["state"], fields[0]["valid"]) == ("UNKNOWN", False)
    assert not {"name", "code", "categories"} & set(fields[0])


def _without_nonce(page: str) -> str:
    import re

    return re.sub(r'nonce="[^"]*"', "", page)


def test_the_form_answers_a_mistyped_code_where_it_stands(make: Factory) -> None:
    make.member()
    answer = make.app.test_client().get("/certificates/", query_string={"code": "K7QM-4T9X-2BZZ"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 404
    assert "見つかりません" in page
    assert 'value="K7QM-4T9X-2BZZ"' in page, "nothing typed is lost"


@pytest.mark.parametrize("typed", ["", "　", "\u200b"])
def test_an_empty_code_is_asked_for(app: Flask, typed: str) -> None:
    answer = app.test_client().get("/certificates/", query_string={"code": typed})
    assert answer.status_code == 400
    assert "確認番号を入力してください" in answer.get_data(as_text=True)


HOSTILE = (
    "%27%20OR%201=1--",
    "{{7*7}}",
    "%0d%0aX:%20y",
    "%F0%9F%92%A5",
    "a" * 199,
    "%3Cscript%3E",
    "%u0000",
    "%ED%A0%80",
    "-" * 12,
)


@pytest.mark.parametrize("code", HOSTILE)
def test_hostile_codes_are_unknown(app: Flask, code: str) -> None:
    for headers in ({}, JSON):
        answer = app.test_client().get(f"/certificates/{code}?date=2026-11-23", headers=headers)
        assert answer.status_code in {400, 404}
        shown = answer.get_data(as_text=True).partition("<main")[2].partition("</main")[0]
        assert "<script" not in shown
        assert "49" not in shown
        form = app.test_client().get(f"/certificates/?code={code}", headers=headers)
        assert form.status_code in {400, 404}


@pytest.mark.parametrize("code", ["a" * 201, "a/b", "%00", "..%2f..%2fetc"])
def test_what_is_no_address_is_not_found(app: Flask, code: str) -> None:
    assert app.test_client().get(f"/certificates/{code}").status_code in {400, 404}


def test_no_list_of_members_stands_anywhere(make: Factory) -> None:
    """Neither the form nor a code near a real one names a company."""
    member = make.member(name="汐見でんき株式会社")
    own = code_of(member)
    stranger = Browser(make.app)
    near = [own[:place] + sign + own[place + 1 :] for place in range(12) for sign in "0Z" if own[place] != sign]
    for path in (
        "/certificates/",
        "/certificates/?code=",
        "/certificates/keys.json",
        *(f"/certificates/{c}" for c in near),
    ):
        stranger.get(path)
        assert member.current_name not in stranger.text
        assert own not in stranger.text


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [
        ("application/json", "application/json"),
        ("application/json, text/html;q=0.5", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("*/*", "text/html"),
        ("text/html, application/json", "text/html"),
        ("", "text/html"),
        (";;;q=x,,", "text/html"),
    ],
)
def test_machines_ask_by_accept(make: Factory, accept: str, mimetype: str) -> None:
    answer = make.app.test_client().get(f"/certificates/{code_of(make.member())}", headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype) == (200, mimetype)
    assert answer.headers["Cache-Control"] == "no-store"


def test_one_address_is_slowed_down(fresh_url: str) -> None:
    from tests.conftest import make_app

    app = make_app(fresh_url, RATELIMIT_ENABLED=True)
    client = app.test_client()
    with app.app_context():
        limiter.reset()
        try:
            statuses = [client.get("/certificates/NOPE", headers=JSON).status_code for _ in range(62)]
            assert statuses == [404] * 60 + [429] * 2
            assert client.get("/certificates/NOPE", headers=JSON).get_json()["error"] == "too_many"
            assert "しばらく待ってから" in client.get("/certificates/NOPE").get_data(as_text=True)
        finally:
            limiter.reset()
            limiter.enabled = False
            db.session.remove()
            db.engine.dispose()


def test_looking_writes_nothing(make: Factory) -> None:
    member = make.member()
    code = code_of(member)
    before = everything()
    for path in ("/certificates/", f"/certificates/{code}", "/certificates/NOPE", "/certificates/keys.json"):
        make.app.test_client().get(path)
    assert everything() == before


def test_few_statements(make: Factory) -> None:
    new_key()
    code = code_of(make.member(licences=("GEN", "RETAIL", "AGG")))
    stranger = Browser(make.app)
    for path, most in (
        ("/certificates/", 0),
        ("/certificates/NOPE", 0),
        (f"/certificates/{code}", 3),
        ("/certificates/keys.json", 1),
    ):
        stranger.get(path)
        with counted(make.app) as statements:
            stranger.get(path)
        assert len(statements) == most, (path, statements)


def test_keys_are_published_to_be_kept(make: Factory) -> None:
    new_key()
    new_key()
    answer = make.app.test_client().get("/certificates/keys.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/jwk-set+json")
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    keys = answer.get_json(force=True)["keys"]
    assert len({key["kid"] for key in keys}) == 2
    for key in keys:
        assert set(key) == {"kty", "crv", "use", "alg", "kid", "x"}, "no private half, nothing else"
        assert (key["kty"], key["crv"], key["alg"]) == ("OKP", "Ed25519", "EdDSA")
    again = make.app.test_client().get("/certificates/keys.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_keys_asked_for_with_a_session_stay_out_of_shared_caches(make: Factory) -> None:
    user, member = make.user(), make.member()
    make.affiliate(user, member)
    answer = make.signed_in(user, member=member).client.get("/certificates/keys.json")
    assert answer.headers["Cache-Control"] == "private, max-age=3600"


def test_without_keys_the_set_is_empty(app: Flask) -> None:
    assert app.test_client().get("/certificates/keys.json").get_json(force=True) == {"keys": []}
