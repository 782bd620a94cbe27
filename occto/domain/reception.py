"""総会当日の受付: what a desk may be, what a scan comes to, and the rule behind each answer (業務: `domain` 6, Check-in).

No stop of the system refuses anybody at the door: only what stands here does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from occto.domain.assembly import AssemblyState
from occto.domain.dates import today_jst
from occto.domain.replies import Attendance
from occto.domain.tickets import TicketKind

DESK_NAME_LIMIT, CONTACT_LIMIT, REASON_LIMIT = 40, 60, 500
QUIET = timedelta(minutes=2)
"""A desk speaks every few seconds; one that was not heard for so long is cut off, put away or broken."""


class DeskProfile(StrEnum):
    """標準, 読取専用 (no search and no lists), 無人 (somebody scans its own ticket: neither, and little is shown)."""

    STANDARD = "STANDARD"
    SCAN_ONLY = "SCAN_ONLY"
    UNATTENDED = "UNATTENDED"


class ScanWay(StrEnum):
    """How somebody was found: QR code, number typed, list searched; or entered after the fact from paper (停電)."""

    QR = "QR"
    NUMBER = "NUMBER"
    LIST = "LIST"
    PAPER = "PAPER"


class ScanOutcome(StrEnum):
    """What a scan came to. All but the first two are refusals, and nothing but the scan is written."""

    ADMITTED = "ADMITTED"
    ALREADY = "ALREADY"
    UNKNOWN = "UNKNOWN"
    REVOKED = "REVOKED"
    OTHER_ASSEMBLY = "OTHER_ASSEMBLY"
    NOT_OPEN = "NOT_OPEN"
    MEMBER_LEFT = "MEMBER_LEFT"
    SUSPENDED = "SUSPENDED"
    VOTER_PRESENT = "VOTER_PRESENT"
    PRACTICE = "PRACTICE"


class CheckInEnd(StrEnum):
    """How a check-in ended. LEFT: 退出. UNDONE: it was a mistake. CHANGED: observer and voter changed, another row follows."""

    LEFT = "LEFT"
    UNDONE = "UNDONE"
    CHANGED = "CHANGED"


PROFILE_LABELS: dict[str, str] = {
    DeskProfile.STANDARD: "標準",
    DeskProfile.SCAN_ONLY: "読取専用",
    DeskProfile.UNATTENDED: "無人",
}
WAY_LABELS: dict[str, str] = {
    ScanWay.QR: "QRコード",
    ScanWay.NUMBER: "番号",
    ScanWay.LIST: "名簿",
    ScanWay.PAPER: "紙の控え",
}
OUTCOME_LABELS: dict[str, str] = {
    ScanOutcome.ADMITTED: "受付完了",
    ScanOutcome.ALREADY: "受付済み",
    ScanOutcome.UNKNOWN: "受付できません（不明）",
    ScanOutcome.REVOKED: "受付できません（失効）",
    ScanOutcome.OTHER_ASSEMBLY: "受付できません（別の総会）",
    ScanOutcome.NOT_OPEN: "受付できません（期間外）",
    ScanOutcome.MEMBER_LEFT: "受付できません（会員資格の喪失）",
    ScanOutcome.SUSPENDED: "受付できません（権利停止中）",
    ScanOutcome.VOTER_PRESENT: "受付できません（行使者が入場済み）",
    ScanOutcome.PRACTICE: "練習",
}
END_LABELS: dict[str, str] = {
    CheckInEnd.LEFT: "退出",
    CheckInEnd.UNDONE: "取消し",
    CheckInEnd.CHANGED: "傍聴・行使の変更",
}
TAKEN_BACK_LABELS: dict[Attendance, str] = {
    Attendance.ELECTRONIC: "賛否の回答",
    Attendance.ATTEND: "賛否の回答",
    Attendance.CHAIR: "議長一任",
    Attendance.PROXY: "委任",
}
"""What of a reply the voter's arrival takes back, in words."""
ADMITTING = frozenset({AssemblyState.HALL_OPEN, AssemblyState.VOTING})
"""Whoever comes late is admitted too, and votes on the items that are still to be decided."""
BEFORE_THE_DOORS = frozenset({AssemblyState.NOTIFIED, AssemblyState.REPLIES_OPEN, AssemblyState.REPLIES_CLOSED})
"""Desks may be made ready and try a scan: nothing is admitted."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a scanned ticket. `here`: it is one of this assembly.

    `left`: the member holds no licence any more. `suspended`: its rights were stopped on the record date, so that it has
    no votes, and still are; a stop that came later takes no vote away and refuses nobody.
    """

    here: bool
    revoked: bool = False
    left: bool = False
    suspended: bool = False


def judge(found: Found | None, *, state: AssemblyState, held_at: datetime, now: datetime) -> ScanOutcome:
    """What a scan comes to before anything is written; ADMITTED where nothing stands in the way.

    A ticket that is unknown, of another assembly or revoked is called so whatever the hour: that is what helps at the desk.
    """
    if found is None:
        return ScanOutcome.UNKNOWN
    if not found.here:
        return ScanOutcome.OTHER_ASSEMBLY
    if found.revoked:
        return ScanOutcome.REVOKED
    if state not in ADMITTING or today_jst(now) != today_jst(held_at):
        return ScanOutcome.NOT_OPEN
    if found.left:
        return ScanOutcome.MEMBER_LEFT
    if found.suspended:
        return ScanOutcome.SUSPENDED
    return ScanOutcome.ADMITTED


def may_hold(*, heard_at: datetime, waiting: int, until: datetime) -> bool:
    """Whether arrivals may lie in a desk that nobody has counted: it said so when it was heard last, or is silent since.

    `until`: now, or the end of its use.
    """
    return waiting > 0 or until - heard_at >= QUIET


def withdraws(advance: Attendance | None, *, choices: bool, kind: TicketKind) -> bool:
    """Whether the arrival of the voting person takes something back that was given before: a vote, or a mandate.

    The person named in a mandate does not take it back but acts on it: only choices given beside it are.
    """
    if advance in (Attendance.ELECTRONIC, Attendance.CHAIR):
        return True
    if advance is Attendance.PROXY:
        return choices or kind is not TicketKind.PROXY
    return advance is Attendance.ATTEND and choices
