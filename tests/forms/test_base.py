"""Forms keep what was typed, tell the missing from the refused, and list errors for the summary."""

from types import SimpleNamespace

import pytest
from werkzeug.datastructures import MultiDict
from wtforms.validators import InputRequired

from occto.forms.base import BaseForm
from occto.forms.fields import AgreementField, ChoicesField, LineField, SecretField, YenField
from occto.forms.validators import AtLeast, Required


class DraftForm(BaseForm):
    name = LineField("商号", [Required()])
    capital = YenField("資本金", [Required(), AtLeast(1)])
    kinds = ChoicesField("区分", choices=[("a", "甲"), ("b", "乙")])
    agree = AgreementField("同意", sentence="「同意する」を選んでください。")
    secret = SecretField("暗証番号")


def test_a_draft_comes_back_as_it_was_typed() -> None:
    sent = MultiDict(
        [("name", " 汐見 "), ("capital", "1億"), ("kinds", "b"), ("kinds", "x"), ("secret", "s3"), ("extra", "1")]
    )
    raw = DraftForm(sent).raw_values()
    assert raw == {"name": " 汐見 ", "capital": "1億", "kinds": ["b", "x"], "agree": ""}
    form = DraftForm.from_raw(raw)
    assert form.raw_values() == raw
    assert not form.validate()
    assert form.refused_fields() == ["capital", "kinds"]


def test_a_damaged_draft_does_no_harm() -> None:
    form = DraftForm.from_raw({"name": None, "capital": 5, "kinds": ["a", 3, None], "agree": {"x": 1}, "other": "1"})
    assert form.raw_values() == {"name": "", "capital": "", "kinds": ["a"], "agree": ""}


def test_a_prefix_is_kept_out_of_the_draft() -> None:
    raw = {"name": "汐見", "capital": "5", "kinds": ["a"], "agree": "y"}
    form = DraftForm.from_raw(raw, prefix="left")
    assert form.name.id == "left-name"
    assert form.raw_values() == raw
    assert form.validate()


def test_missing_fields_do_not_keep_a_draft_from_being_saved() -> None:
    form = DraftForm.from_raw({})
    assert not form.validate()
    assert form.missing_fields() == ["name", "capital", "agree"]
    assert form.refused_fields() == []
    assert form.is_savable_draft
    form = DraftForm.from_raw({"capital": "たくさん"})
    assert not form.validate()
    assert form.missing_fields() == ["name", "agree"]
    assert not form.is_savable_draft


def test_errors_are_listed_in_order_with_their_labels() -> None:
    form = DraftForm.from_raw({"name": "あ" * 201, "capital": "1億"})
    form.validate()
    assert form.error_list() == [
        ("name", "商号：200文字以内で入力してください（いまは201文字です）。"),
        ("capital", "資本金：「1億」を読み取れませんでした。100,000,000 のように円の単位の数字で入力してください。"),
        ("agree", "「同意する」を選んでください。"),
    ]


def test_refusals_from_elsewhere_find_their_place() -> None:
    form = DraftForm.from_raw({"name": "汐見", "capital": "5", "agree": "y"})
    assert form.validate()
    form.add_error("name", "この商号では、すでに申請を受け付けています。")
    form.add_error(None, "受付の期間を過ぎました。")
    form.add_error("unknown", "もう一度お試しください。")
    assert form.error_list() == [
        ("main", "受付の期間を過ぎました。"),
        ("main", "もう一度お試しください。"),
        ("name", "この商号では、すでに申請を受け付けています。"),
    ]
    assert form.refused_fields() == ["name"]
    assert form.cleaned()["name"] is None
    assert not form.is_savable_draft


def test_zero_is_a_value() -> None:
    class ZeroForm(BaseForm):
        capital = YenField("資本金", [Required()])

    form = ZeroForm.from_raw({"capital": "0"})
    assert form.validate()
    assert form.cleaned() == {"capital": 0}


def test_a_second_look_forgets_the_first() -> None:
    form = DraftForm.from_raw({"capital": "5", "agree": "y"})
    assert not form.validate()
    form.name.data = "汐見"
    assert form.validate()
    assert form.missing_fields() == []
    form = DraftForm.from_raw({"name": "汐見", "agree": "y"})
    assert not form.validate()
    form.capital.data = 0
    assert not form.validate()
    assert (form.missing_fields(), form.refused_fields()) == ([], ["capital"])


@pytest.mark.parametrize("nothing", [None, MultiDict()])
def test_without_anything_sent_stored_values_are_shown(nothing: MultiDict[str, str] | None) -> None:
    form = DraftForm(nothing, obj=SimpleNamespace(name="汐見電力", capital=5000, kinds=["a"]))
    assert (form.name.typed, form.capital.typed, form.kinds.chosen) == ("汐見電力", "5,000", ["a"])


def test_what_was_sent_wins_over_what_is_stored() -> None:
    form = DraftForm(MultiDict({"capital": "7"}), obj=SimpleNamespace(name="汐見電力", capital=5000, kinds=["a"]))
    assert (form.name.data, form.capital.data, form.kinds.data) == (None, 7, [])


def test_messages_of_the_library_are_japanese_and_there_is_no_csrf_field() -> None:
    class LibraryForm(BaseForm):
        name = LineField("商号", [InputRequired()])

    form = LibraryForm.from_raw({})
    assert not form.validate()
    assert form.name.errors == ["このフィールドは必須です。"]
    assert [field.name for field in form] == ["name"]
