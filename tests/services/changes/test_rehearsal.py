from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.changes import CHANGES, ChangeState
from occto.domain.codes import Channel
from occto.domain.permissions import Role
from occto.models import (
    AuditDetail,
    AuditEvent,
    ChangeItem,
    ChangeRevision,
    ContractOfUse,
    Member,
    OutboxMail,
    RegisterChange,
)
from occto.services import contracts
from occto.services.changes import submission
from occto.unit_of_work import run
from tests.changing import (
    TODAY,
    Request,
    approved,
    capital,
    filled,
    hold,
    licence_added,
    licence_ended,
    licences,
    relation_added,
    relations,
    renamed,
    send,
    submitted,
)
from tests.factories import NOW, Factory, corporate_number
from tests.observing import refused
from tests.registering import (
    licence_id,
    licences_of,
    newest_change,
    number_of,
    read,
    relations_on_record,
)

S = ChangeState
SINCE = date(2020, 4, 1)


def _revisions(request: Request) -> list[ChangeRevision]:
    statement = select(ChangeRevision).where(ChangeRevision.request_id == request.id).order_by(ChangeRevision.no)
    return [row[0] for row in read(statement)]


def _mails() -> list[str]:
    return [row[0] for row in read(select(OutboxMail.template).order_by(OutboxMail.id))]


def _payload(tag: str) -> dict[str, Any]:
    statement = select(AuditDetail.payload).join(AuditEvent, AuditEvent.id == AuditDetail.event_id)
    rows = read(statement.where(AuditEvent.tag == tag).order_by(AuditEvent.id.desc()))
    assert rows, tag
    return dict(rows[0][0])


class TestRehearsal:
    """What the register would refuse at the approval is refused at the submission, and nothing of it stays."""

    def _refused(self, request: Request, code: str) -> None:
        before = newest_change()
        with refused(code):
            send(request)
        assert newest_change() == before

    def test_a_category_that_is_held(self, make: Factory) -> None:
        self._refused(filled(make, licences(licence_added("GEN"))), "category_held")

    def test_a_registered_category_alone(self, make: Factory) -> None:
        self._refused(filled(make, licences(licence_added("RSPTD"))), "rsptd_alone")

    def test_a_second_parent(self, make: Factory) -> None:
        request = approved(make, relations(relation_added(corporate_number(900))))
        again = filled(
            make, relations(relation_added(corporate_number(901))), member=request.member, person=request.person
        )
        self._refused(again, "two_parents")

    def test_a_ring_that_would_close_later(self, make: Factory) -> None:
        one, other = make.member(), make.member()
        numbers = number_of(one), number_of(other)
        approved(make, relations(relation_added(numbers[1], on=date(2027, 10, 1))), member=one)
        self._refused(filled(make, relations(relation_added(numbers[0])), member=other), "control_cycle")

    def test_the_corporate_number_of_another_company(self, make: Factory) -> None:
        taken = number_of(make.member())
        self._refused(filled(make, renamed(corporate_number=taken)), "number_taken")

    def test_a_relation_on_record(self, make: Factory) -> None:
        answers = relations(relation_added(corporate_number(900)))
        request = approved(make, answers)
        self._refused(filled(make, answers, member=request.member, person=request.person), "relation_held")

    def test_a_licence_that_has_an_end(self, make: Factory) -> None:
        member = make.member(licences=("GEN", "RETAIL"))
        answers = licences(licence_ended(licence_id(member, "GEN")))
        request = approved(make, answers, member=member)
        self._refused(filled(make, answers, member=member, person=request.person), "already_ended")

    def test_what_is_allowed_leaves_nothing_either(self, make: Factory) -> None:
        request = submitted(
            make,
            {
                **licences(licence_added("RETAIL")),
                **relations(relation_added(corporate_number(900))),
                **renamed(corporate_number=corporate_number(901)),
            },
        )
        assert newest_change() == 1
        assert licences_of(request.member) == [("GEN", SINCE, None)]
        assert relations_on_record() == []
        assert number_of(request.member) != corporate_number(901)
        assert read(select(ChangeItem.change_id).distinct()) == [(None,)]
        approved(make, capital(7))
        assert read(select(RegisterChange.id).order_by(RegisterChange.id)) == [(1,), (2,), (3,)]


