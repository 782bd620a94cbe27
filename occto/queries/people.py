"""Reads for sign-in and for the pages about people."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from occto.domain.codes import Procedure, SignInOutcome, UserState
from occto.domain.errors import NotFound
from occto.domain.permissions import SECOND_FACTOR_ROLES, Role
from occto.domain.profile import MEMBER_CONTACT
from occto.domain.throttle import KNOWN_FOR, LINK_WINDOW, WINDOW, Tries
from occto.models import Affiliation, Contractor, Mandate, MandateScope, Member, SignInAttempt, StaffRole, User
from occto.queries.plain import one_of
from occto.queries.register import profile_as_of
from occto.queries.viewer import mandate_in_force

ONLY_FACTOR, WITH_SECOND_FACTOR = 15, 8
_FAILED = (SignInOutcome.BAD_PASSWORD, SignInOutcome.BAD_CODE)


@dataclass(frozen=True, slots=True)
class Company:
    """A company that a person may act for: by a role of its own, or under a mandate that its contractor holds."""

    member_id: int
    name: str
    role: Role
    operator_code: str
    mandate_id: int | None = None
    contractor_name: str = ""
    procedures: tuple[Procedure, ...] = ()


def user_by_email(session: Session, email_key: str) -> User | None:
    """The user whose ログインID is this address in lower case."""
    return session.scalar(select(User).where(User.email_key == email_key))


def user_by_id(session: Session, user_id: int) -> User:
    """The user with this row number; NotFound where there is none."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound
    return user


def password_minimum(session: Session, user_id: int) -> int:
    """How long the user's password must be: 15 where it is the only factor, 8 where a second one is compulsory."""
    staff = select(StaffRole.role).where(StaffRole.user_id == user_id)
    member = select(Affiliation.role).where(Affiliation.user_id == user_id, Affiliation.ended_at.is_(None))
    roles = set(session.scalars(staff)) | set(session.scalars(member))
    return WITH_SECOND_FACTOR if roles & SECOND_FACTOR_ROLES else ONLY_FACTOR


def companies_of(session: Session, user_id: int) -> list[Company]:
    """The companies that the user has a role at now, by name."""
    rows = session.execute(
        select(Member.id, Member.current_name, Affiliation.role, Member.operator_code)
        .join(Affiliation, Affiliation.member_id == Member.id)
        .where(Affiliation.user_id == user_id, Affiliation.ended_at.is_(None), Affiliation.stopped_at.is_(None))
        .order_by(Member.name_key, Member.id)
    )
    return [Company(row.id, row.current_name, row.role, row.operator_code) for row in rows]


def mandated_to(session: Session, user_id: int, *, today: date) -> list[Company]:
    """The members that the user may act for under a mandate in force today, by name."""
    rows = session.execute(
        select(
            Mandate.id,
            Mandate.member_id,
            Member.current_name,
            Member.operator_code,
            Contractor.name,
            func.aggregate_strings(MandateScope.procedure, ",").label("procedures"),
        )
        .join(Member, Member.id == Mandate.member_id)
        .join(Contractor, Contractor.id == Mandate.contractor_id)
        .join(MandateScope, MandateScope.mandate_id == Mandate.id)
        .where(mandate_in_force(Mandate, user_id, today))
        .group_by(Mandate.id, Member.id, Contractor.id)
        .order_by(Member.name_key, Member.id, Mandate.id)
    )
    return [
        Company(
            row.member_id,
            row.current_name,
            Role.CONTRACTOR,
            row.operator_code,
            mandate_id=row.id,
            contractor_name=row.name,
            procedures=tuple(one for one in Procedure if one in row.procedures.split(",")),
        )
        for row in rows
    ]


def places_of(session: Session, user_id: int, *, today: date) -> list[Company]:
    """All that the user may choose from after sign-in: own companies first, then those served under mandates."""
    return companies_of(session, user_id) + mandated_to(session, user_id, today=today)


REACHED = (UserState.ACTIVE, UserState.INVITED)
"""Persons that the office writes to: invited ones too, stopped ones not."""
REACHED_ADMINISTRATOR: tuple[ColumnElement[bool], ...] = (
    Affiliation.role == Role.ADMINISTRATOR,
    Affiliation.ended_at.is_(None),
    Affiliation.stopped_at.is_(None),
    one_of(User.state, REACHED),
)
"""管理者 that the office writes to, as conditions on an affiliation joined to its user."""


def notice_addresses(session: Session, member_id: int, *, today: date) -> dict[str, str]:
    """Where the office writes to a member: its 会員担当 on record and its administrators, by address in lower case."""
    contact = profile_as_of(session, member_id, today).get(f"{MEMBER_CONTACT}_email")
    administrators = session.scalars(
        select(User.email)
        .join(Affiliation, Affiliation.user_id == User.id)
        .where(
            Affiliation.member_id == member_id,
            *REACHED_ADMINISTRATOR,
        )
        .order_by(User.id)
    )
    return {address.lower(): address for address in (contact, *administrators) if address}


def tries(session: Session, *, account_key: str, address_key: str, now: datetime) -> Tries:
    """What the throttle of sign-in counts."""
    since = now - WINDOW
    failed = (
        select(func.count())
        .select_from(SignInAttempt)
        .where(SignInAttempt.at > since, SignInAttempt.outcome.in_(_FAILED))
    )
    by_account = SignInAttempt.account_key == account_key
    by_address = SignInAttempt.address_key == address_key
    known = select(SignInAttempt.id).where(
        by_account, by_address, SignInAttempt.outcome == SignInOutcome.PASSED, SignInAttempt.at > now - KNOWN_FOR
    )
    row = session.execute(
        select(
            failed.where(by_account, by_address).scalar_subquery(),
            failed.where(by_address).scalar_subquery(),
            failed.where(by_account).scalar_subquery(),
            known.exists(),
        )
    ).one()
    return Tries(pair=row[0], address=row[1], account=row[2], known_address=row[3])


def link_requests(session: Session, *, account_key: str, address_key: str, now: datetime) -> tuple[int, int]:
    """Links requested in the last hour: by this pair, and by this network address."""
    asked = (
        select(func.count())
        .select_from(SignInAttempt)
        .where(
            SignInAttempt.at > now - LINK_WINDOW,
            SignInAttempt.address_key == address_key,
            SignInAttempt.outcome == SignInOutcome.LINK_REQUESTED,
        )
    )
    row = session.execute(
        select(asked.where(SignInAttempt.account_key == account_key).scalar_subquery(), asked.scalar_subquery())
    ).one()
    return row[0], row[1]
