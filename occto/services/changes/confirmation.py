"""登録内容の確認: once a year the member says that what is on record is right."""

from datetime import datetime

from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.errors import NotAllowed, NotFound, Stale
from occto.domain.permissions import Permission
from occto.models import Confirmation, Member
from occto.queries.register import last_change_of
from occto.services import audit


def confirm_record(session: Session, member_id: int, *, seen_change: int, actor: Actor, now: datetime) -> None:
    """Keep that the member confirmed its record as of the change `seen_change`, the newest that touched it on the screen.

    Refusals: not_allowed, stale (the record was changed since the page was shown).
    """
    if actor.member_id != member_id or not actor.can(Permission.RECORD_EDIT) or actor.user_id is None:
        raise NotAllowed
    if session.get(Member, member_id, with_for_update={"key_share": True}) is None:
        raise NotFound
    if last_change_of(session, member_id) != seen_change:
        raise Stale(
            "画面を開いたあとに、登録の内容が変わりました。新しい内容をお確かめのうえ、もう一度確認してください。"
        )
    session.add(Confirmation(member_id=member_id, user_id=actor.user_id, at=now, known_change_id=seen_change))
    detail = {"known_change_id": seen_change}
    audit.record(session, "member.confirmed", subject=f"MEMBER:{member_id}", actor=actor, now=now, detail=detail)
    session.flush()
