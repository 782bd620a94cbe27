"""今日の仕事: what waits for staff, of every kind, in pages of a few statements however much there is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from occto.domain.joining import ApplicationState
from occto.models import (
    AccountRequest,
    AgendaItem,
    Application,
    Assembly,
    ChangeRequest,
    HolderElection,
    ItemDecision,
    LateFact,
    Member,
    Proposal,
    RosterProposal,
    Sending,
    User,
    VoteObjection,
)
from occto.queries.viewer import Viewer
from occto.queries.work_tabs import ACCOUNT_WAITS, APPLICATION_WAITS, CHANGE_WAITS, Branch, Tab, WorkKind

PAGE = 30
_HIGHEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work. `id` is its row, `target_id` the row whose page it is done on; `place` is what it is ordered by."""

    kind: WorkKind
    id: int
    target_id: int
    number: str
    company: str
    title: str
    state: str
    main: bool
    held: bool
    checked: bool
    place: datetime | date | None
    waiting_since: datetime | None
    assignee: str | None


@dataclass(frozen=True, slots=True)
class WorkPage:
    """A page of a tab. `after` is where to go on from, None at the end."""

    rows: list[Work]
    after: str | None


_MODELS: dict[WorkKind, Any] = {
    WorkKind.APPLICATION: Application,
    WorkKind.BOUNCE: Sending,
    WorkKind.SHUT_OUT: Sending,
    WorkKind.CHANGE: ChangeRequest,
    WorkKind.CONSENT: ItemDecision,
    WorkKind.LATE: LateFact,
    WorkKind.ELECTION: HolderElection,
    WorkKind.OBJECTION: VoteObjection,
    WorkKind.PROPOSAL: Proposal,
    WorkKind.CATEGORY: Application,
    WorkKind.ROSTER: RosterProposal,
    WorkKind.ACCOUNT: AccountRequest,
    WorkKind.STAFF_FACTOR: AccountRequest,
}


def counts(
    session: Session, tabs: Sequence[Tab], *, viewer: Viewer, today: date, late_before: datetime
) -> dict[str, int]:
    """How much stands under each tab, and under `overdue` what has waited since before `late_before`; one statement."""
    me = viewer.user_id or 0
    columns = [
        _sum([(kind, where) for kind, where, _place in tab.branches(session, me, today)]).label(tab.key) for tab in tabs
    ]
    overdue = [
        (WorkKind.APPLICATION, and_(APPLICATION_WAITS, Application.waiting_since < late_before)),
        (WorkKind.CHANGE, and_(CHANGE_WAITS, ChangeRequest.waiting_since < late_before)),
        (WorkKind.ACCOUNT, and_(ACCOUNT_WAITS, AccountRequest.submitted_at < late_before)),
    ]
    columns.append(_sum(overdue).label("overdue"))
    return {key: int(number) for key, number in session.execute(select(*columns)).mappings().one().items()}


def _sum(parts: Sequence[tuple[WorkKind, Any]]) -> ColumnElement[int]:
    first, *rest = [
        select(func.count()).select_from(_MODELS[kind]).where(where).scalar_subquery() for kind, where in parts
    ]
    total: ColumnElement[int] = first
    for one in rest:
        total = total + one
    return total


def page(session: Session, tab: Tab, *, viewer: Viewer, today: date, after: str | None = None) -> WorkPage:
    """A page of `tab`, oldest first, beginning behind the place `after`; a place that is none is passed over."""
    cursor = _place(after)
    branches = tab.branches(session, viewer.user_id or 0, today)
    parts = [_part(kind, where, place, branches=branches, cursor=cursor) for kind, where, place in branches]
    works = (union_all(*(select(part.subquery()) for part in parts)) if len(parts) > 1 else parts[0]).subquery()
    query = (
        select(works, User.name.label("assignee"))
        .outerjoin(User, User.id == works.c.assignee_id)
        .order_by(works.c.place, works.c.kind, works.c.id)
        .limit(PAGE + 1)
    )
    rows = [_work(row) for row in session.execute(query)]
    more = len(rows) > PAGE
    last = rows[PAGE - 1] if more else None
    return WorkPage(rows[:PAGE], f"{last.kind.value}{last.id}" if last else None)


