"""Screens that write: every form goes through a verb in a unit of work. Flask-Admin's own commits are never reached."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from flask import abort, flash, request, url_for
from flask_admin import expose
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, viewer
from occto.admin.base import Facts, StaffView, Table
from occto.admin.sent import sent_form, sent_version
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound, Refusal, Stale
from occto.domain.permissions import Permission
from occto.forms.base import BaseForm
from occto.views.tools import new_form_id, once

STALE = "画面を開いたあとに内容が変わりました。いまの内容を確かめてから、もう一度操作してください。"
COLLIDED = "ほかの方の操作と重なりました。番号などが先に使われていないか確かめて、もう一度操作してください。"
ONWARD = "内容を確認する"
"""The button of a form that a check page follows; there the button says the act."""
CONFIRMED, AGAIN = "confirmed", "again"
"""Names of the two buttons of a check page."""


@dataclass(frozen=True, slots=True)
class Door:
    """A page with a form and a button that says the act. `lead` says what will happen; `facts` is what it is about."""

    title: str
    button: str
    back: tuple[str, str]
    lead: str = ""
    caption: str = ""
    facts: Sequence[tuple[str, Any]] = ()
    danger: bool = False
    multipart: bool = False
    note: str = ""
    facts_title: str = "いまの内容"
    hidden: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a check page shows before the act: sentences to weigh, groups of facts and tables."""

    sentences: Sequence[str] = ()
    parts: Sequence[Facts | Table] = ()


class Doors:
    """What a door does: entry page, check page where there is one, the act once, refusals beside their fields."""

    render: Callable[..., str]
    get_one: Callable[[Any], Any]
    heading: Callable[[Any], str]
    endpoint: Any

    def row_asked(self) -> Any:
        """The row that the request is about; 404 where there is none in the scope of this screen."""
        row = self.get_one(request.values.get("id", ""))
        if row is None:
            abort(404)
        return row

    def decide(self, verb: Callable[..., Any], *, title: str, back: str, done: str) -> Any:
        """A decision that is one button on the page of its row: through `verb`, on the version that was on the screen."""
        row = self.row_asked()
        number, version, page = row.id, sent_version(), url_for(f"{self.endpoint}.details_view", id=row.id)

        def act(session: Session) -> str:
            verb(session, number, seen_version=version, actor=actor(), now=clock.now())
            return page

        return self.go_through(
            Door(title, title, (back, page), caption=self.heading(row), hidden={"id": number}),
            BaseForm(request.form),
            act,
            done=done,
            version=version,
            now_version=lambda: self.get_one(number).version,
        )

    def go_through(
        self,
        door: Door,
        form: BaseForm,
        act: Callable[[Session], str],
        *,
        done: str | Callable[[], str],
        preview: Callable[[], Preview] | None = None,
        version: int | None = None,
        now_version: Callable[[], int] = lambda: 0,
    ) -> Any:
        """Answer a request to a door. `form` holds what was sent; `act` returns the address of the result.

        With a `preview` the act is done only from the check page. `now_version` is asked after a refusal as stale, so
        that what was typed can be sent again on what is on record now.
        """
        page = replace(door, button=ONWARD) if preview is not None else door
        if request.method == "GET" or AGAIN in request.form:
            return self.entry(page, form, version=version)
        if not form.validate():
            return self.entry(page, form, version=version), 422
        if preview is not None and CONFIRMED not in request.form:
            return self.check(door, form, preview(), version=version)
        try:
            answer = once(act)
        except NotFound:
            abort(404)
        except (Refusal, IntegrityError) as problem:
            stale = isinstance(problem, Stale)
            sentence = problem.sentence if isinstance(problem, Refusal) else COLLIDED
            form.add_error(getattr(problem, "field", None), STALE if stale and len(list(form)) else sentence)
            return self.entry(page, form, version=now_version() if stale else version), 409
        flash(done() if callable(done) else done, "success")
        return answer

    def entry(self, door: Door, form: BaseForm, *, version: int | None) -> str:
        """The page with the form."""
        errors = bool(form.errors or form.form_errors)
        return self.render(
            "admin/form.html",
            door=door,
            form=form,
            action=url_for(request.endpoint or ""),
            form_id=new_form_id(),
            version=version,
            errors=errors,
        )

    def check(self, door: Door, form: BaseForm, preview: Preview, *, version: int | None) -> str:
        """The page that shows what will happen, with everything typed in it."""
        typed = [
            (one.name, text)
            for one in form
            for text in (one.raw_value if isinstance(one.raw_value, list) else [one.raw_value])
        ]
        return self.render(
            "admin/check.html",
            door=door,
            preview=preview,
            typed=typed,
            action=url_for(request.endpoint or ""),
            form_id=new_form_id(),
            version=version,
            confirmed=CONFIRMED,
            again=AGAIN,
        )


