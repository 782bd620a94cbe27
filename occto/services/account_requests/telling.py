"""Who is told of a request about IDs, and when. Nobody is told before OCCTO takes it up, so that no stranger can annoy."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.account_requests import KIND_LABELS, AccountRequestKind, clause_of
from occto.domain.codes import Channel
from occto.domain.dates import today_jst
from occto.models import AccountRequest, Member, OutboxMail, User
from occto.queries.people import companies_of, notice_addresses
from occto.services import outbox

_TOLD = "account/request_told"


def tell_received(session: Session, request: AccountRequest, *, now: datetime) -> None:
    """The number, to whoever filed it online."""
    filer = _filer(session, request)
    if filer is not None:
        _queue(session, request, "account/request_received", to=filer[0], now=now, name=filer[1])


def tell_taken_up(session: Session, request: AccountRequest, *, now: datetime) -> int:
    """The people on record, each once for each member, with a link by which they can object; how many were queued.

    Of a company its 会員担当 and its 管理者, other than whoever filed it; of a lost second factor its owner.
    """
    if request.kind is AccountRequestKind.SECOND_FACTOR:
        user = session.get(User, request.user_id)
        assert user is not None
        addresses = {user.email_key: user.email}
    else:
        assert request.member_id is not None
        addresses = notice_addresses(session, request.member_id, today=today_jst(now))
        starter = session.get(User, request.started_by_id) if request.started_by_id is not None else None
        if starter is not None:
            addresses.pop(starter.email_key, None)
    queued = 0
    for key, address in addresses.items():
        about = request.member_id or f"u{request.user_id}"
        once = f"account-request:{request.id}:{about}:{key}"
        queued += _queue(session, request, _TOLD, to=address, now=now, dedupe_key=once)
    return queued


def tell_closed(session: Session, request: AccountRequest, *, withdrawn: bool, now: datetime) -> None:
    """That the request has ended without effect: its filer, and the company where it had been told.

    The reason goes to the company alone: a stranger at the public page learns nothing of the record.
    """
    filer = _filer(session, request)
    reason = None if withdrawn else request.decision_reason
    addresses: dict[str, tuple[str, str | None]] = {}
    if filer is not None:
        addresses[filer[0].lower()] = (filer[0], reason if request.started_by_id is not None else None)
    if (
        request.member_id is not None
        and request.kind is not AccountRequestKind.SECOND_FACTOR
        and _was_told(session, request)
    ):
        for key, address in notice_addresses(session, request.member_id, today=today_jst(now)).items():
            addresses.setdefault(key, (address, reason))
    for address, words in addresses.values():
        _queue(session, request, "account/request_closed", to=address, now=now, withdrawn=withdrawn, reason=words)


def _was_told(session: Session, request: AccountRequest) -> bool:
    told = select(OutboxMail.id).where(OutboxMail.account_request_id == request.id, OutboxMail.template == _TOLD)
    return request.started_by_id is not None or session.scalar(told.limit(1)) is not None


def tell_made(
    session: Session, request: AccountRequest, user: User, replaced: User | None, *, invited: bool, now: datetime
) -> None:
    """A new 管理者: the person by the usual mail of an ID, the old one, the other 管理者 and the 会員担当."""
    member = session.get(Member, request.member_id)
    assert member is not None
    clause = clause_of(request.kind)
    outbox.queue(
        session,
        "account/invited" if invited else "account/affiliated",
        to=user.email,
        params={"company": member.current_name, "name": user.name},
        user_id=user.id,
        member_id=member.id,
        account_request_id=request.id,
        clause=clause,
        now=now,
    )
    addresses = notice_addresses(session, member.id, today=today_jst(now))
    addresses.pop(user.email_key, None)
    if replaced is not None:
        addresses.pop(replaced.email_key, None)
        kept = request.replaced_role
        _queue(
            session,
            request,
            "account/administrator_ended",
            to=replaced.email,
            now=now,
            name=replaced.name,
            role=kept,
        )
    for address in addresses.values():
        old = replaced.name if replaced is not None else None
        _queue(session, request, "account/administrator_made", to=address, now=now, person=user.name, old_name=old)


def tell_reset(session: Session, request: AccountRequest, user: User, *, now: datetime) -> None:
    """A factor taken away: its owner at the address on record, with the link for a new password, and the owner's companies."""
    outbox.queue(
        session,
        "account/factor_reset",
        to=user.email,
        params={"name": user.name, "number": request.number},
        user_id=user.id,
        account_request_id=request.id,
        now=now,
    )
    told = {user.email_key}
    for place in companies_of(session, user.id):
        for key, address in notice_addresses(session, place.member_id, today=today_jst(now)).items():
            if key not in told:
                told.add(key)
                _queue(
                    session,
                    request,
                    "account/factor_reset_told",
                    to=address,
                    now=now,
                    member_id=place.member_id,
                    company=place.name,
                    person=user.name,
                )


def _filer(session: Session, request: AccountRequest) -> tuple[str, str] | None:
    """Address and name of whoever filed it online; None for paper."""
    if request.channel is not Channel.ONLINE:
        return None
    starter = session.get(User, request.started_by_id) if request.started_by_id is not None else None
    return (starter.email, starter.name) if starter is not None else (request.person_email, request.person_name)


def _queue(
    session: Session,
    request: AccountRequest,
    template: str,
    *,
    to: str,
    now: datetime,
    dedupe_key: str | None = None,
    member_id: int | None = None,
    **params: Any,
) -> bool:
    member = session.get(Member, request.member_id) if request.member_id is not None else None
    base = {
        "number": request.number,
        "kind": request.kind,
        "kind_words": KIND_LABELS[request.kind],
        "company": member.current_name if member is not None else "",
        "person": request.person_name,
    }
    mail = outbox.queue(
        session,
        template,
        to=to,
        params=base | params,
        member_id=member_id or request.member_id,
        account_request_id=request.id,
        clause=clause_of(request.kind),
        dedupe_key=dedupe_key,
        now=now,
    )
    return mail is not None
