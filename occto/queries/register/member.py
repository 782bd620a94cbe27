"""What else the page of 会員情報 shows: head, items under way, last confirmation, contractors."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from occto.domain.changes import UNDECIDED, ChangeState, ItemChange
from occto.domain.codes import Channel, MandateState, MemberState, Procedure, UserState
from occto.domain.errors import NotFound
from occto.domain.joining import ApplicationState
from occto.domain.permissions import SCOPES, Permission
from occto.models import (
    Affiliation,
    Application,
    ChangeItem,
    ChangeRequest,
    ChangeRevision,
    Confirmation,
    ContractOfUse,
    Contractor,
    Mandate,
    MandatePerson,
    MandateScope,
    Member,
    User,
)
from occto.queries.mandates import by_contractor, contractor_at, last_used


@dataclass(frozen=True, slots=True)
class MemberHead:
    """A member and its contract of use; the contract is a record of its own, not membership."""

    id: int
    name: str
    operator_code: str
    state: MemberState
    member_on: date | None
    contract_formed_at: datetime | None
    contract_ended_at: datetime | None
    users: int


_HEAD = (
    select(
        Member.id,
        Member.current_name,
        Member.operator_code,
        Member.current_state,
        Member.current_member_on,
        ContractOfUse.formed_at,
        ContractOfUse.ended_at,
        select(func.count())
        .select_from(Affiliation)
        .join(User, User.id == Affiliation.user_id)
        .where(Affiliation.member_id == Member.id, Affiliation.ended_at.is_(None), User.state != UserState.CLOSED)
        .correlate(Member)
        .scalar_subquery(),
    )
    .outerjoin(ContractOfUse, ContractOfUse.member_id == Member.id)
    .where(Member.id == bindparam("member"))
    .order_by(ContractOfUse.ended_at.is_(None).desc(), ContractOfUse.id.desc())
    .limit(1)
)


def member_head(session: Session, member_id: int) -> MemberHead:
    """The member, its running contract of use (else the last one) and how many users it has; NotFound where there is none."""
    row = session.execute(_HEAD, {"member": member_id}).one_or_none()
    if row is None:
        raise NotFound
    return MemberHead(*row)


@dataclass(frozen=True, slots=True)
class PendingItem:
    """An item that a submitted request asks for and nobody has decided yet."""

    request_id: int
    number: str | None
    state: ChangeState
    held: bool
    change: ItemChange


def _pending() -> Any:
    newest = (
        select(func.max(ChangeRevision.no))
        .where(ChangeRevision.request_id == ChangeRequest.id)
        .correlate(ChangeRequest)
        .scalar_subquery()
    )
    return (
        select(ChangeRequest.id, ChangeRequest.number, ChangeRequest.state, ChangeRequest.held_at, ChangeItem)
        .join(ChangeRevision, ChangeRevision.request_id == ChangeRequest.id)
        .join(ChangeItem, ChangeItem.revision_id == ChangeRevision.id)
        .where(
            ChangeRequest.member_id == bindparam("member"),
            ChangeRequest.state.in_(UNDECIDED),
            ChangeRequest.channel != Channel.STAFF,
            ChangeRevision.no == newest,
            ChangeItem.change_id.is_(None),
        )
        .order_by(ChangeRequest.id, ChangeItem.id)
    )


_PENDING = _pending()


def pending(session: Session, member_id: int) -> list[PendingItem]:
    """What the member's submitted and undecided requests ask for; the office's own entries are none of the member's."""
    return [
        PendingItem(
            request_id,
            number,
            state,
            held_at is not None,
            ItemChange(row.item, row.act, row.effective_on, row.new, row.old, row.target_key, row.target_id),
        )
        for request_id, number, state, held_at, row in session.execute(_PENDING, {"member": member_id})
    ]


@dataclass(frozen=True, slots=True)
class LastConfirmation:
    """When the member last said that what is on record is right, and who did."""

    at: datetime
    by: str
    known_change_id: int


