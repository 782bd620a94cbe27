"""出欠・議決権の回答: what a reply says, which one stands, and what a member may answer (業務: `domain` 6, Reply)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from occto.domain.agenda import ABOUT_YOU
from occto.domain.assembly_settings import AssemblySettings, BlankChoice
from occto.domain.errors import Refusal
from occto.domain.numbers import damm
from occto.domain.tally import Choice


class Attendance(StrEnum):
    """当日の出欠. WITHDRAWN: an earlier reply or mandate was taken back and nothing took its place."""

    ATTEND = "ATTEND"
    PROXY = "PROXY"
    ELECTRONIC = "ELECTRONIC"
    CHAIR = "CHAIR"
    ABSENT = "ABSENT"
    WITHDRAWN = "WITHDRAWN"


class ReplyChannel(StrEnum):
    """How a reply reached the office. STAFF: entered by the office after the deadline or by telephone, with a reason."""

    ELECTRONIC = "ELECTRONIC"
    PAPER = "PAPER"
    STAFF = "STAFF"


class ProxyKind(StrEnum):
    """Who stands in at the hall: another member, or a person named in a 委任状 (自社 or other)."""

    MEMBER = "MEMBER"
    PERSON = "PERSON"


A = Attendance
LABELS: dict[str, str] = {
    A.ATTEND: "出席する",
    A.PROXY: "代理人が出席する",
    A.ELECTRONIC: "欠席し、事前に議決権を行使する",
    A.CHAIR: "欠席し、議長に一任する",
    A.ABSENT: "欠席し、議決権を行使しない",
    A.WITHDRAWN: "撤回（回答なし）",
}
SHORT_LABELS: dict[str, str] = {
    A.ATTEND: "出席",
    A.PROXY: "代理出席",
    A.ELECTRONIC: "事前行使",
    A.CHAIR: "議長一任",
    A.ABSENT: "欠席",
    A.WITHDRAWN: "撤回",
}
CHANNEL_LABELS: dict[str, str] = {
    ReplyChannel.ELECTRONIC: "電子",
    ReplyChannel.PAPER: "書面",
    ReplyChannel.STAFF: "職員による入力",
}
PROXY_LABELS: dict[str, str] = {ProxyKind.MEMBER: "ほかの会員", ProxyKind.PERSON: "委任状による代理人"}
LEFT_OPEN = "記入なし（この議案の議決権は行使しない）"
"""A vote exercised on other items, but not on this one."""
HOLDERS_ONLY = frozenset({A.PROXY, A.ELECTRONIC, A.CHAIR})
"""What a member without votes cannot answer: it attends or stays away."""
OPINION_LIMIT = 1000
WITH_CHOICES = frozenset({A.ATTEND, A.PROXY, A.ELECTRONIC})
"""With these a reply carries choices: of ELECTRONIC they are the votes, of the others they count where nobody comes.

議長一任 leaves them to the chair, and 欠席 without votes has none: choices beside these would say two things at once.
"""
TITLE_LIMIT, NAME_LIMIT, PROXY_LIMIT = 120, 80, 200


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who comes to the hall; one of them casts the votes of a holder."""

    title: str
    name: str
    email: str | None = None
    phone: str | None = None
    voting: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What one reply says. `choices`: item → choice; which fields are filled follows from `attendance`."""

    attendance: Attendance
    attendees: tuple[Person, ...] = ()
    choices: Mapping[int, Choice] = field(default_factory=dict)
    proxy_kind: ProxyKind | None = None
    proxy_member_id: int | None = None
    proxy_name: str | None = None
    opinion: str | None = None


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a member is asked about: the items put to the vote, and those about its own relation (28条の39)."""

    items: Collection[int] = ()
    conflicts: Collection[int] = ()

    @property
    def open(self) -> list[int]:
        """The items on which the member has a vote, in the order of the agenda."""
        return [item for item in self.items if item not in self.conflicts]


