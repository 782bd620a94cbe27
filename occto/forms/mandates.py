"""Inputs of mandates: who is charged with what, from when until when, and by whom it is done."""

from datetime import date, timedelta
from typing import Any

from occto.domain.codes import Procedure
from occto.domain.mandates import AFFIRMATION, MandateTerms, Nominee, in_order, read_nominees, written
from occto.domain.text import InputError
from occto.forms.base import BaseForm
from occto.forms.choices import ChoiceField
from occto.forms.fields import (
    AgreementField,
    ChoicesField,
    CorporateNumberField,
    DateField,
    InputField,
    LineField,
    TextField,
)
from occto.forms.validators import NotFuture, Required, parse_email
from occto.labels import choices

_AFFIRM = "受託者に会員と同様の義務を遵守させることを確かめ、チェックを入れてください（利用規約 2.3.1）。"
_PERIOD = "この日の終わりまで操作できます。30日前と7日前に、メールでお知らせします。"
_PERSONS = "1行に1名、氏名とメールアドレスを空白かカンマで区切って入力してください。例：受川 花子, hanako@example.jp"


class PersonsField(TextField):
    """Persons of a contractor, one a line: a tuple of Nominee. Addresses that do not fit are named with their line."""

    def parse(self, text: str) -> Any:
        found = []
        for one in read_nominees(super().parse(text) or ""):
            try:
                found.append(Nominee(one.name, parse_email(one.email)))
            except InputError as error:
                raise InputError(f"{one.name} 様：{error}") from error
        return tuple(found) or None

    def display(self, value: Any) -> str:
        return written(value)


class AffirmField(AgreementField):
    """The affirmation of 2.3.1 where it is needed only for what is widened; the verb asks for it."""

    def __init__(self, label: str, **kwargs: Any) -> None:
        InputField.__init__(self, label, **kwargs)


class _Terms(BaseForm):
    """What every form of a mandate asks."""

    @property
    def terms(self) -> MandateTerms:
        """The clean values as the domain speaks of them, after `validate()`."""
        last_on: date | None = self["last_on"].data
        return MandateTerms(
            in_order(self["procedures"].data),
            self["starts_on"].data,
            last_on + timedelta(days=1) if last_on else None,
            self["persons"].data,
        )


def _procedures(hints: dict[str, str] | None = None) -> Any:
    return ChoicesField(
        "委託する手続き",
        [Required("委託する手続きを、1つ以上選んでください。")],
        choices=choices(Procedure),
        choice_hints=hints,
    )


class StartForm(_Terms):
    """The member starts a mandate."""

    contractor_name = LineField("受託者の商号", [Required()], max_length=120, autocomplete="off")
    corporate_number = CorporateNumberField(
        "受託者の法人番号", [Required()], hint="13桁の番号です。国税庁の法人番号公表サイトで確認できます。"
    )
    procedures = _procedures()
    starts_on = DateField("始まる日", [Required()])
    last_on = DateField("最後の日", [Required()], hint=_PERIOD)
    persons = PersonsField("操作する方", [Required()], hint=_PERSONS, rows=4, max_length=8000)
    affirmed = AgreementField(AFFIRMATION, sentence=_AFFIRM)


class PaperForm(StartForm):
    """The member's paper, keyed in by staff."""

    member_key = LineField("会員の事業者コードまたは法人番号", [Required()], max_length=20, inputmode="numeric")
    received_on = DateField("書面を受け取った日", [Required(), NotFuture()])


class ProposeForm(_Terms):
    """A contractor proposes a mandate; `contractor` is one of those that the person is with."""

    contractor = ChoiceField("受託者", [Required()])
    member_key = LineField(
        "委託元の会員の事業者コードまたは法人番号",
        [Required()],
        max_length=20,
        inputmode="numeric",
        hint="5桁の事業者コードか、13桁の法人番号です。委託元の会社にお確かめください。",
    )
    procedures = _procedures()
    starts_on = DateField("始まる日", [Required()])
    last_on = DateField("最後の日", [Required()], hint="この日の終わりまで操作できます。")
    persons = PersonsField(
        "操作する方",
        [Required()],
        hint=f"{_PERSONS} ユーザIDのない方には、会員が承認したときにメールでお知らせします。",
        rows=4,
        max_length=8000,
    )


class ChangeForm(_Terms):
    """The member changes a mandate in force."""

    procedures = _procedures()
    starts_on = DateField("始まる日", [Required()])
    last_on = DateField("最後の日", [Required()], hint=_PERIOD)
    persons = PersonsField("操作する方", [Required()], hint=_PERSONS, rows=4, max_length=8000)
    affirmed = AffirmField(
        AFFIRMATION, hint="手続きや方を増やすとき、期間を延ばすときは、あらためて確かめていただきます。"
    )


class AcceptForm(BaseForm):
    """The member accepts a proposal."""

    affirmed = AgreementField(AFFIRMATION, sentence=_AFFIRM)


class ReasonForm(BaseForm):
    """Why; not required."""

    reason = TextField("理由", max_length=500, rows=3, hint="入力すると、双方へのお知らせのメールに載ります。")


class NeededReasonForm(BaseForm):
    """Why, for staff."""

    reason = TextField("理由", [Required()], max_length=500, rows=3, hint="双方へのお知らせのメールに載ります。")


class EndOnPaperForm(NeededReasonForm):
    """終了 on the member's paper."""

    received_on = DateField("書面を受け取った日", [Required(), NotFuture()])


class RenameForm(BaseForm):
    """The 商号 of a contractor, corrected by staff."""

    contractor_name = LineField("正しい商号", [Required()], max_length=120)
    reason = TextField("理由", [Required()], max_length=500, rows=3, hint="商号の変更を確かめた資料など。")


class LeaveForm(BaseForm):
    """The person is no longer with the contractor."""

    reason = TextField("理由", [Required()], max_length=500, rows=3)


def with_hints(form: Any, hints: dict[Procedure, str]) -> Any:
    """The form with what each procedure allows beside its box."""
    form["procedures"].choice_hints = {procedure.value: words for procedure, words in hints.items()}
    return form
