"""Acts on every row that matches a filter: one page that says what will happen, a typed confirmation, a job."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin.lists import Asked
from occto.domain.errors import Refusal, Stale
from occto.domain.jobs import JobKind, ranges
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms.bulk import BulkForm
from occto.labels import label
from occto.services.jobs import queue_job
from occto.views.tools import new_form_id, once

SHOWN = 10
"""So many rows are named on the page before the act."""


@dataclass(frozen=True, slots=True)
class BulkAct:
    """An act that a list offers. `permission` is asked beside that of all bulk acts; `only` says which rows it can be done to."""

    kind: JobKind
    lead: str
    permission: Permission
    only: tuple[ColumnElement[bool], ...] = ()
    words: str = ""
    """What it is called where a list offers one kind of act twice."""

    @property
    def title(self) -> str:
        return self.words or label(self.kind)


class BulkActs:
    """The door of a list: /bulk/?act=…, with the parameters of the list itself."""

    bulk: ClassVar[Mapping[str, BulkAct]] = {}
    bulk_name: ClassVar[str] = "id"
    """The column that names a row on the page."""

    def offered(self: Any) -> dict[str, BulkAct]:
        """The acts that this viewer may start."""
        if not self.bulk or not viewer.can(Permission.BULK_ACT):
            return {}
        return {key: act for key, act in self.bulk.items() if viewer.can(act.permission)}

    @expose("/bulk/", methods=("GET", "POST"))
    @permit(Permission.BULK_ACT)
    def bulk_act(self: Any) -> Any:
        """What will happen, to how many and to whom; done once the number has been typed."""
        if not self.bulk:
            abort(404)
        key = request.values.get("act", "")
        if key not in self.offered():
            abort(404 if key not in self.bulk else 403)
        act, asked = self.bulk[key], self.asked()
        ids = self._rows_for(db.session(), asked, act)
        form = BulkForm(request.form if request.method == "POST" else None, data={"seen": _digest(ids)})
        if request.method == "POST" and form.seen.data != _digest(ids):
            flash(
                Stale("画面を開いたあとに、対象が変わりました。件数を確かめて、もう一度入力してください。").sentence,
                "danger",
            )
            return redirect(
                url_for(f"{self.endpoint}.bulk_act", **{"act": key, **asked.values, **self.kept_in_the_form()}), 303
            )
        if request.method == "POST" and form.check(len(ids)):
            try:
                return once(lambda session: self._queue(session, asked, act, seen=form.seen.data))
            except Refusal as refusal:
                form.add_error(None, refusal.sentence)
        page = self._bulk_page(key, act, asked, ids, form)
        return page, 422 if form.errors or form.form_errors else 200

    def _rows_for(self: Any, session: Session, asked: Asked, act: BulkAct) -> list[int]:
        conditions = [*self.conditions(asked), *act.only]
        return self.narrowed(list(session.scalars(select(self.model.id).where(*conditions).order_by(self.model.id))))

    def narrowed(self, ids: list[int]) -> list[int]:
        """Which of the rows that match are meant; a screen with waves takes a part of them."""
        return ids

    def kept_in_the_form(self) -> dict[str, str]:
        """What the confirmation has to send again besides the act and what was asked for."""
        return {}

    def names_of(self: Any, session: Session, ids: list[int]) -> list[str]:
        """What rows are called on the page before the act."""
        column = getattr(self.model, self.bulk_name)
        query = select(self.model.id, column).where(self.model.id.in_(ids)).order_by(self.model.id)
        return [row[1] for row in session.execute(query)]

    def _queue(self: Any, session: Session, asked: Asked, act: BulkAct, *, seen: str) -> str:
        """Fix the set under the lock of the writing transaction: exactly what the page showed, or nothing."""
        ids = self._rows_for(session, asked, act)
        if _digest(ids) != seen:
            raise Stale
        job = queue_job(session, act.kind, ids, conditions=self.in_words(asked), actor=actor(), now=clock.now())
        return url_for("jobs.details_view", id=job.id)

    def _bulk_page(self: Any, key: str, act: BulkAct, asked: Asked, ids: list[int], form: BulkForm) -> str:
        first = ids[:SHOWN]
        names = self.names_of(db.session(), first)
        page: str = self.render(
            "admin/bulk.html",
            act=act,
            count=len(ids),
            names=names,
            conditions=self.in_words(asked),
            form=form,
            form_id=new_form_id(),
            hidden={"act": key, **asked.values, **self.kept_in_the_form()},
            back=url_for(f"{self.endpoint}.index_view", **asked.values),  # type: ignore[arg-type]
            errors=bool(form.errors or form.form_errors),
        )
        self.note([], ids=first, term=asked.term)
        return page


def _digest(ids: list[int]) -> str:
    """What the page was about, in 64 signs."""
    return hashlib.sha256(json.dumps(ranges(ids)).encode()).hexdigest()
