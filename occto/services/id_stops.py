"""ユーザIDの停止 by OCCTO (利用規約 3.3/3.4.4): the ID itself, wherever its holder acts. Membership and votes are not touched."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import UserKind, UserState
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.permissions import Permission, Role
from occto.models import Affiliation, Member, StaffRole, User
from occto.services import audit, outbox
from occto.services.notices import tell_member
from occto.services.sign_in import end_all_sessions


def stop_id(session: Session, user_id: int, *, ground: str, seen_version: int, actor: Actor, now: datetime) -> int:
    """Stop the ID at once: every session of its holder ends. Returns how many sessions ended.

    Holder and companies are told the ground. Refusals: not_allowed, not_found, stale, ground_missing, already_stopped,
    own_id, last_system (one system administrator stays).
    """
    user = _locked(session, user_id, seen_version=seen_version, actor=actor)
    words = ground.strip()
    if not words:
        raise Refusal("ground_missing", "停止の事由を入力してください。", field="ground")
    if user.id == actor.user_id:
        raise Refusal("own_id", "ご自分のユーザIDは停止できません。ほかの方が操作してください。")
    if user.state not in {UserState.ACTIVE, UserState.INVITED}:
        raise Refusal(
            "already_stopped", "このユーザIDは、すでに停止または終了しています。最新の状態をお確かめください。"
        )
    if user.kind is UserKind.STAFF:
        require_other_system(session, user.id)
    user.state = UserState.STOPPED
    user.version += 1
    ended = end_all_sessions(session, user.id, now=now)
    _record(session, "user.id_stopped", user, actor=actor, now=now, detail={"ground": words, "sessions_ended": ended})
    _tell(session, user, "account/id_stopped", now=now, ground=words)
    return ended


def resume_id(session: Session, user_id: int, *, reason: str, seen_version: int, actor: Actor, now: datetime) -> None:
    """Let the ID be used again; a person who has never set a password is invited as before.

    Refusals: not_allowed, not_found, stale, reason_missing, not_stopped.
    """
    user = _locked(session, user_id, seen_version=seen_version, actor=actor)
    words = reason.strip()
    if not words:
        raise Refusal("reason_missing", "停止を解除する理由を入力してください。", field="reason")
    if user.state is not UserState.STOPPED:
        raise Refusal("not_stopped", "このユーザIDは停止していません。最新の状態をお確かめください。")
    user.state = UserState.ACTIVE if user.password_hash else UserState.INVITED
    user.version += 1
    _record(session, "user.id_resumed", user, actor=actor, now=now, detail={"reason": words})
    _tell(session, user, "account/id_resumed", now=now)


def require_other_system(session: Session, user_id: int) -> None:
    """Refuse `last_system` where nobody but this user could manage the staff afterwards."""
    roles = session.scalars(select(StaffRole.role).where(StaffRole.user_id == user_id)).all()
    if Role.SYSTEM not in roles:
        return
    others = select(User.id).join(StaffRole, StaffRole.user_id == User.id)
    others = others.where(StaffRole.role == Role.SYSTEM, User.state == UserState.ACTIVE, User.id != user_id)
    if session.scalars(others.order_by(User.id).with_for_update(of=User)).first() is None:
        raise Refusal(
            "last_system",
            "システム管理者がほかにいなくなるため、行えません。先に別の方をシステム管理者にしてください。",
        )


def _locked(session: Session, user_id: int, *, seen_version: int, actor: Actor) -> User:
    """The user under its lock, for whoever may stop it: staff are the system administrators' matter."""
    user = session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFound
    needed = Permission.STAFF_MANAGE if user.kind is UserKind.STAFF else Permission.USER_STOP
    if not actor.can(needed) or actor.user_id is None:
        raise NotAllowed
    if user.version != seen_version:
        raise Stale
    return user


def _record(session: Session, tag: str, user: User, *, actor: Actor, now: datetime, detail: dict[str, object]) -> None:
    clause = Clause.C3_3_3_4_4 if user.kind is not UserKind.STAFF else None
    audit.record(session, tag, subject=f"USER:{user.id}", actor=actor, now=now, detail=detail, clause=clause)
    session.flush()


def _tell(session: Session, user: User, template: str, *, now: datetime, ground: str = "") -> None:
    """The holder, and the companies that the holder acts for: their 会員担当 and 管理者."""
    clause = Clause.C3_3_3_4_4 if user.kind is not UserKind.STAFF else None
    person: dict[str, Any] = {"name": user.name, "ground": ground, "clause_label": clause.label if clause else ""}
    params = {**person, "company": ""}
    outbox.queue(session, template, to=user.email, user_id=user.id, params=params, clause=clause, now=now)
    companies = session.execute(
        select(Member.id, Member.current_name)
        .join(Affiliation, Affiliation.member_id == Member.id)
        .where(Affiliation.user_id == user.id, Affiliation.ended_at.is_(None))
        .order_by(Member.id)
    )
    for member_id, company in companies.all():
        tell_member(session, member_id, template, now=now, clause=clause, company=company, **person)
