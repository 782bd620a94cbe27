"""総会: kinds, states, the flow from preparation to the published result, and the record date (業務: `domain` 5.1 and 6)."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol

from occto.domain.calendar import IsHoliday, previous_business_day
from occto.domain.dates import JST
from occto.domain.permissions import Permission
from occto.domain.workflow import Flow, Step


class AssemblyKind(StrEnum):
    ORDINARY = "ORDINARY"
    EXTRAORDINARY = "EXTRAORDINARY"


class AssemblyState(StrEnum):
    PREPARING = "PREPARING"
    COUNTING = "COUNTING"
    FROZEN = "FROZEN"
    NOTIFIED = "NOTIFIED"
    REPLIES_OPEN = "REPLIES_OPEN"
    REPLIES_CLOSED = "REPLIES_CLOSED"
    HALL_OPEN = "HALL_OPEN"
    VOTING = "VOTING"
    RESULT_FIXED = "RESULT_FIXED"
    PUBLISHED = "PUBLISHED"
    FINISHED = "FINISHED"
    POSTPONED = "POSTPONED"
    CANCELLED = "CANCELLED"


KIND_LABELS: dict[str, str] = {AssemblyKind.ORDINARY: "通常総会", AssemblyKind.EXTRAORDINARY: "臨時総会"}
S = AssemblyState
LABELS: dict[str, str] = {
    S.PREPARING: "準備",
    S.COUNTING: "基準日集計",
    S.FROZEN: "確定",
    S.NOTIFIED: "招集通知",
    S.REPLIES_OPEN: "回答受付",
    S.REPLIES_CLOSED: "回答締切",
    S.HALL_OPEN: "当日受付",
    S.VOTING: "採決",
    S.RESULT_FIXED: "結果確定",
    S.PUBLISHED: "公表",
    S.FINISHED: "完了",
    S.POSTPONED: "延期",
    S.CANCELLED: "中止",
}
UNFROZEN = frozenset({S.PREPARING, S.COUNTING})
"""Votes are those of the register: 届出, objections and another division are still taken."""
UNTIL_THE_NOTICE = UNFROZEN | {S.FROZEN}
"""Members have not been called to it yet."""
CLOSED = frozenset({S.RESULT_FIXED, S.PUBLISHED, S.FINISHED, S.POSTPONED, S.CANCELLED})
"""States in which the votes of an assembly can no longer change; in every other one it is open."""
FROZEN_OR_LATER = frozenset({S.FROZEN, S.NOTIFIED, S.REPLIES_OPEN, S.REPLIES_CLOSED, S.HALL_OPEN, S.VOTING})
"""Open, but the allocation is fixed: later facts need a decision (基準日後判明)."""
TOLD = frozenset({S.NOTIFIED, S.REPLIES_OPEN, S.REPLIES_CLOSED, S.HALL_OPEN, S.VOTING})
"""Members have been called to it: what happens to it is told to them by mail."""
TOLD_BEFORE_THE_DAY = frozenset({S.NOTIFIED, S.REPLIES_OPEN, S.REPLIES_CLOSED})
"""What changes on the notified agenda is told by mail; from the opening of the hall on, it is said in the hall."""
ENTRY_BY_STAFF = frozenset({S.REPLIES_OPEN, S.REPLIES_CLOSED, S.HALL_OPEN})
"""Staff may key in replies and mandates; after the deadline with a reason."""
SHOWN_TO_MEMBERS = frozenset(set(S) - {S.PREPARING})
"""Members see an assembly from 基準日集計 on: then they may object to their votes."""
_WAY = tuple(AssemblyState)[: tuple(AssemblyState).index(S.POSTPONED)]


def has_reached(state: AssemblyState, place: AssemblyState) -> bool:
    """Whether an assembly has come to a place of its way; one that ended before the day stands outside of it, and has."""
    return state not in _WAY or _WAY.index(state) >= _WAY.index(place)


def _states(*states: AssemblyState) -> frozenset[str]:
    return frozenset(state.value for state in states)


_BEFORE_THE_DAY = UNTIL_THE_NOTICE | _states(S.NOTIFIED, S.REPLIES_OPEN, S.REPLIES_CLOSED)
_AT_THE_HALL = _states(S.HALL_OPEN, S.VOTING)
_P = Permission
ASSEMBLY = Flow(
    name="assembly",
    title="総会",
    states=AssemblyState,
    labels={str(key): words for key, words in LABELS.items()},
    steps=(
        Step("edit", "内容を変更する", UNTIL_THE_NOTICE, None, _P.ASSEMBLY_EDIT),
        Step(
            "agenda",
            "議案を追加・変更する",
            UNTIL_THE_NOTICE | _states(S.NOTIFIED, S.REPLIES_OPEN),
            None,
            _P.ASSEMBLY_EDIT,
        ),
        Step("withdraw_item", "議案を取り下げる", _BEFORE_THE_DAY | _AT_THE_HALL, None, _P.ASSEMBLY_EDIT, reason=True),
        Step("conflicts", "議決権のない会員を登録する", _BEFORE_THE_DAY, None, _P.ASSEMBLY_EDIT),
        Step("documents", "資料を入れ替える", frozenset(set(S) - CLOSED), None, _P.ASSEMBLY_EDIT),
        Step("count", "基準日集計を始める", _states(S.PREPARING), S.COUNTING, _P.ASSEMBLY_EDIT),
        Step(
            "freeze",
            "議決権を確定する",
            _states(S.COUNTING),
            S.FROZEN,
            _P.PROPOSAL_CONFIRM,
            reason=True,
            second_person=True,
        ),
        Step(
            "refreeze",
            "議決権を確定し直す",
            _states(S.FROZEN, S.NOTIFIED, S.REPLIES_OPEN, S.REPLIES_CLOSED),
            None,
            _P.PROPOSAL_CONFIRM,
            reason=True,
            second_person=True,
        ),
        Step("notify", "招集通知を送る", _states(S.FROZEN), S.NOTIFIED, _P.ASSEMBLY_NOTIFY),
        Step("open_replies", "回答の受付を始める", _states(S.NOTIFIED), S.REPLIES_OPEN, _P.ASSEMBLY_NOTIFY),
        Step("close_replies", "回答を締め切る", _states(S.REPLIES_OPEN), S.REPLIES_CLOSED, _P.ASSEMBLY_EDIT),
        Step("open_hall", "当日受付を始める", _states(S.REPLIES_CLOSED), S.HALL_OPEN, _P.ASSEMBLY_EDIT),
        Step("start_voting", "採決に入る", _states(S.HALL_OPEN), S.VOTING, _P.VOTE_RECORD),
        Step("record_votes", "会場の賛否を記録する", _states(S.VOTING), None, _P.VOTE_RECORD),
        Step("decide_item", "議案を採決する", _states(S.VOTING), None, _P.VOTE_RECORD),
        Step("fix_result", "結果を確定する", _states(S.VOTING), S.RESULT_FIXED, _P.RESULT_FIX),
        Step(
            "correct_result",
            "結果を訂正する",
            _states(S.RESULT_FIXED, S.PUBLISHED),
            S.VOTING,
            _P.RESULT_FIX,
            reason=True,
        ),
        Step("publish", "結果を公表する", _states(S.RESULT_FIXED), S.PUBLISHED, _P.RESULT_FIX),
        Step(
            "minutes", "議事録を書く", _states(S.VOTING, S.RESULT_FIXED, S.PUBLISHED, S.FINISHED), None, _P.VOTE_RECORD
        ),
        Step("record_consent", "認可・承認を記録する", _states(S.PUBLISHED, S.FINISHED), None, _P.VOTE_RECORD),
        Step("postpone", "延期する", _BEFORE_THE_DAY | _AT_THE_HALL, S.POSTPONED, _P.ASSEMBLY_NOTIFY, reason=True),
        Step("cancel", "中止する", _BEFORE_THE_DAY | _AT_THE_HALL, S.CANCELLED, _P.ASSEMBLY_NOTIFY, reason=True),
        Step("finish", "完了にする", _states(S.PUBLISHED), S.FINISHED, _P.ASSEMBLY_EDIT),
        Step("follow", "日を改めて登録する", _states(S.POSTPONED), None, _P.ASSEMBLY_EDIT),
    ),
)
"""The whole life of an assembly. The deadline of replies is an instant and holds whatever the state says.

