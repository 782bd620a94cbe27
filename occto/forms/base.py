"""The form all forms are made from: in Japanese, never raising on what is sent, keeping what was typed for drafts."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Self

import wtforms
from werkzeug.datastructures import MultiDict

RawValue = str | list[str]

_SUBMITTED = "\0submitted"
"""A key no browser can send: it makes an empty draft still count as submitted."""


class BaseForm(wtforms.Form):
    """A form without a CSRF field (the whole application is protected) that knows its `today` when one is handed in.

    With no form data, or none at all in it, the fields show `obj` or `data`.
    """

    class Meta:
        """Settings WTForms reads."""

        csrf = False
        locales = ("ja",)

    def __init__(self, formdata: Any = None, *args: Any, today: date | None = None, **kwargs: Any) -> None:
        self.today = today
        super().__init__(formdata or None, *args, **kwargs)

    @classmethod
    def from_raw(cls, raw: Mapping[str, Any], *, prefix: str = "", **kwargs: Any) -> Self:
        """Return the form as it stood when `raw_values()` was taken; anything but texts in `raw` is passed over."""
        start = f"{prefix}-" if prefix and prefix[-1] not in "-_;:/." else prefix
        pairs = [(start + name, text) for name, value in raw.items() for text in _texts(value)]
        return cls(MultiDict([*pairs, (_SUBMITTED, "1")]), prefix=prefix, **kwargs)

    def raw_values(self) -> dict[str, RawValue]:
        """Return what was typed by field name, for drafts and for showing it again; secrets are left out."""
        return {field.short_name: field.raw_value for field in self if not field.is_secret}

    def cleaned(self) -> dict[str, Any]:
        """Return the clean values by field name after `validate()`; None where a value is missing or was refused."""
        return {field.short_name: None if field.errors else field.data for field in self}

    def error_list(self) -> list[tuple[str, str]]:
        """Return (id of the field, sentence) in the order of the fields, the label put before a sentence without it.

        Errors of the form as a whole come first, with the id "main".
        """
        whole = [("main", str(sentence)) for sentence in self.form_errors]
        return whole + [(field.id, field.summary_sentence) for field in self if field.errors]

    def missing_fields(self) -> list[str]:
        """Return the names of required fields left empty, after `validate()`."""
        return [field.short_name for field in self if field.errors and field.is_missing]

    def refused_fields(self) -> list[str]:
        """Return the names of fields whose value could not be taken, after `validate()`."""
        return [field.short_name for field in self if field.errors and not field.is_missing]

    @property
    def is_savable_draft(self) -> bool:
        """Whether, after `validate()`, at most required fields are missing and everything given is good."""
        return not self.form_errors and not self.refused_fields()

    def add_error(self, name: str | None, sentence: str) -> None:
        """Put a refusal beside the field `name`, or on the form as a whole when there is no such field."""
        if name is None or name not in self:
            self.form_errors.append(sentence)
            return
        field = self[name]
        field.is_missing = False
        field.errors = [*field.errors, sentence]


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    return (text for text in value if isinstance(text, str)) if isinstance(value, list | tuple) else ()