def check_answer(
    answer: Answer,
    *,
    ballot: Ballot,
    holder: bool,
    settings: AssemblySettings,
    member_id: int | None = None,
    left_open: Collection[int] = (),
) -> None:
    """Whether a member may answer so. `holder`: it holds votes in this assembly; `member_id`: its own row number;
    `left_open`: items about which its paper says nothing, and which therefore count as not exercised.

    Refusals: no_votes, attendees_missing, attendees_too_many, attendees_not_taken, attendee_name, attendee_title,
    voting_one, proxy_kind_missing, proxy_not_allowed, proxy_member_missing, proxy_self, proxy_name_missing,
    proxy_not_taken, choices_not_taken, item_unknown, item_conflict, choice_missing, opinion_too_long.
    """
    if not holder:
        _require_nothing_of_votes(answer)
    _check_attendees(answer, holder=holder, settings=settings)
    _check_proxy(answer, settings=settings, member_id=member_id)
    _check_choices(answer, ballot=ballot, settings=settings, left_open=left_open)
    if len(answer.opinion or "") > OPINION_LIMIT:
        raise Refusal("opinion_too_long", f"ご意見は{OPINION_LIMIT:,}字以内で入力してください。", field="opinion")


def _require_nothing_of_votes(answer: Answer) -> None:
    sentence = "貴社はこの総会で行使できる議決権をお持ちではありません。「出席する」か「欠席」をお選びください。"
    if answer.attendance in HOLDERS_ONLY:
        raise Refusal("no_votes", sentence, field="attendance")
    if answer.choices:
        raise Refusal("no_votes", sentence, field="choices")
    if any(person.voting for person in answer.attendees):
        raise Refusal(
            "no_votes", "貴社は議決権をお持ちではないため、議決権を行使する方は指定できません。", field="voting"
        )


def _check_attendees(answer: Answer, *, holder: bool, settings: AssemblySettings) -> None:
    people = answer.attendees
    if answer.attendance is not Attendance.ATTEND:
        if people:
            raise Refusal(
                "attendees_not_taken",
                "出席する方は、「出席する」を選んだときだけ入力してください。",
                field="attendance",
            )
        return
    if not people:
        raise Refusal("attendees_missing", "出席する方を1名以上入力してください。", field="attendee_1_name")
    if len(people) > settings.max_attendees:
        raise Refusal(
            "attendees_too_many",
            f"出席できるのは、1社につき{settings.max_attendees}名までです。",
            field=f"attendee_{settings.max_attendees + 1}_name",
        )
    for number, person in enumerate(people, 1):
        if not person.name or len(person.name) > NAME_LIMIT:
            raise Refusal(
                "attendee_name",
                f"出席する方（{number}人目）の氏名を{NAME_LIMIT}文字以内で入力してください。",
                field=f"attendee_{number}_name",
            )
        if not person.title or len(person.title) > TITLE_LIMIT:
            raise Refusal(
                "attendee_title",
                f"出席する方（{number}人目）の所属・役職を{TITLE_LIMIT}文字以内で入力してください。",
                field=f"attendee_{number}_title",
            )
    if holder and sum(person.voting for person in people) != 1:
        raise Refusal("voting_one", "議決権を行使する方を1名だけお選びください。", field="voting")


def _check_proxy(answer: Answer, *, settings: AssemblySettings, member_id: int | None) -> None:
    if answer.attendance is Attendance.CHAIR and not settings.proxy_chair:
        raise Refusal(
            "proxy_not_allowed",
            "この総会では、議長への一任はお受けしていません。ほかの出欠をお選びください。",
            field="attendance",
        )
    if answer.attendance is not Attendance.PROXY:
        if answer.proxy_kind or answer.proxy_member_id or answer.proxy_name:
            raise Refusal(
                "proxy_not_taken",
                "委任する相手は、「代理人が出席する」を選んだときだけ入力してください。",
                field="proxy_kind",
            )
        return
    if answer.proxy_kind is None:
        raise Refusal("proxy_kind_missing", "委任する相手の種類をお選びください。", field="proxy_kind")
    allowed = settings.proxy_member if answer.proxy_kind is ProxyKind.MEMBER else settings.proxy_person
    if not allowed:
        raise Refusal(
            "proxy_not_allowed",
            f"この総会では、{PROXY_LABELS[answer.proxy_kind]}への委任はお受けしていません。",
            field="proxy_kind",
        )
    if answer.proxy_kind is ProxyKind.MEMBER:
        _check_proxy_member(answer, member_id)
    elif not answer.proxy_name or answer.proxy_member_id or len(answer.proxy_name) > PROXY_LIMIT:
        raise Refusal(
            "proxy_name_missing",
            f"代理人の氏名を{PROXY_LIMIT}文字以内で入力してください。",
            field="proxy_name",
        )


