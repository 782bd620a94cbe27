"""広域機関職員: accounts of the staff, made by an operator of the machine."""

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.codes import UserKind, UserState
from occto.domain.errors import Refusal
from occto.domain.permissions import STAFF_ROLES, Role
from occto.domain.text import InputError, clean_line
from occto.models import StaffRole, User
from occto.queries.people import user_by_email
from occto.services import audit, outbox

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
)
_LONGEST_ADDRESS, _LONGEST_NAME = 254, 80


def create_staff(session: Session, email: str, *, name: str, roles: Sequence[Role], actor: Actor, now: datetime) -> int:
    """Make a user of the staff who has still to set a password, and mail the link for it; returns the user's id.

    Refusals: bad_email, bad_name, bad_roles, email_taken (one address is one person).
    """
    address = email.strip()
    if len(address) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(address) or ".." in address:
        raise Refusal(
            "bad_email",
            "メールアドレスの形が正しくありません。name@example.jp のように入力してください。",
            field="email",
        )
    chosen = list(dict.fromkeys(roles))
    if not chosen or not set(chosen) <= set(STAFF_ROLES):
        words = "、".join(STAFF_ROLES)
        raise Refusal("bad_roles", f"職員の役割を1つ以上選んでください（{words}）。", field="roles")
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


def _clean_name(name: str) -> str:
    try:
        cleaned = clean_line(name, max_length=_LONGEST_NAME)
    except InputError as error:
        raise Refusal("bad_name", str(error), field="name") from error
    if not cleaned:
        raise Refusal("bad_name", "氏名を入力してください。", field="name")
    return cleaned
