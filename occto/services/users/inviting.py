"""招待: a company gives IDs to its own persons (利用規約 3.2). One address is one person, who may serve several companies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import LinkPurpose, MailState, UserKind, UserState
from occto.domain.errors import NotAllowed, Refusal
from occto.domain.permissions import GRANTED_BY_MEMBER, Permission, Role
from occto.domain.users import RESEND_AFTER
from occto.models import Affiliation, Link, OutboxMail, User
from occto.queries.people import user_by_email
from occto.queries.users import PASSWORD_MAILS
from occto.services import audit, outbox
from occto.services.users.place import company_name, place_of, require_may_manage, tell_of_contractor

_ON_THE_WAY = (MailState.PENDING, MailState.LEASED, MailState.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class NewUser:
    """Whom to invite, already clean: `email` in ASCII, `name` not empty, the rest None where not given."""

    email: str
    name: str
    role: Role
    kana: str | None = None
    title: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Invited:
    """Who was invited; `affiliated`: the person had an ID already and keeps name and password."""

    user_id: int
    affiliated: bool


def require_granted(role: Role) -> None:
    """Refuse a role that a company cannot give: 管理者 are made by OCCTO alone (利用規約 3.1/3.2.1). role_not_granted."""
    if role not in GRANTED_BY_MEMBER:
        raise NotAllowed(
            "role_not_granted",
            "ここで付けられる役割は、申請担当・総会回答担当・閲覧です。管理者は、当機関への申請により登録します"
            "（利用規約 3.1(3.2.1)）。",
        )


def invite(session: Session, member_id: int, person: NewUser, *, actor: Actor, now: datetime) -> Invited:
    """Make the person a user of the company and mail an invitation, or the news where the address has an ID already.

    Refusals: not_allowed, role_not_granted, already_here, address_refused (an address that no company may use; the
    sentence says no more), contractor_person (a contractor cannot make its own people users of the member).
    """
    require_may_manage(actor, member_id, staff=Permission.USER_INVITE)
    require_granted(person.role)
    company = company_name(session, member_id)
    user = user_by_email(session, person.email.lower())
    if user is not None:
        session.refresh(user, with_for_update=True)
        _require_invitable(session, user, member_id, actor=actor)
    created = user is None
    if user is None:
        user = _create(session, person, actor=actor, now=now)
    session.add(Affiliation(user_id=user.id, member_id=member_id, role=person.role, started_at=now))
    session.flush()  # two at once: the UNIQUE of live affiliations decides
    audit.record(
        session,
        "user.affiliated",
        subject=f"USER:{user.id}",
        actor=actor,
        now=now,
        detail={"member_id": member_id, "role": person.role},
        clause=Clause.C3_2,
    )
    has_password = user.state is UserState.ACTIVE
    outbox.queue(
        session,
        "users/affiliated" if has_password else "users/invited",
        to=user.email,
        params={"company": company, "name": user.name, "role": person.role},
        user_id=user.id,
        member_id=member_id,
        clause=Clause.C3_2,
        now=now,
    )
    tell_of_contractor(session, member_id, act="ユーザの招待", name=person.name, email=user.email, actor=actor, now=now)
    session.flush()
    return Invited(user.id, affiliated=not created)


def invite_all(
    session: Session, member_id: int, people: Sequence[NewUser], *, actor: Actor, now: datetime
) -> list[tuple[NewUser, Invited | Refusal]]:
    """Invite each that may be, in one transaction; beside the others stands the refusal, which wrote nothing."""
    found: list[tuple[NewUser, Invited | Refusal]] = []
    for person in people:
        try:
            found.append((person, invite(session, member_id, person, actor=actor, now=now)))
        except Refusal as refusal:
            found.append((person, refusal))
    return found


def _require_invitable(session: Session, user: User, member_id: int, *, actor: Actor) -> None:
    if user.kind is UserKind.STAFF or user.state in {UserState.STOPPED, UserState.CLOSED}:
        raise address_refused()
    live = session.scalars(
        select(Affiliation).where(Affiliation.user_id == user.id, Affiliation.ended_at.is_(None))
    ).all()
    if any(at.member_id == member_id for at in live):
        raise already_here()
    if actor.mandate_id is not None and any(at.contractor_id is not None for at in live):
        raise Refusal(
            "contractor_person",
            "受託者の方を、委託を受けた会員のユーザにすることはできません。会員の管理者にご相談ください（利用規約 2.3.1）。",
            field="email",
        )


def address_refused() -> Refusal:
    """The address cannot be a company's user: one sentence for every reason, so that nothing is told about others."""
    return Refusal(
        "address_refused",
        "このメールアドレスは、貴社のユーザとして登録できません。別のメールアドレスを入力するか、当機関へお問い合わせください。",
        field="email",
    )