def _check_proxy_member(answer: Answer, member_id: int | None) -> None:
    if answer.proxy_member_id is None or answer.proxy_name:
        raise Refusal("proxy_member_missing", "委任する会員の事業者コードを入力してください。", field="proxy_member")
    if answer.proxy_member_id == member_id:
        raise Refusal(
            "proxy_self",
            "自社の方が出席されるときは、「出席する」を選ぶか、委任状による代理人として入力してください。",
            field="proxy_member",
        )


def _check_choices(answer: Answer, *, ballot: Ballot, settings: AssemblySettings, left_open: Collection[int]) -> None:
    if answer.choices and answer.attendance not in WITH_CHOICES:
        raise Refusal(
            "choices_not_taken",
            "「議長に一任する」と「議決権を行使しない」には、議案への賛否を添えられません。出欠を選び直すか、賛否を空欄にしてください。",
            field="attendance",
        )
    for item in answer.choices:
        if item not in ballot.items:
            raise Refusal(
                "item_unknown",
                "採決されない議案への賛否が含まれています。画面を開き直して、もう一度回答してください。",
                field="choices",
            )
        if item in ballot.conflicts:
            raise Refusal(
                "item_conflict",
                f"{ABOUT_YOU}、この議案では議決権を行使できません（電気事業法 28条の39）。",
                field=f"item_{item}",
            )
    if answer.attendance is Attendance.ELECTRONIC and settings.blank_choice is BlankChoice.NOT_ALLOWED:
        given = {*answer.choices, *left_open}
        missing = next((item for item in ballot.open if item not in given), None)
        if missing is not None:
            raise Refusal("choice_missing", "賛成・反対・棄権のどれかをお選びください。", field=f"item_{missing}")


def with_blanks(answer: Answer, *, ballot: Ballot, settings: AssemblySettings) -> Answer:
    """The answer as it is kept: an item left blank by whoever exercises its votes is 棄権, where the assembly says so."""
    if answer.attendance is not Attendance.ELECTRONIC or settings.blank_choice is not BlankChoice.ABSTAIN:
        return answer
    filled = {item: answer.choices.get(item, Choice.ABSTAIN) for item in ballot.open}
    return Answer(answer.attendance, choices=filled, opinion=answer.opinion)


def stands_over(
    received_at: datetime, channel: ReplyChannel, *, other_at: datetime, other_channel: ReplyChannel
) -> bool:
    """Whether a reply entered now stands in place of the other: the later received one, at the same instant the electronic."""
    if received_at != other_at:
        return received_at > other_at
    return channel is ReplyChannel.ELECTRONIC or other_channel is not ReplyChannel.ELECTRONIC


def reply_number(assembly_id: int, member_id: int, no: int) -> str:
    """回答番号 such as 3-00412-1-6, to be read out on the telephone; the last digit is Damm's over all before it."""
    digits = f"{assembly_id}{member_id:05d}{no}"
    return f"{assembly_id}-{member_id:05d}-{no}-{damm(digits)}"


def content_of(answer: Answer, *, assembly_id: int, member_id: int, no: int) -> dict[str, Any]:
    """What the digest of a reply is taken over, in one form for good."""
    return {
        "assembly": assembly_id,
        "member": member_id,
        "no": no,
        "attendance": answer.attendance,
        "attendees": [[one.title, one.name, one.email, one.phone, one.voting] for one in answer.attendees],
        "choices": [[item, answer.choices[item]] for item in sorted(answer.choices)],
        "proxy": [answer.proxy_kind, answer.proxy_member_id, answer.proxy_name],
        "opinion": answer.opinion,
    }
