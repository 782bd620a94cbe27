"""Inputs after the votes: what the minister gave or refused, and what people write into the minutes."""

from collections.abc import Iterable
from typing import Any

from wtforms import Form

from occto.domain.agenda import Consent, item_title
from occto.domain.minutes import LINE_LIMIT, TEXT_LIMIT
from occto.domain.outcomes import CONSENT_WORDS
from occto.domain.resolutions import ConsentOutcome
from occto.forms.base import BaseForm
from occto.forms.fields import ChoiceField, DateField, LineField, TextField
from occto.forms.office import TimeField
from occto.forms.validators import NotFuture, Required


class ConsentForm(BaseForm):
    """認可・承認; its words follow what the item needs."""

    outcome = ChoiceField("結果", [Required()], choices=[(one.value, "") for one in ConsentOutcome])
    decided_on = DateField("日付", [Required(), NotFuture()], hint="通知の書面にある日付。")
    document_number = LineField("文書番号", max_length=80, hint="例：20261220資第12号")
    note_words = TextField("備考", max_length=500, rows=3, hint="訂正のときは、何を正したかを書いてください。")

    def __init__(self, formdata: Any = None, *, consent: Consent, **kwargs: Any) -> None:
        super().__init__(formdata, **kwargs)
        word = CONSENT_WORDS.get(consent, "認可・承認")
        self.outcome.choices = [
            (ConsentOutcome.GRANTED.value, f"{word}された"),
            (ConsentOutcome.REFUSED.value, f"{word}されなかった"),
        ]


_LONG = {"max_length": TEXT_LIMIT}


class MinutesForm(BaseForm):
    """議事録: what the records do not say. A field for each item is added by `minutes_form`."""

    chair = LineField("議長", max_length=LINE_LIMIT, hint="役職と氏名。例：理事長　大山 一郎")
    officers = TextField("出席した役員", rows=5, hint="1行に1名。役職と氏名。", **_LONG)
    place = LineField("場所", max_length=LINE_LIMIT)
    opened_at = TimeField("開会の時刻", hint="24時間制。例：10:00")
    closed_at = TimeField("閉会の時刻", hint="24時間制。例：11:35")
    opening = TextField("開会から議事まで", rows=5, hint="議長の就任、定足数の報告など。", **_LONG)
    closing = TextField("閉会", rows=3, **_LONG)
    opinions = TextField(
        "会員の発言・意見", rows=6, hint="会場での発言など。回答に付された意見は、自動で載ります。", **_LONG
    )
    signers = TextField("署名する方", rows=4, hint="1行に1名。例：議事録署名人　山田 花子", **_LONG)
    notes = TextField("付記", rows=3, **_LONG)


PREFIX = "item_"


def minutes_form(items: Iterable[Any], formdata: Any = None, **kwargs: Any) -> MinutesForm:
    """The form of an assembly: with the proceedings of each of its items, in their order."""
    fields = {
        f"{PREFIX}{one.id}": TextField(item_title(one), rows=5, hint="説明、質疑、採決の経過。", **_LONG)
        for one in items
    }
    form: type[Form] = type("AssemblyMinutesForm", (MinutesForm,), fields)
    return form(formdata, **kwargs)
