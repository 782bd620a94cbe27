"""The pages of one assembly: one line a page, drawn as tabs on every one of them; where each step and task is done.

Every endpoint named here takes the row number of the assembly as `id`.
"""

from typing import Any, NamedTuple

from flask import request, url_for

from occto.access import viewer
from occto.domain.permissions import Permission


class Page(NamedTuple):
    """A page of an assembly: who may see it, its endpoint, its words."""

    permission: Permission
    endpoint: str
    words: str


PAGES: tuple[Page, ...] = (
    Page(Permission.ASSEMBLY_SEE, "assemblies.details_view", "概要"),
    Page(Permission.ASSEMBLY_SEE, "agenda.index_view", "議案"),
    Page(Permission.ASSEMBLY_SEE, "assemblies.documents", "資料"),
    Page(Permission.ASSEMBLY_SEE, "assemblies.rules", "定足数・回答の決まり"),
    Page(Permission.ASSEMBLY_SEE, "allocation.index", "議決権"),
    Page(Permission.ASSEMBLY_SEE, "freezing.index", "議決権の確定"),
    Page(Permission.ASSEMBLY_SEE, "convocations.index_view", "招集通知"),
    Page(Permission.REPLY_SEE, "reply_board.index", "回答の状況"),
    Page(Permission.REPLY_SEE, "replies.of_assembly", "回答の一覧"),
    Page(Permission.TICKET_PREPARE, "tickets.index_view", "受付票"),
    Page(Permission.RECEPTION_SEE, "hall.of_assembly", "受付"),
    Page(Permission.VOTE_RECORD, "voting.index", "採決"),
    Page(Permission.RESULT_SEE, "results.index", "結果"),
    Page(Permission.RESULT_SEE, "minutes.index", "議事録"),
    Page(Permission.RECEPTION_SEE, "blackout.index", "停電パック"),
)
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


def pages_of(assembly_id: int, *, at: str | None = None) -> list[dict[str, Any]]:
    """The tabs of an assembly that the viewer may see, for the macro `parts.tabs`; `at`: the endpoint of the tab that the
    page belongs to, where it is not the page of a tab itself.
    """
    here = at or request.endpoint
    return [
        {"label": page.words, "url": url_for(page.endpoint, id=assembly_id), "current": page.endpoint == here}
        for page in PAGES
        if viewer.can(page.permission)
    ]
