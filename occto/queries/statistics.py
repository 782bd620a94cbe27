"""What PostgreSQL believes of its tables: it plans by what it knew when it last looked at them."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


def look_again(session: Session, *models: Any) -> None:
    """Let PostgreSQL look at tables that have just got many rows of a kind that it did not know; nothing on SQLite.

    Of rows of an assembly that it has never seen it expects one, and walks through all of them for each of them: seconds for
    3,000 members, until it looks by itself, a minute later or, where the table is large already, not for long.
    """
    if session.get_bind().dialect.name == "postgresql":
        names = ", ".join(model.__tablename__ for model in models)
        session.execute(text(f"ANALYZE {names}"))
