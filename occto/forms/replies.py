"""Inputs of 出欠・議決権の回答: one form, of which only what belongs to the chosen attendance is taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from occto.domain.assembly_settings import MOST_ATTENDEES, AssemblySettings, BlankChoice
from occto.domain.numbers import clamped_id
from occto.domain.replies import (
    LABELS,
    NAME_LIMIT,
    OPINION_LIMIT,
    PROXY_LABELS,
    PROXY_LIMIT,
    TITLE_LIMIT,
    WITH_CHOICES,
    Answer,
    Attendance,
    Person,
    ProxyKind,
)
from occto.domain.tally import CHOICE_LABELS, Choice
from occto.domain.text import storable
from occto.forms.base import BaseForm, RawValue
from occto.forms.choices import Option
from occto.forms.fields import ChoiceField, EmailField, LineField, OperatorCodeField, PhoneField, TextField
from occto.forms.validators import Required

A = Attendance
_HINTS = {
    A.ATTEND: "会場で議決権を行使します。",
    A.PROXY: "委任する相手を、次に入力します。",
    A.ELECTRONIC: "下で選ぶ賛否が、そのまま票になります。",
    A.CHAIR: "各議案への賛否は、採決のときに議長が決めます。",
}
_WITHOUT_VOTES = {A.ATTEND: "会場で傍聴します。議決権の行使はありません。"}
NONE = "NONE"
"""The choice of an item before anybody has chosen: a radio button cannot be released otherwise."""
LONGEST = 4000
"""Of a value that a draft keeps; longer ones were refused as well."""


class ReplyForm(BaseForm):
    """Everything but persons and items."""

    attendance = ChoiceField("当日の出欠", [Required()])
    voting = ChoiceField("議決権を行使する方", choices=())
    proxy_kind = ChoiceField("委任する相手")
    proxy_member = OperatorCodeField(
        "委任する会員の事業者コード", hint="5桁の数字。その会員の方が出席し、議決権を代わりに行使します。"
    )
    proxy_name = LineField(
        "代理人の氏名",
        max_length=PROXY_LIMIT,
        hint="委任状は、当日、代理人の方が受付にお持ちください。",
        autocomplete="off",
    )
    opinion = TextField(
        "議案へのご意見", max_length=OPINION_LIMIT, rows=4, hint="1,000字まで。議事録の作成にあたり参照します。"
    )


class PersonForm(BaseForm):
    """Somebody who comes."""

    title = LineField("所属・役職", [Required()], max_length=TITLE_LIMIT, autocomplete="off")
    name = LineField("氏名", [Required()], max_length=NAME_LIMIT, autocomplete="off", width="w-20")
    email = EmailField("メールアドレス", hint="受付票のお知らせに使います。", autocomplete="off")
    phone = PhoneField("電話番号", autocomplete="off")

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed: such a row is left out."""
        return not any(str(one.typed).strip() for one in self)


@dataclass(slots=True)
class ItemInput:
    """The choice on one item, drawn as a row of buttons."""

    id: str
    title: str
    note: str
    typed: str
    conflict: bool = False
    errors: list[str] = field(default_factory=list)

    @property
    def options(self) -> list[Option]:
        found = [(choice.value, CHOICE_LABELS[choice]) for choice in Choice] + [(NONE, "選ばない")]
        chosen = self.typed if self.typed in Choice.__members__ else NONE
        return [
            Option(self.id if not at else f"{self.id}-{at}", value, words, "", value == chosen)
            for at, (value, words) in enumerate(found)
        ]

    @property
    def described_by(self) -> str:
        return " ".join([f"{self.id}-e"] * bool(self.errors) + [f"{self.id}-n"] * bool(self.note))