Whoever comes late is admitted during 採決 too, and votes on the items still to be decided. An assembly at which the
quorum is not reached is postponed or cancelled.
"""


def record_date(held_on: date, *, days: int) -> date:
    """基準日: so many days before the assembly; facts count as they stand at the end of that day."""
    return held_on - timedelta(days=days)


class Called(Protocol):
    """The row of an assembly, or what a page read of one."""

    @property
    def kind(self) -> AssemblyKind: ...

    @property
    def fiscal_year(self) -> int: ...

    @property
    def no(self) -> int: ...

    @property
    def rehearsal_of_id(self) -> int | None: ...


_OF_A_REHEARSAL = "【リハーサル】"
"""What stands before the title of a rehearsal, wherever it is shown."""


def title_of(assembly: Called) -> str:
    """How an assembly is called, on pages, in mails, papers and calendars alike: 2026年度 第1回 通常総会."""
    title = assembly_title(assembly.kind, assembly.fiscal_year, assembly.no)
    return title if assembly.rehearsal_of_id is None else f"{_OF_A_REHEARSAL}{title}"


def names_rehearsal(title: str) -> bool:
    """Whether a title, as `title_of` gives it, is that of a rehearsal: papers made of words alone are marked by it."""
    return title.startswith(_OF_A_REHEARSAL)


def assembly_title(kind: AssemblyKind, year: int, no: int) -> str:
    """The same of one that is not on record yet."""
    return f"{year}年度 第{no}回 {KIND_LABELS[kind]}"


def usual_deadline(held_on: date, *, at: time, is_holiday: IsHoliday) -> datetime:
    """Until when members reply unless staff say otherwise: at this time in Japan on the business day before."""
    return datetime.combine(previous_business_day(held_on, is_holiday=is_holiday), at, JST)


def fiscal_year(day: date) -> int:
    """The fiscal year (1 April to 31 March) that `day` lies in."""
    return day.year if day.month >= 4 else day.year - 1
