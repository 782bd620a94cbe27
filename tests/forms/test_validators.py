"""Bounds of days and amounts, conditions, and mail addresses."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from occto.domain.text import InputError
from occto.forms.base import BaseForm
from occto.forms.fields import AgreementField, ChoiceField, DateField, LineField, YenField
from occto.forms.validators import (
    AtLeast,
    AtMost,
    NotFuture,
    NotPast,
    OnOrAfter,
    OnOrBefore,
    Required,
    RequiredIf,
    parse_email,
)

TODAY = date(2026, 11, 23)
ANY_TEXT = st.one_of(
    st.lists(st.integers(0, 0x10FFFF)).map(lambda codes: "".join(map(chr, codes))),
    st.text(st.sampled_from('ab.@-"()<>,;: 。＠[]1é日\0\ud800\u0301'), max_size=40).map(lambda text: f"a@{text}"),
)


class BoundsForm(BaseForm):
    founded_on = DateField("設立年月日", [NotFuture()])
    starts_on = DateField("開始日", [NotPast()])
    ends_on = DateField("終了日", [OnOrAfter("starts_on"), OnOrBefore(date(2030, 3, 31))])
    units = YenField("口数", [AtLeast(2), AtMost(1000)], unit="口")
    kind = ChoiceField("種別", [Required("種別をお選びください。")], choices=[("new", "新設"), ("other", "その他")])
    reason = LineField("理由", [RequiredIf(lambda form: form.kind.data == "other")])
    agree = AgreementField("同意", sentence="同意が必要です。")


def checked(*, today: date | None = TODAY, **raw: str) -> BoundsForm:
    form = BoundsForm.from_raw({"kind": "new", "agree": "y"} | raw, today=today)
    form.validate()
    return form


@pytest.mark.parametrize(
    ("name", "good", "bad", "sentence"),
    [
        ("founded_on", "2026-11-23", "2026-11-24", "設立年月日は今日までの日付を入力してください。"),
        ("starts_on", "2026-11-23", "2026-11-22", "開始日は今日からの日付を入力してください。"),
        ("ends_on", "2030-03-31", "2030-04-01", "2030年3月31日か、それより前の日付を入力してください。"),
        ("units", "2", "1", "口数は2口以上で入力してください。"),
        ("units", "1000", "1001", "口数は1,000口以下で入力してください。"),
    ],
)
def test_bounds_include_their_edge(name: str, good: str, bad: str, sentence: str) -> None:
    assert not checked(**{name: good}).errors
    assert not checked(**{name: ""}).errors
    assert checked(**{name: bad}).errors == {name: [sentence]}


def test_days_may_be_compared_with_another_field() -> None:
    form = checked(starts_on="2027-01-10", ends_on="2027-01-09")
    assert form.errors == {"ends_on": ["2027年1月10日か、それより後の日付を入力してください。"]}
    assert not checked(starts_on="2027-01-10", ends_on="2027-01-10").errors
    # An unread bound refuses nothing more; its own sentence is enough.
    assert set(checked(starts_on="あした", ends_on="2020-01-09").errors) == {"starts_on"}


def test_a_condition_makes_a_field_required() -> None:
    assert not checked(kind="new").errors
    form = checked(kind="other")
    assert form.errors == {"reason": ["理由を入力してください。"]}
    assert form.missing_fields() == ["reason"]
    assert not form.reason.required
    assert not checked(kind="other", reason="設備の更新").errors


def test_sentences_can_be_given() -> None:
    assert checked(kind="").errors["kind"] == ["種別をお選びください。"]
    assert checked(agree="").errors["agree"] == ["同意が必要です。"]


def test_today_must_be_handed_in() -> None:
    with pytest.raises(TypeError, match="today"):
        checked(today=None, founded_on="2026-11-23")


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("taro@example.jp", "taro@example.jp"),
        ("　ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ ", "taro@example.jp"),
        ("Taro.Yamada+occto@Example.CO.JP", "Taro.Yamada+occto@example.co.jp"),
        ("taro@日本語.jp", "taro@xn--wgv71a119e.jp"),
        ("a" * 64 + "@example.jp", "a" * 64 + "@example.jp"),
    ],
)
def test_mail_addresses_become_ascii(typed: str, address: str) -> None:
    assert parse_email(typed) == address


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("太郎@example.jp", "半角の英数字"),
        ("taro", "読み取れませんでした"),
        ("taro@", "読み取れませんでした"),
        ("@example.jp", "読み取れませんでした"),
        ("taro@example", "読み取れませんでした"),
        ("a b@example.jp", "読み取れませんでした"),
        ("taro.@example.jp", "読み取れませんでした"),
        ("taro@example.jp, hanako@example.jp", "読み取れませんでした"),
        ("taro@example.jp\r\nBcc: x@example.jp", "読み取れませんでした"),
        ("taro@[127.0.0.1]", "読み取れませんでした"),
        ("a@" + "b" * 300 + ".jp", "254文字以内"),
        ("taro\0@example.jp", "制御文字"),
    ],
)
def test_other_mail_addresses_are_refused(typed: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parse_email(typed)


@settings(max_examples=400)
@given(ANY_TEXT)
def test_any_text_is_an_address_or_refused_with_a_sentence(typed: Any) -> None:
    try:
        address = parse_email(typed)
    except InputError as refusal:
        str(refusal).encode()
    else:
        assert address.isascii()
        assert len(address) <= 254
        assert parse_email(address) == address
        assert not set(address) & set("\r\n\0 ")
