"""Reads for 名簿番号: who has which number, and the proposals with their rows in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from occto.domain.roster import Entry, Known, numbers_in
from occto.models import Member, RosterFact, RosterProposal, User


@dataclass(frozen=True, slots=True)
class ProposedRow:
    """A row of a proposal as people read it; numbers None where there was none."""

    member_id: int
    code: str
    name: str
    before: int | None
    after: int


def _known() -> Any:
    running = (RosterFact.member_id == Member.id) & RosterFact.voided_id.is_(None) & RosterFact.ended_on.is_(None)
    return select(
        Member.id, Member.operator_code, Member.current_name, RosterFact.roster_no, RosterFact.effective_on
    ).outerjoin(RosterFact, running)


def known_members(session: Session, entries: Iterable[Entry]) -> tuple[dict[str, Known], dict[int, Known]]:
    """The members that a list names, by operator code, and whoever has one of its new numbers, by number."""
    entries = list(entries)
    codes = {entry.code for entry in entries}
    named = {one.code: one for one in _found(session, Member.operator_code.in_(codes))}
    holders = _found(session, RosterFact.roster_no.in_(numbers_in(entries)))
    return named, {one.number: one for one in holders if one.number is not None}


def _found(session: Session, condition: ColumnElement[bool]) -> list[Known]:
    rows = session.execute(_known().where(condition))
    return [Known(row.id, row.operator_code, row.current_name, row.roster_no, row.effective_on) for row in rows]


def rows_of_proposal(session: Session, proposal: RosterProposal) -> list[ProposedRow]:
    """The rows in the order of the new numbers."""
    ids = [row[0] for row in proposal.rows if row[0] is not None]
    members = {
        row.id: row
        for row in session.execute(
            select(Member.id, Member.operator_code, Member.current_name).where(Member.id.in_(ids))
        )
    }
    found = [
        ProposedRow(member_id, members[member_id].operator_code, members[member_id].current_name, before, after)
        for member_id, before, after in proposal.rows
        if member_id is not None and after is not None
    ]
    return sorted(found, key=lambda row: row.after)


def people_of_proposal(session: Session, proposal: RosterProposal) -> dict[int, str]:
    """The names of who proposed and who decided, by row number."""
    rows = session.execute(
        select(User.id, User.name).where(or_(User.id == proposal.proposed_by_id, User.id == proposal.decided_by_id))
    )
    return {row.id: row.name for row in rows}
