"""今日の仕事: the front page of the staff screens."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from flask import request, url_for
from flask_admin import expose

from occto import clock
from occto.access import viewer
from occto.admin.assembly_page import day_tasks
from occto.admin.base import StaffIndex
from occto.domain.account_requests import AccountRequestKind, AccountRequestState
from occto.domain.assembly import AssemblyKind
from occto.domain.calendar import add_business_days, business_days_between
from occto.domain.changes import HELD, ChangeState
from occto.domain.dates import JST, format_date, start_of_day, today_jst
from occto.domain.joining import ApplicationState, Stage
from occto.domain.permissions import Permission
from occto.domain.proposals import ProposalKind
from occto.domain.settings import REVIEW_BUSINESS_DAYS
from occto.election_words import EVERY
from occto.extensions import db
from occto.holidays import is_holiday
from occto.labels import label
from occto.queries import work, work_tabs
from occto.queries.work import Work
from occto.queries.work_tabs import WorkKind

SECOND_WAITED = "二人目待ち"
_OVERDUE, _TODAY, _LATER = "期限を過ぎたもの", "今日まで", "これから"


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the worklist in words. `subject` stands in the link, `note` beside it."""

    url: str
    kind: str
    subject: str
    note: str
    company: str
    state: str
    due: str
    late: bool
    waited: str
    assignee: str
    group: str


class Worklist(StaffIndex):
    """Oldest first; each role sees what it may do."""

    see = Permission.STAFF_ENTER
    counter = "work"

    def __init__(self) -> None:
        super().__init__(name="今日の仕事", endpoint="admin", url="/admin")

    @expose("/")
    def index(self) -> str:
        now = clock.now()
        today = today_jst(now)
        tabs = work_tabs.tabs_for(viewer)
        session = db.session()
        days = day_tasks(session, now=now) if viewer.can(Permission.RECEPTION_SEE) else []
        if not tabs:
            return self.render("admin/worklist.html", tabs=[], today=today, days=days)
        asked = request.args.get("tab", "")
        tab = next((tab for tab in tabs if tab.key == asked), tabs[0])
        late_before = _late_before(today)
        numbers = work.counts(session, tabs, viewer=viewer, today=today, late_before=late_before)
        page = work.page(session, tab, viewer=viewer, today=today, after=request.args.get("after"))
        lines = [line_of(one, tab=tab.key, now=now) for one in page.rows]
        groups = [(group, list(rows)) for group, rows in groupby(lines, key=lambda line: line.group)]
        return self.render(
            "admin/worklist.html",
            tabs=tabs,
            tab=tab,
            numbers=numbers,
            groups=groups,
            after=page.after,
            today=today,
            days=days,
            review_days=REVIEW_BUSINESS_DAYS,
            first=lines[0].url if lines and not request.args.get("after") else "",
        )


def _late_before(today: date) -> datetime:
    """What has waited since before this instant is over the aim of REVIEW_BUSINESS_DAYS on `today`."""
    day = today
    while business_days_between(day, today, is_holiday=is_holiday) <= REVIEW_BUSINESS_DAYS:
        day -= timedelta(days=1)
    return start_of_day(day + timedelta(days=1))


def line_of(one: Work, *, tab: str, now: datetime) -> Line:
    """A piece of work as a row: what it is, since when it waits in business days, until when it should be dealt with."""
    today = today_jst(now)
    due, since = _due_and_since(one, tab=tab)
    late = due is not None and due < today
    over = business_days_between(due, today, is_holiday=is_holiday) if due and late and tab != "lapse" else 0
    words = format_date(due).removeprefix(f"{today.year}年") if due else "なし"
    subject, note = _subject(one)
    return Line(
        url=_url(one),
        kind=_kind(one),
        subject=subject,
        note=note,
        company=one.company
        or (
            ""
            if one.kind in (WorkKind.ROSTER, WorkKind.PROPOSAL, WorkKind.CONSENT, *_ABOUT_IDS)
            else "（商号は未入力）"
        ),
        state=_state_in_words(one),
        due=f"{words}（{over}営業日超過）" if over else words,
        late=late,
        waited=f"{business_days_between(since, today, is_holiday=is_holiday)}日" if since else "",
        assignee=one.assignee or "未定",
        group="" if tab != "all" or due is None else _OVERDUE if late else _TODAY if due == today else _LATER,
    )


def _url(one: Work) -> str:
    if one.kind in (WorkKind.BOUNCE, WorkKind.SHUT_OUT):
        return url_for("convocations.details_view", id=one.target_id, assembly=one.number)
    return url_for(_PAGES[one.kind], id=one.target_id)


