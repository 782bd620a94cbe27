"""今日の仕事: the tabs, and which rows of which kind stand under each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    String,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from occto.domain import account_requests, changes
from occto.domain.changes import ChangeState
from occto.domain.codes import ActStatus, Licence, ProposalState
from occto.domain.joining import DECIDED, WAITING_FOR_STAFF, WITHOUT_MAIN, ApplicationState, Stage
from occto.domain.permissions import Permission
from occto.domain.sections import ACTS
from occto.models import (
    AccountRequest,
    Application,
    ApplicationRevision,
    ChangeRequest,
    ChangeRevision,
    LateFact,
    LicenceFact,
    LicenceHeld,
    RosterProposal,
)
from occto.queries.account_requests_staff import about_staff, for_another_person
from occto.queries.plain import one_of
from occto.queries.viewer import Viewer

S, C = ApplicationState, ChangeState


class WorkKind(StrEnum):
    """What a piece of work is about; the letter stands in addresses."""

    APPLICATION = "a"
    CHANGE = "c"
    LATE = "l"
    CATEGORY = "p"
    ROSTER = "r"
    ACCOUNT = "u"
    STAFF_FACTOR = "v"


Branch = tuple[WorkKind, Any, Any]
"""A kind with the condition for its rows and the instant or day that they are ordered by."""
Branches = Callable[[Session, int, date], list[Branch]]


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to look at the work: (session, own user, today) → its branches; oldest first."""

    key: str
    title: str
    permission: Permission
    branches: Branches


APPLICATION_WAITS = and_(one_of(Application.state, WAITING_FOR_STAFF), Application.held_at.is_(None))
CHANGE_WAITS = and_(one_of(ChangeRequest.state, changes.WAITING_FOR_STAFF), ChangeRequest.held_at.is_(None))
ACCOUNT_WAITS = and_(one_of(AccountRequest.state, account_requests.OPEN), ~about_staff())
STAFF_FACTOR_WAITS = and_(one_of(AccountRequest.state, account_requests.OPEN), about_staff())


def _all(_session: Session, _me: int, _today: date) -> list[Branch]:
    return [
        (WorkKind.APPLICATION, APPLICATION_WAITS, Application.waiting_since),
        (WorkKind.CHANGE, CHANGE_WAITS, ChangeRequest.waiting_since),
        *_accounts(_session, _me, _today),
    ]


def _accounts(_session: Session, _me: int, _today: date) -> list[Branch]:
    return [(WorkKind.ACCOUNT, ACCOUNT_WAITS, AccountRequest.submitted_at)]


def _staff_factors(_session: Session, _me: int, _today: date) -> list[Branch]:
    return [(WorkKind.STAFF_FACTOR, STAFF_FACTOR_WAITS, AccountRequest.submitted_at)]


def _mine(_session: Session, me: int, _today: date) -> list[Branch]:
    own = and_(Application.assignee_id == me, Application.state.not_in([*DECIDED, S.DRAFT]))
    change = and_(ChangeRequest.assignee_id == me, ChangeRequest.state.in_(changes.UNDECIDED))
    return [
        (WorkKind.APPLICATION, own, Application.submitted_at),
        (WorkKind.CHANGE, change, ChangeRequest.submitted_at),
    ]


def _second(_session: Session, me: int, _today: date) -> list[Branch]:
    application = and_(
        Application.state == S.MAIN_IN_REVIEW, Application.held_at.is_(None), application_for_another_person(me)
    )
    submitted = exists().where(ChangeRevision.request_id == ChangeRequest.id, ChangeRevision.submitted_by_id == me)
    change = and_(
        ChangeRequest.state == C.IN_REVIEW,
        ChangeRequest.held_at.is_(None),
        ChangeRequest.checked_by_id.is_not(None),
        ChangeRequest.checked_by_id != me,
        func.coalesce(ChangeRequest.entered_by_id, 0) != me,
        ~submitted.correlate(ChangeRequest),
    )
    roster = and_(RosterProposal.state == ProposalState.PROPOSED, RosterProposal.proposed_by_id != me)
    return [
        (WorkKind.APPLICATION, application, Application.waiting_since),
        (WorkKind.CHANGE, change, ChangeRequest.waiting_since),
        (WorkKind.ROSTER, roster, RosterProposal.proposed_at),
        (WorkKind.ACCOUNT, and_(for_another_person(me), ~about_staff()), AccountRequest.submitted_at),
    ]


def _codes(_session: Session, _me: int, _today: date) -> list[Branch]:
    accepted = and_(Application.state == S.ACCEPTED, Application.operator_code.is_(None))
    return [(WorkKind.APPLICATION, accepted, Application.accepted_at)]


def _pending(_session: Session, _me: int, _today: date) -> list[Branch]:
    return [(WorkKind.CATEGORY, _category_missing(), Application.decided_at)]


def _lapse(_session: Session, _me: int, today: date) -> list[Branch]:
    over = and_(
        Application.state.in_(WITHOUT_MAIN), Application.main_submitted_at.is_(None), Application.lapse_on < today
    )
    return [(WorkKind.APPLICATION, over, Application.lapse_on)]


