"""Inputs of 変更申請: what is to be changed, one form a part, licences, control relations, documents."""

from datetime import date
from typing import Any

from wtforms.validators import ValidationError

from occto.domain.changes import CHOOSABLE, PART_TITLES, PROFILE_PARTS, Part, items_of
from occto.domain.codes import OF_THE_OFFICE, AttachmentKind, EndReason, Licence
from occto.domain.dates import format_date
from occto.domain.profile import ChangeClass, Item
from occto.forms.base import BaseForm
from occto.forms.fields import ChoiceField, ChoicesField, DateField, TextField
from occto.forms.join import LICENCE_HINTS, SECTION_FORMS, ActNumberField, RelationForm
from occto.forms.validators import NotFuture, Required
from occto.labels import choices

PART_HINTS: dict[Part, str] = {
    Part.COMPANY: "商号・法人格・法人番号は証明する書類と当機関の承認が、本店所在地は承認が必要です。"
    "フリガナと英文商号は、提出するとすぐに反映します。",
    Part.OUTLINE: "資本金は証明する書類と当機関の承認が、代表者は承認が必要です。"
    "決算月とウェブサイトは、提出するとすぐに反映します。",
    Part.BUSINESS: "当機関の承認が必要です。書類は任意です。",
    Part.CONTACTS: "書類も承認も不要です。提出するとすぐに反映します。",
    Part.LICENCES: "経済産業省の登録・許可・届出のあとに申請してください。通知の写しと、当機関の承認が必要です。",
    Part.RELATIONS: "資本関係図などの書類と、当機関の承認が必要です。総会の議決権に影響することがあります。",
}
WAYS: dict[ChangeClass, str] = {
    ChangeClass.IMMEDIATE: "提出するとすぐに反映します。",
    ChangeClass.APPROVAL: "当機関の承認のあとに反映します。",
    ChangeClass.EVIDENCE: "証明する書類と、当機関の承認が必要です。",
    ChangeClass.STAFF: "当機関が入力します。",
}


def way_of(item: Item) -> str:
    """How a change of the item takes effect, as a sentence."""
    return WAYS[item.change] + ("議決権の計算に使うため、二人の職員が確認します。" if item.touches_votes else "")


class StartForm(BaseForm):
    """What is to be changed, and when it came about."""

    parts = ChoicesField(
        "変更する内容",
        [Required("変更する内容を一つ以上選んでください。")],
        choices=[(part.value, PART_TITLES[part]) for part in CHOOSABLE],
        choice_hints={part.value: hint for part, hint in PART_HINTS.items()},
        hint="一つの申請で、いくつでも変更できます。",
    )
    occurred_on = DateField(
        "事由発生日",
        [Required(), NotFuture()],
        hint="変更のもとになる出来事（登記、株主総会の決議、株式の取得など）があった日です。"
        "変更があったときは、直ちに届け出ていただくことになっています。西暦でも和暦でも入力できます。例：令和8年11月1日",
    )
    reason = TextField(
        "申請の理由・事情", max_length=2000, rows=3, hint="届出が遅れたときは、その事情をお書きください。"
    )


def _not_before(form: Any, field: Any) -> None:
    """Refuse a day before any of `form.not_before`, pairs of a day and what it is."""
    for day, words in getattr(form, "not_before", ()):
        if field.data is not None and field.data < day:
            raise ValidationError(f"{words}（{format_date(day)}）か、それより後の日付を入力してください。")


def _first(field: Any) -> Any:
    """The field, put before all others of its form."""
    field.creation_counter = -1
    return field


def _part_form(part: Part) -> type[BaseForm]:
    effective_on = DateField(
        "この変更が有効になる日",
        [Required(), _not_before],
        hint="登記などで、実際に変わった日です。これからの日付も入力できます。西暦でも和暦でも入力できます。",
    )
    fields: dict[str, Any] = {"effective_on": _first(effective_on), "not_before": ()}
    if part is Part.BUSINESS:
        fields["licences"] = None  # 区分 have a page of their own
    return type(f"{part.name.title()}ChangeForm", (SECTION_FORMS[part.value],), fields)


