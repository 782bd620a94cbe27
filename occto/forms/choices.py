"""Fields that are chosen, not typed: radio buttons, lists, check boxes, consent."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from wtforms.validators import StopValidation

from occto.domain.text import half_width_digits, storable
from occto.forms.inputs import InputField
from occto.forms.validators import Required

Choices = Iterable[tuple[str, str]]

_TICKED = "y"


class Option(NamedTuple):
    """One choice as it is drawn; the first has the id of its field, so that the error summary can point to it."""

    id: str
    value: str
    label: str
    hint: str
    checked: bool


class ChoiceField(InputField):
    """One of several codes, as radio buttons or, with `select=True`, a list; choices may be set on the form."""

    kind = "radio"
    asks = "を選んでください。"

    def __init__(
        self,
        label: str,
        validators: Any = None,
        *,
        choices: Choices = (),
        select: bool = False,
        choice_hints: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, validators, **kwargs)
        self.choices = [(str(value), text) for value, text in choices]
        self.choice_hints = dict(choice_hints or {})
        if select:
            self.kind = "select"

    @property
    def options(self) -> list[Option]:
        """The choices as they are drawn."""
        chosen = self.chosen
        return [
            Option(
                self.id if index == 0 else f"{self.id}-{index}",
                str(value),
                text,
                self.choice_hints.get(value, ""),
                value in chosen,
            )
            for index, (value, text) in enumerate(self.choices)
        ]

    @property
    def chosen(self) -> list[str]:
        """The values sent or stored, known or not."""
        return [self.typed] if self.typed else []

    def parse(self, text: str) -> str | int | None:
        return text

    def pre_validate(self, form: Any) -> None:
        """Refuse what is not among the choices."""
        super().pre_validate(form)
        known = {str(value) for value, _ in self.choices}
        if not known.issuperset(self.chosen):
            raise StopValidation(f"{self.label.text}を、もう一度選んでください。")


class OrNoneField(ChoiceField):
    """A choice whose first option stands for None: nothing special."""

    NONE = "NONE_CHOSEN"

    def __init__(self, label: str, *, none: str, choices: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(label, choices=[(self.NONE, none), *choices], **kwargs)

    def process_data(self, value: Any) -> None:
        """Show the first option where nothing special is on record."""
        super().process_data(value)
        self.typed = self.typed or self.NONE

    def parse(self, text: str) -> str | None:
        """None for the first option."""
        return None if text == self.NONE else text


class ChoicesField(ChoiceField):
    """Several codes as check boxes: a list of texts in the order of the choices, [] when none is ticked."""

    kind = "checks"

    @property
    def chosen(self) -> list[str]:
        """The values sent or stored, known or not."""
        return self._chosen

    @property
    def raw_value(self) -> list[str]:
        """What was ticked, for a draft."""
        return list(self._chosen)

    def process_data(self, value: Any) -> None:
        """Take stored codes."""
        self._take([str(code) for code in value or ()])

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Take what was ticked, each once."""
        self._take(list(dict.fromkeys(storable(text) for text in valuelist if isinstance(text, str) and text)))

    def pre_validate(self, form: Any) -> None:
        """Refuse what is not among the choices, and bring the rest into their order."""
        super().pre_validate(form)
        self.data = [value for value, _ in self.choices if value in self._chosen]

    def _take(self, codes: list[str]) -> None:
        self._chosen = codes
        self.data = list(codes)
        self.typed = "、".join(codes)


class MonthField(ChoiceField):
    """A month, such as 決算月: an int 1..12, chosen from a list."""

    width = "w-8"

    def __init__(self, label: str, validators: Any = None, **kwargs: Any) -> None:
        months = [(str(month), f"{month}月") for month in range(1, 13)]
        super().__init__(label, validators, choices=months, select=True, **kwargs)

    def parse(self, text: str) -> int | None:
        digits = half_width_digits(text)
        return int(digits) if digits in {value for value, _ in self.choices} else None

    @property
    def chosen(self) -> list[str]:
        """The month sent or stored, in half width."""
        return [half_width_digits(self.typed)] if self.typed.strip() else []


class AgreementField(InputField):
    """A box that must be ticked; `sentence` says so in its own words. `data` is a bool."""

    kind = "agree"

    def __init__(self, label: str, *, sentence: str, **kwargs: Any) -> None:
        super().__init__(label, [Required(sentence)], **kwargs)

    @property
    def summary_sentence(self) -> str:
        """The sentence alone: the label is a paragraph of its own."""
        return str(self.errors[0])

    @property
    def value(self) -> str:
        """The value attribute of the box."""
        return _TICKED

    def display(self, value: bool) -> str:
        return _TICKED if value else ""

    def process_data(self, value: Any) -> None:
        """Take whether it was agreed to."""
        super().process_data(bool(value))

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Take the tick; any other value is none."""
        self.data = _TICKED in valuelist[:1]
        self.typed = self.display(self.data)
