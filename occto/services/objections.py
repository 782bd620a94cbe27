"""異議: what a member says against its votes before the freeze, and the office's answer (`domain` 5.2)."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.permissions import Permission
from occto.models import Assembly, Member, VoteObjection
from occto.services import audit
from occto.services.elections import open_assembly
from occto.services.notices import tell_member

LIMIT = 2000
MOST_WAITING = 3
"""Objections of a member to one assembly that may wait for an answer at once."""


def object_to_votes(session: Session, assembly_id: int, *, body: str, actor: Actor, now: datetime) -> int:
    """A member objects to its votes; returns the row number.

    Refusals: not_allowed, not_found (no assembly that members see), votes_frozen, text_missing, text_too_long, too_many.
    """
    if not actor.can(Permission.ASSEMBLIES_FILE) or actor.user_id is None or actor.member_id is None:
        raise NotAllowed
    assembly = open_assembly(session, assembly_id, seen_by_members=True)
    assert assembly is not None
    text = _text(body, field="body")
    waiting = session.scalar(
        select(func.count()).where(
            VoteObjection.assembly_id == assembly_id,
            VoteObjection.member_id == actor.member_id,
            VoteObjection.answered_at.is_(None),
        )
    )
    if (waiting or 0) >= MOST_WAITING:
        raise Refusal(
            "too_many",
            f"回答をお待ちの異議が、すでに{MOST_WAITING}件あります。当機関からの回答をお待ちください。",
        )
    objection = VoteObjection(
        assembly_id=assembly_id,
        member_id=actor.member_id,
        filed_by_id=actor.user_id,
        mandate_id=actor.mandate_id,
        filed_at=now,
        body=text,
    )
    session.add(objection)
    session.flush()
    told = tell_member(
        session,
        actor.member_id,
        "assemblies/objection_filed",
        now=now,
        held_at=assembly.held_at,
        assembly_id=assembly_id,
        body=text,
    )
    detail = {"assembly_id": assembly_id, "told": told}
    audit.record(session, "objection.filed", subject=f"OBJECTION:{objection.id}", actor=actor, now=now, detail=detail)
    session.flush()
    return objection.id


def answer(session: Session, objection_id: int, *, text: str, seen_version: int, actor: Actor, now: datetime) -> int:
    """Staff answer; the member is told by mail, and may be after the freeze. Returns how many mails were queued.

    Refusals: not_allowed, not_found, stale, answered, text_missing, text_too_long.
    """
    if not actor.can(Permission.ASSEMBLY_EDIT) or actor.user_id is None:
        raise NotAllowed
    objection = session.get(VoteObjection, objection_id, with_for_update=True)
    if objection is None:
        raise NotFound
    if objection.answered_at is not None:
        raise Refusal("answered", "この異議には、すでに回答しています。いまの回答をお確かめください。")
    if objection.version != seen_version:
        raise Stale
    objection.answer, objection.answered_at, objection.answered_by_id = _text(text, field="answer"), now, actor.user_id
    objection.version += 1
    assembly = session.get_one(Assembly, objection.assembly_id)
    told = tell_member(
        session,
        objection.member_id,
        "assemblies/objection_answered",
        now=now,
        held_at=assembly.held_at,
        assembly_id=assembly.id,
        company=session.get_one(Member, objection.member_id).current_name,
        body=objection.body,
        answer=objection.answer,
    )
    detail = {"assembly_id": assembly.id, "told": told}
    audit.record(
        session, "objection.answered", subject=f"OBJECTION:{objection_id}", actor=actor, now=now, detail=detail
    )
    session.flush()
    return told


def _text(typed: str, *, field: str) -> str:
    text = typed.strip()
    if not text:
        raise Refusal("text_missing", "内容を入力してください。", field=field)
    if len(text) > LIMIT:
        raise Refusal("text_too_long", f"内容は{LIMIT:,}文字以内で入力してください。", field=field)
    return text
