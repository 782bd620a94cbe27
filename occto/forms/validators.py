"""Checks of form fields beyond their own form: what must be given, bounds of days and amounts, mail addresses."""

from collections.abc import Callable
from datetime import date
from typing import Any, ClassVar

from email_validator import EmailNotValidError, validate_email
from wtforms.validators import StopValidation, ValidationError

from occto.domain.dates import format_date
from occto.domain.text import InputError, clean_line, half_width, quote

MAX_EMAIL = 254
"""RFC 5321 4.5.3.1.3 less the angle brackets."""

Bound = date | str | Callable[[Any], date | None]
"""A day, the name of another field that holds it, or a function of the form."""


def parse_email(value: str) -> str:
    """Return a mail address in ASCII, its domain in lower case (Punycode where it was Japanese). Raises InputError."""
    address = half_width(clean_line(value, max_length=MAX_EMAIL))
    local = address.rpartition("@")[0]
    if local and not local.isascii():
        raise InputError("メールアドレスの @ より前は、半角の英数字と記号で入力してください。")
    try:
        checked = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise InputError(
            f"{quote(value)}はメールアドレスとして読み取れませんでした。name@example.jp のように入力してください。"
        ) from None
    ascii_email = checked.ascii_email or ""  # there always is one when SMTPUTF8 is not allowed
    if not 0 < len(ascii_email) <= MAX_EMAIL:
        raise InputError(f"メールアドレスは{MAX_EMAIL}文字以内で入力してください。")
    return ascii_email


class Required:
    """The field must be given; a draft that only lacks such fields may still be saved."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __init__(self, message: str | None = None) -> None:
        self.message = message

    def __call__(self, _form: Any, field: Any) -> None:
        if field.is_blank:
            field.is_missing = True
            raise StopValidation(self.message or field.missing_sentence)


class RequiredIf:
    """The field must be given when `condition(form)` holds; `mark` stands beside its label, its hint says when."""

    def __init__(
        self, condition: Callable[[Any], bool], message: str | None = None, *, mark: str = "条件により必須"
    ) -> None:
        self.condition = condition
        self.required = Required(message)
        self.field_flags = {"needed_if": mark}

    def __call__(self, form: Any, field: Any) -> None:
        if self.condition(form):
            self.required(form, field)


class AtLeast:
    """The number is `minimum` or more; the unit shown is the field's."""

    def __init__(self, minimum: int, message: str | None = None) -> None:
        self.minimum = minimum
        self.message = message

    def __call__(self, _form: Any, field: Any) -> None:
        if field.data is not None and field.data < self.minimum:
            raise ValidationError(
                self.message or f"{field.label.text}は{self.minimum:,}{field.unit}以上で入力してください。"
            )


class AtMost:
    """The number is `maximum` or less; the unit shown is the field's."""

    def __init__(self, maximum: int, message: str | None = None) -> None:
        self.maximum = maximum
        self.message = message

    def __call__(self, _form: Any, field: Any) -> None:
        if field.data is not None and field.data > self.maximum:
            raise ValidationError(
                self.message or f"{field.label.text}は{self.maximum:,}{field.unit}以下で入力してください。"
            )


class OnOrAfter:
    """The day is `bound` or later; an unknown bound refuses nothing."""

    def __init__(self, bound: Bound, message: str | None = None) -> None:
        self.bound = bound
        self.message = message

    def __call__(self, form: Any, field: Any) -> None:
        bound = _day(self.bound, form)
        if field.data is not None and bound is not None and field.data < bound:
            raise ValidationError(self.message or f"{format_date(bound)}か、それより後の日付を入力してください。")


class OnOrBefore:
    """The day is `bound` or earlier; an unknown bound refuses nothing."""

    def __init__(self, bound: Bound, message: str | None = None) -> None:
        self.bound = bound
        self.message = message

    def __call__(self, form: Any, field: Any) -> None:
        bound = _day(self.bound, form)
        if field.data is not None and bound is not None and field.data > bound:
            raise ValidationError(self.message or f"{format_date(bound)}か、それより前の日付を入力してください。")


class NotFuture:
    """The day is not after the `today` that was handed to the form."""

    def __init__(self, message: str | None = None) -> None:
        self.message = message

    def __call__(self, form: Any, field: Any) -> None:
        if field.data is not None and field.data > _today(form):
            raise ValidationError(self.message or f"{field.label.text}は今日までの日付を入力してください。")


class NotPast:
    """The day is not before the `today` that was handed to the form."""

    def __init__(self, message: str | None = None) -> None:
        self.message = message

    def __call__(self, form: Any, field: Any) -> None:
        if field.data is not None and field.data < _today(form):
            raise ValidationError(self.message or f"{field.label.text}は今日からの日付を入力してください。")


def _day(bound: Bound, form: Any) -> date | None:
    if isinstance(bound, str):
        other: date | None = form[bound].data
        return other
    return bound if isinstance(bound, date) else bound(form)


def _today(form: Any) -> date:
    today = form.today
    if not isinstance(today, date):
        raise TypeError("this form compares with today: construct it with today=…")
    return today
