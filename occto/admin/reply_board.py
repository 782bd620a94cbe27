"""回答の状況: the live board of an assembly before the day. Choices per item only for whoever may see them."""

from dataclasses import dataclass
from typing import Any

from flask import Response, abort, request, url_for
from flask_admin import BaseView, expose

from occto import clock
from occto.access import permit, viewer
from occto.admin import access_log, reply_chart, reply_sheets
from occto.admin.assembly_menu import assembly_asked, pages_of
from occto.admin.base import Screen
from occto.admin.exports import attached
from occto.charts import Chart, per_cent
from occto.domain.assembly import title_of
from occto.domain.assembly_settings import BLANK_LABELS, read_settings
from occto.domain.canonical import canonical, digest
from occto.domain.dates import JST, format_date, format_instant, today_jst
from occto.domain.hall import day_of
from occto.domain.jobs import ranges
from occto.domain.permissions import Permission
from occto.domain.replies import SHORT_LABELS, ReplyChannel
from occto.domain.reply_board import ANSWERS, Board, ItemCount, Part, Sum, read_board
from occto.domain.tally import Choice
from occto.domain.votes import GROUP_LABELS
from occto.excel import MIMETYPE
from occto.extensions import db
from occto.live_board import replies_board, tell_age
from occto.models import Assembly
from occto.queries.recounting import Stored
from occto.queries.reply_rows import members_on_roll
from occto.unit_of_work import run
from occto.workbooks.writing import plain_workbook

TITLE = "回答の状況"


@dataclass(frozen=True, slots=True)
class Seen:
    """An assembly, what was counted of it and what that says. `stored` None: its votes are not frozen yet."""

    row: Assembly
    stored: Stored | None
    board: Board | None

    @property
    def etag(self) -> str:
        """Changes with the counts, with the settings that judge them, and with what this viewer may see."""
        assert self.stored is not None
        return digest([self.stored.etag, self.row.settings, self.row.state, viewer.can(Permission.REPLY_CHOICES_SEE)])


def _seen() -> Seen:
    """What the address asks for; 404 where there is no such assembly."""
    row = assembly_asked()
    stored = replies_board(row.id, now=clock.now())
    board = read_board(stored.counts, read_settings(row.settings)) if stored is not None else None
    return Seen(row, stored, board)


class ReplyBoardView(Screen, BaseView):
    """The board as a page, as JSON for those who poll, and as a workbook."""

    see = Permission.REPLY_SEE
    under = "assemblies"

    def __init__(self) -> None:
        super().__init__(name=TITLE, endpoint="reply_board", url="reply_board")

    @expose("/")
    def index(self) -> str:
        """The page: whole without a script, which only fetches it anew when the counts have changed."""
        seen = _seen()
        row, board = seen.row, seen.board
        head = {"row": row, "caption": title_of(row), "seen": seen, "pages": pages_of(row)}
        if board is None or seen.stored is None:
            return self.render("admin/reply_board.html", board=None, **head)
        may = viewer.can(Permission.REPLY_CHOICES_SEE)
        return self.render(
            "admin/reply_board.html",
            board=board,
            counted=in_seconds(seen.stored),
            until=format_instant(row.reply_until) if row.reply_until else "",
            attendances=[(SHORT_LABELS[one], board.all.by_attendance(one)) for one in ANSWERS],
            channels=list(ReplyChannel),
            group_names=GROUP_LABELS,
            choices=list(Choice) if may else [],
            items=board.items if may else [],
            may_see_choices=may,
            blank=BLANK_LABELS[board.blank_means],
            charts=_charts(board, choices=may),
            per_cent=per_cent,
            list_url=url_for("replies.index_view", assembly=row.id),
            counts_url=url_for("reply_board.counts", id=row.id),
            may_export=viewer.can(Permission.EXPORT),
            **head,
        )

    @expose("/counts/")
    def counts(self) -> Response:
        """The same figures as JSON; 304 to whoever has them already (If-None-Match)."""
        seen = _seen()
        if seen.board is None or seen.stored is None:
            abort(404)
        answer = Response(status=304)
        if not request.if_none_match.contains(seen.etag):
            body = _as_json(seen.board, choices=viewer.can(Permission.REPLY_CHOICES_SEE))
            answer = Response(canonical({"assembly": seen.row.id} | body), content_type="application/json")
        answer.set_etag(seen.etag)
        tell_age(answer, seen.stored, now=clock.now())
        return answer

    @expose("/export-xlsx/")
    @permit(Permission.EXPORT)
    def export_xlsx(self) -> Response:
        """The board and every member's standing reply as a workbook, choices only for whoever may see them."""
        if not viewer.can(self.see):
            abort(403)
        seen = _seen()
        if seen.board is None or seen.stored is None:
            abort(404)
        number, may = seen.row.id, viewer.can(Permission.REPLY_CHOICES_SEE)
        caption = f"{title_of(seen.row)}　{in_seconds(seen.stored)[1]} に集計"
        held = ranges(members_on_roll(db.session(), number))
        fields = reply_sheets.fields(seen.board, choices=may)
        run(access_log.exported, held, subject=f"LIST:{TITLE}", form="xlsx", conditions=caption, fields=fields)
        name = f"{TITLE}_{today_jst(clock.now()).isoformat()}.xlsx"
        sheets = reply_sheets.sheets(
            db.session(),
            number,
            seen.board,
            caption=caption,
            choices=may,
            day=day_of(seen.row.held_at, now=clock.now()),
        )
        return attached(plain_workbook(sheets), name=name, media_type=MIMETYPE)


