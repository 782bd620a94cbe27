from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.actor import SYSTEM
from occto.domain.changes import ChangeState, Part
from occto.domain.codes import ChangeAct, ChangeSource, Channel, Licence, MemberState, Turn
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import (
    AuditDetail,
    AuditEvent,
    ContractOfUse,
    Decision,
    Member,
    OutboxMail,
    RegisterChange,
)
from occto.services import register
from occto.services.changes import approval, review
from occto.unit_of_work import run
from tests.changing import (
    SOON,
    TODAY,
    Answers,
    Request,
    approve,
    approved,
    capital,
    checked,
    give_back,
    hold,
    in_state,
    licence_added,
    licence_ended,
    licences,
    relation_added,
    relation_ended,
    relation_row,
    relations,
    renamed,
    rows,
    save,
    send,
    site,
    submitted,
)
from tests.factories import NOW, Factory, corporate_number
from tests.observing import refused
from tests.registering import (
    Entering,
    entering,
    fact_id,
    facts_of,
    licence_id,
    licences_of,
    newest_change,
    number_of,
    read,
    relations_on_record,
)

S = ChangeState
SINCE = date(2020, 4, 1)


def test_everything_enters_in_one_change_from_the_day_of_each_item(make: Factory) -> None:
    member = make.member(licences=("GEN", "RETAIL"))
    answers = {
        **renamed(on=date(2027, 4, 1)),
        **capital(5),
        **licences(licence_added("AGG"), licence_ended(licence_id(member, "RETAIL"), on=date(2027, 1, 1))),
        **relations(relation_added(corporate_number(900))),
    }
    request = approved(make, answers, member=member)
    assert facts_of(member, "name")[-1] == (date(2027, 4, 1), "青空電力株式会社")
    assert facts_of(member, "capital")[-1] == (SOON, 5)
    assert licences_of(member) == [("RETAIL", SINCE, date(2027, 1, 1)), ("GEN", SINCE, None), ("AGG", SOON, None)]
    assert [row[3:] for row in relations_on_record()] == [(SOON, None)]
    assert {item.change_id for item in request.items()} == {2}
    change = db.session.get(RegisterChange, 2)
    assert change is not None
    assert (change.source_kind, change.source_id) == (ChangeSource.CHANGE, request.id)
    assert (change.actor_id, change.second_actor_id) == (request.operator.id, request.approver.id)


def test_the_request_is_decided_and_the_member_told(make: Factory) -> None:
    request = approved(make, capital(5))
    row = request.row()
    assert (row.state, row.decided_at, row.decided_by_id) == (S.APPROVED, NOW, request.approver.id)
    assert row.waiting_since is None
    mail = [row[0] for row in read(select(OutboxMail).order_by(OutboxMail.id))][-1]
    assert (mail.template, mail.params["days"]) == ("changes/approved", ["2026-12-03"])
    [(turn, reason)] = read(select(Decision.turn, Decision.reason).where(Decision.step == "approve"))
    assert (turn, reason) == (Turn.SECOND, None)
    payloads = read(
        select(AuditDetail.payload)
        .join(AuditEvent, AuditEvent.id == AuditDetail.event_id)
        .where(AuditEvent.tag == "change.applied")
    )
    assert payloads == [({"change_id": 2, "items": ["capital"], "checked_by_id": request.operator.id},)]


def test_without_a_check_the_member_is_the_first_person(make: Factory) -> None:
    request = submitted(make, renamed())
    approve(request)
    change = db.session.get(RegisterChange, 2)
    assert change is not None
    assert (change.actor_id, change.second_actor_id) == (request.person.id, request.approver.id)


def test_what_is_past_shows_at_once_and_what_is_to_come_does_not(make: Factory) -> None:
    past, future = make.member(name="甲株式会社"), make.member(name="乙株式会社")
    approved(make, renamed("新甲株式会社", on=TODAY), member=past)
    approved(make, renamed("新乙株式会社", on=SOON), member=future)
    names = dict(tuple(row) for row in read(select(Member.id, Member.current_name)))
    assert names == {past.id: "新甲株式会社", future.id: "乙株式会社"}


