"""Who is told about an assembly: 総会担当 else 会員担当, 管理者, contractors with 総会回答; others are 紙対応."""

from datetime import date, timedelta
from typing import Any

from occto.domain.codes import MandateState, Procedure, UserState
from occto.domain.dates import today_jst
from occto.domain.permissions import Role
from occto.domain.recipients import RecipientKind as K
from occto.extensions import db
from occto.models import Affiliation, ContractOfUse, Member
from occto.queries import assembly_recipients
from occto.queries.assembly_recipients import recipients
from occto.services import register
from occto.unit_of_work import unit_of_work
from tests.factories import NOW, Factory
from tests.registering import entering
from tests.test_statement_counts import counted

TODAY = today_jst(NOW)
REPLY = (Procedure.VIEW, Procedure.ASSEMBLY_REPLY)


def _enter(member: Member, *, on: date = date(2020, 4, 1), **values: str | None) -> None:
    with entering() as change:
        for item, value in values.items():
            register.set_item(*change.into, member_id=member.id, item=item, value=value, effective_on=on)


def _of(member: Member, **asked: Any) -> list[tuple[K, str]]:
    db.session.rollback()
    found = recipients(db.session(), **({"member_ids": [member.id], "today": TODAY} | asked))
    return [(one.kind, one.email) for one in found.get(member.id, [])]


def test_the_contact_for_assemblies_comes_before_that_of_the_member(make: Factory) -> None:
    member = make.member()
    assert _of(member) == []
    _enter(member, member_contact_name="会員 太郎", member_contact_email="kaiin@a.example.jp")
    assert _of(member) == [(K.MEMBER_CONTACT, "kaiin@a.example.jp")]
    _enter(member, assembly_contact_email="soukai@a.example.jp")
    assert _of(member) == [(K.ASSEMBLY_CONTACT, "soukai@a.example.jp")]
    _enter(member, on=TODAY + timedelta(days=1), assembly_contact_email=None)
    assert _of(member) == [(K.ASSEMBLY_CONTACT, "soukai@a.example.jp")]
    assert _of(member, today=TODAY + timedelta(days=1)) == [(K.MEMBER_CONTACT, "kaiin@a.example.jp")]


def test_a_contact_without_a_name_is_still_addressed(make: Factory) -> None:
    member = make.member()
    _enter(member, member_contact_email="kaiin@a.example.jp")
    db.session.rollback()
    (found,) = recipients(db.session(), None, today=TODAY)[member.id]
    assert (found.name, found.user_id) == ("ご担当者", None)


def test_administrators_are_told_unless_stopped(make: Factory) -> None:
    member, stopped, viewer = make.member(), make.user(), make.user()
    active, invited = make.user(), make.user(state=UserState.INVITED)
    for user in (active, invited, stopped, make.user(state=UserState.STOPPED), make.user(state=UserState.CLOSED)):
        make.affiliate(user, member)
    make.affiliate(viewer, member, Role.VIEWER)
    with unit_of_work() as session:
        held = session.query(Affiliation).filter_by(user_id=stopped.id).one()
        held.stopped_at, held.stop_reason = NOW, "休職のため"
    assert _of(member) == [(K.ADMINISTRATOR, active.email), (K.ADMINISTRATOR, invited.email)]


def test_one_address_is_written_to_once_and_known_as_the_user(make: Factory) -> None:
    member, user = make.member(), make.user(email="Same@a.example.jp")
    make.affiliate(user, member)
    _enter(member, member_contact_name="会員 太郎", member_contact_email="same@A.example.jp")
    db.session.rollback()
    (found,) = recipients(db.session(), [member.id], today=TODAY)[member.id]
    assert (found.kind, found.email, found.user_id) == (K.MEMBER_CONTACT, "same@A.example.jp", user.id)


def test_contractors_are_told_where_they_may_reply(make: Factory) -> None:
    member, person, gone = make.member(), make.user(), make.user()
    contractor = make.contractor(person, gone)
    make.mandate(member, contractor, person, gone, procedures=REPLY)
    with unit_of_work() as session:
        session.query(Affiliation).filter_by(user_id=gone.id).one().ended_at = NOW
    assert _of(member) == [(K.CONTRACTOR, person.email)]


def test_contractors_without_a_mandate_for_it_in_force_are_not(make: Factory) -> None:
    member, person = make.member(), make.user()
    tomorrow = TODAY + timedelta(days=1)
    for changes in (
        {"procedures": (Procedure.VIEW,)},
        {"procedures": REPLY, "starts_on": tomorrow},
        {"procedures": REPLY, "ends_on": TODAY},
        {"procedures": REPLY, "state": MandateState.PROPOSED, "accepted_at": None},
        {"procedures": REPLY, "state": MandateState.ENDED, "ended_at": NOW},
    ):
        make.mandate(member, make.contractor(person), person, **changes)  # type: ignore[arg-type]
    assert _of(member) == []


def test_without_a_contract_of_use_or_an_address_nobody_is(make: Factory) -> None:
    member, other = make.member(), make.member()
    for one in (member, other):
        make.affiliate(make.user(), one)
    with unit_of_work() as session:
        held = session.query(ContractOfUse).filter_by(member_id=member.id).one()
        held.ended_at, held.end_clause = NOW, "2.7.1"
    db.session.rollback()
    assert list(recipients(db.session(), None, today=TODAY)) == [other.id]
    assert recipients(db.session(), [member.id], today=TODAY) == {}
    assert recipients(db.session(), [], today=TODAY) == {}


def test_four_statements_whatever_the_number_of_members(make: Factory, monkeypatch: Any) -> None:
    members = [make.member() for _ in range(4)]
    for member in members:
        make.affiliate(make.user(), member)
    asked = [member.id for member in members[:3]]
    few = recipients(db.session(), asked, today=TODAY)
    assert sorted(few) == asked
    monkeypatch.setattr(assembly_recipients, "FEW", 2)
    db.session.rollback()
    with counted(make.app) as statements:
        assert recipients(db.session(), asked, today=TODAY) == few
    assert len(statements) == 4, statements
