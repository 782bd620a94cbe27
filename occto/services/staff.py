"""広域機関職員: accounts of the staff, made by a system administrator; the first by an operator of the machine."""

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.codes import UserKind, UserState
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.permissions import STAFF_ROLES, Permission, Role
from occto.domain.text import InputError, clean_line
from occto.models import StaffRole, User
from occto.queries.people import user_by_email
from occto.services import audit, outbox
from occto.services.id_stops import require_other_system
from occto.services.sign_in import end_all_sessions

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
)
_LONGEST_ADDRESS, _LONGEST_NAME = 254, 80


def create_staff(session: Session, email: str, *, name: str, roles: Sequence[Role], actor: Actor, now: datetime) -> int:
    """Make a user of the staff who has still to set a password, and mail the link for it; returns the user's id.

    Refusals: not_allowed, bad_email, bad_name, bad_roles, email_taken (one address is one person).
    """
    if not actor.can(Permission.STAFF_MANAGE):
        raise NotAllowed
    address = email.strip()
    if len(address) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(address) or ".." in address:
        raise Refusal(
            "bad_email",
            "メールアドレスの形が正しくありません。name@example.jp のように入力してください。",
            field="email",
        )
    chosen = _clean_roles(roles)
    if user_by_email(session, address.lower()) is not None:
        raise Refusal(
            "email_taken",
            "このメールアドレスのユーザは、すでに登録されています。別のメールアドレスを入力してください。",
            field="email",
        )
    user = User(
        kind=UserKind.STAFF,
        state=UserState.INVITED,
        email=address,
        email_key=address.lower(),
        name=_clean_name(name),
        created_at=now,
    )
    session.add(user)
    session.flush()
    session.add_all(StaffRole(user_id=user.id, role=role) for role in chosen)
    detail = {"kind": UserKind.STAFF, "roles": chosen}
    audit.record(session, "user.created", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail)
    params = {"name": user.name}
    outbox.queue(session, "account/set_password", to=address, user_id=user.id, params=params, now=now)
    session.flush()
    return user.id


def change_roles(
    session: Session, user_id: int, *, roles: Sequence[Role], seen_version: int, actor: Actor, now: datetime
) -> None:
    """Give the member of the staff these roles and no others; its sessions end, so that nothing is done in old ones.

    Refusals: not_allowed, not_found, stale, bad_roles, own_roles (nobody gives roles to oneself), nothing_changes,
    last_system (one system administrator stays).
    """
    if not actor.can(Permission.STAFF_MANAGE):
        raise NotAllowed
    user = session.get(User, user_id, with_for_update=True)
    if user is None or user.kind is not UserKind.STAFF:
        raise NotFound
    if user.version != seen_version:
        raise Stale
    chosen = _clean_roles(roles)
    if user.id == actor.user_id:
        raise Refusal("own_roles", "ご自分の役割は変えられません。ほかのシステム管理者が操作してください。")
    held = session.scalars(select(StaffRole).where(StaffRole.user_id == user.id)).all()
    before = [one.role for one in held]
    if set(before) == set(chosen):
        raise Refusal("nothing_changes", "いまの役割と同じです。変える役割を選んでください。", field="roles")
    if Role.SYSTEM not in chosen:
        require_other_system(session, user.id)
    for one in held:
        if one.role not in chosen:
            session.delete(one)
    session.add_all(StaffRole(user_id=user.id, role=role) for role in chosen if role not in before)
    user.version += 1
    ended = end_all_sessions(session, user.id, now=now)
    order = list(STAFF_ROLES)
    detail = {"before": sorted(before, key=order.index), "after": chosen, "sessions_ended": ended}
    audit.record(session, "staff.roles_changed", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail)
    params = {"name": user.name, "roles": chosen}
    outbox.queue(session, "account/roles_changed", to=user.email, user_id=user.id, params=params, now=now)
    session.flush()


def _clean_roles(roles: Sequence[Role]) -> list[Role]:
    """The roles in the order of the table, each once. Refusal bad_roles."""
    chosen = [role for role in STAFF_ROLES if role in set(roles)]
    if not chosen or len(chosen) != len(set(roles)):
        words = "、".join(STAFF_ROLES)
        raise Refusal("bad_roles", f"職員の役割を1つ以上選んでください（{words}）。", field="roles")
    return chosen


def _clean_name(name: str) -> str:
    try:
        cleaned = clean_line(name, max_length=_LONGEST_NAME)
    except InputError as error:
        raise Refusal("bad_name", str(error), field="name") from error
    if not cleaned:
        raise Refusal("bad_name", "氏名を入力してください。", field="name")
    return cleaned
