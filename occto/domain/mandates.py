"""受託者 (利用規約 2.3): states and steps of a mandate, what it covers, when it was widened, when reminders are due.

Either side starts one; only the member's own 管理者 brings one into force or widens it, and affirms 2.3.1 with it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from occto.domain.codes import MandateState, Procedure
from occto.domain.errors import Refusal
from occto.domain.permissions import Permission
from occto.domain.text import InputError, clean_line
from occto.domain.workflow import Flow, Step


class MandateSide(StrEnum):
    """Who proposed a mandate or brought it to its end. OFFICE: staff, for the member's paper or by the terms."""

    MEMBER = "MEMBER"
    CONTRACTOR = "CONTRACTOR"
    OFFICE = "OFFICE"
    PERIOD = "PERIOD"


S = MandateState
LABELS: dict[str, str] = {S.PROPOSED: "承認待ち", S.ACTIVE: "有効", S.ENDED: "終了", S.DECLINED: "不成立"}
SIDES: dict[str, str] = {"MEMBER": "会員", "CONTRACTOR": "受託者", "OFFICE": "当機関", "PERIOD": "期間の満了"}
_PROPOSED, _ACTIVE = frozenset({S.PROPOSED.value}), frozenset({S.ACTIVE.value})
MANDATES = Flow(
    name="mandates",
    title="受託者への委託",
    states=MandateState,
    labels={str(key): words for key, words in LABELS.items()},
    steps=(
        Step("accept", "承認する", _PROPOSED, S.ACTIVE, Permission.MANDATES_MANAGE),
        Step("decline", "断る", _PROPOSED, S.DECLINED, Permission.MANDATES_MANAGE),
        Step("withdraw", "提案を取り下げる", _PROPOSED, S.DECLINED, Permission.MANDATES_PROPOSE),
        Step("change", "内容を変える", _ACTIVE, None, Permission.MANDATES_MANAGE),
        Step("end", "委託を終了する", _ACTIVE, S.ENDED, Permission.MANDATES_MANAGE),
        Step("end_on_paper", "書面により終了する", _ACTIVE, S.ENDED, Permission.ACCOUNT_ENTER, reason=True),
        Step("end_by_office", "当機関が終了させる", _ACTIVE, S.ENDED, Permission.USER_STOP, reason=True),
        Step("expire", "期間が満了する", _ACTIVE, S.ENDED, Permission.USER_STOP),
    ),
)
"""A mandate begins here ACTIVE where the member's 管理者 starts it (or its paper is keyed in), PROPOSED where the contractor does."""
AFFIRMATION = "受託者に対し、本規約に基づき当社が負担する義務と同様の義務を遵守させます（利用規約 2.3.1）。"
REMIND_DAYS = (30, 7)
"""So many days before a mandate ends both sides are told, once each."""
MOST_PERSONS = 20
_PROCEDURES = tuple(Procedure)


@dataclass(frozen=True, slots=True)
class Nominee:
    """A person of the contractor as typed: name and address; the address in lower case says who it is."""

    name: str
    email: str

    @property
    def key(self) -> str:
        return self.email.lower()


@dataclass(frozen=True, slots=True)
class MandateTerms:
    """What a mandate covers: procedures, the first day, the first day without it (None: no end), and the persons."""

    procedures: tuple[Procedure, ...]
    starts_on: date
    ends_on: date | None
    persons: tuple[Nominee, ...]


def in_order(procedures: Iterable[Procedure | str]) -> tuple[Procedure, ...]:
    """The procedures, each once, in the order of declaration."""
    held = {Procedure(one) for one in procedures}
    return tuple(one for one in _PROCEDURES if one in held)


def check_terms(terms: MandateTerms, *, today: date) -> None:
    """Refusals: no_procedure, no_person, too_many_persons, person_twice, ends_before_start, over_already."""
    if not terms.procedures:
        raise Refusal("no_procedure", "委託する手続きを、1つ以上選んでください。", field="procedures")
    if not terms.persons:
        raise Refusal("no_person", "操作する方を、1名以上入力してください。", field="persons")
    if len(terms.persons) > MOST_PERSONS:
        raise Refusal(
            "too_many_persons",
            f"操作する方は、1つの委託に{MOST_PERSONS}名までです。人数を減らしてください。",
            field="persons",
        )
    if len({one.key for one in terms.persons}) < len(terms.persons):
        raise Refusal(
            "person_twice", "同じメールアドレスが2回入力されています。1名につき1行にしてください。", field="persons"
        )
    if terms.ends_on is not None and terms.ends_on <= terms.starts_on:
        raise Refusal("ends_before_start", "最後の日は、始まる日か、それより後の日付にしてください。", field="last_on")
    if terms.ends_on is not None and terms.ends_on <= today:
        raise Refusal("over_already", "最後の日は、今日か、それより後の日付にしてください。", field="last_on")


def widens(before: MandateTerms, after: MandateTerms) -> bool:
    """Whether `after` lets anybody do more, or for longer, than `before`: then it needs a new acceptance."""
    longer = before.ends_on is not None and (after.ends_on is None or after.ends_on > before.ends_on)
    return (
        not set(after.procedures) <= set(before.procedures)
        or not {one.key for one in after.persons} <= {one.key for one in before.persons}
        or after.starts_on < before.starts_on
        or longer
    )


def reminder_due(*, begun_on: date, ends_on: date, today: date) -> int | None:
    """Which reminder (days before the end) is due on `today`; none for a period no longer than that, or one that is over."""
    left = (ends_on - today).days
    due = [days for days in REMIND_DAYS if left <= days < (ends_on - begun_on).days]
    return min(due) if due and left > 0 else None


def read_nominees(text: str) -> tuple[Nominee, ...]:
    """The persons typed one a line, name and address parted by a blank, tab or comma. Raises InputError naming the line."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.replace("、", " ").replace(",", " ").replace("，", " ").split()
        if not words:
            continue
        name, email = " ".join(words[:-1]), words[-1]
        if "@" not in email and "＠" not in email:
            raise InputError(f"{number}行目：氏名のあとに、メールアドレスを入力してください。")
        if not name:
            raise InputError(f"{number}行目：メールアドレスの前に、氏名を入力してください。")
        found.append(Nominee(clean_line(name, max_length=80), email))
    return tuple(found)


def written(persons: Sequence[Nominee]) -> str:
    """The persons one a line, as `read_nominees` reads them."""
    return "\n".join(f"{one.name}, {one.email}" for one in persons)
