"""確定の前の確認: everything undecided that could change the votes of an assembly, each settled or marked 確認済.

The key of a case carries its revision or version: what was sent in or changed again asks again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from occto.domain.changes import UNDECIDED, item_touches_votes
from occto.domain.codes import ActStatus, ChangeAct, ElectionState, ProposalState
from occto.domain.freezing import ERRORS, CaseKind
from occto.domain.importing import ImportState
from occto.domain.joining import DECIDED, ApplicationState, Stage
from occto.domain.proposals import ProposalKind
from occto.domain.sections import ACTS, RELATIONS
from occto.models import (
    Application,
    ApplicationRevision,
    Assembly,
    ChangeItem,
    ChangeRequest,
    ChangeRevision,
    FreezeCheck,
    HolderElection,
    ImportBatch,
    Member,
    Proposal,
    RosterProposal,
    User,
    VoteObjection,
)
from occto.queries.allocation import Calculation
from occto.queries.elections import without_consent

_RUNNING_IMPORTS = (ImportState.UPLOADED, ImportState.READ, ImportState.CHECKED, ImportState.RELEASED)
_ABOUT_VOTES = (ProposalKind.ELECTION, ProposalKind.SANCTION, ProposalKind.SANCTION_END)


@dataclass(frozen=True, slots=True)
class Check:
    """確認済: who looked at a case, when, and why it may be left."""

    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """An undecided case. `on`: the first day from which it could count, None where that is not known yet.

    `code` is the finding or the kind of proposal; `number` what people call it by.
    """

    kind: CaseKind
    key: str
    target_id: int = 0
    number: str = ""
    company: str = ""
    on: date | None = None
    code: str = ""
    nodes: tuple[int, ...] = ()
    check: Check | None = None

    @property
    def settled(self) -> bool:
        """Whether the freeze may pass it by."""
        return self.check is not None and self.kind is not CaseKind.ERROR


def freeze_cases(session: Session, assembly: Assembly) -> list[Case]:
    """All cases that could touch votes on or before the record date, with their marks; a fixed number of statements.

    Where 届出 are in force the votes are divided once more, without them.
    """
    found = [
        *_applications(session, assembly.record_on),
        *_changes(session, assembly.record_on),
        *_rosters(session, assembly.record_on),
        *_imports(session),
        *_elections(session, assembly.id),
        *_unconsented(session, assembly),
        *_objections(session, assembly.id),
        *_proposals(session, assembly.id),
    ]
    marks = _marks(session, assembly.id)
    return [replace(case, check=marks.get(case.key)) for case in found]


def errors_of(calculation: Calculation) -> list[Case]:
    """What is wrong with a calculation itself."""
    return [
        Case(CaseKind.ERROR, f"ERROR:{finding.code}", code=finding.code, nodes=finding.nodes)
        for finding in calculation.findings
        if finding.code in ERRORS
    ]


def _marks(session: Session, assembly_id: int) -> dict[str, Check]:
    rows = session.execute(
        select(FreezeCheck.case_key, FreezeCheck.reason, User.name, FreezeCheck.at)
        .join(User, User.id == FreezeCheck.checked_by_id)
        .where(FreezeCheck.assembly_id == assembly_id)
    )
    return {row.case_key: Check(row.reason, row.name, row.at) for row in rows}


def _applications(session: Session, record_on: date) -> Iterable[Case]:
    """Applications that were sent in and are not decided; left out where every day that they name lies later."""
    newest = select(func.max(ApplicationRevision.id)).group_by(ApplicationRevision.application_id)
    rows = session.execute(
        select(Application.id, Application.acceptance_number, Application.name, ApplicationRevision)
        .join(ApplicationRevision, ApplicationRevision.application_id == Application.id)
        .where(
            Application.state.not_in([*DECIDED, ApplicationState.DRAFT]),
            ApplicationRevision.id.in_(newest),
        )
        .order_by(Application.id)
    )
    for number, called, name, revision in rows:
        on = _first_day(revision)
        if on is None or on <= record_on:
            key = f"APPLICATION:{number}:{revision.id}"
            yield Case(CaseKind.APPLICATION, key, number, called or "", name or "", on)


def _first_day(revision: ApplicationRevision) -> date | None:
    """The earliest day that a main application names; None where there is none yet, or an act is still to come."""
    acts = revision.answers.get(ACTS.key, {}).get("acts") or {}
    if revision.stage is not Stage.MAIN or not acts:
        return None
    if any(act.get("status") == ActStatus.PENDING for act in acts.values()):
        return None
    rows = revision.answers.get(RELATIONS.key, {}).get("rows") or ()
    days = [act.get("effective_on") for act in acts.values()] + [row.get("acquired_on") for row in rows]
    return min((date.fromisoformat(day) for day in days if day), default=None)


def _changes(session: Session, record_on: date) -> Iterable[Case]:
    newest = select(func.max(ChangeRevision.id)).group_by(ChangeRevision.request_id)
    rows = session.execute(
        select(ChangeRequest.id, ChangeRequest.number, Member.current_name, ChangeRevision.no, ChangeItem)
        .join(Member, Member.id == ChangeRequest.member_id)
        .join(ChangeRevision, ChangeRevision.request_id == ChangeRequest.id)
        .join(ChangeItem, ChangeItem.revision_id == ChangeRevision.id)
        .where(
            ChangeRequest.state.in_(UNDECIDED),
            ChangeRevision.id.in_(newest),
            ChangeItem.change_id.is_(None),
        )
        .order_by(ChangeRequest.id)
    )
    found: dict[str, Case] = {}
    for number, called, name, revision_no, item in rows:
        on = _day_of(item)
        if not item_touches_votes(item.item) or (on is not None and on > record_on):
            continue
        key = f"CHANGE:{number}:{revision_no}"
        earlier = found.get(key)
        if earlier is not None:
            on = min(earlier.on, on) if earlier.on is not None and on is not None else None
        found[key] = Case(CaseKind.CHANGE, key, number, called or "", name, on)
    return found.values()


def _day_of(item: ChangeItem) -> date | None:
    """From when an item could count; None for a correction or a voided fact, which may reach back to any day."""
    if item.act in (ChangeAct.CORRECT, ChangeAct.VOID):
        return None
    acquired = item.new.get("acquired_on") if isinstance(item.new, Mapping) else None
    return min(item.effective_on, date.fromisoformat(acquired)) if acquired else item.effective_on


def _rosters(session: Session, record_on: date) -> Iterable[Case]:
    rows = session.execute(
        select(RosterProposal.id, RosterProposal.effective_on)
        .where(RosterProposal.state == ProposalState.PROPOSED, RosterProposal.effective_on <= record_on)
        .order_by(RosterProposal.id)
    )
    return [Case(CaseKind.ROSTER, f"ROSTER:{row.id}", row.id, on=row.effective_on) for row in rows]


def _imports(session: Session) -> Iterable[Case]:
    rows = session.execute(
        select(ImportBatch.id, ImportBatch.name, ImportBatch.state)
        .where(ImportBatch.state.in_(_RUNNING_IMPORTS))
        .order_by(ImportBatch.id)
    )
    return [Case(CaseKind.IMPORT, f"IMPORT:{row.id}:{row.state}", row.id, row.name) for row in rows]


def _elections(session: Session, assembly_id: int) -> Iterable[Case]:
    own = or_(HolderElection.assembly_id == assembly_id, HolderElection.assembly_id.is_(None))
    return _of_members(
        session,
        CaseKind.ELECTION,
        select(HolderElection.id, HolderElection.version, Member.current_name)
        .join(Member, Member.id == HolderElection.filed_by_member_id)
        .where(HolderElection.state == ElectionState.UNSETTLED, own)
        .order_by(HolderElection.id),
    )


def _unconsented(session: Session, assembly: Assembly) -> Iterable[Case]:
    """Standing 届出 that take votes from a company that never consented: the mark says that it was asked."""
    for one in without_consent(session, assembly):
        key = f"{CaseKind.CONSENT}:{one.election_id}:{one.version}:{one.member_id}"
        words = f"{one.name} の同意がありません"
        yield Case(CaseKind.CONSENT, key, one.election_id, words, one.filed_by)


def _objections(session: Session, assembly_id: int) -> Iterable[Case]:
    return _of_members(
        session,
        CaseKind.OBJECTION,
        select(VoteObjection.id, VoteObjection.version, Member.current_name)
        .join(Member, Member.id == VoteObjection.member_id)
        .where(VoteObjection.assembly_id == assembly_id, VoteObjection.answered_at.is_(None))
        .order_by(VoteObjection.id),
    )


def _of_members(session: Session, kind: CaseKind, query: Any) -> Iterable[Case]:
    for number, version, name in session.execute(query):
        yield Case(kind, f"{kind}:{number}:{version}", number, company=name)


def _proposals(session: Session, assembly_id: int) -> Iterable[Case]:
    own = or_(Proposal.assembly_id == assembly_id, Proposal.assembly_id.is_(None))
    rows = session.execute(
        select(Proposal.id, Proposal.kind, Member.current_name)
        .outerjoin(Member, Member.id == Proposal.member_id)
        .where(Proposal.state == ProposalState.PROPOSED, Proposal.kind.in_(_ABOUT_VOTES), own)
        .order_by(Proposal.id)
    )
    return [Case(CaseKind.PROPOSAL, f"PROPOSAL:{row.id}", row.id, "", row[2] or "", code=row.kind) for row in rows]
