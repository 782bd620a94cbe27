"""Many rows at once: COPY on PostgreSQL, executemany on SQLite, always in the order in which tables refer to each other."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Table, text

from occto.extensions import Base

_FULL = 20_000


class _Plan(NamedTuple):
    """How rows with the same keys become values: a maker per key (None: as it is), then the defaults of the model."""

    columns: tuple[str, ...]
    makers: tuple[Callable[[Any], Any] | None, ...]
    defaults: tuple[Any, ...]


class Sink:
    """Gathers rows by table and writes them when enough are there. `flush` before anything reads them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: dict[tuple[str, tuple[str, ...]], list[tuple[Any, ...]]] = {}
        self._plans: dict[tuple[str, tuple[str, ...]], _Plan] = {}
        self._count = 0
        self._order = {table.name: place for place, table in enumerate(Base.metadata.sorted_tables)}
        self._numbered: set[str] = set()

    def add(self, model: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
        """Take rows of one table; what a row does not name gets the model's default, or the database's."""
        table = _table(model)
        for row in rows:
            keys = (table.name, tuple(row))
            plan = self._plans.get(keys) or self._plan(table, keys)
            values = [
                value if value is None or maker is None else maker(value)
                for maker, value in zip(plan.makers, row.values(), strict=True)
            ]
            self._waiting.setdefault((table.name, plan.columns), []).append((*values, *plan.defaults))
            self._count += 1
        if self._count >= _FULL:
            self.flush()

    def _plan(self, table: Table, keys: tuple[str, tuple[str, ...]]) -> _Plan:
        dialect = self._connection.dialect
        given = [table.c[key] for key in keys[1]]
        missing = [c for c in table.c if c.name not in keys[1] and c.default is not None and c.default.is_scalar]

        def maker(column: Column[Any]) -> Callable[[Any], Any] | None:
            return column.type.dialect_impl(dialect).bind_processor(dialect)

        defaults = [(maker(c) or (lambda value: value))(c.default.arg) for c in missing]  # type: ignore[union-attr]
        columns = tuple(c.name for c in (*given, *missing))
        plan = self._plans[keys] = _Plan(columns, tuple(maker(c) for c in given), tuple(defaults))
        if "id" in columns:
            self._numbered.add(table.name)
        return plan

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


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table
