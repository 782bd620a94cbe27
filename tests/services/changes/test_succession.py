"""合併・承継: the licences go on under the successor from the day, and the register reads right as of any day."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.changes import Part
from occto.domain.codes import AttachmentKind, Channel, EndReason, Licence, MemberState
from occto.extensions import db
from occto.models import ContractOfUse, LateFact, LicenceFact, LicenceHeld, Member
from occto.queries.register import licences_as_of
from occto.services.changes import approval
from occto.services.rebuild import rebuild_due
from occto.unit_of_work import run, unit_of_work
from tests.changing import Request, add_file, approved, drafted, licence_ended, licences, save, send, submitted
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.registering import assembly

PAST, COMING = date(2026, 11, 10), date(2026, 12, 10)


def _licence_ids(member_id: int) -> list[int]:
    db.session.rollback()
    return list(
        db.session.scalars(select(LicenceHeld.id).where(LicenceHeld.member_id == member_id).order_by(LicenceHeld.id))
    )


def _answers(gone: int, successor: int, *, on: date) -> dict[str, Any]:
    return {
        "effective_on": on.isoformat(),
        "successor_id": successor,
        "successor_name": "受け継ぐ電力株式会社",
        "licences": _licence_ids(gone),
        "consent_on": None,
    }


def _filed(make: Factory, *, on: date, gone: Member, successor: Member, **more: Any) -> Request:
    gone_id, new_id = gone.id, successor.id
    codes = list(db.session.scalars(select(LicenceHeld.category).where(LicenceHeld.member_id == gone_id)))
    answers = _answers(gone_id, new_id, on=on) | {"categories": [code.value for code in codes]} | more
    change = drafted(make, [Part.SUCCESSION], member=_member(gone_id), channel=Channel.STAFF)
    save(change, {Part.SUCCESSION: answers})
    return change


def _entered(make: Factory, **options: Any) -> Request:
    change = _filed(make, **options)
    send(change)
    run(approval.approve, change.id, seen_version=change.version, actor=change.second, now=NOW)
    return change


def _member(member_id: int) -> Member:
    db.session.expunge_all()
    db.session.rollback()
    found = db.session.get(Member, member_id)
    assert found is not None
    return found


def _categories(member_id: int, day: date) -> list[Licence]:
    db.session.rollback()
    return [held.category for held in licences_as_of(db.session(), member_id, day) if held.effective_on <= day]


def test_on_a_day_that_has_come_everything_has_passed(make: Factory) -> None:
    gone, successor = make.member(licences=("GEN", "RETAIL")), make.member(licences=("RETAIL",))
    gone_id, new_id = gone.id, successor.id
    _entered(make, on=PAST, gone=gone, successor=successor)
    old, new = _member(gone_id), _member(new_id)
    assert (old.current_state, old.succeeded_by_id, old.current_licences) == (MemberState.LEFT, new.id, "")
    assert new.current_licences == "RETAIL,GEN"
    continued = db.session.scalars(select(LicenceHeld).where(LicenceHeld.continues_id.is_not(None))).one()
    assert (continued.member_id, continued.category) == (new.id, Licence.GEN)
    assert continued.continues_id in _licence_ids(old.id)
    ends = db.session.execute(
        select(LicenceFact.ended_on, LicenceFact.end_reason)
        .join(LicenceHeld, LicenceHeld.id == LicenceFact.licence_id)
        .where(LicenceHeld.member_id == old.id, LicenceFact.voided_id.is_(None))
    ).all()
    assert {tuple(row) for row in ends} == {(PAST, EndReason.SUCCESSION)}
    contract = db.session.scalars(select(ContractOfUse).where(ContractOfUse.member_id == old.id)).one()
    assert contract.ended_at is not None
    assert contract.end_clause == "2.7.1"


def test_until_its_day_nothing_has_passed(make: Factory) -> None:
    gone, successor = make.member(), make.member(licences=("RETAIL",))
    gone_id, new_id = gone.id, successor.id
    _entered(make, on=COMING, gone=gone, successor=successor)
    old = _member(gone_id)
    assert (old.current_state, old.succeeded_by_id, old.current_licences) == (MemberState.MEMBER, None, "GEN")
    assert _member(new_id).current_licences == "RETAIL"
    before = COMING - timedelta(days=1)
    assert (_categories(gone_id, before), _categories(new_id, before)) == ([Licence.GEN], [Licence.RETAIL])
    assert (_categories(gone_id, COMING), _categories(new_id, COMING)) == ([], [Licence.RETAIL, Licence.GEN])
    with unit_of_work() as session:
        rebuild_due(session, now=NOW + timedelta(days=18))
    assert (_member(gone_id).current_state, _member(gone_id).succeeded_by_id) == (MemberState.LEFT, new_id)
    assert _member(new_id).current_licences == "RETAIL,GEN"


def test_a_part_of_the_licences_passes_and_the_member_stays(make: Factory) -> None:
    gone, successor = make.member(licences=("GEN", "RETAIL")), make.member(licences=("AGG",))
    kept = _licence_ids(gone.id)[1:]
    gone_id = gone.id
    _entered(make, on=PAST, gone=gone, successor=successor, licences=kept, categories=["RETAIL"])
    old = _member(gone_id)
    assert old.current_state is MemberState.MEMBER
    assert old.succeeded_by_id is None
    assert len(old.current_licences.split(",")) == 1


@pytest.mark.parametrize("given_up", [0, 1])
def test_the_successor_is_named_although_another_licence_is_given_up_on_that_day(make: Factory, given_up: int) -> None:
    gone, successor = make.member(licences=("GEN", "RETAIL")), make.member(licences=("AGG",))
    gone_id, new_id = gone.id, successor.id
    held = _licence_ids(gone_id)
    passed = held.pop(1 - given_up)
    approved(make, licences(licence_ended(held[0], on=PAST)), member=_member(gone_id), occurred_on=PAST)
    category = db.session.scalars(select(LicenceHeld.category).where(LicenceHeld.id == passed)).one()
    parties = {"gone": _member(gone_id), "successor": _member(new_id)}
    _entered(make, on=PAST, **parties, licences=[passed], categories=[category.value])
    assert (_member(gone_id).current_state, _member(gone_id).succeeded_by_id) == (MemberState.LEFT, new_id)


def test_both_are_flagged_where_a_record_date_is_touched(make: Factory) -> None:
    gone, successor = make.member(), make.member(licences=("RETAIL",))
    assembly(PAST + timedelta(days=3))
    gone_id, new_id = gone.id, successor.id
    _entered(make, on=PAST, gone=gone, successor=successor)
    flagged = set(db.session.scalars(select(LateFact.member_id)))
    assert flagged == {gone_id, new_id}


def test_a_member_does_not_succeed_itself(make: Factory) -> None:
    gone = make.member()
    change = _filed(make, on=PAST, gone=gone, successor=gone)
    with refused("self_succession"):
        send(change)


def test_a_successor_that_is_no_member_is_not_found(make: Factory) -> None:
    gone, other = make.member(), make.member()
    change = _filed(make, on=PAST, gone=gone, successor=other, successor_id=10**9)
    with refused("not_found"):
        send(change)


def test_a_successor_that_has_left_by_then_takes_nothing(make: Factory) -> None:
    """It would become a member again without joining; one whose licences end on a later day still may."""
    gone, left = make.member(), make.member(licences=("RETAIL",))
    held = _licence_ids(left.id)[0]
    approved(make, licences(licence_ended(held, on=COMING)), member=left)
    late = _filed(make, on=COMING, gone=gone, successor=left)
    with refused("successor_left"):
        send(late)
    assert _categories(gone.id, COMING) == [Licence.GEN]
    _entered(make, on=PAST, gone=gone, successor=left)
    assert _categories(left.id, PAST) == [Licence.RETAIL, Licence.GEN]


def test_a_licence_goes_on_where_the_successors_own_is_to_end(make: Factory) -> None:
    gone, successor = make.member(), make.member(licences=("GEN", "RETAIL"))
    gone_id, new_id = gone.id, successor.id
    own = _licence_ids(new_id)
    generating = next(
        number
        for number in own
        if db.session.scalar(select(LicenceHeld.category).where(LicenceHeld.id == number)) is Licence.GEN
    )
    approved(make, licences(licence_ended(generating, on=COMING)), member=_member(new_id))
    _entered(make, on=PAST, gone=_member(gone_id), successor=_member(new_id))
    for day in (PAST, COMING - timedelta(days=1), COMING, COMING + timedelta(days=300)):
        assert _categories(new_id, day) == [Licence.RETAIL, Licence.GEN]
    passed = db.session.scalars(select(LicenceHeld).where(LicenceHeld.continues_id.is_not(None))).one()
    assert (passed.member_id, passed.continues_id) == (new_id, _licence_ids(gone_id)[0])
    facts = select(LicenceFact.effective_on, LicenceFact.ended_on).where(LicenceFact.licence_id == passed.id)
    assert [tuple(row) for row in db.session.execute(facts)] == [(COMING, None)]


def test_licences_of_another_member_do_not_pass(make: Factory) -> None:
    gone, other = make.member(), make.member()
    theirs = _licence_ids(make.member().id)
    change = _filed(make, on=PAST, gone=gone, successor=other, licences=theirs)
    with refused("not_found"):
        send(change)


def test_a_resale_licence_does_not_pass_alone(make: Factory) -> None:
    gone, other = make.member(licences=("SPTD", "RSPTD")), make.member()
    resale = db.session.scalars(select(LicenceHeld.id).where(LicenceHeld.category == Licence.RSPTD)).all()
    change = _filed(make, on=PAST, gone=gone, successor=other, licences=list(resale), categories=["RSPTD"])
    with refused("rsptd_alone"):
        send(change)


def test_the_contract_passes_only_with_the_written_consent(make: Factory) -> None:
    gone, other = make.member(), make.member()
    change = _filed(make, on=PAST, gone=gone, successor=other, consent_on="2026-11-05")
    with refused("decision_missing"):
        send(change)
    add_file(change, kind=AttachmentKind.OFFICE_DECISION)
    assert send(change)


def test_a_licence_that_ended_meanwhile_stops_the_approval(make: Factory) -> None:
    gone, other = make.member(), make.member()
    gone_id = gone.id
    number = _licence_ids(gone_id)[0]
    change = _filed(make, on=PAST, gone=gone, successor=other)
    send(change)
    end = licences(licence_ended(number, on=date(2026, 11, 20)))
    ended = submitted(make, end, member=_member(gone_id), channel=Channel.STAFF, occurred_on=date(2026, 11, 20))
    run(approval.approve, ended.id, seen_version=ended.version, actor=ended.second, now=NOW)
    seen = change.version
    with refused("conflict"):
        run(approval.approve, change.id, seen_version=seen, actor=change.second, now=NOW)
