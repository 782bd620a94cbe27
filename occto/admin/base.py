"""What the staff screens share: who may enter, one place that scopes, short lists by seek paging, details, the access log."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, ClassVar

from flask import abort, request, url_for
from flask_admin import AdminIndexView, expose
from flask_admin.contrib.sqla import ModelView
from flask_admin.form import BaseForm
from markupsafe import Markup
from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import Query

from occto import clock
from occto.access import actor, asking, viewer
from occto.admin.bulk import BulkActs
from occto.admin.exports import Exports
from occto.admin.lists import COUNTED, PAGE, Asked, Cursor, Facet, Listing, Order, page_of, rows_as_html
from occto.domain.dates import JST, format_date, format_instant
from occto.domain.numbers import clamped_id
from occto.domain.permissions import Permission
from occto.domain.text import storable
from occto.extensions import db
from occto.labels import label
from occto.pages import plain_address
from occto.queries import staff
from occto.services import audit
from occto.unit_of_work import run

TERM_LIMIT = 100
SWITCHED_OFF = frozenset(
    {"create_view", "edit_view", "delete_view", "action_view", "export", "ajax_lookup", "ajax_update"}
)
"""Routes that Flask-Admin registers for every screen. They answer 404 here: staff write through doors of their own."""


def search_term() -> str:
    """What was typed into the search box, without what no database takes, at most TERM_LIMIT signs."""
    return storable(request.values.get("q", "")[: 2 * TERM_LIMIT]).strip()[:TERM_LIMIT]


def without_indents(body: str) -> str:
    """The page without the indents and blank lines of its templates: for lists, where no text keeps its line breaks."""
    return "\n".join(line for line in map(str.lstrip, body.split("\n")) if line)


def format_short(instant: datetime) -> str:
    """An instant in Japan without the weekday, for lists."""
    local = instant.astimezone(JST)
    return f"{format_date(local.date())} {local:%H:%M}"


def link(words: str, endpoint: str, row_id: int, permission: Permission) -> Any:
    """A link to the details of another screen, or the words alone where the viewer may not go there."""
    if not viewer.can(permission):
        return words
    return Markup('<a href="{}">{}</a>').format(url_for(endpoint, id=row_id), words)


@dataclass(frozen=True, slots=True)
class Table:
    """A table below the facts of a details page; a cell is text, Markup or a day."""

    title: str
    heads: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    empty: str = "ありません。"


@dataclass(frozen=True, slots=True)
class Facts:
    """A group of terms and values on a details page."""

    title: str
    rows: Sequence[tuple[str, Any]] = field(default_factory=tuple)


class Screen:
    """Who may enter: every route of a screen needs `see`, or what its door declares with `permit`."""

    see: ClassVar[Permission]
    endpoint: str
    name: str | None
    admin: Any
    _urls: ClassVar[list[tuple[str, str, Any]]]

    def permissions(self) -> dict[str, Permission]:
        """Endpoint → permission for every route that Flask-Admin registers for this screen."""
        return {
            f"{self.endpoint}.{method}": getattr(getattr(self, method), "occto_permission", self.see)
            for _url, method, _methods in self._urls
        }

    gap: ClassVar[bool] = False
    """Whether the menu draws a line above this screen."""
    counter: ClassVar[str] = ""
    """Which number of waiting work the menu shows: work, cases, changes, mails or none."""

    under: ClassVar[str] = ""
    """The endpoint of the screen in whose place of the menu this one stands; it has none of its own then."""

    def menu_by_work(self) -> list[dict[str, Any]]:
        """The menu by work: what this viewer may see, with the number of what waits."""
        numbers = staff.waiting_numbers(db.session())
        views, may, root = [item._view for item in self.admin.menu()], asking().permissions, request.script_root
        return [
            {
                "label": view.name,
                "url": plain_address(root, f"{view.endpoint}.{view._default_view}"),
                "current": view is self or view.endpoint == self.under,
                "gap": view.gap,
                "number": numbers.get(view.counter, 0),
            }
            for view in views
            if not view.under and view.see in may
        ]

    def render(self, template: str, **kwargs: Any) -> str:
        """Render with the menu."""
        return super().render(template, menu=self.menu_by_work(), **kwargs)  # type: ignore[misc]

    def is_accessible(self) -> bool:
        """Whether the viewer may see the screen; the door of occto/access.py asks the same table for each route."""
        return viewer.can(self.see)

    def _handle_view(self, name: str, **_kwargs: Any) -> None:
        if not viewer.can(self.permissions()[f"{self.endpoint}.{name}"]):
            abort(403)
        if name in SWITCHED_OFF:
            abort(404)

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        # Flask-Admin's own calls the view a second time after any TypeError, and so hides it.
        return fn(self, *args, **kwargs)


class StaffIndex(Screen, AdminIndexView):
    """The front page of a set of staff screens."""


class StaffView(Exports, BulkActs, Screen, ModelView):
    """A read-only list with details over one table.

    A screen says what it shows (`column_list`, `column_labels`, `column_formatters`), what it offers (`orders`,
    `facets`, `search`) and whether looking at it is noted (`personal`: the access log gets one row a page).
    """

    can_create = can_edit = can_delete = can_export = False
    can_view_details = True
    form = BaseForm  # nothing is generated for forms that do not exist
    list_template = "admin/list.html"
    details_template = "admin/details.html"
    column_display_actions = False

    title: ClassVar[str]
    orders: ClassVar[Mapping[str, Order]]
    facets: ClassVar[Mapping[str, Facet]] = {}
    tagged: ClassVar[tuple[str, ...]] = ()
    """Columns of a list whose words are states and stand in a tag."""
    numeric: ClassVar[tuple[str, ...]] = ()
    """Columns of a list that hold figures, aligned at their ends."""
    personal: ClassVar[bool] = False
    subject_kind: ClassVar[str] = ""
    search_hint: ClassVar[str] = ""
    reads: ClassVar[tuple[str, ...] | None] = None
    """The columns that the cells of a list are made of, where rows of columns do: a third cheaper than objects."""
    extras: ClassVar[Mapping[str, Any]] = {}
    """Further columns of a list, such as a name out of another table: attribute of the row → SQL expression."""
    column_type_formatters: ClassVar[dict[type, Any]] = {
        StrEnum: lambda _view, value, _name: label(value),
        datetime: lambda _view, value, _name: format_short(value),
        date: lambda _view, value, _name: format_date(value),
        bool: lambda _view, value, _name: "はい" if value else "いいえ",
        type(None): lambda _view, _value, _name: "",
    }
    column_type_formatters_detail: ClassVar[dict[type, Any]] = column_type_formatters | {
        datetime: lambda _view, value, _name: format_instant(value)
    }

    def __init__(self, model: type[Any], *, endpoint: str) -> None:
        self._shows: dict[type, Any] = {}
        super().__init__(model, db, name=self.title, endpoint=endpoint, url=endpoint)
        table = model.__table__
        named = [model] if self.reads is None else [table.c[key] for key in ("id", *self.reads)]
        self._columns = (*named, *(expression.label(key) for key, expression in self.extras.items()))
        self._tagged = {place for place, (key, _title) in enumerate(self._list_columns) if key in self.tagged}
        self._numeric = {place for place, (key, _title) in enumerate(self._list_columns) if key in self.numeric}

    def scope(self) -> list[ColumnElement[bool]]:
        """What this screen may show at all; list, count, search and details all go through here."""
        return []

    def search(self, term: str) -> ColumnElement[bool] | None:  # noqa: ARG002 - screens without a search box
        """The condition for what was typed; None where the screen has no search."""
        return None

    def get_query(self) -> Query[Any]:
        return db.session.query(self.model).filter(*self.scope())

    def get_count_query(self) -> Query[Any]:
        return self.get_query().with_entities(func.count())

    def get_one(self, id: Any) -> Any:
        number = clamped_id(str(id))
        return None if number is None else self.get_query().filter(self.model.id == number).one_or_none()

    def asked(self) -> Asked:
        """What the address asks for. Whatever stands there that the screen does not know is passed over."""
        order = request.values.get("order", "")
        chosen = {
            key: value
            for key, facet in self.facets.items()
            if (value := request.values.get(key, "")) in dict(facet.options)
        }
        return Asked(
            term=search_term() if self.search_hint else "",
            order=order if order in self.orders else next(iter(self.orders)),
            chosen=chosen,
            usual_order=next(iter(self.orders)),
        )

    def in_words(self, asked: Asked) -> str:
        """What was asked for as staff read it, such as 探すことば：高砂、状態：会員; empty where it was everything."""
        parts = [f"探すことば：{asked.term}"] if asked.term else []
        parts += [
            f"{self.facets[key].title}：{dict(self.facets[key].options)[value]}" for key, value in asked.chosen.items()
        ]
        return "、".join(parts)

    def conditions(self, asked: Asked) -> list[ColumnElement[bool]]:
        """The conditions that say which rows are asked for, all of them."""
        found = self.search(asked.term) if asked.term else None
        narrowed = [self.facets[key].matches(value) for key, value in asked.chosen.items()]
        return [*self.scope(), *narrowed, *([found] if found is not None else [])]

    def listing(self, asked: Asked) -> Listing:
        """Which rows the list is about; a screen with an index of its own overrides this."""
        return Listing(self.model, self._columns, self.conditions(asked), self.orders[asked.order])

    @expose("/")
    def index_view(self) -> str:
        """The list."""
        asked = self.asked()
        cursor = Cursor(clamped_id(request.args.get("after")), clamped_id(request.args.get("before")))
        page = page_of(db.session(), self.listing(asked), cursor, size=PAGE, light=self.reads is not None)
        body = self.render(
            self.list_template,
            page=page,
            term=asked.term,
            order=asked.order,
            chosen=asked.chosen,
            narrowed=any(key in self.facets for key in asked.chosen),
            asked=asked.values,
            rows=rows_as_html(
                page.rows, self.cells(page.rows), tagged=self._tagged, numeric=self._numeric, also=self.details_also()
            ),
            counted=COUNTED,
            page_size=PAGE,
        )
        self.note(page.rows, term=asked.term)
        return without_indents(body)

    def details_also(self) -> dict[str, int]:
        """What the address of details needs besides the row, for a screen whose rows belong to something else as well."""
        return {}

    def cells(self, rows: Sequence[Any]) -> list[list[Any]]:
        """What the columns of the list say of `rows`, column by column, as Flask-Admin's formatters say."""
        return [self._said(column, rows) for column, _title in self._list_columns]

    def _said(self, column: str, rows: Sequence[Any]) -> list[Any]:
        formatter = self.column_formatters.get(column)
        told = attrgetter(column) if formatter is None else lambda row: formatter(self, None, row, column)
        values = list(map(told, rows))
        shows = {kind: self._show_of(kind) for kind in set(map(type, values))}
        if not any(shows.values()):
            return values
        if len(shows) == 1:  # states and days: each once
            (show,) = shows.values()
            words = {value: show(self, value, column) for value in set(values)}
            return [words[value] for value in values]
        return [value if (show := shows[type(value)]) is None else show(self, value, column) for value in values]

    def _show_of(self, kind: type) -> Any:
        if kind not in self._shows:
            by_kind = self.column_type_formatters.items()
            self._shows[kind] = next((show for known, show in by_kind if issubclass(kind, known)), None)
        return self._shows[kind]

    @expose("/details/")
    def details_view(self) -> str:
        """One row in full; 404 where there is none in the scope of this screen."""
        row = self.get_one(request.args.get("id", ""))
        if row is None:
            abort(404)
        number = row.id
        body = self.details_page(row)
        self.note([row], details=True, ids=[number])
        return body

    def part_shown(self) -> str:
        """Which part of a details page is shown, for the access log; empty where there is one page alone."""
        return ""

    def details_page(self, row: Any) -> str:
        """The details as HTML; a screen with a page of its own overrides this."""
        facts = [
            (
                title,
                self._get_list_value(
                    None, row, column, self.column_formatters_detail, self.column_type_formatters_detail
                ),
            )
            for column, title in self._details_columns
        ]
        return self.render(
            self.details_template, row=row, heading=self.heading(row), facts=facts, parts_below=self.below(row)
        )

    def heading(self, row: Any) -> str:
        """The h1 of a details page."""
        return f"{self.title} {row.id}"

    def below(self, row: Any) -> Sequence[Facts | Table]:  # noqa: ARG002 - screens without more to show
        """What stands below the facts."""
        return ()

    def note(
        self, rows: Sequence[Any], *, term: str = "", details: bool = False, ids: Sequence[int] | None = None
    ) -> None:
        """Write the access log in a unit of work of its own, before the page leaves; nothing where nothing personal was shown."""
        shown = list(ids) if ids is not None else [row.id for row in rows]
        if self.personal and shown:
            run(
                audit.record_access,
                screen="?".join(filter(None, (request.endpoint, self.part_shown() if details else ""))),
                subject_kind=self.subject_kind,
                subject_ids=shown,
                details=details,
                actor=actor(),
                now=clock.now(),
                search_key=term or None,
            )