def _late(session: Session, _me: int, _today: date) -> list[Branch]:
    early = and_(Application.state == S.MAIN_IN_REVIEW, _act_before_submission(session))
    return [(WorkKind.APPLICATION, early, Application.submitted_at)]


def _late_facts(_session: Session, _me: int, _today: date) -> list[Branch]:
    return [(WorkKind.LATE, LateFact.outcome.is_(None), LateFact.noted_at)]


def _held(_session: Session, _me: int, _today: date) -> list[Branch]:
    application = and_(Application.held_at.is_not(None), Application.state.not_in(DECIDED))
    change = and_(ChangeRequest.held_at.is_not(None), ChangeRequest.state.in_(changes.UNDECIDED))
    return [
        (WorkKind.APPLICATION, application, Application.held_at),
        (WorkKind.CHANGE, change, ChangeRequest.held_at),
    ]


_P = Permission
TABS = (
    Tab("all", "審査するもの", _P.APPLICATION_SEE, _all),
    Tab("mine", "自分の担当", _P.APPLICATION_PROCESS, _mine),
    Tab("second", "二人目の承認", _P.APPLICATION_APPROVE, _second),
    Tab("accounts", "管理者の申請", _P.ACCOUNT_SEE, _accounts),
    Tab("staff_factors", "職員の2段階認証", _P.STAFF_MANAGE, _staff_factors),
    Tab("codes", "事業者コードの記録", _P.APPLICATION_PROCESS, _codes),
    Tab("pending", "区分の登録待ち", _P.CHANGE_PROCESS, _pending),
    Tab("lapse", "1年経過（2.7.2④）", _P.APPLICATION_LAPSE, _lapse),
    Tab("late", "加入日の決定が必要", _P.APPLICATION_SEE, _late),
    Tab("late_facts", "基準日後判明", _P.ASSEMBLY_SEE, _late_facts),
    Tab("held", "保留中", _P.APPLICATION_SEE, _held),
)


def tabs_for(viewer: Viewer) -> list[Tab]:
    """The tabs whose work this viewer may see or do."""
    return [tab for tab in TABS if viewer.can(tab.permission)]


def application_for_another_person(me: int) -> ColumnElement[bool]:
    """Checked cases that wait for somebody else than who checked or keyed them in; the verb has the last word."""
    keyed_in_by_me = (
        select(ApplicationRevision.id)
        .where(ApplicationRevision.application_id == Application.id, ApplicationRevision.submitted_by_id == me)
        .exists()
    )
    return and_(Application.checked_by_id.is_not(None), Application.checked_by_id != me, ~keyed_in_by_me)


def _newest_main() -> Any:
    newer = aliased(ApplicationRevision)
    return (
        select(func.max(newer.id))
        .where(newer.application_id == Application.id, newer.stage == Stage.MAIN)
        .correlate(Application)
        .scalar_subquery()
    )


def _act_before_submission(session: Session) -> ColumnElement[bool]:
    """A METI act lies before the first submission: the Act does not settle the day (電気事業法 28条の11 3項)."""
    submitted_on = _day_in_japan(session, Application.submitted_at)
    early = [
        and_(
            _stated(licence, "status") == ActStatus.ACT.value,
            _stated(licence, "effective_on") < submitted_on,
        )
        for licence in Licence
    ]
    return exists().where(ApplicationRevision.id == _newest_main(), or_(*early)).correlate(Application)


def _category_missing() -> ColumnElement[bool]:
    """Approved with a category that was still 申請中, and which the member does not hold to this day.

    Answers are long: those that say nothing of the kind anywhere are passed over before they are read key by key.
    """
    missing = [
        and_(
            _stated(licence, "status") == ActStatus.PENDING.value,
            ~exists()
            .where(
                LicenceHeld.member_id == Application.member_id,
                LicenceHeld.category == licence,
                LicenceFact.licence_id == LicenceHeld.id,
                LicenceFact.voided_id.is_(None),
            )
            .correlate(Application),
        )
        for licence in Licence
    ]
    mentioned = cast(ApplicationRevision.answers, String).contains(f'"{ActStatus.PENDING.value}"')
    found = (
        exists()
        .where(ApplicationRevision.id == _newest_main(), case((mentioned, or_(*missing)), else_=false()))
        .correlate(Application)
    )
    return and_(Application.state == S.APPROVED, found)


def _stated(licence: Licence, key: str) -> ColumnElement[str]:
    return ApplicationRevision.answers[ACTS.key, "acts", licence.value, key].as_string()


def _day_in_japan(session: Session, column: InstrumentedAttribute[datetime | None]) -> ColumnElement[str]:
    if session.get_bind().dialect.name == "sqlite":
        return func.strftime("%Y-%m-%d", column, text("'+9 hours'"))
    return func.to_char(cast(func.timezone("Asia/Tokyo", column), Date), text("'YYYY-MM-DD'"))