def already_here() -> Refusal:
    """The person is a user of this company, perhaps a stopped one."""
    return Refusal(
        "already_here",
        "このメールアドレスの方は、すでに貴社のユーザです。ユーザの一覧でご確認ください。",
        field="email",
    )


def _create(session: Session, person: NewUser, *, actor: Actor, now: datetime) -> User:
    user = User(
        kind=UserKind.MEMBER,
        state=UserState.INVITED,
        email=person.email,
        email_key=person.email.lower(),
        name=person.name,
        kana=person.kana,
        title=person.title,
        phone=person.phone,
        created_at=now,
    )
    session.add(user)
    session.flush()  # two companies at once: the UNIQUE of the address decides, the other finds this person
    detail = {"kind": UserKind.MEMBER, "roles": [person.role]}
    audit.record(session, "user.created", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail)
    return user


def invite_again(
    session: Session, member_id: int, user_id: int, *, seen_version: str | None, actor: Actor, now: datetime
) -> None:
    """Mail the invitation once more to somebody who has not set a password.

    Refusals: those of `place_of`, not_invited, stopped_here, mail_waiting (the last one is still on its way),
    sent_just_now.
    """
    place = place_of(session, member_id, user_id, actor=actor, staff=Permission.USER_INVITE, seen_version=seen_version)
    user = place.user
    if user.state is not UserState.INVITED:
        raise Refusal(
            "not_invited",
            "この方は、すでにパスワードを設定しています。パスワードがわからないときは、サインインの画面から再設定できます。",
        )
    if place.affiliation.stopped_at is not None:
        raise Refusal("stopped_here", "利用を停止しています。先に利用を再開してください。")
    _require_time_since_last(session, user.id, member_id, now=now)
    queue_invitation(session, member_id, place.user, role=place.affiliation.role, company=place.company, now=now)
    detail = {"member_id": member_id}
    audit.record(session, "user.invited_again", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail)
    session.flush()


def _require_time_since_last(session: Session, user_id: int, member_id: int, *, now: datetime) -> None:
    last = session.scalar(
        select(OutboxMail)
        .where(
            OutboxMail.user_id == user_id,
            OutboxMail.member_id == member_id,
            OutboxMail.template.in_(PASSWORD_MAILS),
        )
        .order_by(OutboxMail.id.desc())
        .limit(1)
    )
    if last is None:
        return
    if last.state in _ON_THE_WAY:
        raise Refusal("mail_waiting", "前の招待メールを、いま送っています。しばらく待ってから状態をお確かめください。")
    if last.state is MailState.SENT and now - last.queued_at < RESEND_AFTER:
        raise Refusal(
            "sent_just_now",
            "招待メールを送ったばかりです。届くまで数分かかることがあります。5分ほど待ってから、もう一度お試しください。",
        )


def queue_invitation(session: Session, member_id: int, user: User, *, role: Role, company: str, now: datetime) -> None:
    """Queue the mail with the link; to a 管理者 it is that of its own role (利用規約 3.1/3.2.1)."""
    administrator = role is Role.ADMINISTRATOR
    outbox.queue(
        session,
        "account/invited" if administrator else "users/invited",
        to=user.email,
        params={"company": company, "name": user.name} | ({} if administrator else {"role": role}),
        user_id=user.id,
        member_id=member_id,
        clause=Clause.C3_1_3_2_1 if administrator else Clause.C3_2,
        now=now,
    )


def withdraw_invitations(session: Session, user_id: int, *, purpose: LinkPurpose, now: datetime) -> None:
    """Links of this purpose that the person was sent can no longer be used; mails not yet sent will not be."""
    session.execute(
        update(Link)
        .where(Link.user_id == user_id, Link.purpose == purpose, Link.used_at.is_(None), Link.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    templates = PASSWORD_MAILS if purpose is LinkPurpose.SET_PASSWORD else ("account/email_confirm",)
    session.execute(
        update(OutboxMail)
        .where(
            OutboxMail.user_id == user_id,
            OutboxMail.template.in_(templates),
            OutboxMail.state == MailState.PENDING,
        )
        .values(state=MailState.SUPPRESSED)
    )