_PAGES = {
    WorkKind.APPLICATION: "applications.details_view",
    WorkKind.CATEGORY: "applications.details_view",
    WorkKind.CHANGE: "change_requests.details_view",
    WorkKind.CONSENT: "results.index",
    WorkKind.ROSTER: "roster.details_view",
    WorkKind.LATE: "assemblies.details_view",
    WorkKind.ELECTION: "elections.details_view",
    WorkKind.OBJECTION: "objections.details_view",
    WorkKind.PROPOSAL: "proposals.details_view",
    WorkKind.ACCOUNT: "account_requests.details_view",
    WorkKind.STAFF_FACTOR: "staff_factors.details_view",
}
_KINDS = {
    WorkKind.BOUNCE: "招集通知の不達",
    WorkKind.SHUT_OUT: "システムで回答できない会員",
    WorkKind.CATEGORY: "区分の登録待ち",
    WorkKind.CHANGE: "変更申請",
    WorkKind.CONSENT: "認可・承認待ち",
    WorkKind.ROSTER: "名簿番号",
    WorkKind.LATE: "基準日後判明",
    WorkKind.ELECTION: "届出",
    WorkKind.OBJECTION: "議決権への異議",
    WorkKind.PROPOSAL: "二人目の確認",
    WorkKind.ACCOUNT: "管理者の申請",
    WorkKind.STAFF_FACTOR: "職員の2段階認証",
}
_ABOUT_IDS = (WorkKind.ACCOUNT, WorkKind.STAFF_FACTOR)


def _kind(one: Work) -> str:
    if one.kind is WorkKind.APPLICATION:
        return label(Stage.MAIN if one.main else Stage.PROVISIONAL)
    return _KINDS[one.kind]


def _subject(one: Work) -> tuple[str, str]:
    if one.kind is WorkKind.ROSTER:
        return "名簿番号の変更案", one.title
    if one.kind is WorkKind.PROPOSAL:
        return label(ProposalKind(one.title)), one.number
    if one.kind in (WorkKind.ELECTION, WorkKind.OBJECTION):
        assembly = f"{one.title} {label(AssemblyKind(one.state))}" if one.title else EVERY
        return ("届出" if one.kind is WorkKind.ELECTION else "異議"), assembly
    if one.kind is WorkKind.CONSENT:
        return one.title, f"{one.number} {label(AssemblyKind(one.state))}"
    if one.kind is WorkKind.LATE:
        return f"{one.title} {label(AssemblyKind(one.state))}", f"名簿の変更 {one.number}"
    if one.kind is WorkKind.BOUNCE:
        return f"{one.title} {label(AssemblyKind(one.state))}", "手紙を郵送するか、ほかの連絡先に送り直してください"
    if one.kind is WorkKind.SHUT_OUT:
        return (
            f"{one.title} {label(AssemblyKind(one.state))}",
            "書面での回答や当日の来場について、会員に連絡してください",
        )
    if one.kind in _ABOUT_IDS:
        return one.number, label(AccountRequestKind(one.title))
    return one.number, one.title


def _due_and_since(one: Work, *, tab: str) -> tuple[date | None, date | None]:
    """The day it should be dealt with by, and the day since when it waits; where there is no aim, no due day."""
    place = one.place
    if tab == "lapse":
        return (None, None) if place is None or isinstance(place, datetime) else (place, place)
    since = one.waiting_since if tab in _BY_WAITING else place
    if not isinstance(since, datetime):
        return None, None
    day = since.astimezone(JST).date()
    if one.held or one.kind not in _WITH_AIM or tab == "codes":
        return None, day
    return add_business_days(day, REVIEW_BUSINESS_DAYS, is_holiday=is_holiday), day


_BY_WAITING = ("all", "mine", "second", "late", "accounts", "staff_factors")
"""Tabs in which a piece of work waits since it was last sent in, whatever it is ordered by."""
_WITH_AIM = (WorkKind.APPLICATION, WorkKind.CHANGE, *_ABOUT_IDS)


def _state_in_words(one: Work) -> str:
    if one.held:
        return HELD
    if one.kind is WorkKind.APPLICATION:
        state = ApplicationState(one.state)
        return SECOND_WAITED if state is ApplicationState.MAIN_IN_REVIEW and one.checked else label(state)
    if one.kind is WorkKind.CHANGE:
        change = ChangeState(one.state)
        return SECOND_WAITED if change is ChangeState.IN_REVIEW and one.checked else label(change)
    if one.kind in _ABOUT_IDS:
        account = AccountRequestState(one.state)
        return SECOND_WAITED if account is AccountRequestState.CONFIRMED else label(account)
    waits = {
        WorkKind.ROSTER: SECOND_WAITED,
        WorkKind.PROPOSAL: SECOND_WAITED,
        WorkKind.BOUNCE: "不達",
        WorkKind.SHUT_OUT: "未回答",
        WorkKind.CATEGORY: "申請中",
        WorkKind.CONSENT: "待ち",
    }
    return waits.get(one.kind, "要確認")
