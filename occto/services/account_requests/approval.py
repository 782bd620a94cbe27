"""承認 by the second person: the 管理者 is made, the old one steps back, or the lost second factor goes; one transaction."""

from datetime import datetime

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from occto.domain.account_requests import AccountRequestKind, clause_of
from occto.domain.actor import Actor
from occto.domain.codes import LinkPurpose, MemberState, Turn, UserKind, UserState
from occto.domain.errors import NotFound, Refusal, SecondPersonNeeded
from occto.domain.permissions import Role
from occto.models import (
    AccountRequest,
    Affiliation,
    ContractOfUse,
    Link,
    Member,
    RecoveryCode,
    User,
)
from occto.queries.account_requests_staff import live_affiliation
from occto.services import audit
from occto.services.account_requests.case import locked_by_staff, take_step
from occto.services.account_requests.telling import tell_made, tell_reset
from occto.services.sign_in import end_all_sessions
from occto.services.users.place import end_sessions_at


def approve(session: Session, request_id: int, *, seen_version: int, actor: Actor, now: datetime) -> int:
    """Approve a confirmed request; returns the row number of the user who became 管理者 or got the factor taken away.

    Refusals: not_found, not_allowed, stale, illegal_step, second_person (`barred_from_approving`), objected (an objection
    is not settled), not_a_member, no_contract, staff_address, user_stopped, already_administrator, replaced_gone, no_factor.
    """
    request, step = locked_by_staff(session, request_id, step="approve", seen_version=seen_version, actor=actor)
    if actor.user_id in barred_from_approving(request):
        raise SecondPersonNeeded("電話で確認した方、書面を入力した方とは別の方が承認してください。")
    if request.objected_at is not None and request.settled_at is None:
        raise Refusal(
            "objected",
            "この申請には異議が届いています。内容を確かめて「異議を確かめた結果を記録する」か、申請を終了してください。",
        )
    if request.kind is AccountRequestKind.SECOND_FACTOR:
        user = _take_factor_away(session, request, actor=actor, now=now)
        take_step(session, request, step, actor=actor, now=now, turn=Turn.SECOND)
        tell_reset(session, request, user, now=now)
        return user.id
    user, replaced, invited = _make_administrator(session, request, actor=actor, now=now)
    request.user_id = user.id
    take_step(session, request, step, actor=actor, now=now, turn=Turn.SECOND)
    tell_made(session, request, user, replaced, invited=invited, now=now)
    return user.id


def barred_from_approving(request: AccountRequest) -> frozenset[int]:
    """Who may not approve: whoever called, keyed the paper in or filed it, and the person it is about."""
    persons = (request.called_by_id, request.entered_by_id, request.started_by_id, request.user_id)
    return frozenset(person for person in persons if person is not None)


def _make_administrator(
    session: Session, request: AccountRequest, *, actor: Actor, now: datetime
) -> tuple[User, User | None, bool]:
    """The new 管理者, the old one where one steps back, and whether the new one has still to set a password."""
    member = session.get(Member, request.member_id, with_for_update={"key_share": True})
    if member is None:
        raise NotFound
    if member.current_state is MemberState.LEFT:
        raise Refusal("not_a_member", "この会員は退会しています。申請を終了してください。")
    in_force = exists().where(ContractOfUse.member_id == member.id, ContractOfUse.ended_at.is_(None))
    if not session.scalar(select(in_force)):
        raise Refusal(
            "no_contract",
            "この会員には、効力のある利用契約がありません。会員の画面から、先に書面で契約を結んでください（利用規約 2.1.2）。",
        )
    user = _person(session, request, actor=actor, now=now)
    held = live_affiliation(session, user.id, member.id)
    if held is not None and held.role is Role.ADMINISTRATOR and held.stopped_at is None:
        raise Refusal("already_administrator", "この方は、すでにこの会員の管理者です。申請を終了してください。")
    replaced = _step_back(session, request, member.id, actor=actor, now=now)
    if held is not None:  # what the person was there ends, a stop by the company with it: OCCTO makes the 管理者
        held.ended_at = now
        session.flush()
    session.add(Affiliation(user_id=user.id, member_id=member.id, role=Role.ADMINISTRATOR, started_at=now))
    detail = {"member_id": member.id, "role": Role.ADMINISTRATOR}
    clause = clause_of(request.kind)
    audit.record(
        session, "user.affiliated", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail, clause=clause
    )
    return user, replaced, user.state is UserState.INVITED


