"""Periods of membership of a company, and by which operator code it was a member."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.memberships import Period, periods
from occto.models import Body, FormerCode, LicenceFact, LicenceHeld, Member


def periods_of(session: Session, member_id: int) -> list[Period]:
    """The periods in which the member holds a licence, by the facts that stand, oldest first."""
    rows = session.execute(
        select(LicenceFact.effective_on, LicenceFact.ended_on)
        .join(LicenceHeld, LicenceHeld.id == LicenceFact.licence_id)
        .where(LicenceHeld.member_id == member_id, LicenceFact.voided_id.is_(None))
    )
    return periods((row.effective_on, row.ended_on) for row in rows)


@dataclass(frozen=True, slots=True)
class KnownMember:
    """A company on record as a member: its periods and, for each of them, the operator code at its end."""

    member_id: int
    name: str
    periods: list[Period]
    codes: list[str]


def member_by_number(session: Session, corporate_number: str | None) -> KnownMember | None:
    """The member with this corporate number, whether it has left or not; None where there is none. Three statements."""
    if not corporate_number:
        return None
    row = session.execute(
        select(Member.id, Member.current_name, Member.operator_code)
        .join(Body, Body.id == Member.body_id)
        .where(Body.corporate_number == corporate_number)
    ).one_or_none()
    if row is None:
        return None
    former = session.execute(
        select(FormerCode.operator_code, FormerCode.until_on)
        .where(FormerCode.member_id == row.id)
        .order_by(FormerCode.until_on)
    ).all()
    found = periods_of(session, row.id)
    codes = [
        next((one.operator_code for one in former if period.end and one.until_on >= period.end), row.operator_code)
        for period in found
    ]
    return KnownMember(row.id, row.current_name, found, codes)
