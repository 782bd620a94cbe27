"""Reads of 紙の控え: whose tickets the numbers are, and what came of a batch that was entered."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.reception import ScanOutcome, ScanWay
from occto.models import AdmissionTicket, Member, Scan


@dataclass(frozen=True, slots=True)
class Named:
    """Whose a ticket is."""

    name: str
    company: str | None


def tickets_by_number(session: Session, assembly_id: int, numbers: Collection[int]) -> dict[int, Named]:
    """The tickets of an assembly with these numbers, revoked ones too."""
    rows = session.execute(
        select(AdmissionTicket.number, AdmissionTicket.name, Member.current_name)
        .outerjoin(Member, Member.id == AdmissionTicket.member_id)
        .where(AdmissionTicket.assembly_id == assembly_id, AdmissionTicket.number.in_(numbers))
    )
    return {row.number: Named(row.name, row.current_name) for row in rows}


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A line as it was entered: its ticket where there is one, the time written down, and what it came to."""

    number: int | None
    name: str | None
    company: str | None
    at: datetime | None
    outcome: ScanOutcome


def entered_lines(session: Session, assembly_id: int, *, batch: str) -> list[PaperLine]:
    """The lines of a batch in the order of the times written down."""
    rows = session.execute(
        select(AdmissionTicket.number, AdmissionTicket.name, Member.current_name, Scan.device_at, Scan.outcome)
        .select_from(Scan)
        .outerjoin(AdmissionTicket, AdmissionTicket.id == Scan.ticket_id)
        .outerjoin(Member, Member.id == AdmissionTicket.member_id)
        .where(
            Scan.assembly_id == assembly_id,
            Scan.way == ScanWay.PAPER,
            Scan.scan_id.startswith(f"paper-{batch}-", autoescape=True),
        )
        .order_by(Scan.device_at, Scan.scan_id)
    )
    return [PaperLine(row.number, row.name, row.current_name, row.device_at, row.outcome) for row in rows]
