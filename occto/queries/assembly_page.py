"""What the page of an assembly for staff shows: how far it has got, its key figures, its agenda and its documents."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from occto.domain.agenda import ItemKind
from occto.domain.assembly import TOLD, AssemblyState
from occto.domain.assembly_settings import AssemblySettings, VotePolicy, read_settings
from occto.domain.assembly_tasks import DAY_DAYS, Prepared
from occto.domain.codes import AttachmentKind, ElectionState, LateOutcome, MailState, MemberState, SnapshotState
from occto.domain.convocation import NoticeKind
from occto.domain.dates import start_of_day
from occto.domain.votes import GROUP_LABELS
from occto.models import (
    REAL,
    AgendaConflict,
    AgendaItem,
    Assembly,
    AssemblyResult,
    Attachment,
    AuditEvent,
    Convocation,
    Desk,
    HolderElection,
    ItemDecision,
    LateFact,
    Member,
    Minutes,
    Notice,
    OutboxMail,
    Snapshot,
    SnapshotMember,
)

_TOLD_AND_OPEN = sorted(TOLD | {AssemblyState.RESULT_FIXED, AssemblyState.PUBLISHED})


@dataclass(frozen=True, slots=True)
class Figures:
    """Key figures; those of the roll are None before the freeze."""

    items: int
    documents: int
    members: int | None = None
    holders: int | None = None
    votes: int | None = None
    notified: int = 0


@dataclass(frozen=True, slots=True)
class AgendaLine:
    """An item with the members that have no vote on it: (row number, name), by name."""

    item: AgendaItem
    conflicts: Sequence[tuple[int, str]] = field(default=())


def agenda_of(session: Session, assembly_id: int) -> list[AgendaLine]:
    """The items in their order, withdrawn ones too. Two statements."""
    items = session.scalars(
        select(AgendaItem).where(AgendaItem.assembly_id == assembly_id).order_by(AgendaItem.no)
    ).all()
    rows = session.execute(
        select(AgendaConflict.item_id, Member.id, Member.current_name)
        .join(Member, Member.id == AgendaConflict.member_id)
        .join(AgendaItem, AgendaItem.id == AgendaConflict.item_id)
        .where(AgendaItem.assembly_id == assembly_id)
        .order_by(Member.name_key, Member.id)
    )
    without: dict[int, list[tuple[int, str]]] = {}
    for row in rows:
        without.setdefault(row.item_id, []).append((row.id, row.current_name))
    return [AgendaLine(item, without.get(item.id, ())) for item in items]


def documents_of(session: Session, assembly_id: int) -> list[Attachment]:
    """The documents that are shown, in the order in which they were added."""
    return list(session.scalars(_documents(select(Attachment), assembly_id).order_by(Attachment.id)))


def _documents(query: Any, assembly_id: int) -> Any:
    return query.where(
        Attachment.assembly_id == assembly_id,
        Attachment.kind == AttachmentKind.ASSEMBLY_FILE,
        Attachment.removed_at.is_(None),
    )


def figures_of(session: Session, assembly_id: int) -> Figures:
    """The key figures of an assembly, in three statements."""
    counts = session.execute(
        select(
            select(func.count())
            .where(
                AgendaItem.assembly_id == assembly_id,
                AgendaItem.withdrawn_at.is_(None),
                AgendaItem.kind != ItemKind.REPORT,
            )
            .scalar_subquery()
            .label("items"),
            _documents(select(func.count()).select_from(Attachment), assembly_id).scalar_subquery().label("documents"),
            select(func.count())
            .where(Convocation.assembly_id == assembly_id, Convocation.notified_at.is_not(None))
            .scalar_subquery()
            .label("notified"),
        )
    ).one()
    frozen = session.execute(
        select(Snapshot.id, Snapshot.total).where(
            Snapshot.assembly_id == assembly_id, Snapshot.state == SnapshotState.FROZEN
        )
    ).one_or_none()
    if frozen is None:
        return Figures(items=counts.items, documents=counts.documents, notified=counts.notified)
    roll = session.execute(
        select(func.count().label("members"), func.count().filter(SnapshotMember.votes > 0).label("holders")).where(
            SnapshotMember.snapshot_id == frozen.id
        )
    ).one()
    return Figures(
        items=counts.items,
        documents=counts.documents,
        members=roll.members,
        holders=roll.holders,
        votes=frozen.total,
        notified=counts.notified,
    )


def prepared(session: Session, assembly: Assembly, figures: Figures) -> Prepared:
    """How far the assembly has got, for `domain/assembly_tasks.py`. One statement."""
    settings, number = read_settings(assembly.settings), assembly.id
    desks = (Desk.assembly_id == number, Desk.ended_at.is_(None))
    row = session.execute(
        select(
            _count(LateFact.assembly_id == number, LateFact.outcome.is_(None)).label("late_open"),
            _count(LateFact.assembly_id == number, LateFact.outcome == LateOutcome.POSTPONE).label("to_postpone"),
            _count(
                or_(HolderElection.assembly_id == number, HolderElection.assembly_id.is_(None)),
                HolderElection.state == ElectionState.UNSETTLED,
            ).label("elections_open"),
            _count(Notice.assembly_id == number, Notice.kind == NoticeKind.NOTICE, Notice.tested_at.is_not(None)).label(
                "tested"
            ),
            _count(
                AgendaItem.assembly_id == number, AgendaItem.notified_at.is_(None), AgendaItem.withdrawn_at.is_(None)
            ).label("unnotified"),
            _count(Convocation.assembly_id == number, Convocation.bounced_at.is_not(None)).label("bounced"),
            _count(Assembly.replaces_id == number, Assembly.state != AssemblyState.CANCELLED).label("followers"),
            _count(AgendaItem.assembly_id == number, AgendaItem.withdrawn_at.is_(None)).label("every_item"),
            _count(*desks).label("desks"),
            _count(*desks, Desk.paired_at.is_not(None)).label("desks_paired"),
            _count(*desks, Desk.paired_at.is_not(None), Desk.practised_at.is_not(None)).label("desks_practised"),
            _count(
                AgendaItem.assembly_id == number,
                AgendaItem.withdrawn_at.is_(None),
                AgendaItem.kind != ItemKind.REPORT,
                ~exists().where(ItemDecision.item_id == AgendaItem.id),
            ).label("undecided"),
            _count(Minutes.assembly_id == number).label("minutes"),
            _count(*_kit_taken(number)).label("kits"),
        )
    ).one()
    return Prepared(
        state=assembly.state,
        held_at=assembly.held_at,
        record_on=assembly.record_on,
        place=bool(assembly.place),
        reception=assembly.reception_from is not None,
        reply_until=assembly.reply_until,
        quorum=settings.quorum_basis is not None,
        items=row.every_item,
        documents=figures.documents,
        tables_missing=tables_missing(settings),
        late_open=row.late_open,
        to_postpone=row.to_postpone > 0,
        elections_open=row.elections_open,
        notice_tested=row.tested > 0,
        unnotified_items=row.unnotified if assembly.state in TOLD else 0,
        bounced=row.bounced,
        followed=row.followers > 0,
        desks=row.desks,
        desks_paired=row.desks_paired,
        desks_practised=row.desks_practised,
        undecided=row.undecided,
        minutes=row.minutes > 0,
        kit=row.kits > 0,
    )


def _kit_taken(number: int) -> tuple[Any, ...]:
    """Events that tell of a kit of this assembly, taken away since its last result was fixed."""
    last = select(func.max(AssemblyResult.fixed_at)).where(AssemblyResult.assembly_id == number)
    return (
        AuditEvent.tag == "kit.taken",
        AuditEvent.subject == f"ASSEMBLY:{number}",
        AuditEvent.at >= last.scalar_subquery(),
    )


def at_their_day(session: Session, *, today: date) -> list[Assembly]:
    """Assemblies from DAY_DAYS before their day until they are finished, the next one first; rehearsals apart."""
    before = start_of_day(today + timedelta(days=DAY_DAYS + 1))
    return list(
        session.scalars(
            select(Assembly)
            .where(Assembly.state.in_(_TOLD_AND_OPEN), Assembly.held_at < before, REAL)
            .order_by(Assembly.held_at, Assembly.id)
        )
    )


def _count(*conditions: Any) -> Any:
    return select(func.count()).where(*conditions).scalar_subquery()


def tables_missing(settings: AssemblySettings) -> list[str]:
    """The groups whose votes go by a table that was not entered."""
    return [
        GROUP_LABELS[group]
        for group, policy in settings.policies.items()
        if (policy is VotePolicy.MANUAL and not settings.shares.get(group))
        or (policy is VotePolicy.FORMER_GDU_THIRD and not settings.former_gdus)
    ]


def untold_members(
    session: Session, assembly_id: int, template: str, *, at: datetime | None = None
) -> list[tuple[int, str]]:
    """Members on the roll of an assembly that were called to it and that no mail of `template` reached: 紙対応, or none
    that was accepted. `at`: of those queued at that instant alone.
    """
    told = select(OutboxMail.member_id).where(
        OutboxMail.assembly_id == assembly_id,
        OutboxMail.template == template,
        OutboxMail.member_id.is_not(None),
        OutboxMail.state.not_in((MailState.FAILED, MailState.BOUNCED)),
    )
    if at is not None:
        told = told.where(OutboxMail.queued_at == at)
    called = select(func.count()).where(AgendaItem.assembly_id == assembly_id, AgendaItem.notified_at.is_not(None))
    rows = session.execute(
        select(SnapshotMember.member_id, Member.current_name)
        .join(Snapshot, Snapshot.id == SnapshotMember.snapshot_id)
        .join(Member, Member.id == SnapshotMember.member_id)
        .where(
            Snapshot.assembly_id == assembly_id,
            Snapshot.state == SnapshotState.FROZEN,
            Member.current_state != MemberState.LEFT,
            SnapshotMember.member_id.not_in(told),
            called.scalar_subquery() > 0,
        )
        .order_by(SnapshotMember.roster_no.is_(None), SnapshotMember.roster_no, SnapshotMember.member_id)
    )
    return [(row.member_id, row.current_name) for row in rows]
