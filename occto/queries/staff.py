"""今日の仕事: what waits for staff, in pages of a few statements however many cases there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Date, and_, cast, exists, func, or_, select, text, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from occto.domain.codes import ActStatus, Licence, MailState
from occto.domain.joining import DECIDED, WAITING_FOR_STAFF, WITHOUT_MAIN, ApplicationState, Stage
from occto.domain.permissions import Permission
from occto.domain.sections import ACTS
from occto.models import Application, ApplicationRevision, OutboxMail, User
from occto.queries.viewer import Viewer

S = ApplicationState
PAGE = 30
UNDELIVERED = (MailState.FAILED, MailState.BOUNCED)
_HIGHEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to look at the work: its cases and the instant or day they are ordered by, oldest first."""

    key: str
    title: str
    permission: Permission
    order: InstrumentedAttribute[datetime | None] | InstrumentedAttribute[date | None]


TABS = (
    Tab("all", "審査するもの", Permission.APPLICATION_SEE, Application.waiting_since),
    Tab("mine", "自分の担当", Permission.APPLICATION_PROCESS, Application.submitted_at),
    Tab("second", "二人目の承認", Permission.APPLICATION_APPROVE, Application.waiting_since),
    Tab("codes", "事業者コードの記録", Permission.APPLICATION_PROCESS, Application.accepted_at),
    Tab("lapse", "1年経過（2.7.2④）", Permission.APPLICATION_LAPSE, Application.lapse_on),
    Tab("late", "加入日の決定が必要", Permission.APPLICATION_SEE, Application.submitted_at),
    Tab("held", "保留中", Permission.APPLICATION_SEE, Application.held_at),
)


@dataclass(frozen=True, slots=True)
class Work:
    """One case in the worklist with the name of whoever deals with it."""

    case: Application
    assignee: str | None


@dataclass(frozen=True, slots=True)
class WorkPage:
    """A page of a tab. `after` is the id to go on from, None at the end."""

    rows: list[Work]
    after: int | None


def tabs_for(viewer: Viewer) -> list[Tab]:
    """The tabs whose work this viewer may see or do."""
    return [tab for tab in TABS if viewer.can(tab.permission)]


def _scope(session: Session, tab: Tab, *, viewer: Viewer, today: date) -> ColumnElement[bool]:
    waiting = and_(Application.state.in_(WAITING_FOR_STAFF), Application.held_at.is_(None))
    me = viewer.user_id or 0
    scopes: dict[str, ColumnElement[bool]] = {
        "all": waiting,
        "mine": and_(Application.assignee_id == me, Application.state.not_in([*DECIDED, S.DRAFT])),
        "second": and_(
            Application.state == S.MAIN_IN_REVIEW,
            Application.held_at.is_(None),
            _for_another_person(me),
        ),
        "codes": and_(Application.state == S.ACCEPTED, Application.operator_code.is_(None)),
        "lapse": and_(
            Application.state.in_(WITHOUT_MAIN),
            Application.main_submitted_at.is_(None),
            Application.lapse_on < today,
        ),
        "held": and_(Application.held_at.is_not(None), Application.state.not_in(DECIDED)),
    }
    if tab.key == "late":
        return and_(Application.state == S.MAIN_IN_REVIEW, _act_before_submission(session))
    return scopes[tab.key]


def _act_before_submission(session: Session) -> ColumnElement[bool]:
    """A METI act lies before the first submission: the Act does not settle the day (電気事業法 28条の11 3項)."""
    newer = aliased(ApplicationRevision)
    newest = (
        select(func.max(newer.id))
        .where(newer.application_id == Application.id, newer.stage == Stage.MAIN)
        .correlate(Application)
        .scalar_subquery()
    )
    submitted_on = _day_in_japan(session, Application.submitted_at)
    stated = ApplicationRevision.answers
    early = [
        and_(
            stated[ACTS.key, "acts", licence.value, "status"].as_string() == ActStatus.ACT.value,
            stated[ACTS.key, "acts", licence.value, "effective_on"].as_string() < submitted_on,
        )
        for licence in Licence
    ]
    return exists().where(ApplicationRevision.id == newest, or_(*early)).correlate(Application)


