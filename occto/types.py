"""Column types whose promises hold on SQLite and PostgreSQL alike."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, DateTime, Dialect, Enum, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

BigId = BigInteger().with_variant(Integer, "sqlite")
"""Primary keys: SQLite numbers rows by itself only for INTEGER."""

Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""A JSON document; None is SQL NULL."""

SortText = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is sorted or compared: by code point on both databases, so that pages of a list agree."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Takes aware values only, stores UTC, gives back aware UTC.

    Raises ValueError for a naive value: SQLite would store it without a word.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def code(kind: type[StrEnum], *, name: str) -> Enum:
    """A column of codes: text, name = value, with a CHECK called ck_<table>_<name> on both databases."""
    longest = max(len(member.value) for member in kind)
    options: dict[str, Any] = {"native_enum": False, "create_constraint": True, "validate_strings": True}
    return Enum(kind, name=name, length=max(longest, 16), values_callable=lambda k: [m.value for m in k], **options)


def bounded(column: str, limit: int) -> CheckConstraint:
    """CHECK that text in `column` has at most `limit` characters: PostgreSQL alone would enforce VARCHAR(n)."""
    return CheckConstraint(f"length({column}) <= {limit}", name=f"{column}_length")
