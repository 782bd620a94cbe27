"""審査: which member or person it is about, the call to a number on record, objections, and the end without effect."""

from datetime import datetime

from sqlalchemy.orm import Session

from occto.domain.account_requests import OPEN, AccountRequestKind
from occto.domain.actor import Actor
from occto.domain.codes import LinkPurpose, MemberState, UserState
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal
from occto.domain.permissions import Role
from occto.models import AccountRequest
from occto.queries.account_requests import request_of_link
from occto.queries.account_requests_staff import member_by_code, ways_on_record
from occto.queries.people import user_by_email
from occto.services import audit, links
from occto.services.account_requests.case import checked_words, locked_by_staff, subject_of, take_step
from occto.services.account_requests.filing import check_replaced
from occto.services.account_requests.telling import tell_closed, tell_taken_up

K = AccountRequestKind


def match_member(
    session: Session,
    request_id: int,
    *,
    operator_code: str,
    replaces_user_id: int | None,
    replaced_role: Role | None,
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """会員を特定する: the request is this member's; the people on record there are told and can object.

    A call recorded before counts no more. Refusals: not_found, not_allowed, stale, illegal_step, wrong_kind,
    member_unknown, not_a_member, member_fixed (a signed-in 管理者 filed it), replaced_unknown, same_person, role_unknown.
    """
    request, step = locked_by_staff(session, request_id, step="match", seen_version=seen_version, actor=actor)
    if request.kind is K.SECOND_FACTOR:
        raise Refusal("wrong_kind", "2段階認証の復旧では、ユーザを特定してください。")
    member = member_by_code(session, operator_code)
    if member is None:
        raise Refusal(
            "member_unknown", "この事業者コードの会員はありません。番号をお確かめください。", field="operator_code"
        )
    if member.current_state is MemberState.LEFT:
        raise Refusal("not_a_member", "この会員は退会しています。番号をお確かめください。", field="operator_code")
    if request.started_by_id is not None and request.member_id != member.id:
        raise Refusal(
            "member_fixed",
            "この申請は、管理者の方がサインインして提出したものです。会員は変えられません。",
            field="operator_code",
        )
    replaced = check_replaced(
        session, request.kind, member.id, replaces_user_id, replaced_role, email=request.person_email
    )
    request.member_id = member.id
    request.replaces_user_id, request.replaced_role = replaced, replaced_role if replaced else None
    _forget_call(request)
    take_step(session, request, step, actor=actor, now=now)
    tell_taken_up(session, request, now=now)


def match_user(
    session: Session, request_id: int, *, email: str, seen_version: int, actor: Actor, now: datetime
) -> None:
    """ユーザを特定する: whose second factor is lost; the owner is told at the address on record and can object.

    Refusals: not_found, not_allowed, stale, illegal_step, wrong_kind, user_unknown, user_stopped, no_factor, user_fixed
    (filed by whoever passed the password).
    """
    request, step = locked_by_staff(session, request_id, step="match", seen_version=seen_version, actor=actor)
    if request.kind is not K.SECOND_FACTOR:
        raise Refusal("wrong_kind", "管理者の申請では、会員を特定してください。")
    user = user_by_email(session, email.lower())
    if user is None:
        raise Refusal(
            "user_unknown", "このログインIDのユーザはありません。メールアドレスをお確かめください。", field="email"
        )
    if user.state in {UserState.STOPPED, UserState.CLOSED}:
        raise Refusal("user_stopped", "このユーザIDは停止されています。停止の記録を確かめてください。", field="email")
    if user.totp_secret_enc is None:
        raise Refusal(
            "no_factor",
            "このユーザには2段階認証が設定されていません。パスワードの再設定だけでサインインできます。",
            field="email",
        )
    if request.started_by_id is not None and request.user_id != user.id:
        raise Refusal(
            "user_fixed",
            "この申請は、ご本人がパスワードを入力して提出したものです。ユーザは変えられません。",
            field="email",
        )
    request.user_id = user.id
    _forget_call(request)
    take_step(session, request, step, actor=actor, now=now)
    tell_taken_up(session, request, now=now)


def _forget_call(request: AccountRequest) -> None:
    request.called_by_id = request.called_at = request.called_number = request.called_words = None


def confirm(
    session: Session, request_id: int, *, way: str, words: str, seen_version: int, actor: Actor, now: datetime
) -> None:
    """電話での確認を記録する, the first person: whom the call to a number on record reached, and what was said.

    `way` is a key of `ways_on_record`, asked again here: a number that only the request states cannot be called.
    Refusals: not_found, not_allowed, stale, illegal_step, own_request, not_on_record, words_missing, words_too_long.
    """
    request, step = locked_by_staff(session, request_id, step="confirm", seen_version=seen_version, actor=actor)
    if actor.user_id == request.user_id:
        raise Refusal("own_request", "ご自分の申請は、ほかの方が確かめます。別のシステム管理者にご依頼ください。")
    known = {one.key: one for one in ways_on_record(session, request, today=today_jst(now))}
    if way not in known:
        raise Refusal(
            "not_on_record",
            "電話をかけた番号を、登録されている番号の中から選んでください。申請に書かれた番号では確認できません。",
            field="way",
        )
    said = checked_words(words, field="words", sentence="電話に出た方と、確かめた内容を入力してください。")
    request.called_by_id, request.called_at = actor.user_id, now
    request.called_number, request.called_words = known[way].number, said
    take_step(session, request, step, actor=actor, now=now, reason=f"{known[way].who}　{known[way].number}\n{said}")


def settle(session: Session, request_id: int, *, words: str, seen_version: int, actor: Actor, now: datetime) -> None:
    """異議を確かめた結果を記録する: why the objection does not stand; until then nobody can approve.

    Refusals: not_found, not_allowed, stale, illegal_step, no_objection, words_missing, words_too_long.
    """
    request, step = locked_by_staff(session, request_id, step="settle", seen_version=seen_version, actor=actor)
    if request.objected_at is None or request.settled_at is not None:
        raise Refusal("no_objection", "確かめていない異議はありません。最新の画面をお確かめください。")
    found = checked_words(
        words, field="words", sentence="確かめた内容と、異議にあたらないと判断した理由を入力してください。"
    )
    request.settled_by_id, request.settled_at, request.settled_words = actor.user_id, now, found
    take_step(session, request, step, actor=actor, now=now, reason=found)


def decline(session: Session, request_id: int, *, reason: str, seen_version: int, actor: Actor, now: datetime) -> None:
    """確認できないため終了する: with the reason; nothing changes. The company may file it anew.

    Refusals: not_found, not_allowed, stale, illegal_step, words_missing, words_too_long.
    """
    request, step = locked_by_staff(session, request_id, step="decline", seen_version=seen_version, actor=actor)
    words = checked_words(reason, field="reason", sentence="確認できない理由を入力してください。")
    take_step(session, request, step, actor=actor, now=now, reason=words)
    tell_closed(session, request, withdrawn=False, now=now)


def object_to(session: Session, token_hash: str, *, words: str, actor: Actor, now: datetime) -> str:
    """Somebody on record says by the mailed link that the request is not theirs; returns its number. Uses the link up.

    An approval that is on a screen becomes stale by this. Refusals: those of `links.inspect`, request_closed,
    words_missing, words_too_long.
    """
    link = links.inspect(session, token_hash, purpose=LinkPurpose.OBJECT, now=now, lock=True)
    request = request_of_link(session, link, lock=True)
    if request.state not in OPEN:
        raise Refusal(
            "request_closed",
            "この申請の手続きは、すでに終わっています。お心当たりがないときは、すぐに下記へお電話ください。",
        )
    given = checked_words(words, field="words", sentence="お心当たりのない理由などを入力してください。")
    link.used_at = now
    request.objected_at, request.objected_by, request.objection = now, link.email_key, given
    request.settled_at = request.settled_by_id = request.settled_words = None
    request.version += 1
    audit.record(
        session,
        "account_request.objected",
        subject=subject_of(request),
        actor=actor,
        now=now,
        detail={"objected_by": link.email_key},
    )
    session.flush()
    return request.number
