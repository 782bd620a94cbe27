"""Inputs of what staff enter themselves: requests on paper, corrections, successions."""

from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

from wtforms.validators import ValidationError

from occto.domain.codes import OF_OTHER_CASES, AttachmentKind, ChangeAct, EndReason
from occto.domain.dates import JST
from occto.domain.profile import Item
from occto.domain.text import half_width_digits
from occto.forms.base import BaseForm
from occto.forms.changes import LicenceEndForm, RelationEndForm, StartForm
from occto.forms.fields import ChoiceField, ChoicesField, DateField, LineField, TextField
from occto.forms.join import ActNumberField, RelationForm, field_of
from occto.forms.validators import NotFuture, Required, RequiredIf
from occto.labels import choices

_ACTS = (
    (ChangeAct.CORRECT.value, "訂正する（正しい内容に直す）"),
    (ChangeAct.VOID.value, "取り消す（登録がなかったことにする）"),
)
_HINTS = {ChangeAct.VOID.value: "これから有効になる登録の取りやめも、これを選びます。"}


def _first(field: Any, place: int = -1) -> Any:
    field.creation_counter = place
    return field


class PaperChangeForm(StartForm):
    """A request that came on paper: when it was received, then what it asks for."""

    received_on = _first(DateField("書面を受け取った日", [Required(), NotFuture()]), -2)
    received_time = _first(LineField("受け取った時刻", [Required()], max_length=5, width="w-8", hint="例：14:30"))

    def validate_received_time(self, field: Any) -> None:
        """Hours and minutes of Japan."""
        if _time(field.data or "") is None:
            raise ValidationError("受け取った時刻を、14:30 のように入力してください。")

    def received_at(self) -> datetime:
        """The instant at which the paper reached the office."""
        at = _time(self.received_time.data or "")
        assert at is not None
        return datetime.combine(self.received_on.data, at, JST)


def _time(text: str) -> time | None:
    hours, _, minutes = half_width_digits(text).replace("：", ":").partition(":")
    if not (hours.isascii() and hours.isdigit() and minutes.isascii() and minutes.isdigit() and len(minutes) == 2):
        return None
    return time(int(hours), int(minutes)) if int(hours) < 24 and int(minutes) < 60 else None


class OfficeChangeForm(BaseForm):
    """An entry of the office itself: why, and since when it is known."""

    occurred_on = DateField(
        "事由発生日", [Required(), NotFuture()], hint="直す必要が分かった日、または承継の原因が生じた日。"
    )
    reason = TextField(
        "理由", [Required()], max_length=2000, rows=3, hint="職員の記録に残ります。会員の変更の履歴にも出ます。"
    )


class EndLicenceForm(LicenceEndForm):
    """The end of one of the licences held; the choices are put in by the page."""

    licence_id = _first(ChoiceField("終わる区分", [Required()], choices=()))


class EndRelationForm(RelationEndForm):
    """The end of one of the relations on record; the choices are put in by the page."""

    relation_no = _first(ChoiceField("解消した資本関係", [Required()], choices=()))


def _corrects(form: Any) -> bool:
    return bool(form.act.data == ChangeAct.CORRECT)


def _act() -> Any:
    return _first(ChoiceField("どうしますか", [Required()], choices=_ACTS, choice_hints=_HINTS))


def _day(title: str, *, needed: bool = True) -> DateField:
    rules = [RequiredIf(_corrects, mark="訂正のときは必須")] if needed else []
    return DateField(title, rules, hint="西暦でも和暦でも入力できます。")


class CorrectionForm(BaseForm):
    """What is common to all corrections: a cancelled row asks for nothing more."""

    act = _act()

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Where a row is cancelled, what else was typed does not count."""
        fine = bool(super().validate(*args, **kwargs))
        return not self["act"].errors if self.act.data == ChangeAct.VOID else fine


def fact_form(item: Item) -> type[CorrectionForm]:
    """The form that corrects or cancels a fact of this item."""
    fields = {"value": field_of(item), "effective_on": _day("正しい、有効になる日")}
    return type("FactForm", (CorrectionForm,), fields)


class LicenceCorrectionForm(CorrectionForm):
    number = ActNumberField("正しい登録番号など", max_length=40, width="w-13", autocomplete="off")
    effective_on = _day("正しい、効力の生じた日")
    ended_on = _day("正しい、終わる日", needed=False)
    end_reason = ChoiceField(
        "終わる理由",
        [RequiredIf(lambda form: bool(form.ended_on.data), mark="終わる日がある場合は必須")],
        choices=choices(EndReason),
    )


class RelationCorrectionForm(CorrectionForm, RelationForm):
    """The whole row of a relation as it should have been."""

    def row(self) -> dict[str, Any]:
        """The row as the register takes it."""
        found = self.clean_row()
        del found["act"]
        return found


class SuccessionForm(BaseForm):
    """合併・承継: to whom, which licences, from which day. The choices are put in by the page."""

    successor_id = ChoiceField("承継する会員", [Required("承継する会員を探して、一覧から選んでください。")], choices=())
    licences = ChoicesField("承継する区分", [Required("承継する区分を一つ以上選んでください。")], choices=())
    effective_on = DateField(
        "承継の日", [Required()], hint="この日から、承継する会員の区分になります。合併の効力発生日など。"
    )
    consent_on = DateField(
        "利用契約の承継に当機関が書面で同意した日",
        [NotFuture()],
        hint="利用契約は、当機関が書面で同意したときだけ引き継がれます（利用規約 5.2）。同意の決裁文書を「書類」に添付してください。",
    )


class EntryDocumentForm(BaseForm):
    """A document of an entry; the choices of items are put in by the page."""

    kind = ChoiceField(
        "書類の種類", [Required()], choices=[pair for pair in choices(AttachmentKind) if pair[0] not in OF_OTHER_CASES]
    )
    items = ChoicesField("どの変更を示す書類ですか", choices=())


def choose(form: BaseForm, name: str, found: Iterable[tuple[str, str]]) -> None:
    """Give a field of the form its choices, and look again at what was chosen."""
    form[name].choices = list(found)
