"""What staff ask of the register: the day, and what counts as known."""

import re
from datetime import datetime, time, timedelta

from occto.domain.dates import JST, end_of_day_exclusive, format_instant, parse_date
from occto.domain.text import InputError, half_width
from occto.forms.base import BaseForm
from occto.forms.fields import DateField, LineField
from occto.forms.validators import Required

_NUMBER = re.compile(r"\d{1,7}")
_WITH_TIME = re.compile(r"(?P<day>.+?)[ T　]*(?P<hour>\d{1,2})[:時](?P<minute>\d{1,2})分?")
_ASKED = "変更番号（例：1204）か、日時（例：2026年11月23日 17:00）を入力してください。"


class KnownField(LineField):
    """A number of change, or an instant in Japan; a day alone means until its end."""

    width = "w-20"

    def parse(self, text: str) -> int | datetime:  # type: ignore[override]
        words = half_width(text).strip()
        if _NUMBER.fullmatch(words):
            return int(words)
        timed = _WITH_TIME.fullmatch(words)
        try:
            if timed is None:
                return end_of_day_exclusive(parse_date(words)) - timedelta(microseconds=1)
            at = time(int(timed["hour"]), int(timed["minute"]), 59, 999_999)  # whatever was entered in that minute
            return datetime.combine(parse_date(timed["day"]), at, JST)
        except (InputError, ValueError, OverflowError) as error:
            raise InputError(_ASKED) from error

    def display(self, value: int | datetime) -> str:
        return str(value) if isinstance(value, int) else format_instant(value)


class RegisterForm(BaseForm):
    """The day of the register, and optionally up to when what is known counts."""

    day = DateField("基準にする日", [Required()], hint="西暦でも和暦でも入力できます。")
    known = KnownField("いつの時点で分かっていた内容か", hint="空欄にすると、いま分かっている内容です。" + _ASKED)
