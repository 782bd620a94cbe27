"""The pages of one assembly by part of the work, drawn in two levels on every one of them; where each step and task is done.

Every endpoint named here takes the row number of the assembly as `id`.
"""

from typing import NamedTuple, Protocol, TypeVar

from flask import abort, g, request, url_for

from occto.access import viewer
from occto.domain.assembly import LABELS, AssemblyState, has_reached
from occto.domain.numbers import clamped_id
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.models import Assembly

_S = AssemblyState


class Page(NamedTuple):
    """A page of an assembly: who may see it, its endpoint, its words, and from which state on there is something to do."""

    permission: Permission
    endpoint: str
    words: str
    since: AssemblyState = _S.PREPARING


MENU: dict[str, tuple[Page, ...]] = {
    "概要": (Page(Permission.ASSEMBLY_SEE, "assemblies.details_view", "概要"),),
    "準備": (
        Page(Permission.ASSEMBLY_SEE, "agenda.index_view", "議案"),
        Page(Permission.ASSEMBLY_SEE, "assemblies.documents", "資料"),
        Page(Permission.ASSEMBLY_SEE, "assemblies.rules", "定足数・回答の決まり"),
    ),
    "議決権": (
        Page(Permission.ASSEMBLY_SEE, "allocation.index", "議決権の集計"),
        Page(Permission.ASSEMBLY_SEE, "freezing.index", "議決権の確定", _S.COUNTING),
    ),
    "招集・回答": (
        Page(Permission.ASSEMBLY_SEE, "convocations.index_view", "招集通知", _S.FROZEN),
        Page(Permission.REPLY_SEE, "reply_board.index", "回答の状況", _S.REPLIES_OPEN),
        Page(Permission.REPLY_SEE, "replies.of_assembly", "回答の一覧", _S.REPLIES_OPEN),
    ),
    "当日": (
        Page(Permission.TICKET_PREPARE, "tickets.index_view", "受付票", _S.REPLIES_OPEN),
        Page(Permission.RECEPTION_SEE, "hall.of_assembly", "受付", _S.NOTIFIED),
        Page(Permission.VOTE_RECORD, "voting.index", "採決", _S.HALL_OPEN),
        Page(Permission.RECEPTION_SEE, "blackout.index", "停電パック", _S.FROZEN),
    ),
    "結果": (
        Page(Permission.RESULT_SEE, "results.index", "結果", _S.VOTING),
        Page(Permission.RESULT_SEE, "minutes.index", "議事録", _S.VOTING),
    ),
}
"""The pages in the order of the work, by the part of it that they belong to."""
STEPS: dict[str, str] = {
    "edit": "assemblies.arrange",
    "count": "assemblies.count",
    "freeze": "freezing.index",
    "refreeze": "freezing.late",
    "notify": "convocations.index_view",
    "open_replies": "convocations.open_replies",
    "close_replies": "assemblies.close_replies",
    "open_hall": "assemblies.open_hall",
    "start_voting": "voting.start_voting",
    "fix_result": "voting.fix_result",
    "correct_result": "voting.correct_result",
    "publish": "voting.publish",
    "postpone": "assemblies.postpone",
    "cancel": "assemblies.cancel",
    "minutes": "minutes.index",
    "record_consent": "results.index",
    "finish": "assemblies.finish",
    "follow": "assemblies.follow",
}
"""Step of the flow ASSEMBLY → the endpoint of its door; a step without one is no button on the page of the assembly."""
REHEARSAL_STEPS: dict[str, str] = {
    "start": "assemblies.rehearse",
    "arrive": "assemblies.arrivals",
    "end": "assemblies.end_rehearsal",
}
"""Step of the flow REHEARSAL → the endpoint of its door."""
PLACES: dict[str, str] = {
    "place": "assemblies.arrange",
    "reception": "assemblies.arrange",
    "deadline": "assemblies.arrange",
    "agenda": "agenda.index_view",
    "documents": "assemblies.documents",
    "quorum": "assemblies.rules",
    "count": "assemblies.count",
    "shares": "allocation.policies",
    "late": "freezing.late",
    "postpone": "assemblies.postpone",
    "elections": "freezing.index",
    "freeze": "freezing.index",
    "notice": "convocations.index_view",
    "notify": "convocations.index_view",
    "addendum": "convocations.index_view",
    "bounced": "convocations.index_view",
    "open": "convocations.open_replies",
    "close": "assemblies.close_replies",
    "desks": "hall.of_assembly",
    "practice": "hall.of_assembly",
    "hall": "assemblies.open_hall",
    "decide": "voting.index",
    "fix": "voting.fix_result",
    "publish": "voting.publish",
    "minutes": "minutes.index",
    "kit": "results.index",
    "finish": "assemblies.finish",
    "follow": "assemblies.follow",
}
"""Task of `domain/assembly_tasks.py` → where it is done; one without a place is shown as words alone."""


class Shown(Protocol):
    """The row of an assembly, or what a page read of one."""

    @property
    def id(self) -> int: ...

    @property
    def state(self) -> AssemblyState: ...

    @property
    def rehearsal_of_id(self) -> int | None: ...


_Row = TypeVar("_Row", bound=Shown)


class Tab(NamedTuple):
    """A part of the work, or a page of it. `not_yet`: from when on there is something to do there; empty where there is now."""

    label: str
    url: str
    current: bool
    not_yet: str
    pages: "tuple[Tab, ...]" = ()


def pages_of(row: Shown, *, at: str | None = None) -> list[Tab]:
    """The parts of the work on an assembly with the pages that the viewer may see, for the macro `parts.places`.

    `at`: the endpoint of the page that this one belongs to, where it is not one of the menu itself.
    """
    here = at or request.endpoint
    about(row)
    return [_part(words, tabs) for words, pages in MENU.items() if (tabs := _tabs(row, pages, here))]


def _tabs(row: Shown, pages: tuple[Page, ...], here: str | None) -> tuple[Tab, ...]:
    return tuple(
        Tab(
            page.words,
            url_for(page.endpoint, id=row.id),
            page.endpoint == here,
            "" if has_reached(row.state, page.since) else f"{LABELS[page.since]}から",
        )
        for page in pages
        if viewer.can(page.permission)
    )


def _part(words: str, tabs: tuple[Tab, ...]) -> Tab:
    """The part leads to the first of its pages on which there is something to do; to the first of all where there is none."""
    first = next((tab for tab in tabs if not tab.not_yet), tabs[0])
    return Tab(words, first.url, any(tab.current for tab in tabs), "これから" if first.not_yet else "", tabs)


def assembly_asked(name: str = "id") -> Assembly:
    """The assembly that the address or the form names; 404 where there is none. The page is about it (`about`)."""
    number = clamped_id(request.values.get(name))
    found = db.session.get(Assembly, number) if number is not None else None
    if found is None:
        abort(404)
    return about(found)


def about(row: _Row) -> _Row:
    """Say that the page is about this assembly: on everything about a rehearsal its frame shows a band."""
    g.rehearsal = row.rehearsal_of_id is not None
    return row
