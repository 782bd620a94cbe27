"""A reply and its assembly in words: for pages, the check, differences of versions, papers and the calendar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from occto.domain.agenda import Consent
from occto.domain.assembly import LABELS as STATES
from occto.domain.assembly import title_of
from occto.domain.dates import format_date_weekday, format_instant, today_jst
from occto.domain.replies import LABELS, PROXY_LABELS, Answer, Attendance, Person, ProxyKind
from occto.domain.tally import Resolution
from occto.queries.assemblies_member import OtherMember
from occto.queries.replies import Item, Meeting, Version, choices_in_words

HIDDEN = "賛否は、職員の画面には表示しません"
_MAJORITY = {
    Resolution.ORDINARY: "普通決議（出席した議決権の過半数）。",
    Resolution.SPECIAL: "特別決議（出席した議決権の3分の2以上）。",
}
_CONSENT = {
    Consent.NONE: "",
    Consent.AUTHORISATION: "経済産業大臣の認可を受けて効力を生じます。",
    Consent.APPROVAL: "経済産業大臣の承認を受けます。",
}
STATE_WORDS = STATES
Rows = list[tuple[str, str | list[str]]]


def facts(meeting: Meeting) -> Rows:
    """When, where and by which day's roll."""
    doors = f"（受付 {format_instant(meeting.reception_from)[-5:]}から）" if meeting.reception_from else ""
    return [
        ("日時", format_instant(meeting.held_at) + doors),
        ("場所", meeting.place or "決まり次第、お知らせします"),
        ("基準日", format_date_weekday(meeting.record_on)),
    ]


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """What is left until an instant: «あと 9 日»; `number` None within the last minute, and after it (`over`)."""

    number: int | None
    unit: str
    over: bool


def time_left(until: datetime, now: datetime) -> TimeLeft:
    """The largest whole unit that is left."""
    left = until - now
    if left <= timedelta(0):
        return TimeLeft(None, "", over=True)
    for unit, size in (("日", timedelta(days=1)), ("時間", timedelta(hours=1)), ("分", timedelta(minutes=1))):
        if left >= size:
            return TimeLeft(left // size, unit, over=False)
    return TimeLeft(None, "", over=False)


def item_note(item: Item) -> str:
    """By which majority it is decided and what the minister has to give; that it was withdrawn."""
    if item.withdrawn_reason is not None:
        return f"取り下げられました（{item.withdrawn_reason}）"
    if item.majority is None:
        return "採決はありません"
    return _MAJORITY[item.majority] + _CONSENT[item.consent]


def person_in_words(person: Person) -> str:
    """The person in a line, with where to reach it."""
    reached = "、".join(filter(None, (person.email, person.phone)))
    voting = "（議決権を行使する方）" if person.voting else ""
    return f"{person.title}　{person.name}{voting}" + (f"　{reached}" if reached else "")


def proxy_in_words(answer: Answer, other: OtherMember | None) -> str:
    """Who stands in."""
    if answer.proxy_kind is None:
        return ""
    kind = PROXY_LABELS[answer.proxy_kind]
    if answer.proxy_kind is ProxyKind.PERSON:
        return f"{kind}　{answer.proxy_name}"
    return f"{kind}　{other.name}（事業者コード {other.operator_code}）" if other else kind


def answer_rows(
    answer: Answer,
    items: Sequence[Item],
    *,
    other: OtherMember | None = None,
    choices: bool = True,
    on_paper_at: datetime | None = None,
) -> Rows:
    """What a reply says, as terms and values. `choices` False: for eyes that may not see them; `on_paper_at`: see
    `choices_in_words`.
    """
    rows: Rows = [("当日の出欠", LABELS[answer.attendance])]
    if answer.attendance is Attendance.WITHDRAWN:
        return rows
    if answer.proxy_kind is not None:
        rows.append(("委任する相手", proxy_in_words(answer, other)))
    if answer.attendees:
        rows.append(("出席する方", [person_in_words(one) for one in answer.attendees]))
    spoken = choices_in_words(answer, items, on_paper_at=on_paper_at)
    if spoken and not choices:
        rows.append(("議案への賛否", HIDDEN))
    else:
        rows += spoken
    if answer.opinion:
        rows.append(("ご意見", answer.opinion.split("\n") if choices else HIDDEN))
    return rows


def version_rows(one: Version, items: Sequence[Item], others: Mapping[int, OtherMember], *, choices: bool) -> Rows:
    """What a kept version says. `others`: the members named in proxies, by row number."""
    answer = one.answer
    other = others.get(answer.proxy_member_id or 0)
    return answer_rows(answer, items, other=other, choices=choices, on_paper_at=one.on_paper_at)


@dataclass(frozen=True, slots=True)
class Change:
    """What a term said before and says in the later version; empty where it was or is not there."""

    term: str
    old: str
    new: str


def changes(
    earlier: Version | None, later: Version, items: Sequence[Item], others: Mapping[int, OtherMember], *, choices: bool
) -> list[Change]:
    """What changed from one version to the next, in the order of the later one."""
    if earlier is None:
        return []
    before, after = (
        {
            term: "\n".join(value) if isinstance(value, list) else value
            for term, value in version_rows(one, items, others, choices=choices)
        }
        for one in (earlier, later)
    )
    terms = [*after, *(term for term in before if term not in after)]
    return [
        Change(term, before.get(term, ""), after.get(term, ""))
        for term in terms
        if before.get(term, "") != after.get(term, "")
    ]


def file_name(meeting: Meeting, kind: str) -> str:
    """The name of a file about an assembly, such as 回答の控え_臨時総会_2026-12-18."""
    return f"{kind}_{title_of(meeting).replace(' ', '_')}_{today_jst(meeting.held_at).isoformat()}"
