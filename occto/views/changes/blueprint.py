"""The blueprint of change requests and what its pages share."""

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, flash, redirect, request, url_for

from occto import clock
from occto.access import viewer
from occto.change_words import item_in_words, part_of
from occto.domain.changes import CHOOSABLE, EDITABLE, PART_TITLES, ChangeState, Part
from occto.domain.codes import Channel
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.queries import changes as queries
from occto.services.changes.case import change_of
from occto.views.changes.items import long_title

if TYPE_CHECKING:
    from occto.models import ChangeDraft, ChangeRequest
    from occto.queries.changes import Correspondence, Decided, Submitted

pages = Blueprint("changes", __name__, url_prefix="/changes")


@dataclass(frozen=True)
class Case:
    """The request behind a page, with the parts of its draft; what a page does not ask for is not read."""

    request: "ChangeRequest"
    drafts: "dict[str, ChangeDraft]"
    now: datetime = field(default_factory=clock.now)

    @property
    def id(self) -> int:
        return self.request.id

    @property
    def today(self) -> date:
        return today_jst(self.now)

    @property
    def occurred_on(self) -> date:
        return self.request.occurred_on or self.today

    @property
    def is_draft(self) -> bool:
        return self.request.state is ChangeState.DRAFT

    @property
    def may_file(self) -> bool:
        """Whether the viewer may fill the request in, as far as its state allows."""
        return viewer.can(Permission.CHANGE_FILE) and self.request.channel is Channel.ONLINE

    @property
    def may_edit(self) -> bool:
        return self.may_file and self.request.state in EDITABLE

    @property
    def parts(self) -> list[Part]:
        """The parts that were chosen, in the order of the task list; documents are no part of their own here."""
        return [part for part in CHOOSABLE if part.value in self.drafts]

    def version(self, part: Part) -> int:
        """The version of a part that the page shows."""
        return self.drafts[part.value].version if part.value in self.drafts else 0

    @cached_property
    def answers(self) -> dict[Part, dict[str, Any]]:
        """The clean values of the parts that are complete."""
        found = {part: self.drafts[part.value].answers for part in self.parts}
        return {part: answers for part, answers in found.items() if answers is not None}

    @property
    def missing(self) -> list[Part]:
        """The parts that are not complete."""
        return [part for part in self.parts if part not in self.answers]

    def state_word(self, part: Part) -> str:
        """Where a part stands, in a word of the task list."""
        draft = self.drafts[part.value]
        if draft.answers is None:
            return "要修正" if draft.errors else "入力中" if draft.typed else "未入力"
        if part in self.to_mend:
            return "要修正"
        return "入力済" if draft.answers.keys() - {"effective_on"} else "変更なし"

    @cached_property
    def submitted(self) -> "Submitted | None":
        """What was submitted last."""
        return queries.newest_submitted(db.session(), self.id)

    @cached_property
    def decided(self) -> "list[Decided]":
        """Every step taken, newest first."""
        return queries.decisions(db.session(), self.id)

    @cached_property
    def correspondence(self) -> "Correspondence":
        return queries.correspondence(db.session(), self.request, company=viewer.company_name)

    @cached_property
    def remarks(self) -> dict[str, str]:
        """What the office asks to mend, by key of the item; empty once the request was submitted again."""
        last = queries.last_return(self.decided) if self.request.state is ChangeState.RETURNED else None
        if last is None:
            return {}
        return {key: words for (no, key), words in self.correspondence.remarks.items() if no == last.revision_no}

    def remarks_on(self, part: Part) -> list[str]:
        """The remarks on items of a part."""
        return [words for key, words in self.remarks.items() if part_of(key.partition(":")[0]) == part.value]

    def remarks_in_words(self, part: Part) -> list[tuple[str, str]]:
        """The same with the title of the item each is about; '' for one that is no longer asked for."""
        if not self.remarks_on(part):
            return []
        items = [item_in_words(change_of(row)) for row in self.submitted.items] if self.submitted else []
        titles = {item.key: long_title(item) for item in items}
        return [
            (titles.get(key, ""), words)
            for key, words in self.remarks.items()
            if part_of(key.partition(":")[0]) == part.value
        ]

    @cached_property
    def to_mend(self) -> set[Part]:
        """The parts that the office asks to mend and that were not saved since."""
        if not self.remarks:
            return set()
        last = queries.last_return(self.decided)
        assert last is not None
        named = {part for part in self.parts if self.remarks_on(part)}
        return {part for part in named if self.drafts[part.value].saved_at <= last.at}

    def next_url(self, after: Part) -> str:
        """Where 「保存して次へ」 leads: the next part that is not complete, or the task list."""
        place = self.parts.index(after)
        for part in [*self.parts[place + 1 :], *self.parts[:place]]:
            if part in self.missing or part in self.to_mend:
                return part_url(self.id, part)
        return tasks_url(self)


def load_case(request_id: int) -> Case:
    """The request of the viewer's company; NotFound for any other."""
    session = db.session()
    found = queries.own_request(session, request_id, member_id=viewer.member_id)
    return Case(found, queries.drafts(session, request_id))


def case_to_edit(request_id: int) -> Case:
    """The request for a page with inputs; one that cannot be changed now leads to where it stands."""
    case = load_case(request_id)
    if not case.may_edit:
        flash("この申請は、いまは内容を変更できません。申請の状況をご確認ください。", "warning")
        abort(redirect(url_for("changes.request_page", request_id=case.id), 303))
    return case


def chosen(case: Case, part: Part) -> Part:
    """The part, where the request is about it; NotFound otherwise."""
    if part not in case.parts:
        raise NotFound
    return part


def seen_version() -> int:
    """The version of the part that was on the screen; -1, which is none, where no number was sent."""
    seen = request.form.get("version", type=int)
    return seen if seen is not None and 0 <= seen < 2**62 else -1


def tasks_url(case: Case) -> str:
    """The task list: the page of a draft, a page of its own once something was submitted."""
    endpoint = "changes.request_page" if case.is_draft else "changes.tasks"
    return url_for(endpoint, request_id=case.id)


def part_url(request_id: int, part: Part) -> str:
    """The address of the page on which a part is filled in."""
    if part in _PAGES_OF_THEIR_OWN:
        return url_for(_PAGES_OF_THEIR_OWN[part], request_id=request_id)
    return url_for("changes.part", request_id=request_id, part=part.value)


_PAGES_OF_THEIR_OWN = {
    Part.LICENCES: "changes.licences",
    Part.RELATIONS: "changes.relations",
    Part.FILES: "changes.files",
}


def trail(case: Case) -> list[tuple[str, str]]:
    """The way back from a page of the request."""
    name = case.request.number or "下書き"
    return [("変更申請", url_for("changes.index")), (name, tasks_url(case))]


def title(part: Part) -> str:
    return PART_TITLES[part]
