from datetime import date
from typing import Any

from sqlalchemy import select

from occto.domain.changes import ChangeState, Part
from occto.domain.codes import Channel, EndReason, MemberState
from occto.models import (
    Affiliation,
    AuditEvent,
    ContractOfUse,
    LicenceFact,
    Member,
    OutboxMail,
    SessionRow,
)
from tests.changing import (
    SOON,
    TODAY,
    Request,
    approve,
    approved,
    capital,
    filled,
    give_back,
    licence_added,
    licence_ended,
    licences,
    relation_added,
    relation_row,
    relations,
    renamed,
    rows,
    send,
    submitted,
)
from tests.factories import NOW, Factory, corporate_number
from tests.observing import refused
from tests.registering import (
    fact_id,
    facts_of,
    licence_id,
    licences_of,
    read,
    relations_on_record,
)

S = ChangeState
SINCE = date(2020, 4, 1)


class TestOffice:
    """What the office alone enters: corrections and cancellations."""

    def _enter(self, make: Factory, member: Member, *wrong: dict[str, Any]) -> Request:
        request = submitted(make, rows(Part.CORRECTIONS, *wrong), member=member, channel=Channel.STAFF)
        approve(request)
        return request

    def test_a_fact_is_corrected_and_another_cancelled(self, make: Factory) -> None:
        member = make.member(capital=10)
        approved(make, capital(20), member=member)
        first, second = fact_id(member, "capital", SINCE), fact_id(member, "capital", SOON)
        self._enter(
            make,
            member,
            {"kind": "fact", "fact_id": first, "act": "CORRECT", "value": 11},
            {"kind": "fact", "fact_id": second, "act": "VOID"},
        )
        assert facts_of(member, "capital") == [(SINCE, 11)]

    def test_licence_and_relation_are_corrected_and_cancelled(self, make: Factory) -> None:
        member = make.member(licences=("GEN", "RETAIL"))
        approved(make, relations(relation_added(corporate_number(900), on=TODAY)), member=member)
        wrong = {
            "kind": "licence",
            "act": "CORRECT",
            "licence_id": licence_id(member, "GEN"),
            "number": "A9",
            "effective_on": "2020-03-31",
            "ended_on": None,
            "end_reason": None,
        }
        self._enter(
            make,
            member,
            wrong,
            {"kind": "licence", "act": "VOID", "licence_id": licence_id(member, "RETAIL")},
            {"kind": "relation", "act": "VOID", "relation_no": 1, "effective_on": TODAY.isoformat()},
        )
        assert licences_of(member) == [("GEN", date(2020, 3, 31), None)]
        assert relations_on_record() == []

    def test_membership_never_begins_before_the_first_act(self, make: Factory) -> None:
        """28条の11 3項: neither is corrected without the other where they would part; both together are."""
        member = make.member()
        held, begun = licence_id(member, "GEN"), fact_id(member, "member_on", SINCE)
        act = {"kind": "licence", "act": "CORRECT", "licence_id": held, "number": "A9", "ended_on": None}
        act |= {"effective_on": "2020-04-02", "end_reason": None}
        day = {"kind": "fact", "act": "CORRECT", "fact_id": begun, "effective_on": SINCE.isoformat()}
        for wrong in (act, {**day, "value": "2020-03-31"}):
            request = filled(make, rows(Part.CORRECTIONS, wrong), member=member, channel=Channel.STAFF)
            with refused("before_act"):
                send(request)
        assert licences_of(member) == [("GEN", SINCE, None)]
        assert facts_of(member, "member_on") == [(SINCE, "2020-04-01")]
        self._enter(make, member, act, {**day, "value": "2020-04-02"})
        assert licences_of(member) == [("GEN", date(2020, 4, 2), None)]
        assert read(select(Member.current_member_on)) == [(date(2020, 4, 2),)]

    def test_a_correction_of_a_relation_keeps_its_number(self, make: Factory) -> None:
        request = approved(make, relations(relation_added(corporate_number(900), on=TODAY)))
        row = relation_row(corporate_number(901), acquired_on="2026-11-01")
        wrong = {"kind": "relation", "act": "CORRECT", "relation_no": 1, "effective_on": "2026-11-01", "row": row}
        self._enter(make, request.member, wrong)
        assert [(found[0], found[3]) for found in relations_on_record()] == [(1, date(2026, 11, 1))]


class TestLastLicence:
    """Ending the last licence ends the membership: at the approval when the day is past."""

    def _end(self, make: Factory, member: Member, on: date = TODAY) -> Request:
        return approved(make, licences(licence_ended(licence_id(member, "GEN"), on=on)), member=member)

    def test_membership_contract_and_sessions_end(self, make: Factory) -> None:
        member, user = make.member(), make.user()
        make.affiliate(user, member)
        elsewhere = make.member()
        make.affiliate(user, elsewhere)
        make.signed_in(user, member=member)
        make.signed_in(user, member=elsewhere)
        self._end(make, member)
        states = dict(tuple(row) for row in read(select(Member.id, Member.current_state)))
        assert states == {member.id: MemberState.LEFT, elsewhere.id: MemberState.MEMBER}
        contracts = read(
            select(ContractOfUse.member_id, ContractOfUse.ended_at, ContractOfUse.end_clause).order_by(ContractOfUse.id)
        )
        assert [tuple(row) for row in contracts] == [(member.id, NOW, "2.7.1"), (elsewhere.id, None, None)]
        ended = dict(tuple(row) for row in read(select(SessionRow.member_id, SessionRow.ended_at)))
        assert (ended[member.id], ended[elsewhere.id]) == (NOW, None)
        assert read(select(Affiliation.ended_at).distinct()) == [(None,)]

    def test_it_is_told_and_recorded_once(self, make: Factory) -> None:
        request = self._end(make, make.member())
        mails = [row.template for row in read(select(OutboxMail.template).order_by(OutboxMail.id))]
        assert mails == ["changes/submitted", "changes/approved", "member/ended"]
        events = read(select(AuditEvent.subject).where(AuditEvent.tag == "member.ended"))
        assert events == [(f"MEMBER:{request.member.id}",)]

    def test_nothing_happens_before_the_day(self, make: Factory) -> None:
        self._end(make, make.member(), on=SOON)
        assert read(select(Member.current_state)) == [(MemberState.MEMBER,)]
        assert read(select(ContractOfUse.ended_at)) == [(None,)]
        assert "member/ended" not in {row.template for row in read(select(OutboxMail.template))}

    def test_what_else_was_asked_for_stays_open_and_is_not_applied(self, make: Factory) -> None:
        member = make.member()
        waiting = submitted(make, renamed(), member=member)
        self._end(make, member)
        assert waiting.state is S.SUBMITTED
        assert len(facts_of(member, "name")) == 1
        give_back(waiting)
        assert waiting.state is S.RETURNED

    def test_an_act_that_turns_up_later_makes_it_a_member_again(self, make: Factory) -> None:
        member = make.member()
        self._end(make, member)
        added = licences(licence_added("RETAIL", on=TODAY))
        approve(submitted(make, added, member=member, channel=Channel.STAFF))
        assert read(select(Member.current_state, Member.current_licences)) == [(MemberState.MEMBER, "RETAIL")]

    def test_the_reason_is_kept(self, make: Factory) -> None:
        self._end(make, make.member())
        reasons = read(select(LicenceFact.end_reason).where(LicenceFact.voided_id.is_(None)))
        assert reasons == [(EndReason.CLOSURE_NOTIFICATION,)]
