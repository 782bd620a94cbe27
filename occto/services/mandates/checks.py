"""What has to hold before a mandate begins: whose it is, whom it is with, and that there is no other of the pair."""

from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.codes import MandateState, MemberState, UserState
from occto.domain.dates import today_jst
from occto.domain.errors import NotAllowed, NotFound, Refusal
from occto.domain.permissions import Permission, Role
from occto.models import Affiliation, Body, ContractOfUse, Mandate, Member, User
from occto.services.mandates.daily import expire


def has_administrator(session: Session, member_id: int) -> bool:
    """Whether somebody holds the role of 管理者 at the member and is not stopped."""
    held = (
        select(Affiliation.id)
        .join(User, User.id == Affiliation.user_id)
        .where(
            Affiliation.member_id == member_id,
            Affiliation.role == Role.ADMINISTRATOR,
            Affiliation.ended_at.is_(None),
            Affiliation.stopped_at.is_(None),
            User.state.in_((UserState.ACTIVE, UserState.INVITED)),
        )
    )
    return session.scalar(held.limit(1)) is not None


def require_person(session: Session, contractor_id: int, *, actor: Actor) -> None:
    """Refusal not_allowed where the actor is no person of the contractor."""
    there = (
        select(Affiliation.id)
        .where(
            Affiliation.user_id == (actor.user_id or 0),
            Affiliation.contractor_id == contractor_id,
            Affiliation.ended_at.is_(None),
            Affiliation.stopped_at.is_(None),
        )
        .with_for_update(read=True)
    )
    if not actor.can(Permission.MANDATES_PROPOSE) or session.scalar(there) is None:
        raise NotAllowed


def member_by_key(session: Session, key: str, *, on_paper: bool = False) -> Member:
    """The member with this 事業者コード or 法人番号 that uses the system, or also one that does not, for its paper.

    Refusal member_unknown.
    """
    in_use = exists().where(ContractOfUse.member_id == Member.id, ContractOfUse.ended_at.is_(None))
    found = session.scalar(
        select(Member)
        .join(Body, Body.id == Member.body_id)
        .where(
            or_(Member.operator_code == key, Body.corporate_number == key),
            Member.current_state != MemberState.LEFT,
            *(() if on_paper else (in_use,)),
        )
        .order_by(Member.id)
        .limit(1)
    )
    if found is None:
        raise Refusal(
            "member_unknown",
            "この番号で提案を受け取れる会員が見つかりません。事業者コードか法人番号を、委託元の会社にお確かめください。",
            field="member_key",
        )
    return found


def locked_member(session: Session, member_id: int) -> Member:
    member = session.get(Member, member_id, with_for_update={"key_share": True})
    if member is None:
        raise NotFound
    return member


def refuse_own(session: Session, member: Member, corporate_number: str | None) -> None:
    own = session.scalar(select(Body.corporate_number).where(Body.id == member.body_id))
    if corporate_number is not None and own == corporate_number:
        raise Refusal(
            "own_company",
            "会員自身を受託者にはできません。会社の方は、ユーザとして登録してください。",
            field="corporate_number",
        )


def active_of(session: Session, member_id: int, contractor_id: int, *, now: datetime) -> Mandate | None:
    """The mandate in force of this pair, or to come; one whose last day is over is ended here first."""
    found = session.scalar(
        select(Mandate)
        .where(
            Mandate.member_id == member_id,
            Mandate.contractor_id == contractor_id,
            Mandate.state == MandateState.ACTIVE,
        )
        .with_for_update()
    )
    if found is not None and found.ends_on is not None and found.ends_on <= today_jst(now):
        expire(session, found, now=now)
        return None
    return found


def proposed_of(session: Session, member_id: int, contractor_id: int) -> Mandate | None:
    return session.scalar(
        select(Mandate).where(
            Mandate.member_id == member_id,
            Mandate.contractor_id == contractor_id,
            Mandate.state == MandateState.PROPOSED,
        )
    )
