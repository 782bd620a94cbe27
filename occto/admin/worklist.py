"""今日の仕事: the front page of the staff screens."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from flask import request, url_for
from flask_admin import expose

from occto import clock
from occto.access import viewer
from occto.admin.base import StaffIndex, clamped_id
from occto.domain.calendar import add_business_days, business_days_between
from occto.domain.dates import JST, format_date, start_of_day, today_jst
from occto.domain.joining import ApplicationState, Stage
from occto.domain.permissions import Permission
from occto.domain.settings import REVIEW_BUSINESS_DAYS
from occto.extensions import db
from occto.holidays import is_holiday
from occto.labels import label
from occto.models import Application
from occto.queries import staff

SECOND_WAITED = "二人目待ち"
_OVERDUE, _TODAY, _LATER = "期限を過ぎたもの", "今日まで", "これから"


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the worklist in words."""

    url: str
    kind: str
    number: str
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
    counter = "cases"

    def __init__(self) -> None:
        super().__init__(name="今日の仕事", endpoint="admin", url="/admin")

    @expose("/")
    def index(self) -> str:
        now = clock.now()
        today = today_jst(now)
        tabs = staff.tabs_for(viewer)
        if not tabs:
            return self.render("admin/worklist.html", tabs=[], today=today)
        asked = request.args.get("tab", "")
        tab = next((tab for tab in tabs if tab.key == asked), tabs[0])
        session = db.session()
        late_before = _late_before(today)
        numbers = staff.counts(session, tabs, viewer=viewer, today=today, late_before=late_before)
        page = staff.page(session, tab, viewer=viewer, today=today, after=clamped_id(request.args.get("after")))
        lines = [line_of(work, tab=tab.key, now=now) for work in page.rows]
        groups = [(group, list(rows)) for group, rows in groupby(lines, key=lambda line: line.group)]
        return self.render(
            "admin/worklist.html",
            tabs=tabs,
            tab=tab,
            numbers=numbers,
            groups=groups,
            after=page.after,
            today=today,
            review_days=REVIEW_BUSINESS_DAYS,
            first=lines[0].url if lines and not request.args.get("after") else "",
        )


def _late_before(today: date) -> datetime:
    """What has waited since before this instant is over the aim of REVIEW_BUSINESS_DAYS on `today`."""
    day = today
    while business_days_between(day, today, is_holiday=is_holiday) <= REVIEW_BUSINESS_DAYS:
        day -= timedelta(days=1)
    return start_of_day(day + timedelta(days=1))


def line_of(work: staff.Work, *, tab: str, now: datetime) -> Line:
    """A case as a row: what it is, since when it waits in business days, until when it should be dealt with."""
    case, today = work.case, today_jst(now)
    due, since = _due_and_since(case, tab=tab)
    late = due is not None and due < today
    over = business_days_between(due, today, is_holiday=is_holiday) if due and late and tab != "lapse" else 0
    words = format_date(due).removeprefix(f"{today.year}年") if due else "なし"
    return Line(
        url=url_for("applications.details_view", id=case.id),
        kind=label(
            Stage.MAIN if case.main_submitted_at or case.state is ApplicationState.MAIN_DRAFT else Stage.PROVISIONAL
        ),
        number=case.acceptance_number or "",
        company=case.name or "（商号は未入力）",
        state=_state_in_words(case),
        due=f"{words}（{over}営業日超過）" if over else words,
        late=late,
        waited=f"{business_days_between(since, today, is_holiday=is_holiday)}日" if since else "",
        assignee=work.assignee or "未定",
        group="" if tab != "all" or due is None else _OVERDUE if late else _TODAY if due == today else _LATER,
    )


def _due_and_since(case: Application, *, tab: str) -> tuple[date | None, date | None]:
    if tab == "lapse":
        return case.lapse_on, case.lapse_on
    since = {"held": case.held_at, "codes": case.accepted_at}.get(tab, case.waiting_since)
    if since is None:
        return None, None
    day = since.astimezone(JST).date()
    if case.held_at is not None or tab == "codes":
        return None, day
    return add_business_days(day, REVIEW_BUSINESS_DAYS, is_holiday=is_holiday), day


def _state_in_words(case: Application) -> str:
    if case.held_at is not None:
        return "保留"
    if case.state is ApplicationState.MAIN_IN_REVIEW and case.checked_by_id is not None:
        return SECOND_WAITED
    return label(case.state)
