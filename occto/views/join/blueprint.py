"""The blueprint of joining and what its pages share."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from flask import Blueprint, abort, flash, redirect, url_for

from occto.access import viewer
from occto.domain.joining import EDITABLE, MAIN_STAGE, ApplicationState, Stage
from occto.domain.sections import BY_KEY, TASKS, TERMS, TaskSection
from occto.extensions import db
from occto.queries import applications
from occto.queries.terms import consent_of_application

if TYPE_CHECKING:
    from occto.models import Application, ApplicationDraft

pages = Blueprint("join", __name__, url_prefix="/join")


RETURNED = frozenset({ApplicationState.RETURNED, ApplicationState.MAIN_RETURNED})


@dataclass(frozen=True)
class Case:
    """The case behind a page: the application, its open stage, the saved sections, and whether the terms were agreed to."""

    application: "Application"
    stage: Stage
    drafts: "dict[str, ApplicationDraft]"
    agreed: bool

    @property
    def id(self) -> int:
        return self.application.id

    @property
    def on_paper(self) -> bool:
        """Whether a member of the staff is keying the case in."""
        return viewer.kind == "staff"

    @property
    def answers(self) -> dict[str, dict[str, object]]:
        """The complete sections of the open stage."""
        keys = {task.key for task in TASKS[self.stage]}
        return {key: draft.answers for key, draft in self.drafts.items() if key in keys and draft.answers is not None}

    def version(self, section: str) -> int:
        """The version of a section that the page shows."""
        return self.drafts[section].version if section in self.drafts else 0

    def state_word(self, task: TaskSection) -> str:
        """Where a section stands, in a word of the task list."""
        if task is TERMS:
            return "完了" if self.agreed else "未入力"
        draft = self.drafts.get(task.key)
        if draft is None:
            return "未入力"
        if draft.answers is not None:
            return "完了"
        return "要修正" if draft.errors else "入力中"

    @cached_property
    def asked(self) -> dict[str, str]:
        """What the office asks for, by section; empty once the case has been submitted again."""
        if self.application.state not in RETURNED:
            return {}
        return applications.remarks_on_sections(db.session(), self.application)

    @cached_property
    def _returned_at(self) -> datetime | None:
        last = applications.last_return(db.session(), self.application) if self.asked else None
        return last.at if last else None

    def awaits_correction(self, key: str) -> bool:
        """Whether the office asks for something in a section that was not saved since."""
        draft = self.drafts.get(key)
        return (
            key in self.asked
            and draft is not None
            and self._returned_at is not None
            and draft.saved_at <= self._returned_at
        )

    def next_url(self, after: str) -> str:
        """Where 「保存して次へ」 leads: the next section that is not complete, or the task list."""
        tasks = list(TASKS[self.stage])
        place = tasks.index(BY_KEY[after])
        for task in [*tasks[place + 1 :], *tasks[:place]]:
            if self.state_word(task) != "完了" and task.key != after:
                return section_url(self.id, task.key)
        return url_for("join.tasks", application_id=self.id)


def load_case(application_id: int) -> Case:
    """The viewer's case; NotFound for any other."""
    session = db.session()
    application = applications.own_case(session, application_id, viewer=viewer)
    stage = Stage.MAIN if application.state in MAIN_STAGE else Stage.PROVISIONAL
    agreed = consent_of_application(session, application_id) is not None
    return Case(application, stage, applications.drafts(session, application_id), agreed)


def case_to_edit(application_id: int) -> Case:
    """The viewer's case for a page with inputs; one that cannot be changed now leads to where it stands."""
    case = load_case(application_id)
    if case.application.state not in EDITABLE:
        flash("この申請は、いまは内容を変更できません。申請の状況をご確認ください。", "warning")
        abort(redirect(url_for("join.application", application_id=case.id), 303))
    return case


_PAGES_OF_THEIR_OWN = {"terms": "join.terms", "relations": "join.relations", "acts": "join.acts", "files": "join.files"}


def section_url(application_id: int, section: str) -> str:
    """The address of a section's page."""
    if section in _PAGES_OF_THEIR_OWN:
        return url_for(_PAGES_OF_THEIR_OWN[section], application_id=application_id)
    return url_for("join.section", application_id=application_id, section=section)
