"""下書き of a reply: what one user typed and put aside. It counts for nothing and is gone once the user has replied."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.canonical import jsonable
from occto.domain.errors import NotAllowed
from occto.domain.permissions import Permission
from occto.models import ReplyDraft
from occto.queries.plain import current_rows_of

_DRAFT: Any = ReplyDraft.__table__
_DROP = delete(_DRAFT).where(
    _DRAFT.c.assembly_id == bindparam("assembly"),
    _DRAFT.c.member_id == bindparam("member"),
    _DRAFT.c.user_id == bindparam("user"),
)


def save_draft(session: Session, *, assembly_id: int, answers: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """Keep what was typed, in place of what the same user kept before. Refusal not_allowed."""
    if actor.user_id is None or actor.member_id is None or not actor.can(Permission.ASSEMBLIES_REPLY):
        raise NotAllowed
    key = (assembly_id, actor.member_id, actor.user_id)
    kept = session.get(ReplyDraft, key, with_for_update=True)
    if kept is None:
        kept = ReplyDraft(assembly_id=key[0], member_id=key[1], user_id=key[2], answers={}, saved_at=now)
        session.add(kept)
    kept.answers, kept.saved_at = jsonable(answers), now
    session.flush()


def drop_draft(session: Session, *, assembly_id: int, member_id: int, user_id: int) -> None:
    """Forget the draft of this user, where there is one."""
    current_rows_of(session, _DROP, {"assembly": assembly_id, "member": member_id, "user": user_id})
