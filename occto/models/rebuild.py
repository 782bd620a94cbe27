"""Rebuilding a table on SQLite, for migrations: the stored definition is edited as text, so that every CHECK stays.

Alembic's batch mode reads a table back before it makes it anew, and does not read CHECK constraints.
"""

import re
from collections.abc import Iterable

from sqlalchemy import Connection, text


def rebuild(connection: Connection, table: str, edits: Iterable[tuple[str, str]], *, drop: Iterable[str] = ()) -> None:
    """Make `table` anew with each (old, new) piece of its definition replaced; rows and indexes stay.

    `drop` names the columns that the new definition has no more. An edit already made is passed over; LookupError for
    one that fits nowhere. Foreign keys have to be off, as in `migrations/env.py`; triggers are the caller's.
    """
    stored = "SELECT sql FROM sqlite_master WHERE tbl_name = :table AND type = :type AND sql IS NOT NULL"
    definition = connection.execute(text(stored), {"table": table, "type": "table"}).scalar_one()
    indexes = connection.execute(text(stored), {"table": table, "type": "index"}).scalars().all()
    for old, new in edits:
        made = bool(new) and new in definition and (old in new or old not in definition)
        if not made and old not in definition:
            raise LookupError(f"{table} has no «{old}»")
        definition = definition if made else definition.replace(old, new, 1)
    gone = set(drop)
    names = [row[1] for row in connection.execute(text(f"PRAGMA table_info({table})"))]
    columns = ", ".join(f'"{name}"' for name in names if name not in gone)
    counted = connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = :table"), {"table": table}).scalar()
    connection.execute(
        text(re.sub(rf'^CREATE TABLE "?{table}"?', f"CREATE TABLE new_{table}", definition).replace(":", r"\:"))
    )
    connection.execute(text(f"INSERT INTO new_{table} ({columns}) SELECT {columns} FROM {table}"))  # noqa: S608 - names of columns
    connection.execute(text(f"DROP TABLE {table}"))
    connection.execute(text(f"ALTER TABLE new_{table} RENAME TO {table}"))
    if counted is not None:  # numbers once given are not given again
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), {"table": table})
        connection.execute(text("INSERT INTO sqlite_sequence VALUES (:table, :seq)"), {"table": table, "seq": counted})
    for index in indexes:
        if not any(re.search(rf"\b{name}\b", index.split("(", 1)[1]) for name in gone):
            connection.execute(text(index))


def take_codes(connection: Connection, table: str, column: str, codes: Iterable[str]) -> None:
    """Let the column take these codes besides those that its CHECK knows already; on both databases.

    Going back leaves the CHECK wide, because rows stay: coming again finds the codes there and changes nothing.
    """
    name, sqlite = f"ck_{table}_{column}", connection.dialect.name == "sqlite"
    if sqlite:
        stored = "SELECT sql FROM sqlite_master WHERE name = :table"
        definition = connection.execute(text(stored), {"table": table}).scalar_one()
        found = re.search(rf"CONSTRAINT {name} CHECK \({column} IN \(([^)]*)\)\)", definition)
    else:
        stored = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
        found = re.search(r"(.*)", connection.execute(text(stored), {"name": name}).scalar_one())
    known = re.findall(r"'([A-Z0-9_]+)'", found[1]) if found else []
    missing = [code for code in codes if code not in known]
    if not missing:
        return
    old, new = (", ".join(f"'{code}'" for code in held) for held in (known, [*known, *missing]))
    if sqlite:
        check = f"CONSTRAINT {name} CHECK ({column} IN "
        rebuild(connection, table, [(f"{check}({old}))", f"{check}({new}))")])
    else:
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        connection.execute(text(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IN ({new}))"))