class ReplyInput:
    """The whole form as typed: `main`, `people` and `items`. `holder`: the member has votes to cast.

    `rows`: how many persons there are places for; they are read when first asked for, which most answers never do.
    """

    def __init__(
        self, sent: Any, *, items: Sequence[ItemInput], settings: AssemblySettings, holder: bool, rows: int
    ) -> None:
        self.settings, self.holder = settings, holder
        self.main = ReplyForm(sent)
        self.items = list(items)
        self._sent, self._numbers = sent, range(1, rows + 1)
        self._offer()

    @cached_property
    def people(self) -> list[PersonForm]:
        """A form for each place."""
        return [PersonForm(self._sent, prefix=f"attendee_{number}_") for number in self._numbers]

    def _offer(self) -> None:
        main, settings = self.main, self.settings
        offered = [A.ATTEND, A.PROXY, A.ELECTRONIC, A.CHAIR, A.ABSENT] if self.holder else [A.ATTEND, A.ABSENT]
        kinds = [ProxyKind.MEMBER] * settings.proxy_member + [ProxyKind.PERSON] * settings.proxy_person
        shown = [
            kind for kind in offered if (kind is not A.CHAIR or settings.proxy_chair) and (kind is not A.PROXY or kinds)
        ]
        labels = LABELS if self.holder else {**LABELS, A.ABSENT: "欠席する"}
        main.attendance.choices = [(kind.value, labels[kind]) for kind in shown]
        main.attendance.choice_hints = {
            kind.value: hint for kind, hint in (_HINTS if self.holder else _HINTS | _WITHOUT_VOTES).items()
        }
        main.proxy_kind.choices = [(kind.value, PROXY_LABELS[kind]) for kind in kinds]
        main.voting.choices = [(str(number), "") for number in self._numbers] + [(NONE, "")]

    @property
    def attendance(self) -> Attendance | None:
        typed = self.main.attendance.typed
        return Attendance(typed) if typed in Attendance.__members__ else None

    @property
    def coming(self) -> list[tuple[int, PersonForm]]:
        """The persons typed, with their numbers; the first where nobody was."""
        found = [(number, one) for number, one in enumerate(self.people, 1) if not one.is_blank]
        return found or [(1, self.people[0])]

    def validate(self) -> bool:
        """Whether everything that the chosen attendance needs could be read. What it does not need is not asked."""
        fine = self.main.validate()
        if self.attendance is A.ATTEND:
            for _, one in self.coming:
                fine = one.validate() and fine
        return fine

    def answer(self, *, proxy_member_id: int | None = None) -> Answer:
        """What is sent, after `validate()`: nothing that the chosen attendance leaves no room for."""
        kind, main = self.attendance or A.ABSENT, self.main
        proxy = main.proxy_kind.data if kind is A.PROXY else None
        return Answer(
            kind,
            attendees=self._persons() if kind is A.ATTEND else (),
            choices=self._choices() if kind in WITH_CHOICES else {},
            proxy_kind=ProxyKind(proxy) if proxy else None,
            proxy_member_id=proxy_member_id if proxy == ProxyKind.MEMBER else None,
            proxy_name=main.proxy_name.data if proxy == ProxyKind.PERSON else None,
            opinion=main.opinion.data,
        )

    def _persons(self) -> tuple[Person, ...]:
        voting = self.main.voting.data
        if len(self.coming) == 1 and voting != NONE:
            voting = str(self.coming[0][0])
        return tuple(
            Person(
                title=one.title.data or "",
                name=one.name.data or "",
                email=one.email.data,
                phone=one.phone.data,
                voting=self.holder and voting == str(number),
            )
            for number, one in self.coming
        )

    def _choices(self) -> dict[int, Choice]:
        """Every choice that was sent, those of a crafted form too: they are refused by the rules, not overlooked."""
        return {
            int(item.id.removeprefix("item_")): Choice(item.typed)
            for item in self.items
            if item.typed in Choice.__members__
        }

    def left_out(self, offered: Mapping[str, str]) -> list[str]:
        """What was typed and is not sent, because the chosen attendance leaves no room for it. `offered`: what the form
        put in by itself, and nobody typed.
        """
        found = []
        people = {name: value for name, value in self.raw_values().items() if name.startswith("attendee_")}
        if self.attendance is not A.ATTEND and people.items() - offered.items():
            found.append("出席する方")
        if self.attendance not in WITH_CHOICES and self._choices():
            found.append("議案への賛否")
        if self.attendance is not A.PROXY and (self.main.proxy_name.typed or self.main.proxy_member.typed):
            found.append("委任する相手")
        return found

    def raw_values(self) -> dict[str, RawValue]:
        """What was typed, for a draft and for the hidden fields of the check page."""
        found = {name: value for name, value in self.main.raw_values().items() if value}
        for number, one in enumerate(self.people, 1):
            found |= {f"attendee_{number}_{name}": value for name, value in one.raw_values().items() if value}
        found |= {item.id: item.typed for item in self.items if item.typed in Choice.__members__}
        if not self.holder:
            found["voting"] = NONE
        return {name: value[:LONGEST] for name, value in found.items()}

    def add_error(self, name: str | None, sentence: str) -> None:
        """Put a refusal beside its field, be it of a person, of an item or of the form."""
        for number, one in enumerate(self.people, 1):
            start = f"attendee_{number}_"
            if name is not None and name.startswith(start) and name.removeprefix(start) in one:
                one.add_error(name.removeprefix(start), sentence)
                return
        item = next((item for item in self.items if item.id == name), None)
        if item is not None:
            item.errors.append(sentence)
            return
        self.main.add_error(name, sentence)

    @property
    def fields(self) -> list[Any]:
        """All fields in the order of the page, for the summary of errors."""
        head = [self.main.attendance, self.main.proxy_kind, self.main.proxy_member, self.main.proxy_name]
        return [*head, *(one for person in self.people for one in person), self.main.voting, self.main.opinion]

    @property
    def links(self) -> list[tuple[str, str]]:
        """Errors at items, for the summary."""
        return [(item.id, f"{item.title}：{item.errors[0]}") for item in self.items if item.errors]

    @property
    def has_errors(self) -> bool:
        return bool(self.main.form_errors or self.links or any(one.errors for one in self.fields))


