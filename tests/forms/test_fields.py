"""Fields read what people in Japan type, keep it for showing again, and say what to do next."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from wtforms import Field

from occto.forms import fields
from occto.forms.base import BaseForm
from occto.forms.validators import Required

ANY_TEXT = st.lists(st.one_of(st.integers(0, 0x10FFFF), st.sampled_from([0, 0xD800, 0x3000]))).map(
    lambda codes: "".join(map(chr, codes))
)


class CompanyForm(BaseForm):
    name = fields.LineField(
        "商号", [Required()], max_length=50, hint="㈱ もそのまま使えます。", autocomplete="organization"
    )
    kana = fields.KanaField("フリガナ", [Required()], max_length=50)
    name_en = fields.LineField("英文商号", lang="en")
    number = fields.CorporateNumberField("法人番号", [Required()])
    code = fields.OperatorCodeField("事業者コード")
    postal_code = fields.PostalCodeField("郵便番号")
    prefecture = fields.ChoiceField("都道府県", [Required()], choices=[("28", "兵庫県"), ("27", "大阪府")], select=True)
    phone = fields.PhoneField("電話番号")
    email = fields.EmailField("メールアドレス", [Required()])
    capital = fields.YenField("資本金", [Required()], minimum=1)
    founded_on = fields.DateField("設立年月日")
    ratio = fields.RatioField("議決権の割合")
    closing_month = fields.MonthField("決算月")
    licences = fields.ChoicesField(
        "区分",
        [Required()],
        choices=[("RETAIL", "小売"), ("GEN", "発電"), ("AGG", "特定卸供給")],
        choice_hints={"GEN": "10kW以上"},
    )
    note = fields.TextField("備考", max_length=100)
    agree = fields.AgreementField("利用規約", sentence="利用規約を読み、「同意する」を選んでください。")
    once = fields.HiddenField("手続きの番号")
    secret = fields.SecretField("パスワード")


GOOD: dict[str, Any] = {
    "name": " ㈱髙砂グリーン電力 ",
    "kana": "たかさごｸﾞﾘｰﾝ",
    "name_en": "Takasago",
    "number": "7-0000-1205-0002",
    "code": "００１２３",
    "postal_code": "6760078",
    "prefecture": "28",
    "phone": "０７９－０００－００００",
    "email": "ｔａｒｏ@EXAMPLE.jp",
    "capital": "150,000,000円",
    "founded_on": "令和6.4.1",
    "ratio": "33.34",
    "closing_month": "3",
    "licences": ["GEN", "RETAIL", "GEN"],
    "note": "一行目\r\n二行目",
    "agree": "y",
    "once": "a1b2",
    "secret": " ひみつの ことば ",
}


def sent(**changes: Any) -> CompanyForm:
    return CompanyForm(MultiDict({**GOOD, **changes}))


def first_error(name: str, typed: Any) -> str:
    form = sent(**{name: typed})
    assert not form.validate()
    assert [field.short_name for field in form if field.errors] == [name]
    return str(form[name].errors[0])


def test_good_values_are_cleaned() -> None:
    form = sent()
    assert form.validate(), form.errors
    assert form.cleaned() == {
        "name": "㈱髙砂グリーン電力",
        "kana": "タカサゴグリーン",
        "name_en": "Takasago",
        "number": "7000012050002",
        "code": "00123",
        "postal_code": "676-0078",
        "prefecture": "28",
        "phone": "079-000-0000",
        "email": "taro@example.jp",
        "capital": 150_000_000,
        "founded_on": date(2024, 4, 1),
        "ratio": 3334,
        "closing_month": 3,
        "licences": ["RETAIL", "GEN"],
        "note": "一行目\n二行目",
        "agree": True,
        "once": "a1b2",
        "secret": " ひみつの ことば ",
    }


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("name", "商号を入力してください。"),
        ("kana", "フリガナを入力してください。"),
        ("number", "法人番号を入力してください。"),
        ("prefecture", "都道府県を選んでください。"),
        ("licences", "区分を選んでください。"),
        ("agree", "利用規約を読み、「同意する」を選んでください。"),
    ],
)
def test_an_empty_required_field_says_what_to_do(name: str, sentence: str) -> None:
    assert first_error(name, "") == sentence


@pytest.mark.parametrize("blank", [" 　\t", "\u200b", "\u3000"])
def test_what_nobody_can_see_is_empty(blank: str) -> None:
    assert first_error("name", blank) == "商号を入力してください。"
    assert first_error("kana", blank) == "フリガナを入力してください。"


@pytest.mark.parametrize(
    "name",
    ["name_en", "code", "postal_code", "phone", "founded_on", "ratio", "closing_month", "note", "once", "secret"],
)
def test_an_empty_optional_field_is_none(name: str) -> None:
    form = sent(**{name: ""})
    assert form.validate(), form.errors
    assert form.cleaned()[name] is None
    assert form[name].typed == ""


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("name", "あ" * 51, "50文字以内で入力してください（いまは51文字です）。"),
        ("kana", "高砂", "フリガナに「高」は使えません。"),
        ("number", "6000012050002", "先頭の検査数字が合いません。13桁をもう一度ご確認ください。"),
        ("code", "123", "5桁の数字"),
        ("postal_code", "676", "7桁の数字"),
        ("prefecture", "99", "都道府県を、もう一度選んでください。"),
        ("phone", "119", "0から始まる"),
        ("email", "taro@", "メールアドレスとして読み取れませんでした"),
        (
            "capital",
            "1億5千万",
            "「1億5千万」を読み取れませんでした。150,000,000 のように円の単位の数字で入力してください。",
        ),
        ("capital", "0", "1円以上"),
        ("founded_on", "2024-02-30", "2024年2月30日はありません。"),
        ("ratio", "120", "0から100まで"),
        ("closing_month", "13", "決算月を、もう一度選んでください。"),
        ("licences", ["RETAIL", "NUCLEAR"], "区分を、もう一度選んでください。"),
        ("note", "あ" * 101, "100文字以内"),
        ("secret", "x" * 1025, "パスワードは1,024文字以内"),
    ],
)
def test_a_value_that_cannot_be_taken_is_shown_again_with_one_sentence(name: str, typed: Any, sentence: str) -> None:
    form = sent(**{name: typed})
    assert sentence in first_error(name, typed)
    assert not form.validate()
    field = form[name]
    assert len(field.errors) == 1
    assert form.cleaned()[name] is None
    assert not field.is_missing
    assert field.raw_value == ("" if name == "secret" else typed)


def test_what_a_template_needs_is_there() -> None:
    form = sent(name="")
    form.validate()
    kinds = {field.short_name: field.kind for field in form}
    assert kinds["name"] == kinds["number"] == "line"
    assert (kinds["note"], kinds["prefecture"], kinds["licences"], kinds["agree"]) == (
        "area",
        "select",
        "checks",
        "agree",
    )
    assert (kinds["capital"], kinds["founded_on"], kinds["secret"], kinds["once"]) == (
        "yen",
        "date",
        "password",
        "hidden",
    )
    name = form.name
    assert (name.required, name.hint, name.autocomplete, name.typed) == (
        True,
        "㈱ もそのまま使えます。",
        "organization",
        "",
    )
    assert (name.described_by, form.kana.described_by) == ("name-e name-h", "")
    assert (form.name_en.required, form.name_en.lang) == (False, "en")
    assert (form.capital.unit, form.capital.inputmode, form.capital.width) == ("円", "numeric", "w-13")
    assert form.agree.required
    assert (form.postal_code.autocomplete, form.postal_code.width) == ("postal-code", "w-8")


def test_options_are_ready_to_draw() -> None:
    form = sent(licences=["GEN"])
    assert [tuple(option) for option in form.licences.options] == [
        ("licences", "RETAIL", "小売", "", False),
        ("licences-1", "GEN", "発電", "10kW以上", True),
        ("licences-2", "AGG", "特定卸供給", "", False),
    ]
    assert [option.label for option in form.closing_month.options if option.checked] == ["3月"]
    assert [option.checked for option in form.prefecture.options] == [True, False]


def test_choices_may_be_set_on_the_form() -> None:
    form, other = sent(prefecture="13"), sent()
    form.prefecture.choices = [("13", "東京都")]
    assert form.validate()
    assert other.prefecture.choices[0] == ("28", "兵庫県")


def test_stored_values_are_written_as_people_write_them() -> None:
    form = CompanyForm(
        data={
            "capital": 150_000_000,
            "founded_on": date(2024, 4, 1),
            "ratio": 3334,
            "closing_month": 3,
            "licences": ["GEN"],
            "agree": True,
            "secret": "stored",
        }
    )
    assert (form.capital.typed, form.founded_on.typed, form.ratio.typed) == ("150,000,000", "2024年4月1日", "33.34")
    assert (form.closing_month.typed, form.agree.typed, form.licences.chosen) == ("3", "y", ["GEN"])
    assert (form.secret.typed, form.secret.data) == ("", None)
    again = CompanyForm.from_raw(form.raw_values())
    for name in ("capital", "founded_on", "ratio", "closing_month", "licences", "agree"):
        assert again[name].data == form[name].data


def test_a_doubled_field_counts_once() -> None:
    form = CompanyForm(MultiDict([("name", "一社目"), ("name", "二社目"), ("agree", "n"), ("agree", "y")]))
    assert form.name.data == "一社目"
    assert form.agree.data is False


def test_what_is_no_text_counts_as_nothing() -> None:
    form = CompanyForm(MultiDict([("name", object()), ("licences", object()), ("secret", object())]))  # type: ignore[list-item]
    assert not form.validate()
    assert (form.name.typed, form.licences.data, form.secret.data) == ("", [], None)


@pytest.mark.parametrize("name", sorted(GOOD))
@pytest.mark.parametrize("typed", ["\0", "\ud800", "9" * 100_000, "あ" * 100_000, "a\u0300" * 50_000, "￿", "-1", "٣"])
def test_hostile_text_never_raises_and_can_be_stored(name: str, typed: str) -> None:
    form = sent(**{name: typed})
    form.validate()
    for sentence in (text for _, text in form.error_list()):
        sentence.encode()
    raw = form.raw_values()
    for value in raw.values():
        for text in [value] if isinstance(value, str) else value:
            assert "\0" not in text
            text.encode()
    assert CompanyForm.from_raw(raw).raw_values() == raw


@settings(max_examples=150)
@given(ANY_TEXT)
def test_any_text_in_every_field(typed: str) -> None:
    form = CompanyForm(MultiDict(dict.fromkeys(GOOD, typed)))
    form.validate()
    raw = form.raw_values()
    again = CompanyForm.from_raw(raw)
    again.validate()
    assert again.raw_values() == raw
    assert {name for name in again.errors if name != "secret"} == {name for name in form.errors if name != "secret"}


def test_every_field_here_is_one_of_ours() -> None:
    declared = {value for value in vars(fields).values() if isinstance(value, type) and issubclass(value, Field)}
    used = {type(field) for field in CompanyForm()}
    assert declared - used == {fields.InputField}