def in_seconds(stored: Stored) -> tuple[str, str]:
    """When it was counted: for machines, and in Japan to the second."""
    local = stored.counted_at.astimezone(JST)
    return local.isoformat(timespec="seconds"), f"{format_date(local.date())} {local:%H:%M:%S}"


def _charts(board: Board, *, choices: bool) -> dict[str, Chart]:
    main = board.expected.main
    certain = next(one for one in board.certain.counts if one.basis is main.basis)
    found = {"groups": reply_chart.of_groups(certain, main, dict(board.groups))}
    if choices and board.items:
        found["items"] = reply_chart.of_items(board.items)
    if board.days:
        found["days"] = reply_chart.of_days(board.days)
    return found


def _as_json(board: Board, *, choices: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "all": _part(board.all),
        "groups": {group.value: _part(part) for group, part in board.groups.items()},
        "quorum": [
            {
                "basis": now.basis,
                "certain": now.present,
                "expected": soon.present,
                "whole": now.whole,
                "required": now.required,
                "met_certainly": now.met,
                "met_expectedly": soon.met,
            }
            for now, soon in zip(board.certain.counts, board.expected.counts, strict=True)
        ],
        "quorum_basis": board.certain.basis,
        "days": [[day.on, day.sum.members, day.so_far.members] for day in board.days],
    }
    if choices:
        shown["items"] = [_item(item) for item in board.items]
    return shown


def _part(part: Part) -> dict[str, Any]:
    return {
        "whole": _sum(part.whole),
        "answered": _sum(part.answered),
        "unanswered": _sum(part.unanswered),
        "left": _sum(part.left),
        "by_channel": {one.value: _sum(part.by_channel(one)) for one in ReplyChannel},
        "by_attendance": {one.value: _sum(part.by_attendance(one)) for one in ANSWERS},
    }


def _sum(found: Sum) -> dict[str, int]:
    return {"members": found.members, "holders": found.holders, "votes": found.votes}


def _item(item: ItemCount) -> dict[str, Any]:
    return {
        "no": item.no,
        "title": item.title,
        "advance": {choice.value: _sum(found) for choice, found in item.advance.items()},
        "attending": {choice.value: _sum(found) for choice, found in item.attending.items()},
        "blank": _sum(item.blank),
        "conflict": _sum(item.conflict),
    }
