"""What the records say for 議事録: the result, who was there, whom the notice missed, what was known too late, opinions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from occto.domain.assembly_settings import AssemblySettings, read_settings
from occto.domain.codes import LateOutcome
from occto.domain.convocation import too_late_from
from occto.domain.minutes import MinutesValues, read_minutes
from occto.domain.quorum import Quorum
from occto.domain.reception import CheckInEnd
from occto.domain.resolutions import kept_quorum
from occto.domain.tickets import TicketKind
from occto.models import (
    AdmissionTicket,
    Assembly,
    AssemblyResult,
    CheckIn,
    KitHash,
    LateFact,
    Member,
    Minutes,
    ReceiptList,
    Reply,
    Snapshot,
    StandingReply,
)
from occto.queries.assemblies import Late, late_facts
from occto.queries.assembly_page import Figures, figures_of
from occto.queries.convocation import Missed, missed, sent_notice
from occto.queries.kit import noted_hash, receipts_of
from occto.queries.results import FIXED, Correction, ItemResult, corrections_of, fixed_results, results_of
from occto.queries.snapshots import frozen_of


@dataclass(frozen=True, slots=True)
class Kept:
    """基準日後判明 that was left as it is, with the reason."""

    late: Late
    reason: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a member wrote beside its reply."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class MinutesFacts:
    """All that the minutes draw from the records. `corrected`: what was fixed does not stand; `taken_back`: every
    time that it was taken back; `fixed_again`: number and instant of every later result; `kit`: None also as long as it is not noted.

    `officials`: those named by the minister, 所属・役職 and name;
    `floor_over`: the last day on which the notice could arrive is over, so that it can be told whom it missed.
    """

    assembly: Assembly
    settings: AssemblySettings
    figures: Figures
    snapshot: Snapshot | None
    results: Sequence[ItemResult]
    fixed: AssemblyResult | None
    kit: KitHash | None
    corrected: bool
    taken_back: Sequence[Correction]
    fixed_again: Sequence[tuple[int, datetime]]
    quorum: Quorum | None
    notified_at: datetime | None
    floor_over: bool
    missed: Sequence[Missed]
    kept: Sequence[Kept]
    officials: Sequence[tuple[str, str]]
    opinions: Sequence[Opinion]
    receipts: ReceiptList | None


@dataclass(frozen=True, slots=True)
class Written:
    """What people wrote, with its version; 0: nothing yet."""

    values: MinutesValues
    version: int
    updated_at: datetime | None = None


def written_of(session: Session, assembly: Assembly) -> Written:
    """What was written, or what the form begins with: the place of the assembly and its chair."""
    row = session.get(Minutes, assembly.id)
    if row is not None:
        return Written(read_minutes(row.values), row.version, row.updated_at)
    settings = read_settings(assembly.settings)
    return Written(MinutesValues(chair=settings.chair, place=assembly.place or ""), 0)


def minutes_facts(session: Session, assembly: Assembly, *, now: datetime) -> MinutesFacts:
    """The facts as they stand."""
    settings = read_settings(assembly.settings)
    results = fixed_results(session, assembly.id)
    corrected = bool(results) and assembly.state not in FIXED
    fixed = results[0] if results and not corrected else None
    notice = sent_notice(session, assembly.id)
    return MinutesFacts(
        assembly=assembly,
        settings=settings,
        figures=figures_of(session, assembly.id),
        snapshot=frozen_of(session, assembly.id),
        results=results_of(session, assembly.id),
        fixed=fixed,
        kit=noted_hash(session, fixed),
        corrected=corrected,
        taken_back=corrections_of(session, assembly.id),
        fixed_again=[(one.no, one.fixed_at) for one in results if one.no > 1],
        quorum=kept_quorum(fixed.quorum) if fixed is not None else None,
        notified_at=notice.sent_at if notice is not None else None,
        floor_over=now >= too_late_from(assembly.held_at),
        missed=missed(session, assembly, now=now) if notice is not None else (),
        kept=_kept(session, assembly.id),
        officials=_officials(session, assembly.id),
        opinions=_opinions(session, assembly.id),
        receipts=receipts_of(session, assembly.id, until=fixed.fixed_at if fixed is not None else None),
    )


def _kept(session: Session, assembly_id: int) -> list[Kept]:
    rows = session.execute(
        select(LateFact.id, LateFact.reason).where(
            LateFact.assembly_id == assembly_id, LateFact.outcome == LateOutcome.KEEP
        )
    )
    reasons = {row.id: row.reason or "" for row in rows}
    return [Kept(one, reasons[one.id]) for one in late_facts(session, assembly_id) if one.id in reasons]


def _officials(session: Session, assembly_id: int) -> list[tuple[str, str]]:
    """Whoever came, also where they left before the end; an admission that was undone does not count."""
    came = exists().where(
        CheckIn.ticket_id == AdmissionTicket.id,
        CheckIn.ending.is_(None) | (CheckIn.ending != CheckInEnd.UNDONE),
    )
    rows = session.execute(
        select(AdmissionTicket.title, AdmissionTicket.name)
        .where(AdmissionTicket.assembly_id == assembly_id, AdmissionTicket.kind == TicketKind.OFFICIAL, came)
        .order_by(AdmissionTicket.number)
    )
    return [(row.title, row.name) for row in rows]


def _opinions(session: Session, assembly_id: int) -> list[Opinion]:
    rows = session.execute(
        select(Member.current_name, Reply.opinion)
        .join(StandingReply, StandingReply.reply_id == Reply.id)
        .join(Member, Member.id == StandingReply.member_id)
        .where(StandingReply.assembly_id == assembly_id, Reply.opinion.is_not(None))
        .order_by(Member.name_key, Member.id)
    )
    return [Opinion(name, opinion) for name, opinion in rows if opinion]
