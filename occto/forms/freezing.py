"""Inputs of 確定: 確認済, the request to freeze, drafts that are kept, and what is done about 基準日後判明."""

from occto.domain.codes import LateOutcome
from occto.forms.base import BaseForm
from occto.forms.choices import ChoiceField, ChoicesField
from occto.forms.fields import LineField, TextField
from occto.forms.validators import Required
from occto.labels import label

_OUTCOMES = (LateOutcome.REFREEZE, LateOutcome.KEEP, LateOutcome.POSTPONE)


class MarkForm(BaseForm):
    """確認済. The page sets the choices: the cases that are not settled."""

    keys = ChoicesField("確認済にするもの", [Required("確認済にするものを選んでください。")])
    reason = TextField(
        "確認済にする理由",
        [Required()],
        max_length=2000,
        rows=3,
        hint="例：会社に電話で確認し、基準日より後の変更と分かったため。選んだものすべてに、この理由を記録します。",
    )


class DraftForm(BaseForm):
    """A draft that is kept."""

    reason = LineField("覚え書き", max_length=200, hint="例：異議を受けて資本関係を直したあと。")


class FreezeForm(BaseForm):
    """The request to freeze."""

    reason = TextField(
        "確定する理由", [Required()], max_length=2000, rows=3, hint="確認する方が見ます。確定した記録に残ります。"
    )


class LateForm(BaseForm):
    """What is done about late facts. The page sets which of them are open."""

    outcome = ChoiceField(
        "取扱い",
        [Required()],
        choices=[(outcome.value, label(outcome)) for outcome in _OUTCOMES],
        choice_hints={
            LateOutcome.REFREEZE: "いまの登録で計算し直します。取扱いの決まっていないものすべてが対象です。",
            LateOutcome.KEEP: "議決権は変えず、総会の結果と議事録に記録します。",
            LateOutcome.POSTPONE: "総会を延期することにします。延期そのものは、総会の画面で行います。",
        },
    )
    facts = ChoicesField("対象", hint="「確定をやり直す」のときは、選ばなくても、すべてが対象になります。")
    reason = TextField(
        "理由", [Required()], max_length=2000, rows=3, hint="「確定をやり直す」のときは、会員へのお知らせに載ります。"
    )
