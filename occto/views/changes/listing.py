"""The list: what is asked of the company, what is under way, what was decided, and every other change of the record."""

from datetime import datetime

from flask import render_template, request

from occto import clock
from occto.access import permit, viewer
from occto.domain.calendar import business_days_between
from occto.domain.changes import HELD, WAITING_FOR_STAFF
from occto.domain.codes import ChangeSource, Channel
from occto.domain.dates import format_date, today_jst
from occto.domain.permissions import Permission
from occto.domain.profile import ITEMS
from occto.extensions import db
from occto.holidays import is_holiday
from occto.labels import label
from occto.queries import changes as queries
from occto.queries import changes_record
from occto.queries.changes import PAGE, Line
from occto.queries.changes_record import RecordChange
from occto.views.changes.blueprint import pages

_SOURCES = {
    ChangeSource.APPLICATION: "加入時の登録",
    ChangeSource.IMMEDIATE: "会員情報の画面で変更（すぐに反映）",
    ChangeSource.ROSTER: "当機関による名簿番号の変更",
    ChangeSource.CHANGE: "当機関による変更",
    ChangeSource.DEMO: label(ChangeSource.DEMO),
}

_JOINING = (ChangeSource.APPLICATION, ChangeSource.DEMO)


def shown_line(line: Line) -> dict[str, object]:
    """A request as the list shows it."""
    now = clock.now()
    waiting = None
    if line.state in WAITING_FOR_STAFF and line.waiting_since is not None:
        waiting = business_days_between(today_jst(line.waiting_since), today_jst(now), is_holiday=is_holiday)
    return {
        "line": line,
        "word": HELD if line.held else label(line.state),
        "waiting": waiting,
        "paper": line.channel is Channel.PAPER,
        "submitted": _day(line.submitted_at),
        "decided": _day(line.decided_at),
        "from_on": line.from_on if line.from_on and line.from_on > today_jst(now) else None,
    }


def _day(instant: datetime | None) -> str:
    """The day in words, with its year where that is not the present one."""
    if instant is None:
        return ""
    day = today_jst(instant)
    return f"{day.month}月{day.day}日" if day.year == today_jst(clock.now()).year else format_date(day)


def _shown_change(change: RecordChange) -> dict[str, object]:
    joined = change.source in _JOINING and ITEMS["member_on"].title in change.words
    title = "会員としての登録" if joined else "・".join(change.words)
    return {"change": change, "title": title, "source": _SOURCES[change.source]}


def _before() -> int | None:
    """The row that a further page begins behind; anything but a row number is none."""
    given = request.args.get("before", type=int)
    return given if given is not None and 0 < given < 2**62 else None


@pages.get("/")
@permit(Permission.CHANGE_SEE)
def index() -> str:
    session, member_id = db.session(), viewer.member_id or 0
    lines = queries.open_requests(session, member_id)
    past = queries.past_requests(session, member_id, before=None)
    record = changes_record.record_changes(session, member_id, before=None)
    return render_template(
        "changes/index.html",
        asked=[shown_line(line) for line in lines if line.state not in WAITING_FOR_STAFF],
        waiting=[shown_line(line) for line in lines if line.state in WAITING_FOR_STAFF],
        past=[shown_line(line) for line in past[:PAGE]],
        past_next=past[PAGE - 1].id if len(past) > PAGE else None,
        record=[_shown_change(change) for change in record[:PAGE]],
        record_next=record[PAGE - 1].id if len(record) > PAGE else None,
        may_file=viewer.can(Permission.CHANGE_FILE),
    )


@pages.get("/past")
@permit(Permission.CHANGE_SEE)
def past() -> str:
    """Further pages of what was decided."""
    lines = queries.past_requests(db.session(), viewer.member_id or 0, before=_before())
    return render_template(
        "changes/past.html",
        past=[shown_line(line) for line in lines[:PAGE]],
        past_next=lines[PAGE - 1].id if len(lines) > PAGE else None,
    )


@pages.get("/record")
@permit(Permission.CHANGE_SEE)
def record() -> str:
    """Further pages of the changes of the record."""
    changes = changes_record.record_changes(db.session(), viewer.member_id or 0, before=_before())
    return render_template(
        "changes/record.html",
        record=[_shown_change(change) for change in changes[:PAGE]],
        record_next=changes[PAGE - 1].id if len(changes) > PAGE else None,
    )
