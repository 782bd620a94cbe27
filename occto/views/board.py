"""出席の状況 on the day: the big screen, and the chair's view. Figures alone; they are counted in occto/live_board.py."""

from typing import Any

from flask import Blueprint, Response, abort, render_template, request, url_for

from occto import clock
from occto.access import asking, permit
from occto.domain.assembly import AssemblyState, title_of
from occto.domain.assembly_settings import read_settings
from occto.domain.canonical import canonical, digest
from occto.domain.dates import JST
from occto.domain.hall_board import HallBoard, read_hall
from occto.domain.numbers import clamped_id
from occto.domain.permissions import Permission
from occto.domain.resolutions import VoteChannel
from occto.domain.votes import GROUP_LABELS
from occto.extensions import db
from occto.hall_chart import CHANNELS, of_arrivals, of_presence
from occto.live_board import hall_board, tell_age
from occto.queries.hall_board import Meeting, meeting_of
from occto.queries.recounting import Stored

pages = Blueprint("board", __name__)
_DECIDED = frozenset({AssemblyState.RESULT_FIXED, AssemblyState.PUBLISHED, AssemblyState.FINISHED})


def _meeting(assembly: int) -> Meeting:
    """The assembly; 404 where there is none, or a desk stands at another one."""
    number = clamped_id(str(assembly))
    desk = asking().desk
    elsewhere = desk is not None and desk.assembly_id != number
    found = meeting_of(db.session(), number) if number is not None and not elsewhere else None
    if found is None:
        abort(404)
    return found


def _etag(found: Meeting, stored: Stored) -> str:
    """Changes with the counts, with the settings that judge them and with the state of the assembly."""
    return digest([stored.etag, found.settings, found.state])


@pages.get("/reception/<int:assembly>/board")
@permit(Permission.BOARD_SEE)
def show(assembly: int) -> str:
    """The page: whole without a script, which only fetches it anew when the counts have changed."""
    found = _meeting(assembly)
    stored = hall_board(found.id, now=clock.now())
    chair = request.args.get("view") == "chair"
    head: dict[str, Any] = {"meeting": found, "caption": title_of(found), "chair": chair}
    if stored is None:
        return render_template("reception/board.html", board=None, **head)
    board = read_hall(stored.counts, read_settings(found.settings))
    return render_template(
        "reception/board.html",
        board=board,
        etag=_etag(found, stored),
        counted=stored.counted_at.astimezone(JST),
        channels=[one for _style, one in CHANNELS],
        group_names=GROUP_LABELS,
        charts={"presence": of_presence(board), "arrivals": of_arrivals(board.arrivals)},
        arrivals=[(f"{one.at.astimezone(JST):%H:%M}", one.persons) for one in board.arrivals],
        decided=found.state in _DECIDED,
        counts_url=url_for("board.counts", assembly=found.id),
        itself=url_for("board.show", assembly=found.id, view="chair" if chair else None),
        other=url_for("board.show", assembly=found.id, view=None if chair else "chair"),
        **head,
    )


@pages.get("/reception/<int:assembly>/board/counts")
@permit(Permission.BOARD_SEE)
def counts(assembly: int) -> Response:
    """The same figures as JSON; 304 to whoever has them already (If-None-Match)."""
    found = _meeting(assembly)
    stored = hall_board(found.id, now=clock.now())
    if stored is None:
        abort(404)
    etag, answer = _etag(found, stored), Response(status=304)
    if not request.if_none_match.contains(etag):
        board = read_hall(stored.counts, read_settings(found.settings))
        answer = Response(canonical({"assembly": found.id} | _as_json(board)), content_type="application/json")
    answer.set_etag(etag)
    tell_age(answer, stored, now=clock.now())
    return answer


def _as_json(board: HallBoard) -> dict[str, Any]:
    return {
        "quorum": [
            {
                "basis": one.basis,
                "present": one.present,
                "whole": one.whole,
                "required": one.required,
                "met": one.met,
            }
            for one in board.quorum.counts
        ],
        "quorum_basis": board.quorum.basis,
        "met": board.quorum.met,
        "all": _part(board.all),
        "groups": {group.value: _part(part) for group, part in board.groups.items()},
        "persons": dict(board.persons),
        "arrivals": [[one.at, one.persons] for one in board.arrivals],
        "items": [
            {"no": one.no, "outcome": one.outcome, "withdrawn": one.withdrawn, "report": one.report}
            for one in board.items
        ],
    }


def _part(part: Any) -> dict[str, Any]:
    by_channel = {one.value: part.by_channel(one) for one in VoteChannel}
    shown = by_channel | {"NOT_YET": part.by_channel(None), "LEFT": part.left, "WHOLE": part.whole}
    return {
        name: {"members": found.members, "holders": found.holders, "votes": found.votes}
        for name, found in shown.items()
    }