def _place(after: str | None) -> tuple[WorkKind, int] | None:
    """The kind and row of a place such as a12."""
    kind, number = (after or "")[:1], (after or "")[1:]
    if kind not in set(WorkKind) or not number.isascii() or not number.isdigit() or len(number) > 19:
        return None
    row_id = int(number)
    return (WorkKind(kind), row_id) if 0 < row_id <= _HIGHEST_ID else None


def _part(
    kind: WorkKind, where: Any, place: Any, *, branches: Sequence[Branch], cursor: tuple[WorkKind, int] | None
) -> Select[Any]:
    """The first PAGE + 1 rows of one kind behind the cursor."""
    model = _MODELS[kind]
    query = _COLUMNS[kind](place).where(where).order_by(place, model.id).limit(PAGE + 1)
    behind = next((column for other, _where, column in branches if cursor and other is cursor[0]), None)
    if cursor is not None and behind is not None:
        here = aliased(_MODELS[cursor[0]])
        there = select(getattr(here, behind.key)).where(here.id == cursor[1]).scalar_subquery()
        query = query.where(
            tuple_(place, literal(kind.value), model.id) > tuple_(there, literal(cursor[0].value), literal(cursor[1]))
        )
    return query


def _columns(kind: WorkKind, model: Any, place: Any, **given: Any) -> Select[Any]:
    """The columns that all kinds share; what a kind has none of is empty."""
    empty: dict[str, Any] = {
        "target_id": model.id,
        "number": literal(""),
        "company": literal(""),
        "title": literal(""),
        "state": literal(""),
        "main": literal(value=False),
        "held": literal(value=False),
        "checked": literal(value=False),
        "waiting_since": cast(null(), Application.waiting_since.type),
        "assignee_id": cast(null(), User.id.type),
    }
    columns = [literal(kind.value).label("kind"), model.id.label("id"), place.label("place")]
    return select(*columns, *(value.label(key) for key, value in (empty | given).items()))


def _of_application(kind: WorkKind) -> Callable[[Any], Select[Any]]:
    def columns(place: Any) -> Select[Any]:
        return _columns(
            kind,
            Application,
            place,
            number=func.coalesce(Application.acceptance_number, ""),
            company=func.coalesce(Application.name, ""),
            state=type_coerce(Application.state, String),
            main=or_(Application.main_submitted_at.is_not(None), Application.state == ApplicationState.MAIN_DRAFT),
            held=Application.held_at.is_not(None),
            checked=Application.checked_by_id.is_not(None),
            waiting_since=Application.waiting_since,
            assignee_id=Application.assignee_id,
        )

    return columns


def _of_change(place: Any) -> Select[Any]:
    return _columns(
        WorkKind.CHANGE,
        ChangeRequest,
        place,
        number=func.coalesce(ChangeRequest.number, ""),
        company=Member.current_name,
        title=ChangeRequest.title,
        state=type_coerce(ChangeRequest.state, String),
        held=ChangeRequest.held_at.is_not(None),
        checked=ChangeRequest.checked_by_id.is_not(None),
        waiting_since=ChangeRequest.waiting_since,
        assignee_id=ChangeRequest.assignee_id,
    ).join(Member, Member.id == ChangeRequest.member_id)


def _of_roster(place: Any) -> Select[Any]:
    return _columns(
        WorkKind.ROSTER,
        RosterProposal,
        place,
        title=func.substr(RosterProposal.reason, 1, 60),
        waiting_since=RosterProposal.proposed_at,
        assignee_id=RosterProposal.proposed_by_id,
    )


_CALLED = cast(Assembly.fiscal_year, String) + "年度 第" + cast(Assembly.no, String) + "回"
"""An assembly without its kind, which is put into words by the page."""


def _of_proposal(place: Any) -> Select[Any]:
    return (
        _columns(
            WorkKind.PROPOSAL,
            Proposal,
            place,
            number=func.coalesce(_CALLED, ""),
            company=func.coalesce(Member.current_name, ""),
            title=type_coerce(Proposal.kind, String),
            waiting_since=Proposal.proposed_at,
            assignee_id=Proposal.proposed_by_id,
        )
        .outerjoin(Assembly, Assembly.id == Proposal.assembly_id)
        .outerjoin(Member, Member.id == Proposal.member_id)
    )