def _day_in_japan(session: Session, column: InstrumentedAttribute[datetime | None]) -> ColumnElement[str]:
    if session.get_bind().dialect.name == "sqlite":
        return func.strftime("%Y-%m-%d", column, text("'+9 hours'"))
    return func.to_char(cast(func.timezone("Asia/Tokyo", column), Date), text("'YYYY-MM-DD'"))


def counts(
    session: Session, tabs: Sequence[Tab], *, viewer: Viewer, today: date, late_before: datetime
) -> dict[str, int]:
    """How many cases stand under each tab, and under `overdue` those waiting since before `late_before`; one statement."""
    columns = [
        select(func.count())
        .select_from(Application)
        .where(_scope(session, tab, viewer=viewer, today=today))
        .scalar_subquery()
        .label(tab.key)
        for tab in tabs
    ]
    waiting = and_(
        Application.state.in_(WAITING_FOR_STAFF), Application.held_at.is_(None), Application.waiting_since < late_before
    )
    columns.append(select(func.count()).select_from(Application).where(waiting).scalar_subquery().label("overdue"))
    return {key: int(number) for key, number in session.execute(select(*columns)).mappings().one().items()}


def page(session: Session, tab: Tab, *, viewer: Viewer, today: date, after: int | None = None) -> WorkPage:
    """A page of `tab`, oldest first, beginning behind the case with the id `after`."""
    query = (
        select(Application, User.name)
        .outerjoin(User, User.id == Application.assignee_id)
        .where(_scope(session, tab, viewer=viewer, today=today))
        .order_by(tab.order, Application.id)
        .limit(PAGE + 1)
    )
    if after is not None and 0 < after <= _HIGHEST_ID:
        cursor = aliased(Application)
        place = select(getattr(cursor, tab.order.key)).where(cursor.id == after).scalar_subquery()
        query = query.where(tuple_(tab.order, Application.id) > tuple_(place, after))
    rows = [Work(row[0], row[1]) for row in session.execute(query)]
    return WorkPage(rows[:PAGE], rows[PAGE - 1].case.id if len(rows) > PAGE else None)


def _for_another_person(me: int) -> ColumnElement[bool]:
    """Checked cases that wait for somebody else than who checked or keyed them in; the verb has the last word."""
    keyed_in_by_me = (
        select(ApplicationRevision.id)
        .where(ApplicationRevision.application_id == Application.id, ApplicationRevision.submitted_by_id == me)
        .exists()
    )
    return and_(Application.checked_by_id.is_not(None), Application.checked_by_id != me, ~keyed_in_by_me)


def next_waiting(session: Session, *, viewer: Viewer, but: int | None = None) -> Application | None:
    """The case that has waited longest for a step this viewer may take, other than `but`."""
    if not viewer.can(Permission.APPLICATION_PROCESS):
        return None
    me = viewer.user_id or 0
    approvable = _for_another_person(me) if viewer.can(Permission.APPLICATION_APPROVE) else ~true()
    mine = or_(Application.checked_by_id.is_(None), approvable)
    return session.scalar(
        select(Application)
        .where(
            Application.state.in_(WAITING_FOR_STAFF), Application.held_at.is_(None), Application.id != (but or 0), mine
        )
        .order_by(Application.waiting_since, Application.id)
        .limit(1)
    )


_WAITING = select(
    select(func.count())
    .select_from(Application)
    .where(Application.state.in_(WAITING_FOR_STAFF), Application.held_at.is_(None))
    .scalar_subquery(),
    select(func.count()).select_from(OutboxMail).where(OutboxMail.state.in_(UNDELIVERED)).scalar_subquery(),
)
"""Built once: every staff screen asks it."""


def waiting_numbers(session: Session) -> tuple[int, int]:
    """What the menu says: cases waiting for staff, and mails that did not arrive."""
    cases, mails = session.execute(_WAITING).one()
    return cases, mails
