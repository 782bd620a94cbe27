"""Fields in braces: read, named where unknown, filled in."""

import pytest

from occto.domain.convocation import NoticeKind, NoticeTiming, last_lawful_day, require_in_time, timing, too_late_from
from occto.domain.errors import Refusal
from occto.domain.merge_fields import FIELDS, UnknownField, check_fields, fields_in, fill, unknown_fields
from occto.domain.notice_texts import BODIES, BODY_LIMIT, SUBJECT_LIMIT, SUBJECTS, values_for_member
from tests.assembling import HELD, days_before


def test_fields_are_found_in_any_width_of_brace() -> None:
    assert fields_in("{会員名} ｛担当者名｝様 { 総会名 } {会員名}") == ["会員名", "担当者名", "総会名"]
    assert fill("{会員名}　｛ 担当者名 ｝様", {"会員名": "髙砂電力", "担当者名": "佐藤"}) == "髙砂電力　佐藤様"


def test_a_value_is_never_read_as_a_field() -> None:
    assert fill("{会員名}", {"会員名": "{担当者名}", "担当者名": "佐藤"}) == "{担当者名}"


def test_a_field_without_a_value_stays_as_written() -> None:
    assert fill("{会員名}は{総会名}", {"総会名": "総会"}) == "{会員名}は総会"


@pytest.mark.parametrize(
    ("name", "nearest"), [("会員", "会員名"), ("開催日", "開催日時"), ("議決権", "議決権数"), ("締切", "総会名")]
)
def test_an_unknown_field_is_named_with_the_nearest(name: str, nearest: str) -> None:
    found = unknown_fields(f"{{{name}}}")
    assert [one.name for one in found] == [name]
    assert found[0].nearest in FIELDS
    if name != "締切":
        assert found == [UnknownField(name, nearest)]


def test_the_refusal_names_field_and_nearest() -> None:
    with pytest.raises(Refusal) as caught:
        check_fields("{開催日}", field="body", words="本文")
    assert (caught.value.code, caught.value.field) == ("unknown_field", "body")
    assert "{開催日}" in caught.value.sentence
    assert "{開催日時}" in caught.value.sentence


@pytest.mark.parametrize("text", ["{会員名", "会員名}", "{会員\n名}", "{{会員名}}", "｛会員名"])
def test_a_brace_without_its_pair_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="unclosed_field"):
        check_fields(text, field="body", words="本文")


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_the_usual_texts_hold_known_fields_alone(kind: NoticeKind) -> None:
    for text in (SUBJECTS[kind], BODIES[kind]):
        check_fields(text, field="body", words="本文")
    assert len(SUBJECTS[kind]) < SUBJECT_LIMIT
    assert len(BODIES[kind]) < BODY_LIMIT / 4
    assert {"会員名", "担当者名", "総会名", "開催日時", "回答ページ"} <= set(fields_in(BODIES[kind]))


def test_votes_are_written_with_commas_and_none_is_said() -> None:
    values = values_for_member(name="髙砂電力", operator_code="00417", votes=12_345)
    assert (values["議決権数"], values["事業者コード"]) == ("12,345票", "00417")
    assert values_for_member(name="x", operator_code="1", votes=0)["議決権数"] == "なし（0票）"


def test_the_last_lawful_day_is_six_days_before_in_japan() -> None:
    limit = too_late_from(HELD)
    assert limit.isoformat() == "2026-12-12T15:00:00+00:00"  # the end of 12 December in Japan
    assert last_lawful_day(HELD.date()).isoformat() == "2026-12-12"
    just_before = limit - days_before(0, of=limit).resolution
    require_in_time(HELD, now=just_before)
    with pytest.raises(Refusal, match="too_late"):
        require_in_time(HELD, now=limit)
    assert timing(just_before, held_at=HELD, now=limit) is NoticeTiming.IN_TIME
    assert timing(limit, held_at=HELD, now=limit) is NoticeTiming.LATE
    assert timing(None, held_at=HELD, now=just_before) is NoticeTiming.WAITING
    assert timing(None, held_at=HELD, now=limit) is NoticeTiming.MISSED
