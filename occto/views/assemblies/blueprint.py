"""What the pages of 総会 share: the blueprint, the assembly asked for, and why a member cannot reply now."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, g

from occto import clock
from occto.access import viewer
from occto.domain.assembly import CLOSED, AssemblyState, title_of
from occto.domain.dates import format_instant, today_jst
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.queries.assemblies_member import shown_meeting
from occto.queries.replies import Meeting, OnRoll, on_roll

pages = Blueprint("meetings", __name__, url_prefix="/assemblies")
S = AssemblyState
NOT_YET = frozenset({S.COUNTING, S.FROZEN, S.NOTIFIED})
"""Shown to members before replies are taken."""


def member_id() -> int:
    """The company acted for; 404 without one."""
    found = viewer.member_id
    if found is None:
        abort(404)
    return found


def arrived() -> datetime:
    """When the request arrived, before any lock was waited for."""
    return g.get("received_at") or clock.now()


@dataclass(frozen=True, slots=True)
class Place:
    """An assembly with the member's seat in it; `seat` None: not on the roll, or nothing is frozen yet."""

    meeting: Meeting
    seat: OnRoll | None

    @property
    def id(self) -> int:
        return self.meeting.id

    @property
    def title(self) -> str:
        return title_of(self.meeting)

    @property
    def holder(self) -> bool:
        return self.seat is not None and self.seat.holder

    @property
    def why_not(self) -> str:
        """Why the member cannot reply on line now, and what it can do; empty where it can."""
        meeting, seat = self.meeting, self.seat
        if meeting.state in (S.POSTPONED, S.CANCELLED):
            return "この総会は開かれないため、回答はお受けしていません。"
        if seat is not None and seat.left:
            return "基準日のあとに会員でなくなったため、この総会への回答はお受けできません。"
        if meeting.state in NOT_YET:
            return "回答の受付は、まだ始まっていません。始まりましたら、招集通知でお知らせします。"
        if meeting.state in CLOSED:
            return "この総会は終わりました。"
        if seat is None:
            return "基準日の会員名簿に載っていないため、この総会への回答はお受けできません。"
        if not meeting.is_open(arrived()):
            until = f"（{format_instant(meeting.reply_until)}）" if meeting.reply_until else ""
            return f"回答の締切{until}を過ぎました。当日ご出席いただくか、当機関へご連絡ください。"
        return ""

    @property
    def lacking(self) -> str:
        """Who else can reply, where the viewer's role does not allow it; empty where it does."""
        if viewer.kind == "viewing":
            return "職員の画面からは回答できません。書面や電話での回答は、職員画面の総会で入力します。"
        if viewer.can(Permission.ASSEMBLIES_REPLY):
            return ""
        if viewer.mandate_id is not None:
            return "この委託には総会の回答が含まれていません。必要なときは、会員の管理者の方にご相談ください。"
        return "回答は、管理者または総会回答担当の方が行えます。該当する方にお伝えください。"

    @property
    def may_come(self) -> bool:
        """Whether the day may still come, so that there are other ways to answer."""
        return self.meeting.state not in CLOSED

    @property
    def paper_in_time(self) -> bool:
        """Whether a reply on paper can still arrive before the deadline."""
        return self.meeting.reply_until is None or arrived() < self.meeting.reply_until

    @property
    def may_reply(self) -> bool:
        return not self.why_not and not self.lacking


def place(assembly_id: int) -> Place:
    """The assembly asked for; 404 where members see none."""
    session = db.session()
    meeting = shown_meeting(session, assembly_id)
    return Place(meeting, on_roll(session, meeting.id, member_id(), today=today_jst(clock.now())))


def sees_choices() -> bool:
    """Staff who look at a member's pages do not see how it votes."""
    return viewer.kind != "viewing"
