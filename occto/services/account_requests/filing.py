"""Filing: by a signed-in 管理者, from the public page, from the page of the second factor, and on paper by the office."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from occto.domain.account_requests import (
    ACCOUNT_REQUESTS,
    KEPT_ROLES,
    MOST_OPEN,
    OPEN,
    AccountRequestKind,
    AccountRequestState,
    clause_of,
    format_number,
)
from occto.domain.actor import Actor
from occto.domain.codes import AttachmentKind, Channel, LinkPurpose, ScanState, SignInOutcome
from occto.domain.dates import today_jst
from occto.domain.errors import NotAllowed, NotFound, Refusal
from occto.domain.permissions import Permission, Role
from occto.models import AccountRequest, Member, User
from occto.queries.account_requests import administrators_of, asked_by_link, open_from, open_recovery_of
from occto.queries.account_requests_staff import member_by_code
from occto.services import audit, links, outbox
from occto.services.account_requests.case import checked_words, subject_of, take_step
from occto.services.account_requests.telling import tell_closed, tell_received, tell_taken_up
from occto.services.files import store_file
from occto.services.joining.case import next_number
from occto.services.sign_in import note_attempt

K = AccountRequestKind
REASON_MISSING = "理由を入力してください。"


@dataclass(frozen=True, slots=True)
class Named:
    """The person whom a request names, as the form read it."""

    name: str
    email: str
    kana: str | None = None
    title: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A document whose kind was checked by its content."""

    name: str
    media_type: str
    content: bytes


