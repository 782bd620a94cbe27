"""The rows of a list: what may be asked for, the statement, paging by seeking, the cells as HTML."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any

from flask import current_app
from markupsafe import Markup, escape
from sqlalchemy import BigInteger, ColumnElement, Integer, Select, bindparam, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from occto.queries.search import among, as_hits, is_sqlite

PAGE = 50
_BETWEEN = "\0"  # in no text of a database
COUNTED = 1000
"""Counting stops here: a list says «1,000件以上» instead of walking through all of a large table."""


@dataclass(frozen=True, slots=True)
class Order:
    """A sort that a list offers: a column that is never NULL and has an index; the id decides between equals."""

    title: str
    column: InstrumentedAttribute[Any]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Facet:
    """What a list can be narrowed down by: (value, words) of each choice.

    The values are those of `column`, or `groups` makes one value stand for several; or `condition` says what one means.
    """

    title: str
    column: InstrumentedAttribute[Any] | None
    options: Sequence[tuple[str, str]]
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    condition: Callable[[str], ColumnElement[bool]] | None = None

    def matches(self, value: str) -> ColumnElement[bool]:
        """The condition for a chosen value."""
        if self.condition is not None:
            return self.condition(value)
        assert self.column is not None
        return self.column.in_(self.groups.get(value, (value,)))

    def html(self, chosen: str) -> Markup:
        """Its choices as options of a select, one of them chosen."""
        return _options(tuple(self.options), chosen)


def _value(code: str) -> Markup:
    """The value of an option; a plain code needs no quotes in HTML, and a filter may have a hundred of them."""
    plain = code.isascii() and code.replace("_", "").replace(".", "").isalnum()
    return (Markup(" value={}") if plain else Markup(' value="{}"')).format(code)


@lru_cache(maxsize=256)
def _options(options: Sequence[tuple[str, str]], chosen: str) -> Markup:
    return Markup("").join(
        Markup("<option{}{}>{}").format(
            (_value(code) if code != words else ""), Markup(" selected") * (code == chosen), words
        )
        for code, words in options
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands in the address of a list, as far as the screen knows it: search term, order, value of each facet."""

    term: str
    order: str
    chosen: Mapping[str, str]
    usual_order: str = ""

    @property
    def values(self) -> dict[str, str]:
        """The same as parameters of an address; the order that a list has anyway is left out."""
        order = self.order if self.order != self.usual_order else ""
        return {key: value for key, value in {"q": self.term, "order": order, **self.chosen}.items() if value}


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: behind the row `after` or before the row `before`; the first page where both are None."""

    after: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list: rows, and the ids to go on from in both directions (None: nothing there)."""

    rows: list[Any]
    total: int
    after: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """Which rows a list is about. `hits`: ids that the index found, all of them, or None where conditions decide alone."""

    model: type[Any]
    columns: Sequence[Any]
    conditions: Sequence[ColumnElement[bool]]
    order: Order
    hits: list[int] | None = None
    many: bool = False
    """Whether the index found more than COUNTED rows: the conditions then hold what it was asked for."""


def page_of(session: Session, listing: Listing, cursor: Cursor, *, size: int, light: bool) -> Page:
    """A page by seeking, not by OFFSET: the last page of a large table costs what the first one does.

    `light`: rows of columns; otherwise objects, with the further columns set on them as attributes.
    """
    place, backwards = cursor.after or cursor.before, cursor.after is None and cursor.before is not None
    given: dict[str, Any] = {"list_size": size + 1}
    if place is not None:
        given["list_place"] = place
    if listing.hits is not None:
        given["list_hits"] = as_hits(session, listing.hits)
    query = _statement(listing, sqlite=is_sqlite(session), sought=place is not None, backwards=backwards)
    found = session.execute(query, given).all()
    known = len(listing.hits) if listing.hits is not None else COUNTED if listing.many else None
    if known is None:
        known = found[0].list_total if found else _counted(session, listing, cursor)
    more, found = len(found) > size, found[:size]
    rows = [row if light else _object(row) for row in (found[::-1] if backwards else found)]
    forth, back = (True, more) if backwards else (more, cursor.after is not None)
    return Page(
        rows,
        known,
        after=rows[-1].id if rows and forth else None,
        before=rows[0].id if rows and back else None,
    )