def test_one_of_two_ended_keeps_the_member(make: Factory) -> None:
    member = make.member(licences=("GEN", "RETAIL"))
    approved(make, licences(licence_ended(licence_id(member, "GEN"), on=TODAY)), member=member)
    [(state, held)] = read(select(Member.current_state, Member.current_licences))
    assert (state, held) == (MemberState.MEMBER, "RETAIL")
    assert read(select(ContractOfUse.ended_at)) == [(None,)]


def test_one_category_for_another_on_one_day(make: Factory) -> None:
    member = make.member()
    answers = licences(licence_added("RETAIL", on=TODAY), licence_ended(licence_id(member, "GEN"), on=TODAY))
    approved(make, answers, member=member)
    [(state, held)] = read(select(Member.current_state, Member.current_licences))
    assert (state, held) == (MemberState.MEMBER, "RETAIL")


def test_one_parent_for_another_on_one_day(make: Factory) -> None:
    request = approved(make, relations(relation_added(corporate_number(900), on=TODAY)))
    swap = relations(relation_added(corporate_number(901)), relation_ended(1))
    approved(make, swap, member=request.member, person=request.person)
    assert [row[3:] for row in relations_on_record()] == [(TODAY, SOON), (SOON, None)]


def test_a_relation_in_other_words_from_a_day_on(make: Factory) -> None:
    request = approved(make, relations(relation_added(corporate_number(900), on=TODAY)))
    row = {"act": "SET", "relation_no": 1, "effective_on": SOON.isoformat(), "row": relation_row(corporate_number(901))}
    approved(make, relations(row), member=request.member, person=request.person)
    assert [found[3:] for found in relations_on_record()] == [(TODAY, SOON), (SOON, None)]


class TestSecondPerson:
    def test_what_touches_votes_is_checked_first(self, make: Factory) -> None:
        request = submitted(make, capital(5))
        with refused("not_checked"):
            approve(request)

    @pytest.mark.parametrize(
        "answers",
        [capital(5), licences(licence_added("RETAIL")), relations(relation_added(corporate_number(900)))],
        ids=["capital", "licence", "relation"],
    )
    def test_the_one_who_checked_does_not_approve(self, make: Factory, answers: Answers) -> None:
        request = submitted(make, answers)
        both = make.actor(request.approver, Role.OPERATOR, Role.APPROVER)
        run(review.check, request.id, **request.seen(both))
        with refused("second_person"):
            approve(request, actor=both)

    @pytest.mark.parametrize("channel", [Channel.PAPER, Channel.STAFF])
    def test_the_one_who_keyed_it_in_does_not_approve(self, make: Factory, channel: Channel) -> None:
        person = make.staff(Role.OPERATOR, Role.APPROVER)
        request = submitted(make, renamed(), channel=channel, person=person)
        with refused("second_person"):
            approve(request, actor=make.actor(person, Role.APPROVER))
        approve(request)

    def test_nobody_at_all(self, make: Factory) -> None:
        request = submitted(make, renamed())
        with refused("second_person"):
            approve(request, actor=SYSTEM)


