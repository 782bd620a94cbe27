"""Reads of ユーザ管理: a company's persons, scoped to that company. What a person is elsewhere is never shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, or_, select, union
from sqlalchemy.orm import Session, aliased

from occto.domain.codes import LinkPurpose, MailState, UserKind, UserState
from occto.domain.errors import NotFound
from occto.domain.mails import MAILS, MailedLink
from occto.domain.permissions import MEMBER_ROLES, Role
from occto.domain.users import INVITED, Standing, looks_shared, standing
from occto.models import Affiliation, AuditEvent, Contractor, Link, Mandate, OutboxMail, User

PASSWORD_MAILS = tuple(
    name for name, link in MAILS.items() if isinstance(link, MailedLink) and link.purpose is LinkPurpose.SET_PASSWORD
)
"""Mails with a link to set the password: what an invitation is."""


@dataclass(frozen=True, slots=True)
class UserHere:
    """A person at one company. `elsewhere`: has a live role at another, so title and telephone are not this company's.

    `seen` is what was on the screen: verbs refuse to act on anything else. `last_signed_in_at` is at this company.
    """

    id: int
    name: str
    kana: str
    title: str
    email: str
    pending_email: str
    phone: str
    role: Role
    standing: Standing
    mail_sent_at: datetime | None
    link_expires_at: datetime | None
    has_second_factor: bool
    last_signed_in_at: datetime | None
    started_at: datetime
    stopped_at: datetime | None
    stop_reason: str
    elsewhere: bool
    version: int
    seen: str

    @property
    def shared(self) -> bool:
        return looks_shared(self.email)

    @property
    def invited(self) -> bool:
        return self.standing in INVITED


def seen_of(user: User, affiliation: Affiliation) -> str:
    """What a page shows of a person at a company, as a short text: forms send it back as `seen_version`."""
    stopped = "s" if affiliation.stopped_at is not None else "r"
    return f"{user.version}.{affiliation.id}.{affiliation.role}.{stopped}"


def is_elsewhere(user_id: Any, member_id: Any) -> Any:
    """Whether the person has a live role at another member, or at a contractor, or is one of the staff's."""
    other = aliased(Affiliation)
    return exists().where(
        other.user_id == user_id,
        other.ended_at.is_(None),
        or_(other.member_id.is_(None), other.member_id != member_id),
    )


def lives_elsewhere(session: Session, user_id: int, member_id: int) -> bool:
    """Whether the person has a live role at another member or at a contractor."""
    return bool(session.scalar(select(is_elsewhere(user_id, member_id))))


def _statement(member_id: int) -> Select[Any]:
    of_company = or_(OutboxMail.member_id == member_id, OutboxMail.member_id.is_(None))
    newest = (
        select(func.max(OutboxMail.id))
        .where(OutboxMail.user_id == User.id, OutboxMail.template.in_(PASSWORD_MAILS), of_company)
        .correlate(User)
        .scalar_subquery()
    )
    mail = aliased(OutboxMail)
    expires = select(func.max(Link.expires_at)).where(Link.outbox_id == mail.id).correlate(mail).scalar_subquery()
    return (
        select(
            User,
            Affiliation,
            mail.state.label("mail_state"),
            mail.sent_at.label("mail_sent_at"),
            expires.label("link_expires_at"),
            is_elsewhere(User.id, member_id).correlate(User).label("elsewhere"),
        )
        .join(Affiliation, and_(Affiliation.user_id == User.id, Affiliation.member_id == member_id))
        .join(mail, mail.id == newest, isouter=True)
        .where(Affiliation.ended_at.is_(None))
    )


def users_of(session: Session, member_id: int, *, now: datetime) -> list[UserHere]:
    """The company's persons: 管理者 first, then by role and name. Contractors' persons are none of them."""
    rank = case({role: place for place, role in enumerate(MEMBER_ROLES)}, value=Affiliation.role)
    rows = session.execute(_statement(member_id).order_by(rank, User.kana, User.name, User.id))
    return [_here(row, now=now) for row in rows]


def user_here(session: Session, member_id: int, user_id: int, *, now: datetime) -> UserHere:
    """One person of the company; NotFound for anybody else, whether such a person exists or not."""
    row = session.execute(_statement(member_id).where(User.id == user_id)).one_or_none()
    if row is None:
        raise NotFound
    return _here(row, now=now)


