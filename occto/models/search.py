"""Search of members: a rebuildable text for each, and an index over pairs of its signs, which each engine keeps in its own way.

Japanese words of two signs are common, so indexes over three signs do not serve. SQLite has the pairs in a full-text table
without content, PostgreSQL in an array with a GIN index. Neither is known to the metadata: `INDEX` is left out of
comparisons, and made and dropped by the functions below alone.
"""

from sqlalchemy import Connection, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from occto.extensions import Base
from occto.models.shared import refers
from occto.types import BigId

INDEX = "member_bigrams"
"""The index; SQLite's tables behind it begin with the same name."""

_SQLITE = f"CREATE VIRTUAL TABLE {INDEX} USING fts5(pairs, content='', detail='none', tokenize='ascii')"
_POSTGRESQL = (
    f"CREATE TABLE {INDEX} (member_id bigint PRIMARY KEY REFERENCES members (id) ON DELETE CASCADE, pairs text[] NOT NULL)",
    f"CREATE INDEX ix_{INDEX}_pairs ON {INDEX} USING gin (pairs) WITH (fastupdate = off)",
)


class MemberSearch(Base):
    """By which words a member is found: `domain/searching.search_text` of every name it had, has or will have."""

    __tablename__ = "member_search"

    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text, comment="keys of names, codes and marks, rebuilt by `rebuild-current`")


def create_index(connection: Connection) -> None:
    """Make the empty index."""
    for statement in (_SQLITE,) if connection.dialect.name == "sqlite" else _POSTGRESQL:
        connection.execute(text(statement))


def drop_index(connection: Connection) -> None:
    """Remove the index with all that is in it."""
    connection.execute(text(f"DROP TABLE IF EXISTS {INDEX}"))
