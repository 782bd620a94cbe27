"""登録内容: 氏名, フリガナ, 所属・役職 and 電話番号 of a person, changed by the person or by its one company."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.permissions import Permission
from occto.models import User
from occto.queries.users import lives_elsewhere
from occto.services import audit
from occto.services.users.place import Place, place_of, tell_of_contractor

ITEMS = ("name", "kana", "title", "phone")


def change_record(
    session: Session,
    member_id: int,
    user_id: int,
    *,
    values: Mapping[str, str | None],
    seen_version: str | None,
    actor: Actor,
    now: datetime,
) -> list[str]:
    """Change the items of ITEMS that are given; returns those that differed.

    Refusals: those of `place_of`, not_allowed (another item), required_missing, and those of `require_own_record`.
    """
    place = place_of(session, member_id, user_id, actor=actor, staff=Permission.USER_INVITE, seen_version=seen_version)
    require_own_record(session, place, member_id, actor=actor)
    changed = _change(session, place.user, values, actor=actor, now=now)
    if changed:
        tell_of_contractor(
            session,
            member_id,
            act="登録内容の変更",
            name=place.user.name,
            email=place.user.email,
            actor=actor,
            now=now,
        )
    return changed


def change_own_record(
    session: Session,
    *,
    values: Mapping[str, str | None],
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> list[str]:
    """The acting person changes its own items; returns those that differed. Refusals: not_allowed, required_missing, stale."""
    user = session.get(User, actor.user_id, with_for_update=True) if actor.user_id is not None else None
    if user is None:
        raise NotFound
    if user.version != seen_version:
        raise Stale
    return _change(session, user, values, actor=actor, now=now)


def require_own_record(session: Session, place: Place, member_id: int, *, actor: Actor) -> None:
    """Whether the company may change what the ID says of the person.

    Refusals: elsewhere (the person has a role at another company, or is a contractor's), administrator_record (a
    管理者 is named by OCCTO: only the person, or the office, changes the record).
    """
    if lives_elsewhere(session, place.user.id, member_id):
        raise Refusal(
            "elsewhere",
            "この方の氏名・メールアドレス・電話番号・所属は、ご本人がアカウントの画面で変更できます。ご本人にご依頼ください。",
        )
    if place.is_administrator and place.user.id != actor.user_id and not actor.can(Permission.USER_INVITE):
        raise Refusal(
            "administrator_record",
            "管理者の登録内容は、ご本人がアカウントの画面で変更できます。管理者の交代は、当機関への申請により行います"
            "（利用規約 3.1(3.2.2)）。",
        )


def _change(
    session: Session, user: User, values: Mapping[str, str | None], *, actor: Actor, now: datetime
) -> list[str]:
    if not set(values) <= set(ITEMS):
        raise NotAllowed
    wanted = {item: value or None for item, value in values.items()}
    different = {item: value for item, value in wanted.items() if value != getattr(user, item)}
    if "name" in different and different["name"] is None:
        raise Refusal("required_missing", "氏名を入力してください。", field="name")
    if not different:
        return []
    before = {item: getattr(user, item) for item in different}
    for item, value in different.items():
        setattr(user, item, value)
    user.version += 1
    detail = {"before": before, "after": different}
    audit.record(session, "user.updated", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail)
    session.flush()
    return list(different)
