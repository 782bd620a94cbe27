"""今日の仕事: the tabs, and which rows of which kind stand under each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
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
from occto.domain.agenda import Consent
from occto.domain.assembly import ASSEMBLY, FROZEN_OR_LATER, TOLD, UNFROZEN, AssemblyState
from occto.domain.changes import ChangeState
from occto.domain.codes import ActStatus, ElectionState, Licence, MemberState, ProposalState
from occto.domain.convocation import FLOOR_DAYS, NoticeKind
from occto.domain.dates import start_of_day
from occto.domain.joining import DECIDED, WAITING_FOR_STAFF, WITHOUT_MAIN, ApplicationState, Stage
from occto.domain.permissions import Permission
from occto.domain.sections import ACTS
from occto.domain.tally import Outcome
from occto.models import (
    REAL,
    AccountRequest,
    AgendaItem,
    Application,
    ApplicationRevision,
    Assembly,
    ChangeRequest,
    ChangeRevision,
    ConsentRecord,
    Convocation,
    HolderElection,
    ItemDecision,
    LateFact,
    LicenceFact,
    LicenceHeld,
    Member,
    Notice,
    Proposal,
    RosterProposal,
    Sending,
    VoteObjection,
)
from occto.queries.account_requests_staff import about_staff, for_another_person
from occto.queries.convocation import answered
from occto.queries.plain import one_of
from occto.queries.shut_out import shut_out
from occto.queries.viewer import Viewer

S, C = ApplicationState, ChangeState


class WorkKind(StrEnum):
    """What a piece of work is about; the letter stands in addresses."""

    APPLICATION = "a"
    BOUNCE = "b"
    CHANGE = "c"
    CONSENT = "k"
    ELECTION = "e"
    LATE = "l"
    OBJECTION = "o"
    PROPOSAL = "d"
    CATEGORY = "p"
    ROSTER = "r"
    SHUT_OUT = "s"
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
    proposed = and_(Proposal.state == ProposalState.PROPOSED, Proposal.proposed_by_id != me)
    roster = and_(RosterProposal.state == ProposalState.PROPOSED, RosterProposal.proposed_by_id != me)
    return [
        (WorkKind.APPLICATION, application, Application.waiting_since),
        (WorkKind.CHANGE, change, ChangeRequest.waiting_since),
        (WorkKind.ROSTER, roster, RosterProposal.proposed_at),
        (WorkKind.PROPOSAL, proposed, Proposal.proposed_at),
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
    """Those that can be decided: the freeze counts what was known before it, and an assembly that has ended asks no more."""
    frozen = LateFact.assembly_id.in_(select(Assembly.id).where(Assembly.state.in_(FROZEN_OR_LATER)))
    return [(WorkKind.LATE, and_(LateFact.outcome.is_(None), frozen), LateFact.noted_at)]


def _last_sendings(*conditions: Any) -> Select[Any]:
    """The last mail or letter of the notice to each member that has not left, by assembly and member."""
    return (
        select(func.max(Sending.id))
        .join(Notice, Notice.id == Sending.notice_id)
        .join(Assembly, Assembly.id == Sending.assembly_id)
        .join(Member, Member.id == Sending.member_id)
        .where(Notice.kind == NoticeKind.NOTICE, Member.current_state != MemberState.LEFT, *conditions)
        .group_by(Sending.assembly_id, Sending.member_id)
    )


def _bounces(_session: Session, _me: int, today: date) -> list[Branch]:
    """Members that no mail of the notice reached, while a letter still comes in time."""
    in_time = start_of_day(today + timedelta(days=FLOOR_DAYS))
    unreached = exists().where(
        Convocation.assembly_id == Sending.assembly_id,
        Convocation.member_id == Sending.member_id,
        Convocation.bounced_at.is_not(None),
    )
    lost = _last_sendings(
        unreached, Sending.failed_at.is_not(None), Assembly.state.in_(TOLD), Assembly.held_at >= in_time
    )
    return [(WorkKind.BOUNCE, Sending.id.in_(lost), Sending.failed_at)]


def _shut_out(_session: Session, _me: int, today: date) -> list[Branch]:
    """Members that cannot reply on line while replies are taken, and have not."""
    waits = and_(
        Sending.id.in_(_last_sendings(Assembly.state == AssemblyState.REPLIES_OPEN)),
        ~answered(Sending.assembly_id, Sending.member_id),
        shut_out(Sending.member_id, today=today),
    )
    return [(WorkKind.SHUT_OUT, waits, Sending.at)]


def _rights(_session: Session, _me: int, _today: date) -> list[Branch]:
    """届出 that are 要確認 while they can be settled, and objections without an answer."""
    unfrozen = select(Assembly.id).where(Assembly.state.in_(UNFROZEN))
    asked = or_(HolderElection.assembly_id.is_(None), HolderElection.assembly_id.in_(unfrozen))
    unsettled = and_(HolderElection.state == ElectionState.UNSETTLED, asked)
    return [
        (WorkKind.ELECTION, unsettled, HolderElection.received_at),
        (WorkKind.OBJECTION, VoteObjection.answered_at.is_(None), VoteObjection.filed_at),
    ]


def _consents(_session: Session, _me: int, _today: date) -> list[Branch]:
    """Published items that were carried and for which the minister has still to give 認可 or 承認."""
    newer = aliased(ItemDecision)
    needs = exists().where(
        AgendaItem.id == ItemDecision.item_id,
        AgendaItem.consent != Consent.NONE,
        AgendaItem.withdrawn_at.is_(None),
        Assembly.id == AgendaItem.assembly_id,
        Assembly.state.in_(ASSEMBLY.step("record_consent").sources),
        REAL,
    )
    waits = and_(
        ItemDecision.outcome == Outcome.CARRIED,
        needs.correlate(ItemDecision),
        ~exists().where(newer.item_id == ItemDecision.item_id, newer.no > ItemDecision.no),
        ~exists().where(
            ConsentRecord.item_id == ItemDecision.item_id, ConsentRecord.entered_at > ItemDecision.decided_at
        ),
    )
    return [(WorkKind.CONSENT, waits, ItemDecision.decided_at)]


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
    Tab("bounces", "招集通知の不達", _P.ASSEMBLY_SEE, _bounces),
    Tab("shut_out", "システムで回答できない会員", _P.ASSEMBLY_SEE, _shut_out),
    Tab("rights", "届出・異議の要確認", _P.ASSEMBLY_SEE, _rights),
    Tab("consents", "認可・承認待ち", _P.RESULT_SEE, _consents),
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