class TestWithdraw:
    @pytest.mark.parametrize("state", ChangeState)
    @pytest.mark.parametrize("channel", [Channel.ONLINE, Channel.PAPER])
    def test_until_it_is_decided(self, make: Factory, state: ChangeState, channel: Channel) -> None:
        request = make.change_request(state, channel=channel)
        mails = len(_mails())
        if state.value not in CHANGES.step("withdraw").sources:
            with refused("illegal_step"):
                run(submission.withdraw, request.id, actor=request.filer, now=NOW)
            return
        run(submission.withdraw, request.id, actor=request.filer, now=NOW, reason="取りやめ")
        row = request.row()
        assert (row.state, row.decided_at, row.decided_by_id) == (S.WITHDRAWN, NOW, request.person.id)
        assert row.waiting_since is None
        told = channel is Channel.ONLINE and state is not S.DRAFT
        assert _mails()[mails:] == (["changes/withdrawn"] if told else [])
        assert _payload("change.step")["reason"] == "取りやめ"

    def test_while_it_is_on_hold(self, make: Factory) -> None:
        request = submitted(make, renamed())
        hold(request)
        run(submission.withdraw, request.id, actor=request.filer, now=NOW)
        row = request.row()
        assert (row.state, row.held_at, row.hold_reason) == (S.WITHDRAWN, None, None)

    def test_by_somebody_else(self, make: Factory) -> None:
        request, other = submitted(make, renamed()), submitted(make, renamed())
        for actor in (other.filer, request.first, make.actor(request.person, Role.VIEWER, member=request.member)):
            with refused("not_found"):
                run(submission.withdraw, request.id, actor=actor, now=NOW, reason="理由")

    def test_what_it_asked_for_may_be_asked_for_again(self, make: Factory) -> None:
        request = make.change_request(S.WITHDRAWN)
        send(filled(make, renamed(), member=request.member, person=request.person))

    def test_of_a_member_that_has_left_by_staff_with_a_reason(self, make: Factory) -> None:
        member = make.member()
        request = submitted(make, renamed(), member=member)
        ended = licences(licence_ended(licence_id(member, "GEN"), on=TODAY))
        approved(make, ended, member=member, person=request.person)
        with refused("reason_missing", field="reason"):
            run(submission.withdraw, request.id, actor=request.first, now=NOW)
        run(submission.withdraw, request.id, actor=request.first, now=NOW, reason="会員の資格の喪失")
        assert request.state is S.WITHDRAWN

    def test_of_a_member_on_paper_by_staff_so_that_its_paper_can_be_keyed_in(self, make: Factory) -> None:
        """Nobody of the member can enter any more, and its open request must not keep the item from a paper."""
        member = make.member()
        request = submitted(make, renamed(), member=member)
        on_paper(make, member)
        paper = filled(make, renamed("紙電力株式会社"), member=member, channel=Channel.PAPER)
        with refused("already_asked"):
            send(paper)
        with refused("reason_missing", field="reason"):
            run(submission.withdraw, request.id, actor=request.first, now=NOW)
        with refused("stale"):
            run(submission.withdraw, request.id, actor=request.first, now=NOW, reason="申し出", seen_version=99)
        run(submission.withdraw, request.id, actor=request.first, now=NOW, reason="書面の申し出")
        assert request.state is S.WITHDRAWN
        send(paper)
        assert paper.state is S.SUBMITTED

    def test_a_draft_of_a_member_on_paper_stays_its_own(self, make: Factory) -> None:
        request = make.change_request(S.DRAFT)
        on_paper(make, request.member)
        with refused("not_found"):
            run(submission.withdraw, request.id, actor=request.first, now=NOW, reason="申し出")


def on_paper(make: Factory, member: Member) -> None:
    """The member's contract of use ends; its membership goes on (紙対応)."""
    contract = read(select(ContractOfUse.id).where(ContractOfUse.member_id == member.id))[0][0]
    approver = make.actor(make.staff(Role.APPROVER), Role.APPROVER)
    run(contracts.end_on_application, contract, applied_on=TODAY, words=None, actor=approver, now=NOW)
