"""会員の画面の表示: a member of the staff looks at the pages of a member, reading only, with a reason that the member is told."""

from datetime import datetime

from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.errors import NotAllowed, NotFound, Refusal
from occto.domain.permissions import Permission
from occto.models import Member, SessionRow
from occto.services import audit
from occto.services.notices import tell_member

REASON_LIMIT = 500


def begin_viewing(
    session: Session, session_id: int, *, member_id: int, reason: str, actor: Actor, now: datetime
) -> None:
    """From now on this session shows the pages of the member, until `end_viewing`; the member is told that it is and why.

    Refusals: not_allowed, not_found, reason_missing, reason_long.
    """
    if not actor.can(Permission.VIEW_AS_MEMBER) or actor.user_id is None:
        raise NotAllowed
    words = reason.strip()
    if not words:
        raise Refusal("reason_missing", "会員の画面を表示する理由を入力してください。", field="reason")
    if len(words) > REASON_LIMIT:
        raise Refusal("reason_long", f"理由は {REASON_LIMIT} 文字までで入力してください。", field="reason")
    member = session.get(Member, member_id)
    row = session.get(SessionRow, session_id, with_for_update=True)
    if member is None or row is None or row.user_id != actor.user_id or row.ended_at is not None:
        raise NotFound
    row.member_id, row.view_reason = member.id, words
    told = tell_member(session, member.id, "member/viewed", now=now, company=member.current_name, at=now, reason=words)
    detail = {"reason": words, "told": told}
    audit.record(session, "member.viewing_begun", subject=f"MEMBER:{member.id}", actor=actor, now=now, detail=detail)
    session.flush()


def end_viewing(session: Session, session_id: int, *, actor: Actor, now: datetime) -> int | None:
    """Back to the screens of the office; the number of the member that was looked at, None where none was."""
    row = session.get(SessionRow, session_id, with_for_update=True)
    if row is None or row.view_reason is None or row.user_id != actor.user_id:
        return None
    member_id = row.member_id
    row.member_id, row.view_reason = None, None
    audit.record(session, "member.viewing_ended", subject=f"MEMBER:{member_id}", actor=actor, now=now)
    session.flush()
    return member_id
