"""初回登録: inviting the administrators of members, in waves; whoever has not set up is reminded, at most once in seven days."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import MemberState, UserState
from occto.domain.invitations import FIRST, LOST, ON_ITS_WAY, REMINDER, TEMPLATES, may_remind
from occto.domain.jobs import Outcome
from occto.domain.permissions import Role
from occto.models import Affiliation, ContractOfUse, Member, OutboxMail, User
from occto.services import audit, outbox


def invite(session: Session, affiliation_id: int, *, actor: Actor, now: datetime) -> Outcome | None:
    """Queue the invitation, or a reminder, for the administrator of this affiliation; why not, where it is not sent.

    One person gets one mail, however many members it administers. A mail that did not arrive may be sent again at once.
    """
    affiliation = session.get(Affiliation, affiliation_id)
    if affiliation is None or affiliation.role is not Role.ADMINISTRATOR or affiliation.member_id is None:
        return Outcome.ENDED
    user = session.get(User, affiliation.user_id, with_for_update=True)
    member = session.get(Member, affiliation.member_id)
    assert user is not None
    assert member is not None
    why = _why_not(session, affiliation, user, member)
    newest = _newest_mail(session, user.id)
    if why is None and newest is not None:
        why = _too_soon(newest, now=now)
    if why is not None:
        return why
    template = FIRST if newest is None else REMINDER
    outbox.queue(
        session,
        template,
        to=user.email,
        params={"name": user.name, "company": _companies(session, user, member)},
        user_id=user.id,
        member_id=member.id,
        clause=Clause.C3_1_3_2_1,
        now=now,
    )
    detail = {"member_id": member.id, "reminder": newest is not None}
    audit.record(session, "invitation.sent", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail)
    session.flush()
    return None


def _why_not(session: Session, affiliation: Affiliation, user: User, member: Member) -> Outcome | None:
    if affiliation.ended_at is not None or affiliation.stopped_at is not None:
        return Outcome.ENDED
    if member.current_state is MemberState.LEFT:
        return Outcome.LEFT
    if user.state is UserState.ACTIVE:
        return Outcome.SET_UP
    if user.state is not UserState.INVITED:
        return Outcome.ENDED
    contracts = session.scalars(select(ContractOfUse.ended_at).where(ContractOfUse.member_id == member.id)).all()
    return Outcome.PAPER if contracts and None not in contracts else None


def _newest_mail(session: Session, user_id: int) -> OutboxMail | None:
    return session.scalar(
        select(OutboxMail)
        .where(OutboxMail.user_id == user_id, OutboxMail.template.in_(TEMPLATES))
        .order_by(OutboxMail.id.desc())
        .limit(1)
    )


def _too_soon(mail: OutboxMail, *, now: datetime) -> Outcome | None:
    if mail.state in ON_ITS_WAY:
        return Outcome.ON_ITS_WAY
    if mail.state in LOST:
        return None
    return None if may_remind(last=mail.sent_at or mail.queued_at, now=now) else Outcome.RECENT


def _companies(session: Session, user: User, member: Member) -> str:
    """The company, and how many others the person administers."""
    others = session.scalars(
        select(Affiliation.id).where(
            Affiliation.user_id == user.id,
            Affiliation.role == Role.ADMINISTRATOR,
            Affiliation.ended_at.is_(None),
            Affiliation.member_id != member.id,
        )
    ).all()
    return f"{member.current_name}（ほか{len(others)}社）" if others else member.current_name
