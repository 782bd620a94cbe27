"""The fields forms are written with: they read what people in Japan type, in any width, kana or calendar."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

from occto.domain.dates import format_date, parse_date
from occto.domain.numbers import (
    MAX_YEN,
    OPERATOR_CODE_PATTERN,
    format_ratio_bp,
    parse_corporate_number,
    parse_operator_code,
    parse_phone,
    parse_postal_code,
    parse_ratio_bp,
    parse_yen,
)
from occto.domain.passwords import MAXIMUM as MAX_PASSWORD
from occto.domain.text import InputError, clean_line, clean_text, to_katakana
from occto.forms.choices import AgreementField, ChoiceField, ChoicesField, MonthField, Option
from occto.forms.inputs import InputField
from occto.forms.validators import MAX_EMAIL, parse_email

__all__ = [
    "AgreementField",
    "ChoiceField",
    "ChoicesField",
    "CorporateNumberField",
    "DateField",
    "EmailField",
    "HiddenField",
    "InputField",
    "KanaField",
    "LineField",
    "MonthField",
    "OperatorCodeField",
    "Option",
    "PhoneField",
    "PostalCodeField",
    "RatioField",
    "SecretField",
    "TextField",
    "YenField",
]


class LineField(InputField):
    """One line of text, kept as written; at most `max_length` code points."""

    def __init__(self, label: str, validators: Any = None, *, max_length: int = 200, **kwargs: Any) -> None:
        super().__init__(label, validators, **kwargs)
        self.max_length = max_length

    def parse(self, text: str) -> str | None:
        return clean_line(text, max_length=self.max_length or 0) or None


class HiddenField(LineField):
    """A line the person does not see: a one-time id, the version that was on the screen."""

    kind = "hidden"
    input_type = "hidden"


class TextField(InputField):
    r"""Text of several lines divided by "\n"; `rows` lines are shown."""

    kind = "area"

    def __init__(
        self, label: str, validators: Any = None, *, max_length: int = 2000, rows: int = 5, **kwargs: Any
    ) -> None:
        super().__init__(label, validators, **kwargs)
        self.max_length = max_length
        self.rows = rows

    def parse(self, text: str) -> str | None:
        return clean_text(text, max_length=self.max_length or 0) or None


class KanaField(LineField):
    """A reading, in full-width katakana however it was typed."""

    def parse(self, text: str) -> str | None:
        return clean_line(to_katakana(text), max_length=self.max_length or 0) or None


class CorporateNumberField(InputField):
    """法人番号: 13 digits as text."""

    inputmode = "numeric"
    width = "w-13"

    def parse(self, text: str) -> str:
        return parse_corporate_number(text)


class OperatorCodeField(InputField):
    """事業者コード: text with leading zeros, matching the setting `pattern`."""

    inputmode = "numeric"
    width = "w-8"

    def __init__(
        self, label: str, validators: Any = None, *, pattern: str = OPERATOR_CODE_PATTERN, **kwargs: Any
    ) -> None:
        super().__init__(label, validators, **kwargs)
        self._parse = partial(parse_operator_code, pattern=pattern)

    def parse(self, text: str) -> str:
        return self._parse(text)


class YenField(InputField):
    """An amount in whole yen, an int."""

    kind = "yen"
    unit = "円"
    inputmode = "numeric"
    width = "w-13"

    def __init__(
        self, label: str, validators: Any = None, *, minimum: int = 0, maximum: int = MAX_YEN, **kwargs: Any
    ) -> None:
        super().__init__(label, validators, **kwargs)
        self.minimum, self.maximum = minimum, maximum

    def parse(self, text: str) -> int:
        return parse_yen(text, minimum=self.minimum, maximum=self.maximum)

    def display(self, value: int) -> str:
        return f"{value:,}"


class RatioField(InputField):
    """A share typed in per cent, held in basis points (0..10000)."""

    kind = "ratio"
    unit = "％"
    inputmode = "decimal"
    width = "w-8"

    def parse(self, text: str) -> int:
        return parse_ratio_bp(text)

    def display(self, value: int) -> str:
        return format_ratio_bp(value)


class DateField(InputField):
    """A day, in 西暦 or 和暦."""

    kind = "date"
    width = "w-13"

    def parse(self, text: str) -> date:
        return parse_date(text)

    def display(self, value: date) -> str:
        return format_date(value)


class PostalCodeField(InputField):
    """A postal code "NNN-NNNN"."""

    kind = "postal"
    inputmode = "numeric"
    autocomplete = "postal-code"
    width = "w-8"

    def parse(self, text: str) -> str:
        return parse_postal_code(text)


class PhoneField(InputField):
    """A telephone number with the hyphens as typed."""

    input_type = "tel"
    inputmode = "tel"
    autocomplete = "tel"
    width = "w-13"

    def parse(self, text: str) -> str:
        return parse_phone(text)


class EmailField(InputField):
    """A mail address in ASCII. The input stays type=text: browsers rewrite type=email before it is sent."""

    inputmode = "email"
    autocomplete = "email"
    max_length = MAX_EMAIL

    def parse(self, text: str) -> str:
        return parse_email(text)


class SecretField(InputField):
    """A password or code: taken as typed, never shown again, never in a draft."""

    kind = "password"
    input_type = "password"
    autocomplete = "current-password"
    is_secret = True

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Take the whole text; blanks count."""
        self.data = next((text for text in valuelist[:1] if isinstance(text, str) and text), None)
        self.typed = ""
        if self.data is not None and len(self.data) > MAX_PASSWORD:
            self.data = None
            raise InputError(f"{self.label.text}は{MAX_PASSWORD:,}文字以内で入力してください。")

    def process_data(self, value: Any) -> None:  # noqa: ARG002  # a secret is never filled in
        """Show nothing, whatever is stored."""
        self.data, self.typed = None, ""
