"""Inputs of 設定: the value of one setting, what it rests on, and the day from which it holds."""

from datetime import time
from functools import cache
from typing import Any

from occto.domain.dated_settings import DATED, DatedSetting, Entry, SettingName, Value
from occto.forms.base import BaseForm
from occto.forms.choices import ChoiceField, ChoicesField, OrNoneField
from occto.forms.fields import DateField, LineField, TextField
from occto.forms.office import NumberField, TimeField
from occto.forms.validators import NotPast, Required

LABEL = "新しい値"


def _typed(setting: DatedSetting) -> Any:
    needed = [Required()]
    match setting.entry:
        case Entry.NUMBER:
            return NumberField(
                LABEL, needed, highest=setting.highest, hint=f"単位は{setting.unit}。1から{setting.highest}まで。"
            )
        case Entry.TIME:
            return TimeField(LABEL, needed, hint="24時間制。例：17:00")
        case Entry.LINE:
            return LineField(LABEL, needed, max_length=80)
        case Entry.MANY:
            return ChoicesField(LABEL, choices=setting.labels.items(), hint="ひとつも選ばないと、どれも認めません。")
        case Entry.ONE if setting.open:
            return OrNoneField(LABEL, none=setting.open, choices=setting.labels.items())
        case Entry.ONE:
            return ChoiceField(LABEL, needed, choices=setting.labels.items())


@cache
def setting_form(name: SettingName) -> type[BaseForm]:
    """The form for one setting."""
    fields = {
        "value": _typed(DATED[name]),
        "source": LineField(
            "根拠",
            [Required()],
            max_length=200,
            hint="定款の条項や、決定した機関と日。例：定款 第25条第2項（2027年3月24日 総会決議）",
        ),
        "effective_on": DateField(
            "始まる日", [Required(), NotPast()], hint="この日からあとに開く総会を登録するときに、新しい値を使います。"
        ),
        "reason": TextField(
            "変更を依頼する理由", [Required()], max_length=2000, rows=2, hint="確認する方が見ます。職員だけの記録です。"
        ),
    }
    return type("SettingForm", (BaseForm,), fields)


def sent_value(form: Any) -> Value:
    """The value of a valid form, as it is kept."""
    value = form["value"].data
    if isinstance(value, time):
        return f"{value:%H:%M}"
    kept: Value = value
    return kept


def shown_value(name: SettingName, value: Value) -> Any:
    """A kept value as the form takes it to show it."""
    return time.fromisoformat(value) if DATED[name].entry is Entry.TIME and isinstance(value, str) else value