def _here(row: Any, *, now: datetime) -> UserHere:
    user, at = row.User, row.Affiliation
    mail: MailState | None = row.mail_state
    own = not row.elsewhere
    last = at.last_signed_in_at or (user.last_signed_in_at if own else None)
    return UserHere(
        id=user.id,
        name=user.name,
        kana=user.kana or "",
        title=(user.title or "") if own else "",
        email=user.email,
        pending_email=(user.pending_email or "") if own else "",
        phone=(user.phone or "") if own else "",
        role=at.role,
        standing=standing(
            state=user.state,
            stopped=at.stopped_at is not None,
            mail=mail,
            link_expires_at=row.link_expires_at,
            now=now,
        ),
        mail_sent_at=row.mail_sent_at,
        link_expires_at=row.link_expires_at,
        has_second_factor=user.totp_secret_enc is not None,
        last_signed_in_at=last,
        started_at=at.started_at,
        stopped_at=at.stopped_at,
        stop_reason=at.stop_reason or "",
        elsewhere=row.elsewhere,
        version=user.version,
        seen=seen_of(user, at),
    )


def administrators_left(session: Session, member_id: int, *, but: int) -> int:
    """How many 管理者 of the member besides `but` can act now: neither stopped nor still invited."""
    found = session.scalar(
        select(func.count())
        .select_from(Affiliation)
        .join(User, User.id == Affiliation.user_id)
        .where(
            Affiliation.member_id == member_id,
            Affiliation.role == Role.ADMINISTRATOR,
            Affiliation.ended_at.is_(None),
            Affiliation.stopped_at.is_(None),
            User.state == UserState.ACTIVE,
            User.id != but,
        )
    )
    return found or 0


@dataclass(frozen=True, slots=True)
class Act:
    """An act of the trail. `by`: own (本人), staff, system, or other; `contractor` where done under a mandate."""

    id: int
    at: datetime
    tag: str
    subject: str
    by: str
    name: str
    contractor: str


def trail_of(
    session: Session, member_id: int, user: UserHere, *, before: int | None = None, limit: int = 30
) -> list[Act]:
    """What the person did for the company and what was done to the ID (利用規約 3.3/3.4.3), newest first.

    Acts without a company (sign-in before one is chosen, the office's) count where the person never was anywhere else,
    and only from the day on which it came here.
    """
    subject = f"USER:{user.id}"
    other, actor = aliased(Affiliation), aliased(User)
    never_elsewhere = ~exists().where(
        other.user_id == user.id, or_(other.member_id.is_(None), other.member_id != member_id)
    )
    nowhere = and_(AuditEvent.member_id.is_(None), AuditEvent.at >= user.started_at, never_elsewhere)
    shown = [or_(AuditEvent.member_id == member_id, nowhere)]
    if before is not None:
        shown.append(AuditEvent.id < before)
    # each half walks its own index; with OR a database may walk the whole trail backwards for a person with few acts
    halves = [
        select(AuditEvent.id).where(one, *shown).order_by(AuditEvent.id.desc()).limit(limit).subquery()
        for one in (AuditEvent.actor_id == user.id, AuditEvent.subject == subject)
    ]
    found = union(*(select(half.c.id) for half in halves)).subquery()
    query = (
        select(
            AuditEvent.id,
            AuditEvent.at,
            AuditEvent.tag,
            AuditEvent.subject,
            AuditEvent.actor_id,
            actor.name,
            actor.kind,
            Contractor.name.label("contractor"),
        )
        .join(actor, actor.id == AuditEvent.actor_id, isouter=True)
        .join(Mandate, Mandate.id == AuditEvent.mandate_id, isouter=True)
        .join(Contractor, Contractor.id == Mandate.contractor_id, isouter=True)
        .join(found, found.c.id == AuditEvent.id)
        .order_by(AuditEvent.id.desc())
        .limit(limit)
    )
    return [
        Act(
            id=row.id,
            at=row.at,
            tag=row.tag,
            subject=row.subject,
            by=_by(row, user.id),
            name=row.name or "",
            contractor=row.contractor or "",
        )
        for row in session.execute(query)
    ]


def _by(row: Any, user_id: int) -> str:
    if row.actor_id == user_id or (row.actor_id is None and row.tag in _BEFORE_SIGN_IN):
        return "own"
    if row.actor_id is None:
        return "system"
    return "staff" if row.kind is UserKind.STAFF else "other"


_BEFORE_SIGN_IN = frozenset({"session.started", "sign_in.failed", "link.requested", "password.set", "terms.agreed"})
"""Acts of somebody not signed in yet, recorded under the ID that was used."""


def addresses_known(session: Session, member_id: int, keys: Iterable[str]) -> dict[str, str]:
    """Of these addresses in lower case those that cannot be invited: «here» already, or «refused» without a reason.

    That an address is an ID of another company alone is not told.
    """
    here = exists().where(
        Affiliation.user_id == User.id, Affiliation.member_id == member_id, Affiliation.ended_at.is_(None)
    )
    rows = session.execute(
        select(User.email_key, User.kind, User.state, here.label("here")).where(User.email_key.in_(list(keys)))
    )
    found = {}
    for row in rows:
        if row.here:
            found[row.email_key] = "here"
        elif row.kind is UserKind.STAFF or row.state in {UserState.STOPPED, UserState.CLOSED}:
            found[row.email_key] = "refused"
    return found
