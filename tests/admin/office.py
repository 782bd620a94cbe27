"""What the tests of the office's screens share: a person at a page, and what is on record afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from occto import clock, unit_of_work
from occto.domain.dates import today_jst
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Assembly, ContractOfUse, Member
from tests.clients import Browser
from tests.factories import Factory
from tests.observing import everything

MOVING = frozenset({"access_events", "access_subjects"})


def staff(make: Factory, role: Role = Role.APPROVER) -> Browser:
    return make.signed_in(make.staff(role, name="小林 恵"))


def unchanged(before: dict[str, list[str]]) -> bool:
    after = everything()
    return all(after[table] == rows for table, rows in before.items() if table not in MOVING)


@contextmanager
def committing_only_in_units_of_work() -> Iterator[None]:
    """A commit from anywhere but occto/unit_of_work.py fails."""
    import traceback

    def guard(_session: Session) -> None:
        frames = traceback.extract_stack()
        assert any(frame.filename == unit_of_work.__file__ for frame in frames), "a commit outside a unit of work"

    event.listen(Session, "before_commit", guard)
    try:
        yield
    finally:
        event.remove(Session, "before_commit", guard)


def contract(member: Member) -> ContractOfUse:
    db.session.rollback()
    query = select(ContractOfUse).where(ContractOfUse.member_id == member.id).order_by(ContractOfUse.id.desc())
    found = db.session.scalars(query).first()
    assert found is not None
    return found


def send(browser: Browser, action: str, values: dict[str, Any] | None = None, **more: Any) -> int:
    return browser.submit(values, action=action, **more).status_code


def in_days(days: int) -> date:
    return today_jst(clock.now()) + timedelta(days=days)


def assembly_values(**changes: Any) -> dict[str, Any]:
    held_on = in_days(60).isoformat()
    return {"kind": "ORDINARY", "no": "1", "held_on": held_on, "held_time": "13時半", "place": "東京"} | changes


def assembly() -> Assembly:
    db.session.rollback()
    return db.session.scalars(select(Assembly)).one()