def request_link(
    session: Session,
    email: str,
    *,
    kind: AccountRequestKind,
    account_key: str,
    address_key: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Mail the link to the form of the public page: whatever the address, so that only its owner can file anything."""
    note_attempt(
        session, account_key=account_key, address_key=address_key, outcome=SignInOutcome.LINK_REQUESTED, now=now
    )
    mail = outbox.queue(session, "account/request_link", to=email, params={"kind": kind}, now=now)
    assert mail is not None
    audit.record(session, "link.requested", subject=f"MAIL:{mail.id}", actor=actor, now=now, detail={"kind": kind})


def file_from_link(
    session: Session,
    token_hash: str,
    *,
    person: Named,
    typed_code: str,
    typed_company: str,
    typed_old_name: str | None,
    reason: str,
    documents: Sequence[Document],
    actor: Actor,
    now: datetime,
) -> str:
    """File what the public page asks, and use the link up; returns the number of the request.

    Nothing here looks at members or users: the answer is the same whatever is typed. The address is the link's own,
    whatever `person` says. Refusals: those of `links.inspect`, too_many_open, evidence_missing, words_missing, words_too_long.
    """
    link = links.inspect(session, token_hash, purpose=LinkPurpose.ACCOUNT_REQUEST, now=now, lock=True)
    kind, email = asked_by_link(session, link)
    if open_from(session, link.email_key) >= MOST_OPEN:
        raise Refusal(
            "too_many_open",
            f"このメールアドレスからは、すでに{MOST_OPEN}件の申請を受け付けています。お急ぎのときはお電話ください。",
        )
    if kind is not K.SECOND_FACTOR and not documents:
        raise Refusal("evidence_missing", "管理者の指定を証明する書類を選んでください。", field="file")
    link.used_at = now
    request = _new(
        session,
        kind=kind,
        channel=Channel.ONLINE,
        person=Named(person.name, email, person.kana, person.title, person.phone),
        reason=reason,
        now=now,
    )
    request.typed_code, request.typed_company = typed_code, typed_company
    request.typed_old_name = typed_old_name if kind is K.CHANGE else None
    _keep(session, request, documents, kind=AttachmentKind.IDENTITY, actor=actor, now=now)
    tell_received(session, request, now=now)
    return request.number


def file_by_member(
    session: Session,
    *,
    kind: AccountRequestKind,
    person: Named,
    replaces_user_id: int | None,
    replaced_role: Role | None,
    reason: str,
    documents: Sequence[Document],
    actor: Actor,
    now: datetime,
) -> int:
    """File a further 管理者 or a change of one for the company acted for; returns the row number.

    Refusals: not_allowed (none but its 管理者, and no contractor), already_administrator, replaced_unknown, same_person,
    role_unknown, already_asked, words_missing, words_too_long.
    """
    if not actor.can(Permission.ADMINISTRATOR_APPLY) or actor.member_id is None or actor.mandate_id is not None:
        raise NotAllowed
    if kind is K.SECOND_FACTOR:
        raise NotAllowed
    member = session.get(Member, actor.member_id, with_for_update={"key_share": True})
    if member is None:
        raise NotFound
    replaced = check_replaced(session, kind, member.id, replaces_user_id, replaced_role, email=person.email)
    if person.email.lower() in {user.email_key for user in administrators_of(session, member.id)}:
        raise Refusal(
            "already_administrator",
            "この方は、すでに貴社の管理者です。別の方のメールアドレスを入力してください。",
            field="person_email",
        )
    asked = session.scalar(
        select(AccountRequest.number).where(
            AccountRequest.member_id == member.id,
            AccountRequest.state.in_(OPEN),
            func.lower(AccountRequest.person_email) == person.email.lower(),
        )
    )
    if asked is not None:
        raise Refusal(
            "already_asked",
            f"この方を管理者にする申請（{asked}）を、すでに受け付けています。申請の状況をご確認ください。",
            field="person_email",
        )
    request = _new(session, kind=kind, channel=Channel.ONLINE, person=person, reason=reason, now=now)
    request.member_id, request.started_by_id = member.id, actor.user_id
    request.replaces_user_id, request.replaced_role = replaced, replaced_role if replaced else None
    request.state = AccountRequestState.MATCHED
    _keep(session, request, documents, kind=AttachmentKind.IDENTITY, actor=actor, now=now)
    tell_received(session, request, now=now)
    tell_taken_up(session, request, now=now)
    return request.id


def file_lost_factor(session: Session, *, reason: str, phone: str | None, actor: Actor, now: datetime) -> str:
    """File the loss of the second factor by whoever passed the password; the owner is told at once. Returns the number.

    Refusals: not_allowed, no_factor, already_asked, words_missing, words_too_long.
    """
    if not actor.can(Permission.HALF_SIGNED_IN) or actor.user_id is None:
        raise NotAllowed
    user = session.get(User, actor.user_id, with_for_update=True)
    if user is None:
        raise NotFound
    if user.totp_secret_enc is None:
        raise Refusal("no_factor", "2段階認証は、まだ設定されていません。サインインして設定してください。")
    earlier = open_recovery_of(session, user.id)
    if earlier is not None:
        raise Refusal(
            "already_asked",
            f"2段階認証の復旧の申請（{earlier.number}）を、すでに受け付けています。当機関からの電話をお待ちください。",
        )
    person = Named(user.name, user.email, user.kana, user.title, phone)
    request = _new(session, kind=K.SECOND_FACTOR, channel=Channel.ONLINE, person=person, reason=reason, now=now)
    request.user_id = request.started_by_id = user.id
    request.state = AccountRequestState.MATCHED
    _keep(session, request, (), kind=AttachmentKind.IDENTITY, actor=actor, now=now)
    tell_taken_up(session, request, now=now)
    return request.number


def enter_paper(
    session: Session,
    *,
    kind: AccountRequestKind,
    operator_code: str,
    person: Named,
    typed_old_name: str | None,
    reason: str,
    received_at: datetime,
    documents: Sequence[Document],
    actor: Actor,
    now: datetime,
) -> int:
    """Key in what a company asked on paper, with its scan; the enterer may not approve it. Returns the row number.

    Refusals: not_allowed, member_unknown, received_later, evidence_missing, words_missing, words_too_long.
    """
    if not actor.can(Permission.ACCOUNT_ENTER) or actor.user_id is None:
        raise NotAllowed
    member = member_by_code(session, operator_code)
    if member is None:
        raise Refusal(
            "member_unknown",
            "この事業者コードの会員はありません。書面の番号をお確かめください。",
            field="operator_code",
        )
    if received_at > now:
        raise Refusal("received_later", "受け取った日時は、いままでの日時を入力してください。", field="received_on")
    if not documents:
        raise Refusal("evidence_missing", "届いた書面の写し（スキャン）を選んでください。", field="file")
    request = _new(session, kind=kind, channel=Channel.PAPER, person=person, reason=reason, now=now, by=actor.user_id)
    request.received_at = received_at
    request.member_id = member.id if kind is not K.SECOND_FACTOR else None
    request.typed_code, request.typed_company = operator_code, member.current_name
    request.typed_old_name = typed_old_name if kind is K.CHANGE else None
    _keep(session, request, documents, kind=AttachmentKind.PAPER_SCAN, actor=actor, now=now)
    return request.id


def withdraw(session: Session, request_id: int, *, actor: Actor, now: datetime) -> None:
    """取り下げる: by any 管理者 of the company that filed it while signed in. Refusals: not_found, not_allowed, illegal_step."""
    request = session.get(AccountRequest, request_id, with_for_update=True)
    if request is None or request.member_id is None or request.member_id != actor.member_id:
        raise NotFound
    if not actor.can(Permission.ADMINISTRATOR_APPLY) or actor.mandate_id is not None or request.started_by_id is None:
        raise NotAllowed(
            sentence="この申請は、ここからは取り下げられません。お心当たりのない申請のときは、お電話ください。"
        )
    step = ACCOUNT_REQUESTS.require("withdraw", request.state)
    take_step(session, request, step, actor=actor, now=now)
    tell_closed(session, request, withdrawn=True, now=now)


def check_replaced(
    session: Session,
    kind: AccountRequestKind,
    member_id: int,
    replaces_user_id: int | None,
    replaced_role: Role | None,
    *,
    email: str,
) -> int | None:
    """Whom the new 管理者 replaces; None for nobody. Refusals: replaced_unknown, same_person, role_unknown."""
    if kind is not K.CHANGE or replaces_user_id is None:
        return None
    old = next((user for user in administrators_of(session, member_id) if user.id == replaces_user_id), None)
    if old is None:
        raise Refusal(
            "replaced_unknown", "交代する管理者を、いまの管理者の中から選んでください。", field="replaces_user_id"
        )
    if old.email_key == email.lower():
        raise Refusal(
            "same_person",
            "新しい管理者と交代する管理者が同じ方です。別の方を選んでください。",
            field="replaces_user_id",
        )
    if replaced_role is not None and replaced_role not in KEPT_ROLES:
        raise Refusal("role_unknown", "交代した後の役割を一覧から選んでください。", field="replaced_role")
    return old.id


def _new(
    session: Session,
    *,
    kind: AccountRequestKind,
    channel: Channel,
    person: Named,
    reason: str,
    now: datetime,
    by: int | None = None,
) -> AccountRequest:
    words = checked_words(reason, field="reason", sentence=REASON_MISSING)
    year = today_jst(now).year
    request = AccountRequest(
        number=format_number(year, next_number(session, "account_request", str(year))),
        kind=kind,
        state=AccountRequestState.SUBMITTED,
        channel=channel,
        person_name=person.name,
        person_kana=person.kana,
        person_title=person.title,
        person_email=person.email,
        person_phone=person.phone,
        reason=words,
        submitted_at=now,
        entered_by_id=by,
    )
    session.add(request)
    session.flush()
    return request


def _keep(
    session: Session,
    request: AccountRequest,
    documents: Sequence[Document],
    *,
    kind: AttachmentKind,
    actor: Actor,
    now: datetime,
) -> None:
    """Keep the documents and note that the request was filed."""
    session.flush()
    for document in documents:
        store_file(
            session,
            account_request_id=request.id,
            kind=kind,
            name=document.name,
            media_type=document.media_type,
            content=document.content,
            scan_state=ScanState.NOT_CONFIGURED,
            now=now,
        )
    detail = {
        "number": request.number,
        "kind": request.kind,
        "channel": request.channel,
        "files": len(documents),
    }
    audit.record(
        session,
        "account_request.filed",
        subject=subject_of(request),
        actor=actor,
        now=now,
        detail=detail,
        clause=clause_of(request.kind),
    )