def _person(session: Session, request: AccountRequest, *, actor: Actor, now: datetime) -> User:
    """The person named: one address is one person, who may serve other companies already and keeps what is known of them."""
    key = request.person_email.lower()
    user = session.scalar(select(User).where(User.email_key == key).with_for_update())
    if user is not None and user.kind is UserKind.STAFF:
        raise Refusal(
            "staff_address",
            "管理者になる方のメールアドレスが、当機関の職員のものです。申請を終了し、会社の方のメールアドレスで申請し直していただいてください。",
        )
    if user is not None and user.state in {UserState.STOPPED, UserState.CLOSED}:
        raise Refusal("user_stopped", "管理者になる方のユーザIDは停止されています。停止の記録を確かめてください。")
    if user is not None:
        return user
    user = User(
        kind=UserKind.MEMBER,
        state=UserState.INVITED,
        email=request.person_email,
        email_key=key,
        name=request.person_name,
        kana=request.person_kana,
        title=request.person_title,
        phone=request.person_phone,
        created_at=now,
    )
    session.add(user)
    session.flush()
    detail = {"kind": UserKind.MEMBER, "roles": [Role.ADMINISTRATOR]}
    audit.record(session, "user.created", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail)
    return user


def _step_back(
    session: Session, request: AccountRequest, member_id: int, *, actor: Actor, now: datetime
) -> User | None:
    """The old 管理者 is one no more, or has the lower role asked for; the sessions in which they act for the member end."""
    if request.kind is not AccountRequestKind.CHANGE or request.replaces_user_id is None:
        return None
    old = session.get(User, request.replaces_user_id)
    held = live_affiliation(session, request.replaces_user_id, member_id)
    if old is None or held is None or held.role is not Role.ADMINISTRATOR:
        raise Refusal(
            "replaced_gone",
            "交代する方は、もう管理者ではありません。「会員・ユーザを特定する」で、交代する方を選び直してください。",
        )
    held.ended_at = now
    session.flush()
    if request.replaced_role is not None:
        session.add(Affiliation(user_id=old.id, member_id=member_id, role=request.replaced_role, started_at=now))
    detail = {
        "member_id": member_id,
        "role": Role.ADMINISTRATOR,
        "new_role": request.replaced_role,
        "sessions_ended": end_sessions_at(session, old.id, member_id, now=now),
    }
    audit.record(
        session,
        "user.role_ended",
        subject=f"USER:{old.id}",
        actor=actor,
        now=now,
        detail=detail,
        clause=clause_of(request.kind),
    )
    return old


def _take_factor_away(session: Session, request: AccountRequest, *, actor: Actor, now: datetime) -> User:
    """Factor, recovery codes and password go, all sessions end: a stolen password alone does not help.

    What a thief may have begun goes too: a change of the address that waits to be confirmed, with its link.
    """
    user = session.get(User, request.user_id, with_for_update=True)
    if user is None:
        raise NotFound
    if user.state in {UserState.STOPPED, UserState.CLOSED}:
        raise Refusal("user_stopped", "このユーザIDは停止されています。停止の記録を確かめてください。")
    if user.totp_secret_enc is None:
        raise Refusal("no_factor", "このユーザには2段階認証が設定されていません。申請を終了してください。")
    codes = session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    session.execute(
        update(Link)
        .where(
            Link.user_id == user.id,
            Link.purpose.in_((LinkPurpose.CONFIRM_EMAIL, LinkPurpose.SET_PASSWORD)),
            Link.used_at.is_(None),
            Link.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    user.state = UserState.INVITED
    user.password_hash = user.totp_secret_enc = user.totp_last_step = user.pending_email = None
    user.version += 1
    detail = {
        "request_id": request.id,
        "recovery_codes": codes.rowcount,  # type: ignore[attr-defined]
        "sessions_ended": end_all_sessions(session, user.id, now=now),
    }
    audit.record(session, "second_factor.reset", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail)
    return user
