"""Inputs of 権利の停止・制限."""

from datetime import date, timedelta
from typing import Any

from occto.domain.codes import ChangeAct, SanctionScope
from occto.forms.account_requests import DocumentField
from occto.forms.base import BaseForm
from occto.forms.elections import SCAN_HINT
from occto.forms.fields import ChoiceField, DateField, LineField, TextField
from occto.forms.validators import NotFuture, Required, RequiredIf
from occto.labels import choices

_SCOPE_HINTS = {
    SanctionScope.VOTES.value: "基準日にこの停止・制限があると、その総会の議決権を数えません。",
    SanctionScope.OTHER.value: "議決権は変わりません。",
}
_REASON = "確認する方が見ます。職員だけの記録です。"
_ACTS = (
    (ChangeAct.END.value, "終了する（終わる日を登録する）"),
    (ChangeAct.CORRECT.value, "訂正する（正しい内容に直す）"),
    (ChangeAct.VOID.value, "取り消す（登録がなかったことにする）"),
)


class SanctionForm(BaseForm):
    """A decision under the 定款."""

    scope = ChoiceField("停止・制限する権利", [Required()], choices=choices(SanctionScope), choice_hints=_SCOPE_HINTS)
    decided_by = LineField("決定した機関", [Required()], max_length=120, hint="例：理事会、総会")
    decided_on = DateField("決定した日", [Required(), NotFuture()], hint="西暦でも和暦でも入力できます。")
    ground = TextField(
        "理由（定款の条項と事実）", [Required()], max_length=2000, rows=4, hint="会員の画面に、このまま表示します。"
    )
    effective_on = DateField("始まる日", [Required()])
    last_on = DateField("最後の日", hint="決まっている場合だけ。この日の終わりまで続きます。")
    file = DocumentField("決定を示す文書", needed=True, hint=SCAN_HINT)
    reason = TextField("登録を依頼する理由", [Required()], max_length=2000, rows=2, hint=_REASON)


def _ends(form: Any) -> bool:
    return bool(form.act.data == ChangeAct.END)


def _corrects(form: Any) -> bool:
    return bool(form.act.data == ChangeAct.CORRECT)


_ONLY = RequiredIf(_corrects, mark="訂正のときは必須")


class SanctionEndForm(BaseForm):
    """The end, a correction or a void of what is on record."""

    act = ChoiceField("どうしますか", [Required()], choices=_ACTS)
    last_on = DateField(
        "最後の日",
        [RequiredIf(_ends, mark="終了のときは必須")],
        hint="この日の終わりまで続きます。訂正では、決まっている場合だけ。",
    )
    scope = ChoiceField("正しい、停止・制限する権利", [_ONLY], choices=choices(SanctionScope))
    decided_by = LineField("正しい、決定した機関", [_ONLY], max_length=120)
    decided_on = DateField("正しい、決定した日", [_ONLY, NotFuture()])
    ground = TextField("正しい理由", [_ONLY], max_length=2000, rows=4)
    effective_on = DateField("正しい、始まる日", [_ONLY])
    file = DocumentField("決定を示す文書", needed=False, hint=SCAN_HINT)
    reason = TextField("理由", [Required()], max_length=2000, rows=2, hint=_REASON)


def day_after(last_on: date | None) -> date | None:
    """The first day on which it no longer holds, for the last day on which it does."""
    return last_on + timedelta(days=1) if last_on is not None and last_on < date.max else None
