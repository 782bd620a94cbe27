"""Inputs of staff who review a change request: marks item by item, 差戻し, splitting."""

from collections.abc import Iterable, Mapping
from typing import Any

from occto.domain.changes import CANNED
from occto.domain.codes import Verdict
from occto.forms.base import BaseForm
from occto.forms.fields import ChoiceField, ChoicesField, LineField, TextField
from occto.forms.staff import REASON_LIMIT, HoldForm, PlainForm, RemarkForm
from occto.forms.validators import Required
from occto.labels import choices

__all__ = ["HoldForm", "PlainForm", "RemarkForm", "SplitForm", "marks_form", "return_form", "split_form"]

WORDS_LIMIT = 1000
_REMARK = "remark_"


class MarksForm(BaseForm):
    """What was noted of each item; the fields are added by `marks_form`. An item that nobody judged is left out."""

    keys: tuple[str, ...] = ()

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """A remark says what is to be mended."""
        fine = bool(super().validate(*args, **kwargs))
        for key in self.keys:
            asked = self[f"verdict_{key}"].data == Verdict.REMARK
            if asked and not (self[f"canned_{key}"].data or self[f"words_{key}"].data):
                self.add_error(f"words_{key}", "指摘の理由を選ぶか、申請者へのことばを入力してください。")
                fine = False
        return fine

    def marks(self) -> dict[str, tuple[Verdict, str | None, str | None]]:
        """Verdict, canned reason and words by the key of the item."""
        return {
            key: (
                Verdict(self[f"verdict_{key}"].data),
                self[f"canned_{key}"].data or None,
                self[f"words_{key}"].data or None,
            )
            for key in self.keys
            if self[f"verdict_{key}"].data
        }


def marks_form(titles: Mapping[str, str]) -> type[MarksForm]:
    """The form for these items: key → title."""
    fields: dict[str, Any] = {"keys": tuple(titles)}
    for key, title in titles.items():
        fields[f"verdict_{key}"] = ChoiceField(f"{title}の確認", choices=choices(Verdict))
        fields[f"canned_{key}"] = ChoiceField(
            "指摘の理由",
            choices=[("", "選ばない"), *((code, short) for code, (short, _long) in CANNED.items())],
            select=True,
        )
        fields[f"words_{key}"] = LineField("申請者へのことば", max_length=WORDS_LIMIT, autocomplete="off")
    return type("MarksFormOfRequest", (MarksForm,), fields)


class ReturnForm(BaseForm):
    """差戻し: the reason, and what is to be mended item by item. The fields of the items are added by `return_form`."""

    reason = TextField(
        "申請者に伝える理由",
        [Required()],
        max_length=REASON_LIMIT,
        rows=4,
        hint="メールと申請の画面で、申請者にこのまま伝わります。",
    )

    def remarks(self) -> dict[str, str]:
        """The remarks by key of the item; items without one are left out."""
        return {
            field.short_name.removeprefix(_REMARK): field.data
            for field in self
            if field.short_name.startswith(_REMARK) and field.data
        }


def return_form(titles: Mapping[str, str]) -> type[ReturnForm]:
    """The form of 差戻し with a field for each of these items: key → title."""
    fields = {f"{_REMARK}{key}": TextField(title, max_length=2 * WORDS_LIMIT, rows=2) for key, title in titles.items()}
    return type("ReturnFormOfRequest", (ReturnForm,), fields)


class StaffWithdrawForm(BaseForm):
    """取下げ in place of a member that cannot enter any more."""

    reason = TextField(
        "取り下げる理由",
        [Required()],
        max_length=1000,
        rows=3,
        hint="申し出のあった日と方法、または会員の資格の喪失など。会員の申請の画面にも出ます。",
    )


class SplitForm(BaseForm):
    """申請を分ける: which items go on in a request of their own."""

    reason = TextField(
        "申請者に伝える理由",
        [Required()],
        max_length=2000,
        rows=3,
        hint="分けたことと新しい番号を、この理由とともにメールで知らせます。",
    )


def split_form(items: Iterable[tuple[str, str]]) -> type[SplitForm]:
    """The form of splitting with these items to choose from: (key, title)."""
    places = ChoicesField(
        "新しい申請へ移す項目",
        [Required("移す項目を選んでください。")],
        choices=list(items),
        hint="選ばなかった項目は、この申請に残ります。",
    )
    places.creation_counter = -1
    return type("SplitFormOfRequest", (SplitForm,), {"places": places})
