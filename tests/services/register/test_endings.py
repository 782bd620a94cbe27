"""The day turns: names begin to hold, memberships begin and end, once however often the daily work runs."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from occto import clock, worker
from occto.access import token_hash
from occto.domain.codes import Licence, MemberState
from occto.domain.dates import start_of_day
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.models import AuditEvent, ContractOfUse, LicenceHeld, Member, OutboxMail, SessionRow
from occto.queries.viewer import load_viewer
from occto.services import rebuild, register
from occto.unit_of_work import run, unit_of_work
from tests.changing import SOON, approved, licence_ended, licences, renamed
from tests.factories import Factory
from tests.registering import entering, licence_id, read

At = Callable[[datetime], None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Sets the clock of the worker."""
    return lambda instant: monkeypatch.setattr(clock, "now", lambda: instant)


def _states() -> dict[int, MemberState]:
    return {row.id: row.current_state for row in read(select(Member.id, Member.current_state))}


def _ended() -> tuple[int, int, int]:
    """How many memberships were recorded as ended, how many mails say so, how many contracts ended."""
    events = read(select(AuditEvent.id).where(AuditEvent.tag == "member.ended"))
    mails = read(select(OutboxMail.id).where(OutboxMail.template == "member/ended"))
    contracts = read(select(ContractOfUse.id).where(ContractOfUse.ended_at.is_not(None)))
    return len(events), len(mails), len(contracts)


def _leaving(make: Factory, on: date = SOON) -> Member:
    """A member whose last licence ends on a day, with an administrator who is told."""
    member = make.member()
    approved(make, licences(licence_ended(licence_id(member, "GEN"), on=on)), member=member)
    return member


def test_the_membership_ends_on_its_day_once(make: Factory, at: At) -> None:
    member, other = _leaving(make), make.member()
    for instant, ended in (
        (start_of_day(SOON) - timedelta(seconds=1), (0, 0, 0)),
        (start_of_day(SOON), (1, 1, 1)),
        (start_of_day(SOON) + timedelta(hours=1), (1, 1, 1)),
        (start_of_day(SOON) + timedelta(days=3), (1, 1, 1)),
    ):
        at(instant)
        worker.run_daily()
        worker.run_daily()
        assert _ended() == ended, instant
    assert _states() == {member.id: MemberState.LEFT, other.id: MemberState.MEMBER}


def test_the_contract_ends_when_the_work_was_done(make: Factory, at: At) -> None:
    _leaving(make)
    late = start_of_day(SOON) + timedelta(days=2)
    at(late)
    worker.run_daily()
    assert read(select(ContractOfUse.ended_at, ContractOfUse.end_clause)) == [(late, "2.7.1")]


def test_rebuilding_the_copies_does_not_swallow_the_end(make: Factory, at: At) -> None:
    member = _leaving(make)
    at(start_of_day(SOON))
    assert run(rebuild.rebuild_batch, after=0, limit=10, now=clock.now()).differed == 1
    assert _states()[member.id] is MemberState.LEFT
    worker.run_daily()
    assert _ended() == (1, 1, 1)


def test_access_ends_on_the_day_before_any_work_is_done(make: Factory) -> None:
    member, user = make.member(), make.user()
    make.affiliate(user, member)
    browser = make.signed_in(user, member=member)
    approved(make, licences(licence_ended(licence_id(member, "GEN"))), member=member)
    with browser.client.session_transaction() as cookie:
        token = cookie["sid"]
    with unit_of_work() as session:
        for row in session.scalars(select(SessionRow)):
            row.seen_at, row.ends_at = start_of_day(SOON), start_of_day(SOON) + timedelta(days=1)

    def may(now: datetime) -> bool:
        found = load_viewer(db.session(), token_hash(token), now=now).can(Permission.RECORD_SEE)
        db.session.rollback()
        return found

    assert may(start_of_day(SOON) - timedelta(seconds=1))
    assert not may(start_of_day(SOON))


def test_an_end_that_is_taken_back_before_its_day_never_comes(make: Factory, at: At) -> None:
    member = _leaving(make)
    values: dict[str, Any] = {"number": "A1", "effective_on": date(2020, 4, 1), "ended_on": None, "end_reason": None}
    with entering() as entry:
        register.correct_licence(
            *entry.into, member_id=member.id, licence_id=_only_licence(entry.session, member), values=values
        )
    at(start_of_day(SOON))
    worker.run_daily()
    assert _states()[member.id] is MemberState.MEMBER
    assert _ended() == (0, 0, 0)


def _only_licence(session: Any, member: Member) -> int:
    found = session.scalar(select(LicenceHeld.id).where(LicenceHeld.member_id == member.id))
    assert isinstance(found, int)
    return found


def test_a_licence_to_come_keeps_the_member(make: Factory, at: At) -> None:
    member = _leaving(make)
    with entering() as entry:
        register.add_licence(
            *entry.into,
            member_id=member.id,
            category=Licence.RETAIL,
            number="B",
            effective_on=SOON + timedelta(days=30),
        )
    at(start_of_day(SOON))
    worker.run_daily()
    assert _states()[member.id] is MemberState.COMING
    assert _ended() == (0, 0, 0)


def test_a_voided_last_licence_ends_the_membership_too(make: Factory) -> None:
    member = make.member()
    licence = licence_id(member, "GEN")
    with entering() as entry:
        register.void_licence(*entry.into, member_id=member.id, licence_id=licence)
    assert _states()[member.id] is MemberState.LEFT
    assert _ended()[0] == 1


def test_a_name_begins_to_hold_in_lists_on_its_day(make: Factory, at: At) -> None:
    request = approved(make, renamed("明日の電力株式会社"))
    statement = select(Member.current_name, Member.name_key).where(Member.id == request.member.id)
    at(start_of_day(SOON) - timedelta(seconds=1))
    worker.run_daily()
    assert read(statement)[0].current_name != "明日の電力株式会社"
    at(start_of_day(SOON))
    worker.run_daily()
    assert read(statement)[0].current_name == "明日の電力株式会社"
