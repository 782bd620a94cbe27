"""再加入: a company that has left joins again, under its old row and with its past as it was."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from occto.domain.certificates import CertificateState
from occto.domain.codes import EndReason, Licence, MandateState, MemberState, Procedure
from occto.domain.joining import ApplicationState
from occto.extensions import db
from occto.models import (
    Affiliation,
    Application,
    AuditEvent,
    Certificate,
    ContractOfUse,
    FormerCode,
    LicenceHeld,
    Mandate,
    Member,
    OutboxMail,
    RosterFact,
)
from occto.queries import register as reads
from occto.queries.certificates import check
from occto.queries.roll import roll_as_of
from occto.queries.search import members_named
from occto.services import register
from occto.services.joining import approval, review
from occto.services.rebuild import rebuild_due
from occto.unit_of_work import run, unit_of_work
from tests.answers import ACT_ON, Case, accepted, checked, main_submitted
from tests.changing import relation_row
from tests.factories import NOW, Factory, corporate_number
from tests.observing import refused
from tests.registering import entering, facts_of, licence_id, licences_of, number_of, relations_on_record

SINCE, LEFT_ON = date(2020, 4, 1), date(2026, 3, 31)
DAYS = (SINCE, date(2023, 1, 1), LEFT_ON - timedelta(days=1), LEFT_ON, date(2026, 11, 1), ACT_ON - timedelta(days=1))


def _left(make: Factory, *, on: date = LEFT_ON, reason: EndReason = EndReason.CLOSURE_NOTIFICATION) -> Member:
    """A member with one licence that ended on `on`."""
    member = make.member(name="もどる電力株式会社", licences=("GEN",), since=SINCE)
    held = licence_id(member, "GEN")
    with entering() as at:
        register.end_licence(*at.into, member_id=member.id, licence_id=held, ended_on=on, reason=reason)
    return member


def _again(make: Factory, member: Member, **overrides: Any) -> Case:
    """A checked application of the company of `member`."""
    company = {"corporate_number": number_of(member)} | overrides.pop("company", {})
    return checked(make, company=company, **overrides)


def _approve(case: Case) -> int:
    return run(approval.approve, case.id, seen_version=case.version, actor=case.second, now=NOW)


def _member(member_id: int) -> Member:
    db.session.expunge_all()
    db.session.rollback()
    found = db.session.get(Member, member_id)
    assert found is not None
    return found


def _as_of(member_id: int, day: date, *, known: int | None = None) -> Any:
    """All that the register says of the company on a day: its own record, the list of the day, the roll of votes."""
    session = db.session()
    rows = [row for row in reads.register_page(session, day, known=known)[0] if row.member_id == member_id]
    record = roll_as_of(session, day, known=known)
    votes = [voter for voter in record.roll.voters if record.member_ids[voter.node] == member_id]
    held = [one for one in reads.licences_as_of(session, member_id, day, known=known) if one.effective_on <= day]
    return (
        reads.profile_as_of(session, member_id, day, known=known),
        held,
        reads.roster_as_of(session, member_id, day, known=known),
        rows,
        votes,
    )


def test_the_row_is_taken_up_again_with_a_new_membership(make: Factory) -> None:
    member = _left(make)
    old = licence_id(member, "GEN")
    case = _again(make, member)
    assert _approve(case) == member.id
    again = _member(member.id)
    assert again.current_state is MemberState.COMING
    assert (again.current_member_on, again.succeeded_by_id) == (ACT_ON, None)
    assert licences_of(member) == [("GEN", SINCE, LEFT_ON), ("GEN", ACT_ON, None)]
    assert licence_id(member, "GEN") != old
    assert [value for _day, value in facts_of(member, "member_on")] == [SINCE.isoformat(), ACT_ON.isoformat()]
    assert db.session.scalar(select(func.count()).select_from(Member)) == 1
    row = case.row()
    assert (row.state, row.member_id, row.operator_code) == (ApplicationState.APPROVED, member.id, again.operator_code)


def test_on_its_day_it_is_a_member(make: Factory) -> None:
    member = _left(make)
    _approve(_again(make, member))
    with unit_of_work() as session:
        rebuild_due(session, now=NOW + (ACT_ON - NOW.date()))
    again = _member(member.id)
    assert (again.current_state, again.current_licences) == (MemberState.MEMBER, "GEN")
    assert again.current_name.startswith("青空電力")


def test_the_past_reads_as_before(make: Factory) -> None:
    member = _left(make)
    case = _again(make, member, company={"name": "あたらしい電力株式会社"})
    db.session.rollback()
    known = reads.newest_change(db.session())
    before = [_as_of(member.id, day) for day in DAYS]
    as_known = [_as_of(member.id, day, known=known) for day in (*DAYS, ACT_ON)]
    _approve(case)
    db.session.rollback()
    assert [_as_of(member.id, day) for day in DAYS] == before
    assert [_as_of(member.id, day, known=known) for day in (*DAYS, ACT_ON)] == as_known
    assert before[0][3]
    assert before[3][3] == before[3][4] == []
    profile, _held, roster_no, rows, votes = _as_of(member.id, ACT_ON)
    assert profile["name"] == "あたらしい電力株式会社"
    assert roster_no == case.row().roster_no
    assert [(row.operator_code, row.name, row.member_on) for row in rows] == [
        (case.row().operator_code, "あたらしい電力株式会社", ACT_ON)
    ]
    assert len(votes) == 1


def test_between_the_act_and_a_later_membership_it_is_no_member(make: Factory) -> None:
    """Applied for after the act, the office decides the day: the days between are no membership, as of a first one."""
    member, act_on = _left(make), date(2026, 11, 1)
    case = _again(make, member, act_on=act_on, reason="仮申請の日とする")
    joined = case.row().member_on
    assert joined == date(2026, 11, 23)
    _approve(case)
    db.session.rollback()
    for day in (act_on, joined - timedelta(days=1)):
        assert _as_of(member.id, day)[3:] == ([], [])
    assert all(_as_of(member.id, joined)[3:])
    assert _member(member.id).current_state is MemberState.MEMBER


@pytest.mark.parametrize(
    ("overrides", "begins"),
    [({}, ACT_ON), ({"act_on": date(2026, 11, 1), "reason": "仮申請の日とする"}, date(2026, 11, 23))],
)
def test_the_certificate_stands_in_both_memberships_and_not_between(
    make: Factory, overrides: dict[str, Any], begins: date
) -> None:
    member = _left(make)
    code = db.session.scalars(select(Certificate.code).where(Certificate.member_id == member.id)).one()
    _approve(_again(make, member, **overrides))
    db.session.rollback()
    days = {
        SINCE - timedelta(days=1): CertificateState.NOT_YET,
        SINCE: CertificateState.VALID,
        LEFT_ON - timedelta(days=1): CertificateState.VALID,
        LEFT_ON: CertificateState.VOID,
        begins - timedelta(days=1): CertificateState.VOID,
        begins: CertificateState.VALID,
    }
    found = {day: check(db.session(), code, day) for day in days}
    assert {day: one.standing.state for day, one in found.items() if one} == days
    assert db.session.scalars(select(Certificate.code)).all() == [code]


def test_what_the_application_leaves_blank_is_no_longer_on_record(make: Factory) -> None:
    member = _left(make)
    with entering() as at:
        for item, value, on in (
            ("name_en", "Old Power", SINCE),
            ("url", "https://old.example.jp/", SINCE),
            ("name", "来年の電力", date(2027, 4, 1)),
        ):
            register.set_item(*at.into, member_id=member.id, item=item, value=value, effective_on=on)
    _approve(_again(make, member))
    db.session.rollback()
    profile = reads.profile_as_of(db.session(), member.id, date(2028, 1, 1))
    assert profile["name_en"] is None
    assert profile["url"] == "https://aozora.example.jp/"
    assert profile["name"].startswith("青空電力")
    assert reads.profile_as_of(db.session(), member.id, LEFT_ON)["name_en"] == "Old Power"


def test_the_roster_number_is_newly_given(make: Factory) -> None:
    member = _left(make)
    case = _again(make, member)
    _approve(case)
    facts = db.session.scalars(
        select(RosterFact).where(RosterFact.voided_id.is_(None)).order_by(RosterFact.effective_on)
    ).all()
    assert [(fact.roster_no, fact.effective_on, fact.ended_on) for fact in facts] == [
        (int(member.operator_code), SINCE, ACT_ON),
        (case.row().roster_no, ACT_ON, None),
    ]


def test_the_old_code_still_finds_the_company(make: Factory) -> None:
    member = _left(make)
    old = member.operator_code
    case = _again(make, member)
    _approve(case)
    new = case.row().operator_code
    assert new is not None
    assert new != old
    for code in (old, new):
        assert db.session.scalars(members_named(db.session(), code)).all() == [member.id]
    kept = db.session.scalars(select(FormerCode)).one()
    assert (kept.operator_code, kept.member_id, kept.until_on) == (old, member.id, ACT_ON)


def test_the_old_code_is_never_anothers(make: Factory) -> None:
    member = _left(make)
    old = member.operator_code
    _approve(_again(make, member))
    other = accepted(make)
    seen = other.version
    with refused("code_taken", field="operator_code"):
        run(review.record_operator_code, other.id, operator_code=old, seen_version=seen, actor=other.first, now=NOW)


def test_it_may_keep_its_code_and_join_a_third_time(make: Factory) -> None:
    """Two applications of one member with one code: that of the first membership was approved with it too."""
    first = checked(make, act_on=date(2026, 11, 23))
    member_id = _approve(first)
    code = first.row().operator_code
    assert code is not None
    member = _member(member_id)
    held = licence_id(member, "GEN")
    with entering() as at:
        ended = {"ended_on": date(2026, 11, 24), "reason": EndReason.CLOSURE_NOTIFICATION}
        register.end_licence(*at.into, member_id=member_id, licence_id=held, **ended)
    later = NOW + timedelta(days=3)
    with unit_of_work() as session:
        rebuild_due(session, now=later)
    case = main_submitted(make, at=later, company={"corporate_number": number_of(member)})
    with unit_of_work() as session:
        assert review.checked_operator_code(session, code, application_id=case.id) == code
        again = session.get(Application, case.id)
        assert again is not None
        again.operator_code = code
    assert set(db.session.scalars(select(Application.id).where(Application.operator_code == code))) == {
        first.id,
        case.id,
    }


def test_the_contract_and_the_administrator_are_new(make: Factory) -> None:
    member = _left(make)
    person = make.user()
    make.affiliate(person, member)
    mandate = make.mandate(member, make.contractor(make.user()), procedures=(Procedure.VIEW,))
    case = _again(make, member)
    _approve(case)
    contracts = db.session.scalars(
        select(ContractOfUse).where(ContractOfUse.member_id == member.id).order_by(ContractOfUse.id)
    ).all()
    assert [(one.application_id, one.ended_at is None) for one in contracts] == [(None, False), (case.id, True)]
    live = db.session.scalars(
        select(Affiliation.user_id).where(Affiliation.member_id == member.id, Affiliation.ended_at.is_(None))
    ).all()
    assert len(live) == 1
    assert person.id not in live
    assert db.session.scalar(select(Mandate.state).where(Mandate.id == mandate.id)) is MandateState.ENDED
    mails = set(db.session.scalars(select(OutboxMail.template).where(OutboxMail.member_id == member.id)))
    assert mails >= {"join/approved", "account/invited"}
    tags = list(db.session.scalars(select(AuditEvent.tag).where(AuditEvent.subject == f"APPLICATION:{case.id}")))
    assert tags.count("application.approved") == 1


def test_the_person_who_administered_it_before_may_again(make: Factory) -> None:
    member = _left(make)
    person = make.user(email="again@aozora.example.jp")
    make.affiliate(person, member)
    _approve(_again(make, member, administrator={"administrator_email": "again@aozora.example.jp"}))
    rows = db.session.scalars(
        select(Affiliation).where(Affiliation.member_id == member.id).order_by(Affiliation.id)
    ).all()
    assert [(row.user_id, row.ended_at is None) for row in rows] == [(person.id, False), (person.id, True)]


def test_the_name_of_the_successor_goes(make: Factory) -> None:
    member, successor = _left(make), make.member()
    with unit_of_work() as session:
        row = session.get(Member, member.id)
        assert row is not None
        row.succeeded_by_id = successor.id
    _approve(_again(make, member))
    assert _member(member.id).succeeded_by_id is None


def test_an_end_that_no_daily_work_has_noted_is_noted_first(make: Factory) -> None:
    """The facts decide, not the copy: the contract of the membership that is over ends with it."""
    member = _left(make, on=date(2026, 11, 24))
    assert _member(member.id).current_state is MemberState.MEMBER
    case = _again(make, member)
    later = NOW + timedelta(days=2)
    run(approval.approve, case.id, seen_version=case.version, actor=case.second, now=later)
    contracts = db.session.scalars(
        select(ContractOfUse).where(ContractOfUse.member_id == member.id).order_by(ContractOfUse.id)
    ).all()
    assert [(one.ended_at, one.end_clause) for one in contracts] == [(later, "2.7.1"), (None, None)]
    assert db.session.scalar(select(func.count()).where(AuditEvent.tag == "member.ended")) == 1


def test_relations_on_record_are_kept_and_another_parent_takes_the_place(make: Factory) -> None:
    member = _left(make)
    old, kept, new = corporate_number(41), corporate_number(42), corporate_number(43)
    with entering() as at:
        own = at.session.get(Member, member.id)
        assert own is not None
        holding = relation_row(kept, controlling=False, basis=None)
        for row in (relation_row(old), holding):
            register.enter_relation(*at.into, own, row=row, default_on=SINCE)
    rows = [relation_row(new, acquired_on="2026-06-01"), relation_row(kept, controlling=False, basis=None)]
    _approve(_again(make, member, relations={"rows": rows}))
    assert [(begin, end) for _no, _child, _parent, begin, end in relations_on_record()] == [
        (SINCE, date(2026, 6, 1)),
        (SINCE, None),
        (date(2026, 6, 1), None),
    ]


def test_the_same_parent_goes_on(make: Factory) -> None:
    member = _left(make)
    with entering() as at:
        own = at.session.get(Member, member.id)
        assert own is not None
        register.enter_relation(*at.into, own, row=relation_row(None, name="名前だけの親"), default_on=SINCE)
    before = relations_on_record()
    _approve(_again(make, member, relations={"rows": [relation_row(None, name="名前だけの親")]}))
    assert relations_on_record() == before


@pytest.mark.parametrize("until", [None, date(2026, 12, 5), date(2027, 3, 31)])
def test_a_membership_that_runs_is_refused(make: Factory, until: date | None) -> None:
    """Running still, ending before the new one begins, or after that."""
    member = make.member() if until is None else _left(make, on=until)
    case = _again(make, member)
    seen = case.version
    with refused("already_member"):
        run(approval.approve, case.id, seen_version=seen, actor=case.second, now=NOW)


def test_one_that_begins_again_by_its_own_request_is_refused(make: Factory) -> None:
    member = _left(make)
    with entering() as at:
        register.add_licence(
            *at.into, member_id=member.id, category=Licence.RETAIL, number=None, effective_on=date(2027, 4, 1)
        )
    case = _again(make, member)
    seen = case.version
    with refused("already_member"):
        run(approval.approve, case.id, seen_version=seen, actor=case.second, now=NOW)


def test_an_act_before_the_end_means_that_membership_never_ended(make: Factory) -> None:
    member = _left(make, on=date(2026, 11, 10))
    case = _again(make, member, act_on=date(2026, 11, 10), reason="仮申請の日とする")
    seen = case.version
    with refused("not_interrupted"):
        run(approval.approve, case.id, seen_version=seen, actor=case.second, now=NOW)


def test_a_code_given_up_is_not_taken_up_again(make: Factory) -> None:
    member = _left(make)
    case = _again(make, member)
    with entering() as at:
        at.session.add(
            FormerCode(operator_code="00999", member_id=member.id, until_on=LEFT_ON, entered_id=at.change.id)
        )
    with unit_of_work() as session, refused("code_taken"):
        review.checked_operator_code(session, "00999", application_id=case.id)


def test_licences_of_each_membership_have_identities_of_their_own(make: Factory) -> None:
    member = _left(make)
    _approve(_again(make, member))
    held = db.session.scalars(select(LicenceHeld).where(LicenceHeld.member_id == member.id)).all()
    assert [(one.category, one.continues_id) for one in held] == [(Licence.GEN, None)] * 2