class TestConflict:
    """An item that the register has seen change since the submission stops the approval; others do not."""

    def _by_correction(self, request: Request) -> None:
        member = request.member
        wrong = {
            "kind": "fact",
            "fact_id": fact_id(member, "name", SINCE),
            "act": ChangeAct.CORRECT,
            "value": "訂正株式会社",
            "item": "name",
        }
        correction = submitted(request.make, rows(Part.CORRECTIONS, wrong), member=member, channel=Channel.STAFF)
        approve(correction)

    def _directly(self, item: str, on: date) -> Callable[[Entering, Member], Any]:
        return lambda entry, member: register.set_item(
            *entry.into, member_id=member.id, item=item, value="別の名前", effective_on=on
        )

    def test_by_a_correction_of_the_office(self, make: Factory) -> None:
        request = submitted(make, renamed())
        self._by_correction(request)
        with refused("conflict"):
            approve(request)

    @pytest.mark.parametrize("on", [SINCE, SOON, date(2030, 1, 1)])
    def test_on_whatever_day(self, make: Factory, on: date) -> None:
        request = submitted(make, renamed())
        with entering() as entry:
            self._directly("name", on)(entry, request.member)
        with refused("conflict"):
            approve(request)

    def test_not_by_another_item_or_another_member(self, make: Factory) -> None:
        request, other = submitted(make, renamed()), make.member()
        with entering() as entry:
            self._directly("address", SOON)(entry, request.member)
            self._directly("name", SOON)(entry, other)
        approve(request)

    def test_not_by_its_own_items_that_took_effect_at_once(self, make: Factory) -> None:
        request = submitted(make, renamed(kana="アオゾラ"))
        approve(request)
        assert request.state is S.APPROVED

    def test_of_a_licence_that_was_corrected(self, make: Factory) -> None:
        member = make.member(licences=("GEN", "RETAIL"))
        licence = licence_id(member, "GEN")
        request = checked(make, licences(licence_ended(licence)), member=member)
        values = {"number": "A9", "effective_on": SINCE, "ended_on": None, "end_reason": None}
        with entering() as entry:
            register.correct_licence(*entry.into, member_id=member.id, licence_id=licence, values=values)
        with refused("conflict"):
            approve(request)

    def test_of_a_category_that_was_added(self, make: Factory) -> None:
        request = checked(make, licences(licence_added("RETAIL", on=SOON)))
        with entering() as entry:
            register.add_licence(
                *entry.into,
                member_id=request.member.id,
                category=Licence.RETAIL,
                number="B",
                effective_on=SOON,
            )
        with refused("conflict"):
            approve(request)

    def test_of_a_relation_that_the_other_company_ended(self, make: Factory) -> None:
        child, parent = make.member(), make.member()
        approved(make, relations(relation_added(number_of(parent), on=TODAY)), member=child)
        waiting = checked(make, relations(relation_ended(1)), member=child)
        approved(make, relations(relation_ended(1)), member=parent)
        with refused("conflict"):
            approve(waiting)

    def test_submitted_again_it_is_approved(self, make: Factory) -> None:
        request = submitted(make, renamed())
        self._by_correction(request)
        give_back(request)
        send(request)
        [item] = request.items()
        assert item.old == "訂正株式会社"
        approve(request)
        assert facts_of(request.member, "name") == [(SINCE, "訂正株式会社"), (SOON, "青空電力株式会社")]

    def test_what_the_register_refuses_meanwhile_is_refused(self, make: Factory) -> None:
        one, other = make.member(), make.member()
        numbers = number_of(one), number_of(other)
        waiting = checked(make, relations(relation_added(numbers[1])), member=one)
        approved(make, relations(relation_added(numbers[0])), member=other)
        before = newest_change()
        with refused("control_cycle"):
            approve(waiting)
        assert newest_change() == before


def test_the_whole_way_with_a_return_and_a_future_day(make: Factory) -> None:
    request = submitted(make, renamed("誤記株式会社", on=SOON))
    run(review.take, request.id, **request.seen())
    give_back(request)
    save(request, renamed("正しい株式会社", on=date(2027, 4, 1)))
    send(request)
    hold(request)
    run(review.resume, request.id, **request.seen())
    run(review.check, request.id, **request.seen())
    approve(request)
    assert facts_of(request.member, "name")[1:] == [(date(2027, 4, 1), "正しい株式会社")]
    steps = [row.step for row in read(select(Decision.step).order_by(Decision.id))]
    assert steps == ["submit", "take", "return_request", "submit", "hold", "resume", "check", "approve"]


def test_a_request_of_immediate_items_is_never_before_staff(make: Factory) -> None:
    request = submitted(make, site())
    with refused("illegal_step"):
        run(approval.approve, request.id, **request.seen(request.second))


def test_a_draft_is_not_approved(make: Factory) -> None:
    request = in_state(make, S.DRAFT)
    with refused("illegal_step"):
        approve(request)
