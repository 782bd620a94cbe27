"""Many rows at once: COPY on PostgreSQL, executemany on SQLite, always in the order in which tables refer to each other."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, text

from occto.extensions import Base

_FULL = 20_000


class Sink:
    """Gathers rows by table and writes them when enough are there. `flush` before anything reads them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: dict[tuple[str, tuple[str, ...]], list[tuple[Any, ...]]] = {}
        self._makers: dict[tuple[str, str], Callable[[Any], Any] | None] = {}
        self._count = 0
        self._order = {table.name: place for place, table in enumerate(Base.metadata.sorted_tables)}
        self._numbered: set[str] = set()

    def add(self, model: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
        """Take rows of one table; those added together have the same columns, defaults of the model are filled in."""
        table = _table(model)
        for row in rows:
            full = {**_defaults(table), **row}
            columns = tuple(full)
            values = tuple(self._bound(table, column, value) for column, value in full.items())
            self._waiting.setdefault((table.name, columns), []).append(values)
            self._count += 1
            if "id" in full:
                self._numbered.add(table.name)
        if self._count >= _FULL:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        write = self._copy if self._connection.dialect.name == "postgresql" else self._execute
        for name, columns in sorted(self._waiting, key=lambda key: self._order[key[0]]):
            write(name, columns, self._waiting[name, columns])
        self._waiting.clear()
        self._count = 0

    def renumber(self) -> None:
        """Let the database number on from the highest id given here; SQLite does so by itself."""
        self.flush()
        if self._connection.dialect.name == "postgresql":
            for name in sorted(self._numbered):
                newest = f"(SELECT max(id) FROM {name})"  # noqa: S608 - a name of our own tables
                sequence = f"pg_get_serial_sequence('{name}', 'id')"
                self._connection.execute(text(f"SELECT setval({sequence}, {newest}) WHERE {sequence} IS NOT NULL"))

    def _bound(self, table: Table, column: str, value: Any) -> Any:
        """The value as the driver takes it, through the column's own type."""
        if value is None:
            return None
        key = (table.name, column)
        if key not in self._makers:
            dialect = self._connection.dialect
            self._makers[key] = table.c[column].type.dialect_impl(dialect).bind_processor(dialect)
        maker = self._makers[key]
        return maker(value) if maker else value

    def _execute(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our own names
        self._connection.exec_driver_sql(statement, rows)

    def _copy(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        driver = self._connection.connection.driver_connection
        assert driver is not None
        with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


_KNOWN_DEFAULTS: dict[str, dict[str, Any]] = {}


def _defaults(table: Table) -> dict[str, Any]:
    known = _KNOWN_DEFAULTS.get(table.name)
    if known is None:
        found = ((column.name, column.default) for column in table.c)
        known = {name: default.arg for name, default in found if default is not None and default.is_scalar}  # type: ignore[attr-defined]
        _KNOWN_DEFAULTS[table.name] = known
    return known


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table