def last_confirmation(session: Session, member_id: int) -> LastConfirmation | None:
    """The newest confirmation; None where there is none yet."""
    row = session.execute(
        select(
            Confirmation.at,
            User.name,
            Confirmation.known_change_id,
            contractor_at(f"MEMBER:{member_id}", Confirmation.user_id, Confirmation.at).label("contractor"),
        )
        .join(User, User.id == Confirmation.user_id)
        .where(Confirmation.member_id == member_id)
        .order_by(Confirmation.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return LastConfirmation(row.at, by_contractor(row.name, row.contractor), row.known_change_id)


@dataclass(frozen=True, slots=True)
class ContractorOnRecord:
    """A contractor that can see the record now, what it may do, who acts for it, and when it last did."""

    name: str
    starts_on: date
    last_on: date | None
    procedures: tuple[Procedure, ...]
    persons: tuple[str, ...]
    used_at: datetime | None


_SEEING = tuple(one for one, allowed in SCOPES.items() if Permission.RECORD_SEE in allowed)


def contractors_with_access(session: Session, member_id: int, day: date) -> list[ContractorOnRecord]:
    """The contractors that can see the member's record on `day` (利用規約 2.3), with the persons who are not stopped."""
    scope = aliased(MandateScope)
    seeing = exists().where(scope.mandate_id == Mandate.id, scope.procedure.in_(_SEEING))
    there = and_(
        Affiliation.user_id == MandatePerson.user_id,
        Affiliation.contractor_id == Mandate.contractor_id,
        Affiliation.ended_at.is_(None),
        Affiliation.stopped_at.is_(None),
    )
    rows = session.execute(
        select(
            Mandate.id,
            Contractor.name,
            Mandate.starts_on,
            Mandate.ends_on,
            MandateScope.procedure,
            User.name,
            last_used().label("used_at"),
        )
        .join(Contractor, Contractor.id == Mandate.contractor_id)
        .join(MandateScope, MandateScope.mandate_id == Mandate.id)
        .outerjoin(MandatePerson, MandatePerson.mandate_id == Mandate.id)
        .outerjoin(Affiliation, there)
        .outerjoin(User, and_(User.id == Affiliation.user_id, User.state.not_in((UserState.STOPPED, UserState.CLOSED))))
        .where(
            Mandate.member_id == member_id,
            Mandate.state == MandateState.ACTIVE,
            Mandate.starts_on <= day,
            or_(Mandate.ends_on.is_(None), Mandate.ends_on > day),
            seeing,
        )
        .order_by(Mandate.id, User.id)
    ).all()
    by_mandate: dict[int, list[Any]] = {}
    for row in rows:
        by_mandate.setdefault(row[0], []).append(row)
    return [_contractor(same) for same in by_mandate.values()]


def _contractor(rows: list[Any]) -> ContractorOnRecord:
    _id, name, starts_on, ends_on, _procedure, _person, used_at = rows[0]
    procedures = {row[4] for row in rows}
    return ContractorOnRecord(
        name,
        starts_on,
        date.fromordinal(ends_on.toordinal() - 1) if ends_on else None,
        tuple(each for each in Procedure if each in procedures),
        tuple(dict.fromkeys(row[5] for row in rows if row[5])),
        used_at,
    )


@dataclass(frozen=True, slots=True)
class OwnCase:
    """An application or change request of the member, for its copy of all its own data."""

    number: str
    title: str
    state: ApplicationState | ChangeState
    submitted_at: datetime
    decided_at: datetime | None


def own_cases(session: Session, member_id: int) -> list[OwnCase]:
    """Every application and change request that the member has submitted, newest first; the office's own entries are none."""
    applications = session.execute(
        select(
            Application.acceptance_number, Application.state, Application.submitted_at, Application.decided_at
        ).where(Application.member_id == member_id, Application.submitted_at.is_not(None))
    )
    requests = session.execute(
        select(
            ChangeRequest.number,
            ChangeRequest.title,
            ChangeRequest.state,
            ChangeRequest.submitted_at,
            ChangeRequest.decided_at,
        ).where(
            ChangeRequest.member_id == member_id,
            ChangeRequest.submitted_at.is_not(None),
            ChangeRequest.channel != Channel.STAFF,
        )
    )
    rows: list[Any] = [(row[0], "加入申請", *row[1:]) for row in applications]
    found = [OwnCase(number or "", *others) for number, *others in [*rows, *requests]]
    return sorted(found, key=lambda case: (case.submitted_at, case.number), reverse=True)
