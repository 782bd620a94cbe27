"""Reads of requests about IDs: those of a member for its administrators, and what a mailed link is about."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from occto.domain.account_requests import OPEN, AccountRequestKind
from occto.domain.errors import NotFound
from occto.domain.permissions import Role
from occto.models import AccountRequest, Affiliation, Attachment, Link, OutboxMail, User

NEWEST = 50


def requests_of_member(session: Session, member_id: int | None) -> list[tuple[AccountRequest, str]]:
    """The newest requests of a member with who filed each (empty: from the public page or on paper), newest first."""
    rows = session.execute(
        select(AccountRequest, User.name)
        .outerjoin(User, User.id == AccountRequest.started_by_id)
        .where(AccountRequest.member_id == member_id)
        .order_by(AccountRequest.id.desc())
        .limit(NEWEST)
    )
    return [(row[0], row[1] or "") for row in rows]


def request_of_member(session: Session, request_id: int, *, member_id: int | None) -> AccountRequest:
    """A request of this member; NotFound for any other."""
    found = session.get(AccountRequest, request_id) if 0 < request_id < 2**63 else None
    if found is None or member_id is None or found.member_id != member_id:
        raise NotFound
    return found


def administrators_of(session: Session, member_id: int | None) -> list[User]:
    """The 管理者 of a member now, those stopped included, in the order in which they came."""
    return list(
        session.scalars(
            select(User)
            .join(Affiliation, Affiliation.user_id == User.id)
            .where(
                Affiliation.member_id == member_id,
                Affiliation.role == Role.ADMINISTRATOR,
                Affiliation.ended_at.is_(None),
            )
            .order_by(Affiliation.id)
        )
    )


def open_recovery_of(session: Session, user_id: int | None) -> AccountRequest | None:
    """The open request for a new second factor of this person, the oldest of several; None where there is none."""
    return session.scalar(
        select(AccountRequest)
        .where(
            AccountRequest.user_id == user_id,
            AccountRequest.kind == AccountRequestKind.SECOND_FACTOR,
            AccountRequest.state.in_(OPEN),
        )
        .order_by(AccountRequest.id)
        .limit(1)
    )


def open_from(session: Session, email_key: str) -> int:
    """How many requests from the public page this address has open."""
    return (
        session.scalar(
            select(func.count())
            .select_from(AccountRequest)
            .where(
                func.lower(AccountRequest.person_email) == email_key,
                AccountRequest.started_by_id.is_(None),
                AccountRequest.state.in_(OPEN),
            )
        )
        or 0
    )


def asked_by_link(session: Session, link: Link) -> tuple[AccountRequestKind, str]:
    """What a link of the public page is for, and the address that it went to, as typed."""
    mail = session.get(OutboxMail, link.outbox_id)
    if mail is None:
        raise NotFound
    return AccountRequestKind(mail.params["kind"]), mail.to_address


def request_of_link(session: Session, link: Link, *, lock: bool = False) -> AccountRequest:
    """The request that a mail with this link told of."""
    number = session.scalar(select(OutboxMail.account_request_id).where(OutboxMail.id == link.outbox_id))
    found = session.get(AccountRequest, number, with_for_update=lock or None) if number is not None else None
    if found is None:
        raise NotFound
    return found


def files_of(session: Session, request_id: int) -> Sequence[Attachment]:
    """The documents of a request, in the order in which they were handed in."""
    return session.scalars(
        select(Attachment).where(Attachment.account_request_id == request_id).order_by(Attachment.id)
    ).all()