PART_FORMS: dict[Part, type[BaseForm]] = {part: _part_form(part) for part in PROFILE_PARTS}


def clean_value(item: Item, value: Any) -> Any:
    """A value of the register as the form of the item takes it: a day is stored as text."""
    return date.fromisoformat(value) if item.kind == "DATE" and isinstance(value, str) and value else value


def form_values(part: Part, profile: dict[str, Any]) -> dict[str, Any]:
    """The items of a part on record, as its form takes them."""
    return {item.key: clean_value(item, profile.get(item.key)) for item in items_of(part)}


class LicenceAddForm(BaseForm):
    """A category that the company has come to hold."""

    category = ChoiceField("追加する区分", [Required()], choices=choices(Licence), choice_hints=LICENCE_HINTS)
    number = ActNumberField(
        "登録番号など", max_length=40, hint="通知に番号がある場合。例：A0123", width="w-13", autocomplete="off"
    )
    effective_on = DateField(
        "登録・許可・届出の日",
        [Required(), _not_before],
        hint="この日から、この区分の電気事業者になります。西暦でも和暦でも入力できます。",
    )
    not_before: tuple[tuple[date, str], ...] = ()


class LicenceEndForm(BaseForm):
    """The end of a category; the day is the first one without it."""

    ended_on = DateField(
        "事業者でなくなる日",
        [Required(), _not_before],
        hint="この日から事業者ではなくなります。事業者としての最後の日の、翌日を入力してください。",
    )
    end_reason = ChoiceField(
        "終わる理由",
        [Required()],
        choices=[pair for pair in choices(EndReason) if pair[0] != EndReason.SUCCESSION],
    )
    not_before: tuple[tuple[date, str], ...] = ()


def _in_place_of(field: Any, old: Any) -> Any:
    field.creation_counter = old.creation_counter
    return field


class RelationAddForm(RelationForm):
    """One more parent or subsidiary; the day is needed, because the register is dated."""

    acquired_on = _in_place_of(
        DateField(
            "取得日",
            [Required()],
            hint="この日から資本関係があるものとして登録します。分からないときは、事由発生日を入力してください。",
        ),
        RelationForm.acquired_on,
    )


class RelationChangeForm(BaseForm):
    """The same two companies in another relation from a day on; who the other is stays as on record."""

    effective_on = _first(
        DateField("内容が変わった日", [Required(), _not_before], hint="この日から、新しい内容で登録します。")
    )
    controlling = RelationForm.controlling
    basis = RelationForm.basis
    ratio_bp = RelationForm.ratio_bp
    holding = RelationForm.holding
    not_before: tuple[tuple[date, str], ...] = ()

    def changed_row(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row on record with what is typed in place of it."""
        given = self.cleaned()
        controls = given["controlling"] == "YES"
        return row | {
            "controlling": controls,
            "basis": given["basis"] if controls else None,
            "ratio_bp": given["ratio_bp"],
            "holding": given["holding"] or None,
            "acquired_on": None,
            "ended_on": None,
        }


class RelationEndForm(BaseForm):
    """The end of a control relation; the day is the first one without it."""

    ended_on = DateField(
        "資本関係がなくなる日",
        [Required(), _not_before],
        hint="この日から資本関係がないものとして登録します。譲渡などの当日を入力してください。",
    )
    not_before: tuple[tuple[date, str], ...] = ()


_KINDS = tuple(pair for pair in choices(AttachmentKind) if pair[0] not in OF_THE_OFFICE)


class ProvesForm(BaseForm):
    """Which of the changes a document proves; the choices are put in by the page."""

    items = ChoicesField(
        "どの変更を証明する書類ですか", choices=(), hint="一つの書類で、いくつの変更を証明してもかまいません。"
    )


class DocumentForm(ProvesForm):
    """A document to be added; the file itself is checked by content in the view."""

    kind = _first(ChoiceField("書類の種類", [Required()], choices=_KINDS))


class WithdrawForm(BaseForm):
    """取下げ: the reason may be left out."""

    reason = TextField("取り下げる理由", max_length=1000, rows=3, hint="審査を担当する職員が読みます。")
