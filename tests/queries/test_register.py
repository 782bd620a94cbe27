from datetime import date, timedelta

import pytest
from sqlalchemy import select

from occto.domain.codes import Act, ChangeSource, Licence, MemberState
from occto.domain.errors import NotFound
from occto.extensions import db
from occto.models import LicenceFact, LicenceHeld, Member, ProfileFact
from occto.queries.register import REMIND_OF_FILING, home_record, licences_as_of, profile_as_of
from occto.services import register
from occto.unit_of_work import unit_of_work
from tests.answers import ACT_ON, approved
from tests.factories import NOW, Factory

SINCE = date(2020, 4, 1)
CHANGED = date(2027, 1, 1)


def _change(member: Member, item: str, value: object, on: date) -> None:
    """A later value of one item."""
    with unit_of_work() as session:
        change = register.begin_change(
            session, source_kind=ChangeSource.DEMO, source_id=None, actor_id=None, second_actor_id=None, now=NOW
        )
        session.add(ProfileFact(member_id=member.id, item=item, value=value, effective_on=on, entered_id=change.id))


def test_the_register_reads_as_of_any_day(make: Factory) -> None:
    member = make.member(since=SINCE, capital=10)
    _change(member, "capital", 20, CHANGED)
    days = {SINCE - timedelta(days=1): None, SINCE: 10, CHANGED - timedelta(days=1): 10, CHANGED: 20}
    for day, capital in days.items():
        assert profile_as_of(db.session(), member.id, day).get("capital") == capital, day


def test_a_voided_fact_is_not_read(make: Factory) -> None:
    member = make.member(capital=10)
    _change(member, "capital", 20, CHANGED)
    with unit_of_work() as session:
        change = register.begin_change(
            session, source_kind=ChangeSource.DEMO, source_id=None, actor_id=None, second_actor_id=None, now=NOW
        )
        wrong = session.scalars(select(ProfileFact).where(ProfileFact.effective_on == CHANGED)).one()
        wrong.voided_id = change.id
    assert profile_as_of(db.session(), member.id, CHANGED)["capital"] == 10


def test_facts_of_other_members_are_not_read(make: Factory) -> None:
    one, other = make.member(capital=1), make.member(capital=2)
    assert profile_as_of(db.session(), one.id, CHANGED)["capital"] == 1
    assert profile_as_of(db.session(), other.id, CHANGED)["capital"] == 2


def test_licences_end_at_the_start_of_their_last_day(make: Factory) -> None:
    member = make.member(licences=("GEN", "RETAIL"), since=SINCE)
    with unit_of_work() as session:
        held = LicenceHeld(member_id=member.id, category=Licence.AGG)
        session.add(held)
        session.flush()
        session.add(
            LicenceFact(
                licence_id=held.id,
                act=Act.NOTIFICATION,
                effective_on=SINCE,
                ended_on=CHANGED,
                end_reason="CLOSURE_NOTIFICATION",
                entered_id=1,
            )
        )

    def on(day: date) -> list[Licence]:
        return [licence.category for licence in licences_as_of(db.session(), member.id, day)]

    assert on(CHANGED - timedelta(days=1)) == [Licence.RETAIL, Licence.GEN, Licence.AGG]
    assert on(CHANGED) == [Licence.RETAIL, Licence.GEN]


@pytest.mark.parametrize(
    ("today", "remind"),
    [(ACT_ON, True), (ACT_ON + REMIND_OF_FILING, True), (ACT_ON + REMIND_OF_FILING + timedelta(days=1), False)],
)
def test_a_new_member_is_reminded_of_the_filing(make: Factory, today: date, remind: bool) -> None:
    case = approved(make)
    record = home_record(db.session(), case.row().member_id or 0, today=today, now=NOW)
    assert record.remind_of_filing is remind
    assert record.profile["name"] == "青空電力1株式会社"
    assert (record.member_on, record.roster_no) == (ACT_ON, 900_001)


def test_who_was_a_member_before_is_not_reminded(make: Factory) -> None:
    member = make.member(since=NOW.date())
    assert not home_record(db.session(), member.id, today=NOW.date(), now=NOW).remind_of_filing


def test_a_member_to_come_is_shown_with_its_first_facts(make: Factory) -> None:
    case = approved(make)
    record = home_record(db.session(), case.row().member_id or 0, today=ACT_ON - timedelta(days=5), now=NOW)
    assert record.state is MemberState.COMING
    assert record.profile["capital"] == 100_000_000
    assert [licence.effective_on for licence in record.licences] == [ACT_ON]


def test_no_such_member(make: Factory) -> None:
    with pytest.raises(NotFound):
        home_record(db.session(), 10**9, today=NOW.date(), now=NOW)
