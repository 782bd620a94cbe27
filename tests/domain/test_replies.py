"""What a member may answer: one case for each refusal, and which of two replies stands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from occto.domain.assembly_settings import AssemblySettings, BlankChoice
from occto.domain.errors import Refusal
from occto.domain.numbers import damm
from occto.domain.replies import (
    Answer,
    Attendance,
    Ballot,
    Person,
    ProxyKind,
    ReplyChannel,
    check_answer,
    reply_number,
    stands_over,
    with_blanks,
)
from occto.domain.tally import Choice

A, E, P = Attendance, ReplyChannel.ELECTRONIC, ReplyChannel.PAPER
BALLOT = Ballot(items=[11, 12], conflicts=frozenset({12}))
SATO = Person("経営企画部 部長", "佐藤 美咲", "m.sato@a.example.jp", voting=True)
SUZUKI = Person("総務部", "鈴木 一郎")
AT = datetime(2026, 12, 17, 7, 59, 59, tzinfo=UTC)
VOTED = Answer(A.ELECTRONIC, choices={11: Choice.YES})
COMING = Answer(A.ATTEND, attendees=(SATO,))
BY_MEMBER = Answer(A.PROXY, proxy_kind=ProxyKind.MEMBER, proxy_member_id=8)
BY_PERSON = Answer(A.PROXY, proxy_kind=ProxyKind.PERSON, proxy_name="代理 太郎")


def _check(answer: Answer, *, holder: bool = True, **changes: Any) -> None:
    settings = AssemblySettings(**changes)
    check_answer(answer, ballot=BALLOT, holder=holder, settings=settings, member_id=7)


@pytest.mark.parametrize(
    "answer",
    [
        VOTED,
        COMING,
        BY_MEMBER,
        BY_PERSON,
        replace(COMING, choices={11: Choice.NO}, attendees=(SATO, SUZUKI), opinion="あ" * 1000),
        Answer(A.CHAIR),
        Answer(A.ABSENT),
        Answer(A.WITHDRAWN),
    ],
)
def test_a_holder_may_answer_so(answer: Answer) -> None:
    _check(answer)


@pytest.mark.parametrize("answer", [Answer(A.ATTEND, attendees=(SUZUKI,)), Answer(A.ABSENT), Answer(A.WITHDRAWN)])
def test_a_member_without_votes_comes_or_stays_away(answer: Answer) -> None:
    _check(answer, holder=False)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(A.PROXY),
        VOTED,
        Answer(A.CHAIR),
        COMING,
        Answer(A.ABSENT, choices={11: Choice.YES}),
        Answer(A.ATTEND, attendees=(SUZUKI,), choices={11: Choice.ABSTAIN}),
    ],
)
def test_a_member_without_votes_cannot_cast_any(answer: Answer) -> None:
    with pytest.raises(Refusal) as caught:
        _check(answer, holder=False)
    assert caught.value.code == "no_votes"


@pytest.mark.parametrize(
    ("answer", "code", "field"),
    [
        (Answer(A.ATTEND), "attendees_missing", "attendee_1_name"),
        (replace(COMING, attendees=(SATO, SUZUKI, SUZUKI)), "attendees_too_many", "attendee_3_name"),
        (Answer(A.ABSENT, attendees=(SATO,)), "attendees_not_taken", "attendance"),
        (replace(COMING, attendees=(SATO, replace(SUZUKI, name=""))), "attendee_name", "attendee_2_name"),
        (replace(COMING, attendees=(replace(SATO, name="あ" * 81),)), "attendee_name", "attendee_1_name"),
        (replace(COMING, attendees=(replace(SATO, title=""),)), "attendee_title", "attendee_1_title"),
        (replace(COMING, attendees=(SUZUKI,)), "voting_one", "voting"),
        (replace(COMING, attendees=(SATO, SATO)), "voting_one", "voting"),
        (Answer(A.PROXY), "proxy_kind_missing", "proxy_kind"),
        (replace(BY_MEMBER, proxy_member_id=None), "proxy_member_missing", "proxy_member"),
        (replace(BY_MEMBER, proxy_name="代理 太郎"), "proxy_member_missing", "proxy_member"),
        (replace(BY_MEMBER, proxy_member_id=7), "proxy_self", "proxy_member"),
        (replace(BY_PERSON, proxy_name=""), "proxy_name_missing", "proxy_name"),
        (replace(BY_PERSON, proxy_name="あ" * 201), "proxy_name_missing", "proxy_name"),
        (Answer(A.ABSENT, proxy_name="代理 太郎"), "proxy_not_taken", "proxy_kind"),
        (Answer(A.CHAIR, choices={11: Choice.YES}), "choices_not_taken", "attendance"),
        (replace(VOTED, choices={11: Choice.YES, 99: Choice.NO}), "item_unknown", "choices"),
        (replace(VOTED, choices={11: Choice.YES, 12: Choice.NO}), "item_conflict", "item_12"),
        (Answer(A.ELECTRONIC), "choice_missing", "item_11"),
        (Answer(A.ABSENT, opinion="あ" * 1001), "opinion_too_long", "opinion"),
    ],
)
def test_a_holder_may_not_answer_so(answer: Answer, code: str, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        _check(answer)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert caught.value.sentence.endswith("。") or "（" in caught.value.sentence


@pytest.mark.parametrize(
    ("answer", "setting"),
    [(BY_MEMBER, "proxy_member"), (BY_PERSON, "proxy_person"), (Answer(A.CHAIR), "proxy_chair")],
)
def test_only_the_proxies_that_the_assembly_allows(answer: Answer, setting: str) -> None:
    with pytest.raises(Refusal) as caught:
        _check(answer, **{setting: False})
    assert caught.value.code == "proxy_not_allowed"


def test_blanks_are_abstentions_where_the_assembly_says_so() -> None:
    settings = AssemblySettings(blank_choice=BlankChoice.ABSTAIN)
    blank = Answer(A.ELECTRONIC, opinion="なし")
    check_answer(blank, ballot=BALLOT, holder=True, settings=settings)
    assert with_blanks(blank, ballot=BALLOT, settings=settings) == replace(blank, choices={11: Choice.ABSTAIN})
    assert with_blanks(COMING, ballot=BALLOT, settings=settings) is COMING
    assert with_blanks(VOTED, ballot=BALLOT, settings=AssemblySettings()) is VOTED


@pytest.mark.parametrize(
    ("later", "channel", "other_channel", "stands"),
    [
        (1, P, E, True),
        (-1, E, P, False),
        (0, E, P, True),
        (0, P, E, False),
        (0, P, P, True),
        (0, E, E, True),
    ],
)
def test_the_later_received_one_stands(
    later: int, channel: ReplyChannel, other_channel: ReplyChannel, stands: bool
) -> None:
    received = AT + timedelta(microseconds=later)
    assert stands_over(received, channel, other_at=AT, other_channel=other_channel) is stands


def test_a_reply_number_carries_a_check_digit() -> None:
    number = reply_number(3, 412, 2)
    assert number.startswith("3-00412-2-")
    assert damm(number.replace("-", "")) == 0
    assert len(reply_number(9999, 2_000_000, 999)) <= 20
