"""The field all fields are made from: what was typed, what it means, and what a template macro needs to draw it."""

from collections.abc import Callable, Sequence
from typing import Any

from wtforms import Field
from wtforms.validators import StopValidation

from occto.domain.text import storable


class InputField(Field):
    """A field that holds `typed` (shown again as it was) and `data` (clean, or None when blank or refused).

    `kind` chooses the macro; `width` is a class of the style sheet; `unit` stands behind the input.
    """

    kind = "line"
    input_type = "text"
    asks = "を入力してください。"
    unit = ""
    autocomplete = ""
    inputmode = ""
    width = ""
    max_length: int | None = None
    is_secret = False
    choices: Sequence[tuple[str, str]] = ()

    def __init__(
        self,
        label: str,
        validators: Sequence[Callable[..., None]] | None = None,
        *,
        hint: str = "",
        autocomplete: str | None = None,
        inputmode: str | None = None,
        width: str | None = None,
        unit: str | None = None,
        lang: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(label, validators, description=hint, **kwargs)
        self.hint = hint
        self.lang = lang
        self.is_missing = False
        for name, value in (("autocomplete", autocomplete), ("inputmode", inputmode), ("width", width), ("unit", unit)):
            if value is not None:
                setattr(self, name, value)

    @property
    def required(self) -> bool:
        """Whether the field says 必須."""
        return bool(self.flags.required)

    @property
    def is_blank(self) -> bool:
        """Whether nothing was given; a value that was refused is not blank."""
        # Spelt out, for 0 yen and 0 % are values although 0 == False.
        return not self.process_errors and (self.data is None or self.data is False or self.data in ("", []))

    @property
    def missing_sentence(self) -> str:
        """What to do about an empty field, from its label."""
        return f"{self.label.text}{self.asks}"

    @property
    def summary_sentence(self) -> str:
        """The first error, with the label before it unless it is named in the sentence."""
        sentence = str(self.errors[0])
        return sentence if self.label.text in sentence else f"{self.label.text}：{sentence}"

    @property
    def described_by(self) -> str:
        """The value of aria-describedby: error, then hint; empty when there is neither."""
        return " ".join([f"{self.id}-e"] * bool(self.errors) + [f"{self.id}-h"] * bool(self.hint))

    @property
    def raw_value(self) -> str | list[str]:
        """What was typed, for a draft."""
        return self.typed

    def parse(self, text: str) -> Any:
        """Return the clean value of a text that is not blank, None when nothing visible is left. Raises InputError."""
        raise NotImplementedError

    def display(self, value: Any) -> str:
        """Return how a clean value is written into the field."""
        return str(value)

    def process_data(self, value: Any) -> None:
        """Take a clean value."""
        self.data = value
        self.typed = "" if value is None else self.display(value)

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Take what was sent: the first of several values, nothing when there is none or it is no text."""
        self.data = None
        self.typed = next((storable(text) for text in valuelist[:1] if isinstance(text, str)), "")
        if self.typed.strip():
            self.data = self.parse(self.typed)

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002  # WTForms calls it so
        """Ask nothing more about a value that could not be read."""
        self.is_missing = False
        if self.process_errors:
            raise StopValidation
