from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError, StatementError

from occto.domain.numbers import MAX_YEN
from occto.extensions import Base, db
from occto.models import Body, Counter, OutboxMail, ProfileFact, SignInAttempt
from occto.models.triggers import APPEND_ONLY, ONE_WAY, UNCHANGING
from tests.factories import NOW
from tests.models.rows import DAY, ROWS, add, insert, row

JST = timezone(timedelta(hours=9))


def _attempt(at: datetime) -> datetime:
    key = add("sign_in_attempts", at=at)
    found = db.session.scalar(select(SignInAttempt.at).where(SignInAttempt.id == key))
    assert found is not None
    return found


@pytest.mark.parametrize(
    "at", [NOW, datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=JST), datetime(1, 1, 2, tzinfo=UTC)]
)
def test_an_instant_comes_back_aware_and_in_utc(app: Flask, at: datetime) -> None:
    found = _attempt(at)
    assert found == at
    assert found.utcoffset() == timedelta(0)


def test_a_naive_instant_is_refused(app: Flask) -> None:
    with pytest.raises(StatementError, match="time zone"):
        add("sign_in_attempts", at=datetime(2026, 11, 23, 3, 0))  # noqa: DTZ001 - what must not be stored


def test_instants_compare_across_zones(app: Flask) -> None:
    add("sign_in_attempts", at=NOW)
    same_instant = NOW.astimezone(JST)
    assert db.session.scalars(select(SignInAttempt).where(SignInAttempt.at == same_instant)).one()


@pytest.mark.parametrize("amount", [0, 1, 2**31, 2**53 + 1, MAX_YEN])
def test_yen_come_back_exactly(app: Flask, amount: int) -> None:
    key = add("profile_facts", value=amount)
    assert db.session.scalar(select(ProfileFact.value).where(ProfileFact.id == key)) == amount


@pytest.mark.parametrize("value", [2**31, 2**63 - 1])
def test_numbers_beyond_32_bits_fit(app: Flask, value: int) -> None:
    add("counters", name="big", value=value)
    assert db.session.scalar(select(Counter.value).where(Counter.name == "big")) == value


@pytest.mark.parametrize("name", ["𠮷野電力", "髙﨑発電", "ｶﾞｽ", "e\u0301"])
def test_text_is_kept_letter_by_letter(app: Flask, name: str) -> None:
    key = add("bodies", name=name)
    assert db.session.scalar(select(Body.name).where(Body.id == key)) == name


def test_no_document_is_null_and_not_the_word(app: Flask) -> None:
    key = add("application_drafts", answers=None)
    assert key == 0
    kept = db.session.scalar(text("SELECT count(*) FROM application_drafts WHERE answers IS NULL"))
    assert kept == 1


def test_sorted_text_is_in_the_order_of_code_points(app: Flask) -> None:
    for name in ("あ", "Z", "a", "ア", "_", "亜", "ｱ"):
        add("counters", name=name)
    found = db.session.scalars(select(Counter.name).order_by(Counter.name)).all()
    assert found == sorted(found)


def test_the_same_message_id_is_refused(app: Flask) -> None:
    first = add("outbox")
    message_id = db.session.scalar(select(OutboxMail.message_id).where(OutboxMail.id == first))
    with pytest.raises(DBAPIError), db.session.begin_nested():
        add("outbox", message_id=message_id)


def _refused(statement: Any) -> None:
    with pytest.raises(DBAPIError, match="keeps its history"), db.session.begin_nested():
        db.session.execute(statement)


@pytest.mark.parametrize("name", sorted({*APPEND_ONLY, *ONE_WAY}))
def test_history_is_not_rewritten(app: Flask, name: str) -> None:
    table = Base.metadata.tables[name]
    insert(name, row(name))
    fixed = next(column for column in table.columns if column.name not in ONE_WAY.get(name, ()))
    _refused(update(table).values({fixed.name: table.c[fixed.name]}))
    _refused(delete(table))
    if db.engine.dialect.name == "postgresql":
        _refused(text(f"TRUNCATE {name} CASCADE"))


@pytest.mark.parametrize("name", sorted(table for table, columns in ONE_WAY.items() if columns == ("voided_id",)))
def test_a_fact_is_voided_once_and_for_all(app: Flask, name: str) -> None:
    table = Base.metadata.tables[name]
    key = add(name)
    first, second = add("register_changes"), add("register_changes")
    own = table.c.id == key
    _refused(update(table).where(own).values(voided_id=first, effective_on=DAY + timedelta(days=1)))
    db.session.execute(update(table).where(own).values(voided_id=first))
    _refused(update(table).where(own).values(voided_id=second))
    _refused(update(table).where(own).values(voided_id=None))


@pytest.mark.parametrize("name", UNCHANGING)
def test_content_is_not_changed_but_may_go_with_its_draft(app: Flask, name: str) -> None:
    table = Base.metadata.tables[name]
    insert(name, row(name))
    _refused(update(table).values({column.name: column for column in table.columns}))
    db.session.execute(delete(table))
    assert db.session.scalar(select(func.count()).select_from(table)) == 0


def test_every_table_that_keeps_history_exists() -> None:
    assert {*APPEND_ONLY, *UNCHANGING, *ONE_WAY} <= set(Base.metadata.tables) == set(ROWS)