class VerbView(Doors, StaffView):
    """A list whose rows are also written, through forms: the values named in `form_columns` go to verbs as keywords.

    A screen gives `form` (of the house), `form_columns`, `write`, and as many of `create_verb`, `update_verb` and
    `delete_verb` as it has; what it has none of answers 404. Verbs get `actor` and `now`, those for a row its number
    and `seen_version` too. A refusal stands beside its field; nothing typed is lost.
    """

    write: ClassVar[Permission]
    create_verb: ClassVar[Callable[..., int] | None] = None
    update_verb: ClassVar[Callable[..., Any] | None] = None
    delete_verb: ClassVar[Callable[..., Any] | None] = None
    created: ClassVar[str] = "登録しました。"
    updated: ClassVar[str] = "変更しました。"
    deleted: ClassVar[str] = "削除しました。"
    create_title: ClassVar[str] = "登録する"
    edit_title: ClassVar[str] = "変更する"

    def _opened(self) -> dict[str, Any]:
        """Routes of Flask-Admin that this screen opens, with the verb behind each."""
        doors = {"create_view": self.create_verb, "edit_view": self.update_verb, "delete_view": self.delete_verb}
        return {name: verb for name, verb in doors.items() if verb is not None}

    def permissions(self) -> dict[str, Permission]:
        """As of every screen; what writes needs `write`."""
        return super().permissions() | {f"{self.endpoint}.{name}": self.write for name in self._opened()}

    def _handle_view(self, name: str, **kwargs: Any) -> None:
        if name not in self._opened():
            super()._handle_view(name, **kwargs)
        elif not viewer.can(self.write):
            abort(403)

    def values_of(self, row: Any) -> dict[str, Any]:
        """What the form shows of a row on record."""
        return {name: getattr(row, name) for name in self.form_columns}

    def preview(self, form: Any, row: Any | None) -> Preview | None:  # noqa: ARG002 - screens without a check page
        """What a check page before the act shows; None where there is no such page."""
        return None

    def create_form(self, obj: Any = None) -> Any:  # noqa: ARG002 - Flask-Admin calls it so
        """The empty form, or what was sent."""
        return self._create_form_class(sent_form(), today=today_jst(clock.now()))

    def edit_form(self, obj: Any = None) -> Any:
        """The form with what is on record, or what was sent."""
        return self._edit_form_class(sent_form(), data=self.values_of(obj), today=today_jst(clock.now()))

    def create_model(self, form: Any) -> Any:
        """Through `create_verb`: the answer to the request."""
        verb = type(self).create_verb
        assert verb is not None

        def act(session: Session) -> str:
            number = verb(session, actor=actor(), now=clock.now(), **self._values(form))
            return url_for(f"{self.endpoint}.details_view", id=number)

        back = (f"{self.title}の一覧へ戻る", url_for(f"{self.endpoint}.index_view"))
        door = Door(self.create_title, self.create_title, back)
        return self.go_through(door, form, act, done=self.created, preview=self._preview(form, None))

    def update_model(self, form: Any, model: Any) -> Any:
        """Through `update_verb`, on the version that was on the screen: the answer to the request."""
        verb, number = type(self).update_verb, model.id
        assert verb is not None
        version = sent_version(model.version)

        def act(session: Session) -> str:
            verb(session, number, seen_version=version, actor=actor(), now=clock.now(), **self._values(form))
            return url_for(f"{self.endpoint}.details_view", id=number)

        return self.go_through(
            self._door_of(model, self.edit_title),
            form,
            act,
            done=self.updated,
            preview=self._preview(form, model),
            version=version,
            now_version=lambda: self.get_one(number).version,
        )

    def delete_model(self, model: Any) -> Any:
        """Through `delete_verb`: the answer to the request."""
        verb, number, version = type(self).delete_verb, model.id, sent_version()
        assert verb is not None

        def act(session: Session) -> str:
            verb(session, number, seen_version=version, actor=actor(), now=clock.now())
            return url_for(f"{self.endpoint}.index_view")

        return self.go_through(
            self._door_of(model, "削除する"), BaseForm(request.form), act, done=self.deleted, version=version
        )

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Any:
        """The form for a new row."""
        return self.create_model(self.create_form())

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Any:
        """The form for a row on record; 404 where there is none in the scope of this screen."""
        row = self.row_asked()
        return self.update_model(self.edit_form(obj=row), row)

    @expose("/delete/", methods=("POST",))
    def delete_view(self) -> Any:
        """The removal of a row."""
        return self.delete_model(self.row_asked())

    def _door_of(self, row: Any, title: str) -> Door:
        back = (f"{self.title}の画面へ戻る", url_for(f"{self.endpoint}.details_view", id=row.id))
        return Door(title, title, back, caption=self.heading(row), hidden={"id": row.id})

    def _values(self, form: Any) -> dict[str, Any]:
        return {name: form[name].data for name in self.form_columns}

    def _preview(self, form: Any, row: Any | None) -> Callable[[], Preview] | None:
        shows = type(self).preview is not VerbView.preview
        return (lambda: self.preview(form, row) or Preview()) if shows else None