def as_sent(sent: Mapping[str, Any]) -> "ReplyInput":
    """The form as a check page sends it, read without asking what may be answered: the verb asks that anyway."""
    numbers = {
        number for name in sent if name.startswith("item_") and (number := clamped_id(name.removeprefix("item_")))
    }
    items = [ItemInput(f"item_{number}", "", "", choice_sent(sent, number)) for number in sorted(numbers)]
    return ReplyInput(
        sent, items=items, settings=AssemblySettings(), holder=True, rows=rows_sent(sent, MOST_ATTENDEES + 1)
    )


def choice_sent(sent: Mapping[str, Any], item: int) -> str:
    """What was sent for an item, made fit to be shown again."""
    return storable(str(sent.get(f"item_{item}", "")))[:20]


def rows_sent(sent: Mapping[str, Any], most: int) -> int:
    """How many persons a form has places for, from 1 to `most`."""
    places = range(most, 0, -1)
    return next((number for number in places if f"attendee_{number}_name" in sent), 1)


def values_of(answer: Answer, *, proxy_code: str = "") -> dict[str, str]:
    """A reply as the form shows it."""
    found: dict[str, str] = {
        "attendance": answer.attendance.value if answer.attendance is not A.WITHDRAWN else "",
        "proxy_kind": answer.proxy_kind or "",
        "proxy_name": answer.proxy_name or "",
        "proxy_member": proxy_code,
        "opinion": answer.opinion or "",
    }
    for number, one in enumerate(answer.attendees, 1):
        start = f"attendee_{number}_"
        found |= {
            f"{start}title": one.title,
            f"{start}name": one.name,
            f"{start}email": one.email or "",
            f"{start}phone": one.phone or "",
        }
        if one.voting:
            found["voting"] = str(number)
    return found | {f"item_{item}": choice.value for item, choice in answer.choices.items()}


def choices_hint(settings: AssemblySettings) -> str:
    """What to know before choosing."""
    blank = (
        "事前に議決権を行使する場合は、すべての議案についてお選びください。"
        if settings.blank_choice is BlankChoice.NOT_ALLOWED
        else "事前に議決権を行使する場合、選ばなかった議案は棄権とみなします。"
    )
    return (
        blank + "出席される場合も、来場できなくなったときに備えて入力しておけます。"
        "議決権を行使する方が当日受付をされると、事前の賛否は撤回され、会場での行使になります。"
    )
