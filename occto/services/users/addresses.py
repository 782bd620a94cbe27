"""メールアドレス: the ログインID moves only when a button behind the new address is pressed; the old one is told twice."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import LinkPurpose, UserState
from occto.domain.errors import NotFound, Refusal
from occto.domain.permissions import Permission
from occto.models import SessionRow, User
from occto.queries.people import user_by_email
from occto.services import audit, links, outbox
from occto.services.users.inviting import address_refused, queue_invitation, withdraw_invitations
from occto.services.users.place import place_of, tell_of_contractor
from occto.services.users.record import require_own_record


def request_change(
    session: Session,
    member_id: int,
    user_id: int,
    *,
    email: str,
    seen_version: str | None,
    actor: Actor,
    now: datetime,
) -> bool:
    """The company asks for another address of its user; True where it waits to be confirmed there.

    Of somebody who never set a password the invitation moves at once: nobody has proved the old address. Refusals: those
    of `place_of` and `require_own_record`, own_address (one's own is changed with the password, on the account page),
    same_address, address_refused (only where the invitation moves).
    """
    if user_id == actor.user_id:
        raise Refusal(
            "own_address", "ご自身のメールアドレスは、アカウントの画面で、パスワードを確かめてから変更してください。"
        )
    place = place_of(session, member_id, user_id, actor=actor, staff=Permission.USER_INVITE, seen_version=seen_version)
    require_own_record(session, place, member_id, actor=actor)
    user = place.user
    tell_of_contractor(
        session, member_id, act="メールアドレスの変更", name=user.name, email=email, actor=actor, now=now
    )
    if user.state is not UserState.INVITED:
        person = session.get(User, actor.user_id) if actor.user_id is not None else None
        by = f"{place.company}の{person.name}さん" if person and actor.member_id is not None else "当機関の職員"
        _ask(session, user, email, by=by, actor=actor, now=now)
        return True
    _require_other(user, email)
    if user_by_email(session, email.lower()) is not None:
        raise address_refused()
    withdraw_invitations(session, user.id, purpose=LinkPurpose.SET_PASSWORD, now=now)
    old = user.email
    outbox.queue(
        session, "users/invitation_moved", to=old, params={"company": place.company}, member_id=member_id, now=now
    )
    _move(session, user, email, sessions_ended=0, actor=actor, now=now)
    queue_invitation(session, member_id, user, role=place.affiliation.role, company=place.company, now=now)
    session.flush()
    return False


def request_own_change(session: Session, *, email: str, verified_hash: str, actor: Actor, now: datetime) -> None:
    """The acting person asks for another address; the current password was verified against `verified_hash`.

    An address that is an ID already gets a mail saying so, and the page says the same as ever: it tells nobody who has an
    ID. Refusals: same_address, password_changed (in the meantime).
    """
    user = _own(session, actor)
    require_same_password(user, verified_hash)
    _ask(session, user, email, by="ご本人", actor=actor, now=now)


def require_same_password(user: User, verified_hash: str) -> None:
    """Refuse where the password that was just asked for is no longer the one. Refusal password_changed."""
    if user.state is not UserState.ACTIVE or user.password_hash != verified_hash:
        raise Refusal(
            "password_changed",
            "確認のあいだにパスワードが変わりました。新しいパスワードで、もう一度お試しください。",
            field="current",
        )


def withdraw_change(
    session: Session,
    member_id: int | None,
    user_id: int,
    *,
    seen_version: str | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Drop a change that waits; its link no longer works. `member_id` None: by the person itself.

    Refusals: those of `place_of` and `require_own_record`, nothing_pending.
    """
    if member_id is None:
        user = _own(session, actor)
    else:
        place = place_of(
            session, member_id, user_id, actor=actor, staff=Permission.USER_INVITE, seen_version=seen_version
        )
        require_own_record(session, place, member_id, actor=actor)
        user = place.user
    if user.pending_email is None:
        raise Refusal("nothing_pending", "確認を待っている変更はありません。")
    detail = {"to": user.pending_email}
    user.pending_email = None
    user.version += 1
    withdraw_invitations(session, user.id, purpose=LinkPurpose.CONFIRM_EMAIL, now=now)
    audit.record(session, "email.change_withdrawn", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail)
    session.flush()


def confirm_change(session: Session, token_hash: str, *, actor: Actor, now: datetime) -> int:
    """The button behind the new address was pressed: it is the ログインID from now on. Returns the person's id.

    All sessions of the person end but the one that pressed it. Refusals: those of `links.inspect`, link_revoked too where
    another address was asked for since, user_stopped, address_refused (it became somebody's ID in the meantime).
    """
    link = links.use(session, token_hash, purpose=LinkPurpose.CONFIRM_EMAIL, now=now)
    user = session.get(User, link.user_id, with_for_update=True) if link.user_id is not None else None
    if user is None:
        raise NotFound
    if user.pending_email is None or user.pending_email.lower() != link.email_key:
        raise Refusal(
            "link_revoked",
            "このリンクの変更は取りやめられたか、別のメールアドレスに変わっています。アカウントの画面でご確認ください。",
        )
    if user.state is not UserState.ACTIVE:
        raise Refusal("user_stopped", "このユーザIDは現在ご利用いただけません。当機関へご連絡ください。")
    if user_by_email(session, link.email_key) is not None:
        raise address_refused()
    old, new = user.email, user.pending_email
    kept = actor.session_id if actor.user_id == user.id else None
    ended = end_other_sessions(session, user.id, but=kept, now=now)
    withdraw_invitations(session, user.id, purpose=LinkPurpose.SET_PASSWORD, now=now)
    withdraw_invitations(session, user.id, purpose=LinkPurpose.CONFIRM_EMAIL, now=now)
    _move(session, user, new, sessions_ended=ended, actor=actor, now=now)
    outbox.queue(
        session,
        "account/email_changed",
        to=old,
        params={"name": user.name, "new": new},
        user_id=user.id,
        clause=Clause.C3_3_3_4_2,
        now=now,
    )
    session.flush()
    return user.id


def end_other_sessions(session: Session, user_id: int, *, but: int | None, now: datetime) -> int:
    """End every open session of the person but `but`, at all companies; returns how many."""
    ended = session.execute(
        update(SessionRow)
        .where(SessionRow.user_id == user_id, SessionRow.ended_at.is_(None), SessionRow.id != (but or 0))
        .values(ended_at=now)
    )
    return ended.rowcount  # type: ignore[attr-defined]


def _ask(session: Session, user: User, email: str, *, by: str, actor: Actor, now: datetime) -> None:
    _require_other(user, email)
    withdraw_invitations(session, user.id, purpose=LinkPurpose.CONFIRM_EMAIL, now=now)
    user.pending_email = email
    user.version += 1
    taken = user_by_email(session, email.lower()) is not None
    outbox.queue(
        session,
        "account/email_taken" if taken else "account/email_confirm",
        to=email,
        params={} if taken else {"name": user.name},
        user_id=None if taken else user.id,
        now=now,
    )
    outbox.queue(
        session,
        "account/email_change_requested",
        to=user.email,
        params={"name": user.name, "new": email, "by": by},
        user_id=user.id,
        clause=Clause.C3_3_3_4_2,
        now=now,
    )
    detail = {"from": user.email, "to": email}
    audit.record(session, "email.change_requested", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail)
    session.flush()


def _move(session: Session, user: User, email: str, *, sessions_ended: int, actor: Actor, now: datetime) -> None:
    detail = {"from": user.email, "to": email, "sessions_ended": sessions_ended}
    user.email, user.email_key, user.pending_email = email, email.lower(), None
    user.version += 1
    audit.record(session, "email.changed", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail)
    session.flush()  # two at once for one address: the UNIQUE decides


def _require_other(user: User, email: str) -> None:
    if email.lower() == user.email_key:
        raise Refusal(
            "same_address", "いまのメールアドレスと同じです。新しいメールアドレスを入力してください。", field="email"
        )


def _own(session: Session, actor: Actor) -> User:
    user = session.get(User, actor.user_id, with_for_update=True) if actor.user_id is not None else None
    if user is None:
        raise NotFound
    return user