_STATEMENTS: dict[Any, Select[Any]] = {}
"""The statements of lists without conditions, by what they depend on: building one costs more than running it."""


def _statement(listing: Listing, *, sqlite: bool, sought: bool, backwards: bool) -> Select[Any]:
    key = (listing.model, tuple(listing.columns), listing.order, listing.hits is None, sqlite, sought, backwards)
    query = None if listing.conditions else _STATEMENTS.get(key)
    if query is None:
        query = _built(listing, sought=sought, backwards=backwards)
        if listing.hits is not None:
            query = query.join(*among(sqlite, listing.model.__table__.c.id))
        if not listing.conditions:
            _STATEMENTS[key] = query
    return query


def _built(listing: Listing, *, sought: bool, backwards: bool) -> Select[Any]:
    """In the order of the list, from behind the row `list_place` on, with the number of all rows, counted up to COUNTED."""
    table, order = listing.model.__table__, listing.order
    counting = listing.hits is None and not listing.many
    query = select(*listing.columns, *([_total(listing).label("list_total")] if counting else []))
    descending = order.descending != backwards
    keys = (table.c[order.column.key], table.c.id)
    if sought:
        other = table.alias()  # aliased() of the class would cost as much as the rest of the query
        place_id = bindparam("list_place", type_=BigInteger)
        place = select(other.c[order.column.key]).where(other.c.id == place_id).scalar_subquery()
        here, there = tuple_(*keys), tuple_(place, place_id)
        query = query.where(here < there if descending else here > there)
    sorting = (key.desc() if descending else key.asc() for key in dict.fromkeys(keys))
    return query.where(*listing.conditions).order_by(*sorting).limit(bindparam("list_size", type_=Integer))


def _total(listing: Listing) -> Any:
    few = select(listing.model.__table__.c.id).where(*listing.conditions).limit(COUNTED).correlate(None).subquery()
    return select(func.count()).select_from(few).correlate(None).scalar_subquery()


def _counted(session: Session, listing: Listing, cursor: Cursor) -> int:
    """The number on a page without rows: none but behind the end of a list."""
    return (session.scalar(select(_total(listing))) or 0) if cursor.after or cursor.before else 0


def _object(row: Any) -> Any:
    """The object of a row, with the further columns as attributes."""
    found = row[0]
    for key in row._fields[1:]:
        if key != "list_total":
            setattr(found, key, getattr(row, key))
    return found


def rows_as_html(
    rows: Sequence[Any],
    columns: Sequence[Sequence[Any]],
    *,
    tagged: Collection[int],
    numeric: Collection[int] = (),
    also: Mapping[str, int] | None = None,
) -> Markup:
    """The rows of the table, the first cell linked to the details, those at the places `tagged` in tags, `numeric` aligned as figures.

    `also`: numbers that the address of the details needs besides the row.

    Made here column by column and not in the template, where 250 cells would be half of the work of the page. Every value
    is escaped; closing tags that HTML lets one leave out are left out.
    """
    classes: Mapping[str, str] = current_app.jinja_env.globals["parts"].TAG_CLASSES  # type: ignore[attr-defined]
    first, *others = map(_escaped, columns)
    more = "".join(f"&amp;{key}={number:d}" for key, number in (also or {}).items())
    parts = [
        [f'<tr><td><a href="details/?id={row.id:d}{more}">{shown}</a>' for row, shown in zip(rows, first, strict=True)]
    ]
    for place, column in enumerate(others, 1):
        if place in tagged:
            parts.append([f"<td><b class={classes.get(shown, 'tag')}>{shown}</b>" for shown in column])
        else:
            cell = "<td class=num>" if place in numeric else "<td>"
            parts.append([f"{cell}{shown}" for shown in column])
    return Markup("".join(chain.from_iterable(zip(*parts, strict=True))))  # noqa: S704 - every value above is escaped


def _escaped(column: Sequence[Any]) -> list[str]:
    """Values ready to stand in HTML: escaped in one go, which fifty times the calls would cost more than all the rest."""
    if column and set(map(type, column)) == {str}:
        return str(escape(_BETWEEN.join(column))).split(_BETWEEN)
    return [str(escape(value)) for value in column]
