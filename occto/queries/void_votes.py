"""Votes that are void because the member left after the record date (`domain` 5.3). Totals stay."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from occto.models import Assembly, LicenceFact, LicenceHeld, SnapshotMember
from occto.queries.snapshots import frozen_of


def has_left(member_id: Any, *, record_on: Any, day: Any) -> ColumnElement[bool]:
    """The same of one member, as part of a statement: no licence is in force on `day`, and the last ended after `record_on`."""
    own = (
        LicenceHeld.member_id == member_id,
        LicenceFact.licence_id == LicenceHeld.id,
        LicenceFact.voided_id.is_(None),
    )
    in_force = exists().where(
        *own, LicenceFact.effective_on <= day, or_(LicenceFact.ended_on.is_(None), LicenceFact.ended_on > day)
    )
    ended = exists().where(*own, LicenceFact.ended_on <= day, LicenceFact.ended_on > record_on)
    return and_(~in_force, ended)


def left_since(session: Session, assembly: Assembly, *, day: date) -> dict[int, date]:
    """Member → the first day after the record date on which it was none any more, for those that are none on `day`.

    From that day its votes are void, a reply given earlier too. Empty before the freeze. A member whose licences turn
    out to have ended on or before the record date is no such member: its votes follow the outcome of 基準日後判明.
    """
    frozen = frozen_of(session, assembly.id)
    if frozen is None or day <= assembly.record_on:
        return {}
    stands = LicenceFact.voided_id.is_(None)
    holding = (
        select(LicenceHeld.member_id)
        .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
        .where(
            stands,
            LicenceFact.effective_on <= day,
            LicenceFact.ended_on.is_(None) | (LicenceFact.ended_on > day),
        )
    )
    ended = func.max(LicenceFact.ended_on)
    rows = session.execute(
        select(SnapshotMember.member_id, ended)
        .join(LicenceHeld, LicenceHeld.member_id == SnapshotMember.member_id)
        .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
        .where(
            SnapshotMember.snapshot_id == frozen.id,
            SnapshotMember.member_id.not_in(holding),
            stands,
            LicenceFact.ended_on <= day,
        )
        .group_by(SnapshotMember.member_id)
        .having(ended > assembly.record_on)
        .order_by(SnapshotMember.member_id)
    )
    return {member_id: on for member_id, on in rows if on is not None}
