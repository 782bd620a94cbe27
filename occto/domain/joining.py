"""加入手続き: the states, the steps and the dates of joining (電気事業法 28条の10, 28条の11; 利用規約 2.1.2, 2.7.2④)."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from occto.domain.dates import add_months, add_years, today_jst
from occto.domain.errors import Refusal
from occto.domain.permissions import Permission
from occto.domain.workflow import Flow, Step


class ApplicationState(StrEnum):
    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    IN_REVIEW = "IN_REVIEW"
    RETURNED = "RETURNED"
    ACCEPTED = "ACCEPTED"
    MAIN_DRAFT = "MAIN_DRAFT"
    MAIN_IN_REVIEW = "MAIN_IN_REVIEW"
    MAIN_RETURNED = "MAIN_RETURNED"
    AWAITING_ACT = "AWAITING_ACT"
    APPROVED = "APPROVED"
    WITHDRAWN = "WITHDRAWN"
    LAPSED = "LAPSED"
    NOT_QUALIFIED = "NOT_QUALIFIED"
    REMOVED = "REMOVED"


S = ApplicationState
LABELS: dict[str, str] = {
    S.DRAFT: "下書き",
    S.SUBMITTED: "審査待ち",
    S.IN_REVIEW: "審査中",
    S.RETURNED: "差戻し",
    S.ACCEPTED: "受付済（METI申請・コード待ち）",
    S.MAIN_DRAFT: "本申請作成中",
    S.MAIN_IN_REVIEW: "本申請審査中",
    S.MAIN_RETURNED: "本申請差戻し",
    S.AWAITING_ACT: "本申請受付（METI待ち）",
    S.APPROVED: "会員（承認済）",
    S.WITHDRAWN: "取下げ",
    S.LAPSED: "失効",
    S.NOT_QUALIFIED: "資格なし",
    S.REMOVED: "下書き削除",
}
DECIDED = frozenset({S.APPROVED, S.WITHDRAWN, S.LAPSED, S.NOT_QUALIFIED, S.REMOVED})
BEFORE_ACCEPTANCE = frozenset({S.DRAFT, S.SUBMITTED, S.IN_REVIEW, S.RETURNED})
AFTER_ACCEPTANCE = frozenset({S.ACCEPTED, S.MAIN_DRAFT, S.MAIN_IN_REVIEW, S.MAIN_RETURNED, S.AWAITING_ACT, S.APPROVED})
"""States in which a slip exists; a lapsed, withdrawn or not qualified application may have one too."""
WITHOUT_MAIN = frozenset({S.SUBMITTED, S.IN_REVIEW, S.RETURNED, S.ACCEPTED, S.MAIN_DRAFT})
"""Submitted, but no main application yet: the one year of 利用規約 2.7.2④ is running."""
WAITING_FOR_STAFF = frozenset({S.SUBMITTED, S.IN_REVIEW, S.MAIN_IN_REVIEW})
EDITABLE = frozenset(
    {S.DRAFT, S.SUBMITTED, S.IN_REVIEW, S.RETURNED, S.MAIN_DRAFT, S.MAIN_IN_REVIEW, S.MAIN_RETURNED, S.AWAITING_ACT}
)
MAIN_STAGE = frozenset({S.MAIN_DRAFT, S.MAIN_IN_REVIEW, S.MAIN_RETURNED, S.AWAITING_ACT})


class Stage(StrEnum):
    PROVISIONAL = "PROVISIONAL"
    MAIN = "MAIN"


def _from(*states: ApplicationState) -> frozenset[str]:
    return frozenset(state.value for state in states)


_P = Permission
_OPEN = _from(*(state for state in S if state not in DECIDED))
_OPEN_SUBMITTED = _OPEN - {S.DRAFT.value}
JOINING = Flow(
    name="joining",
    title="加入手続き",
    states=ApplicationState,
    labels={str(key): label for key, label in LABELS.items()},
    steps=(
        Step(
            "submit_provisional",
            "提出する",
            _from(S.DRAFT, S.SUBMITTED, S.IN_REVIEW, S.RETURNED),
            S.SUBMITTED,
            _P.APPLICATION_FILL,
            on_hold=True,
        ),
        Step("start_main", "本申請を始める", _from(S.ACCEPTED), S.MAIN_DRAFT, _P.APPLICATION_FILL, on_hold=True),
        Step(
            "submit_main", "本申請を提出する", _from(*MAIN_STAGE), S.MAIN_IN_REVIEW, _P.APPLICATION_FILL, on_hold=True
        ),
        Step(
            "submit_main_pending",
            "本申請を提出する（METI申請中）",
            _from(*MAIN_STAGE),
            S.AWAITING_ACT,
            _P.APPLICATION_FILL,
            on_hold=True,
        ),
        Step("withdraw", "取り下げる", _OPEN, S.WITHDRAWN, _P.APPLICATION_FILL, on_hold=True),
        Step("take", "審査を始める", _from(S.SUBMITTED), S.IN_REVIEW, _P.APPLICATION_PROCESS),
        Step("accept", "受け付ける", _from(S.SUBMITTED, S.IN_REVIEW), S.ACCEPTED, _P.APPLICATION_PROCESS),
        Step(
            "return_provisional",
            "差し戻す",
            _from(S.SUBMITTED, S.IN_REVIEW),
            S.RETURNED,
            _P.APPLICATION_PROCESS,
            reason=True,
        ),
        Step(
            "record_operator_code",
            "事業者コードを記録する",
            _OPEN_SUBMITTED,
            None,
            _P.APPLICATION_PROCESS,
            on_hold=True,
        ),
        Step("check", "確認済みにして承認へ回す", _from(S.MAIN_IN_REVIEW), None, _P.APPLICATION_PROCESS),
        Step("approve", "承認する", _from(S.MAIN_IN_REVIEW), S.APPROVED, _P.APPLICATION_APPROVE, second_person=True),
        Step(
            "return_main",
            "差し戻す",
            _from(S.MAIN_IN_REVIEW, S.AWAITING_ACT),
            S.MAIN_RETURNED,
            _P.APPLICATION_PROCESS,
            reason=True,
        ),
        Step("hold", "保留にする", _OPEN_SUBMITTED, None, _P.APPLICATION_PROCESS, reason=True),
        Step("resume", "保留を解除する", _OPEN_SUBMITTED, None, _P.APPLICATION_PROCESS, on_hold=True),
        Step("extend", "期限を延ばす", _from(*WITHOUT_MAIN), None, _P.APPLICATION_LAPSE, reason=True, on_hold=True),
        Step(
            "carry_to_main",
            "本申請へ進める",
            _from(S.SUBMITTED, S.IN_REVIEW, S.RETURNED, S.ACCEPTED),
            S.MAIN_DRAFT,
            _P.APPLICATION_LAPSE,
            reason=True,
        ),
        Step("lapse", "失効させる", _from(*WITHOUT_MAIN), S.LAPSED, _P.APPLICATION_LAPSE, reason=True),
        Step("not_qualified", "資格なしとする", _OPEN_SUBMITTED, S.NOT_QUALIFIED, _P.APPLICATION_APPROVE, reason=True),
    ),
)
"""The whole of joining. There is no «reject»: OCCTO may not refuse an eligible applicant (電気事業法 28条の10)."""


@dataclass(frozen=True, slots=True)
class MembershipDate:
    """When membership begins: `on`, and whether the Act says so or staff must decide (with reason and second person)."""

    on: date
    by_law: bool


def membership_date(*, submitted_at: datetime, act_dates: list[date]) -> MembershipDate:
    """The day on which membership begins, from the first submission and the dates of the METI acts (at least one).

    Steps taken before the act: membership from the act, also when approved later (28条の11 3項). An act has a date
    and no hour, so a submission on the day of the act counts as before it. Submitted after: not automatic; the day of
    submission is proposed.
    """
    first_act = min(act_dates)
    submitted_on = today_jst(submitted_at)
    return (
        MembershipDate(first_act, by_law=True)
        if submitted_on <= first_act
        else MembershipDate(submitted_on, by_law=False)
    )


def check_member_on(member_on: date, *, act_dates: list[date]) -> None:
    """Refuse a membership date before every METI act (28条の11 3項)."""
    if member_on < min(act_dates):
        raise Refusal(
            "before_act",
            "会員となる日は、経済産業省の登録・許可・届出の日より前にはできません。日付をお確かめください。",
            field="member_on",
        )


PROGRESS = ("仮申請", "受付", "経済産業省への申請", "事業者コード", "本申請", "会員")
"""The places on the way that applicants are shown."""


def progress(state: ApplicationState, *, has_code: bool) -> int:
    """How many places of PROGRESS lie behind; the next one is where the case stands."""
    if state in {S.SUBMITTED, S.IN_REVIEW}:
        return 1
    if state is S.ACCEPTED:
        return 4 if has_code else 2
    if state in MAIN_STAGE:
        return 4
    return len(PROGRESS) if state is S.APPROVED else 0


def last_day_for_main(submitted_at: datetime) -> date:
    """The last day of the year that begins after the first submission (利用規約 2.7.2④, 民法 140–143条; 29 February → 28
    February). The day is the applicant's to its end: terminating is possible from the next day.
    """
    return add_years(today_jst(submitted_at), 1)


def reminder_days(submitted_on: date, lapse_on: date) -> dict[str, date]:
    """When the applicant is reminded: 6, 9 and 11 months after the submission, and 14 days before the lapse."""
    days = {f"{months}m": add_months(submitted_on, months) for months in (6, 9, 11)}
    days["14d"] = date.fromordinal(lapse_on.toordinal() - 14)
    return days