def _of_account(kind: WorkKind) -> Callable[[Any], Select[Any]]:
    def columns(place: Any) -> Select[Any]:
        return _columns(
            kind,
            AccountRequest,
            place,
            number=AccountRequest.number,
            company=func.coalesce(Member.current_name, AccountRequest.typed_company, AccountRequest.person_name),
            title=type_coerce(AccountRequest.kind, String),
            state=type_coerce(AccountRequest.state, String),
            checked=AccountRequest.called_by_id.is_not(None),
            waiting_since=AccountRequest.submitted_at,
            assignee_id=AccountRequest.called_by_id,
        ).outerjoin(Member, Member.id == AccountRequest.member_id)

    return columns


def _of_votes(
    kind: WorkKind, model: Any, member_id: Any, *, waits: bool = False, **given: Any
) -> Callable[[Any], Select[Any]]:
    """About a member's votes or notice in an assembly; `state` is the kind of assembly, `waits`: it waits since its place."""

    def columns(place: Any) -> Select[Any]:
        since = {"waiting_since": place} if waits else {}
        return (
            _columns(
                kind,
                model,
                place,
                company=Member.current_name,
                title=func.coalesce(_CALLED, ""),
                state=func.coalesce(type_coerce(Assembly.kind, String), ""),
                **since,
                **given,
            )
            .join(Member, Member.id == member_id)
            .outerjoin(Assembly, Assembly.id == model.assembly_id)
        )

    return columns


def _of_sending(kind: WorkKind) -> Callable[[Any], Select[Any]]:
    """Its page is that of a member in an assembly."""
    number = cast(Sending.assembly_id, String)
    return _of_votes(kind, Sending, Sending.member_id, target_id=Sending.member_id, number=number)


def _of_consent(place: Any) -> Select[Any]:
    """Its page is the result of the assembly; `state` is the kind of assembly, `number` what it is called."""
    return (
        _columns(
            WorkKind.CONSENT,
            ItemDecision,
            place,
            target_id=AgendaItem.assembly_id,
            number=_CALLED,
            title=AgendaItem.title,
            state=type_coerce(Assembly.kind, String),
            waiting_since=place,
        )
        .join(AgendaItem, AgendaItem.id == ItemDecision.item_id)
        .join(Assembly, Assembly.id == AgendaItem.assembly_id)
    )


_COLUMNS: dict[WorkKind, Callable[[Any], Select[Any]]] = {
    WorkKind.APPLICATION: _of_application(WorkKind.APPLICATION),
    WorkKind.CATEGORY: _of_application(WorkKind.CATEGORY),
    WorkKind.BOUNCE: _of_sending(WorkKind.BOUNCE),
    WorkKind.SHUT_OUT: _of_sending(WorkKind.SHUT_OUT),
    WorkKind.CHANGE: _of_change,
    WorkKind.CONSENT: _of_consent,
    WorkKind.ROSTER: _of_roster,
    WorkKind.LATE: _of_votes(
        WorkKind.LATE,
        LateFact,
        LateFact.member_id,
        target_id=LateFact.assembly_id,
        number=cast(LateFact.register_change_id, String),
    ),
    WorkKind.ELECTION: _of_votes(WorkKind.ELECTION, HolderElection, HolderElection.filed_by_member_id, waits=True),
    WorkKind.OBJECTION: _of_votes(WorkKind.OBJECTION, VoteObjection, VoteObjection.member_id, waits=True),
    WorkKind.PROPOSAL: _of_proposal,
    WorkKind.ACCOUNT: _of_account(WorkKind.ACCOUNT),
    WorkKind.STAFF_FACTOR: _of_account(WorkKind.STAFF_FACTOR),
}


def _work(row: Any) -> Work:
    return Work(
        kind=WorkKind(row.kind),
        id=row.id,
        target_id=row.target_id,
        number=row.number,
        company=row.company,
        title=row.title,
        state=row.state,
        main=row.main,
        held=row.held,
        checked=row.checked,
        place=row.place,
        waiting_since=row.waiting_since,
        assignee=row.assignee,
    )
