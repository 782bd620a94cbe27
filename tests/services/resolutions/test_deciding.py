"""採決: every refusal with nothing written, exactly what was on the screen, corrections, and the vectors through the verbs."""

from contextlib import nullcontext
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from occto.domain.actor import Actor
from occto.domain.agenda import ItemKind
from occto.domain.assembly import AssemblyState
from occto.domain.canonical import digest
from occto.domain.permissions import Role
from occto.domain.replies import Attendance, ProxyKind, ReplyChannel
from occto.domain.resolutions import VoteChannel, decision_document
from occto.domain.tally import Choice, Outcome, Resolution
from occto.domain.tickets import TicketKind
from occto.extensions import db
from occto.models import (
    AgendaItem,
    Assembly,
    AuditDetail,
    AuditEvent,
    CheckIn,
    FloorVote,
    ItemDecision,
    Member,
    SnapshotMember,
    VoteSheet,
)
from occto.services import assemblies, resolutions
from occto.services.reception import supervising
from occto.unit_of_work import run, unit_of_work
from tests.assembling import HELD, assembly, item
from tests.deciding import decide, sheet, shown, votes_in
from tests.factories import Factory
from tests.observing import refused
from tests.receiving import Door, door
from tests.replying import reply

A, C, S = Attendance, Choice, AssemblyState
NOW = HELD
DAY = HELD.date()


@pytest.fixture
def hall(make: Factory) -> Door:
    return door(make, S.VOTING)


@pytest.fixture
def clerk(make: Factory) -> Actor:
    return make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)


class TestDecided:
    def test_with_every_vote_and_the_quorum(self, hall: Door, clerk: Actor) -> None:
        one = item(hall.held)
        reply(hall.make, hall.held, hall.other, choices={one: C.NO}, channel=ReplyChannel.PAPER)
        hall.show(hall.ticket())
        sheet(one, clerk, C.YES)
        with unit_of_work() as session:
            session.get_one(AgendaItem, one.id).title = "変わらない"
        made = decide(one, clerk, chair_choice=C.YES)
        assert (made.no, made.yes, made.against, made.abstain, made.present) == (1, 1, 1, 0, 2)
        assert (made.outcome, made.chair_choice, made.reason) == (Outcome.CARRIED, C.YES, None)
        assert made.quorum["met"] is True
        assert [one["present"] for one in made.quorum["counts"]] == [2, 2, 2]
        assert votes_in(made) == [
            (hall.voter.id, VoteChannel.FLOOR, C.YES),
            (hall.other.id, VoteChannel.PAPER, C.NO),
        ]
        values = {
            name: getattr(made, name)
            for name in (
                *("item_id", "no", "resolution", "yes", "against", "abstain", "present", "outcome", "chair_choice"),
                *("amendment", "reason", "quorum", "decided_at"),
            )
        }
        cast = [(member, channel, choice, 1) for member, channel, choice in votes_in(made)]
        assert made.sha256 == digest(decision_document(values, cast))

    def test_a_special_resolution_needs_two_thirds(self, hall: Door, clerk: Actor) -> None:
        one = item(hall.held, kind=ItemKind.ARTICLES)
        reply(hall.make, hall.held, hall.voter, choices={one: C.YES})
        reply(hall.make, hall.held, hall.other, choices={one: C.NO})
        made = decide(one, clerk)
        assert (made.resolution, made.outcome) == (Resolution.SPECIAL, Outcome.REJECTED)

    def test_nobody_present_is_not_decided(self, hall: Door, clerk: Actor) -> None:
        made = decide(item(hall.held), clerk)
        assert (made.outcome, made.present) == (Outcome.NOT_DECIDED, 0)
        assert votes_in(made) == []

    def test_a_conflict_member_is_out_of_the_item_and_in_the_quorum(self, hall: Door, clerk: Actor) -> None:
        one = item(hall.held, conflict=(hall.voter,))
        for member in (hall.voter, hall.other):
            reply(hall.make, hall.held, member, choices={one: C.YES})
        made = decide(one, clerk)
        assert votes_in(made) == [(hall.other.id, VoteChannel.ELECTRONIC, C.YES)]
        assert [count["present"] for count in made.quorum["counts"]] == [2, 2, 2]

    def test_the_chair_casts_as_declared_and_members_by_themselves(self, hall: Door, clerk: Actor) -> None:
        one, third = item(hall.held), hall.other
        reply(hall.make, hall.held, third, A.CHAIR)
        hall.show(hall.ticket())
        sheet(one, clerk, C.YES, C.ABSTAIN)
        run(
            resolutions.record_floor_vote,
            one.id,
            hall.voter.id,
            choice=C.NO,
            seen_version=0,
            actor=clerk,
            now=NOW,
        )
        made = decide(one, clerk)
        assert (made.yes, made.against, made.abstain) == (0, 1, 1)

    def test_in_an_amended_form(self, hall: Door, clerk: Actor) -> None:
        one = item(hall.held)
        reply(hall.make, hall.held, hall.voter, choices={one: C.YES})
        assert decide(one, clerk, amendment=" 第3条を次のとおり改める。 ").amendment == "第3条を次のとおり改める。"

    def test_a_correction_keeps_what_was_decided_before(self, hall: Door, clerk: Actor) -> None:
        one = item(hall.held)
        hall.show(hall.ticket())
        sheet(one, clerk, C.NO)
        first_id = decide(one, clerk).id
        sheet(one, clerk, C.YES)
        with refused("reason_missing", field="reason"):
            decide(one, clerk, reason=" ")
        second = decide(one, clerk, reason="会場の賛否を取り違えたため")
        assert (second.no, second.outcome) == (2, Outcome.CARRIED)
        first = db.session.get_one(ItemDecision, first_id)
        assert (first.no, first.outcome) == (1, Outcome.REJECTED)
        assert second.reason == "会場の賛否を取り違えたため"
        assert db.session.scalar(select(func.count()).select_from(ItemDecision)) == 2
        tags = db.session.scalars(select(AuditEvent.tag).where(AuditEvent.tag == "resolution.decided")).all()
        assert len(tags) == 2

    def test_a_correction_counts_the_hall_of_the_first_decision(self, hall: Door, clerk: Actor) -> None:
        """Who came afterwards votes as before, who left afterwards still does; what was undone never was."""
        one, late = item(hall.held), HELD + timedelta(minutes=5)
        reply(hall.make, hall.held, hall.other, choices={one: C.NO})
        hall.show(hall.ticket())
        sheet(one, clerk, C.YES)
        first = decide(one, clerk, chair_choice=C.YES)
        cast, quorum = votes_in(first), first.quorum
        (entry,) = db.session.scalars(select(CheckIn.id)).all()
        run(supervising.leave, entry, actor=hall.supervisor, now=late)
        hall.show(hall.ticket(hall.other), now=late)
        second = decide(one, clerk, chair_choice=C.NO, reason="議長の決定の取り違え", now=late)
        assert (votes_in(second), second.quorum) == (cast, quorum)
        for member, there in ((hall.voter, True), (hall.other, False)):
            codes = [member.operator_code or ""]
            with nullcontext() if there else refused("not_at_hall"):
                run(resolutions.record_floor_votes, one.id, codes, choice=C.ABSTAIN, actor=clerk, now=late)
        assert decide(one, clerk, reason="棄権の記録漏れ", now=late).abstain == 1

    def test_an_arrival_that_was_undone_is_none_in_a_correction(self, hall: Door, clerk: Actor) -> None:
        one = item(hall.held)
        reply(hall.make, hall.held, hall.voter, choices={one: C.NO})
        hall.show(hall.ticket())
        sheet(one, clerk, C.YES)
        assert decide(one, clerk).outcome is Outcome.CARRIED
        (entry,) = db.session.scalars(select(CheckIn.id)).all()
        run(supervising.undo, entry, reason="別の会員の受付票", actor=hall.supervisor, now=HELD + timedelta(minutes=5))
        made = decide(one, clerk, reason="受付の誤り")
        assert votes_in(made) == [(hall.voter.id, VoteChannel.ELECTRONIC, C.NO)]

    def test_a_mandate_is_used_by_a_member_that_only_listens(self, hall: Door, clerk: Actor) -> None:
        """The holder of the mandate has no votes of its own there; what its giver wants is recorded for the giver."""
        one = item(hall.held)
        kinds = {"proxy_kind": ProxyKind.MEMBER, "proxy_member_id": hall.voter.id, "proxy_name": None}
        reply(hall.make, hall.held, hall.other, A.PROXY, **kinds)
        hall.show(hall.ticket(voting=False))
        with refused("floor_missing"):
            decide(one, clerk)
        codes = [hall.other.operator_code or ""]
        run(resolutions.record_floor_votes, one.id, codes, choice=C.NO, actor=clerk, now=NOW)
        assert votes_in(decide(one, clerk)) == [(hall.other.id, VoteChannel.PROXY, C.NO)]

    def test_a_mandate_to_a_member_votes_with_its_holder(self, hall: Door, clerk: Actor) -> None:
        one = item(hall.held)
        reply(
            hall.make,
            hall.held,
            hall.other,
            A.PROXY,
            proxy_kind=ProxyKind.MEMBER,
            proxy_member_id=hall.voter.id,
            proxy_name=None,
        )
        hall.show(hall.ticket())
        sheet(one, clerk, C.YES)
        assert votes_in(decide(one, clerk)) == [
            (hall.voter.id, VoteChannel.FLOOR, C.YES),
            (hall.other.id, VoteChannel.PROXY, C.YES),
        ]


class TestRefused:
    def test_whoever_may_not(self, hall: Door) -> None:
        one = item(hall.held)
        reception = hall.make.actor(hall.make.staff(Role.RECEPTION), Role.RECEPTION)
        for act in (
            lambda: decide(one, reception),
            lambda: sheet(one, reception, C.YES),
            lambda: run(resolutions.record_floor_votes, one.id, ["00001"], choice=C.YES, actor=reception, now=NOW),
            lambda: run(resolutions.start_voting, hall.held.id, seen_version=1, actor=reception, now=NOW),
        ):
            with refused("not_allowed"):
                act()

    def test_what_is_not_there(self, clerk: Actor) -> None:
        with refused("not_found"):
            run(resolutions.decide_item, 2**40, seen="", actor=clerk, now=NOW)

    @pytest.mark.parametrize("state", [S.HALL_OPEN, S.RESULT_FIXED, S.REPLIES_CLOSED])
    def test_outside_of_voting(self, make: Factory, clerk: Actor, state: AssemblyState) -> None:
        make.member()
        held = assembly(make, state)
        one = item(held)
        with refused("illegal_step"):
            decide(one, clerk)
        with refused("illegal_step"):
            sheet(one, clerk, C.YES)

    def test_what_stood_in_no_notice(self, hall: Door, clerk: Actor) -> None:
        one = item(hall.held, notified_at=None)
        with refused("item_not_notified"):
            decide(one, clerk)

    def test_reports_and_withdrawn_items(self, hall: Door, clerk: Actor) -> None:
        report, withdrawn = (
            item(hall.held, 1, kind=ItemKind.REPORT),
            item(hall.held, 2, withdrawn_at=NOW, withdrawn_reason="撤回"),
        )
        with refused("report_not_decided"):
            decide(report, clerk)
        with refused("item_withdrawn"):
            decide(withdrawn, clerk)

    def test_figures_that_were_not_on_the_screen(self, hall: Door, clerk: Actor) -> None:
        one = item(hall.held)
        reply(hall.make, hall.held, hall.other, choices={one: C.NO})
        seen = shown(one)
        sheet(one, clerk, C.YES)
        hall.show(hall.ticket())
        with refused("stale"):
            decide(one, clerk, seen=seen)
        with refused("stale"):
            decide(one, clerk, seen="\x00")

    def test_the_hall_and_the_chair_have_to_be_recorded(self, hall: Door, clerk: Actor) -> None:
        one = item(hall.held)
        reply(hall.make, hall.held, hall.other, A.CHAIR)
        hall.show(hall.ticket())
        sheet(one, clerk, None, C.YES)
        with refused("floor_missing"):
            decide(one, clerk)
        sheet(one, clerk, C.YES, None)
        with refused("chair_not_declared"):
            decide(one, clerk)

    def test_an_equal_division_until_the_chair_decides(self, hall: Door, clerk: Actor) -> None:
        one = item(hall.held)
        reply(hall.make, hall.held, hall.other, choices={one: C.NO})
        reply(hall.make, hall.held, hall.voter, choices={one: C.YES})
        with refused("tie_undecided", field="chair_choice"):
            decide(one, clerk)
        with refused("chair_abstains"):
            decide(one, clerk, chair_choice=C.ABSTAIN)
        assert decide(one, clerk, chair_choice=C.NO).outcome is Outcome.REJECTED

    def test_a_chairs_decision_where_there_is_no_tie(self, hall: Door, clerk: Actor) -> None:
        one = item(hall.held)
        reply(hall.make, hall.held, hall.voter, choices={one: C.YES})
        with refused("tie_not_there", field="chair_choice"):
            decide(one, clerk, chair_choice=C.YES)

    def test_a_decided_item_is_not_withdrawn(self, hall: Door, clerk: Actor) -> None:
        one = item(hall.held)
        decide(one, clerk)
        with refused("item_decided"):
            run(assemblies.withdraw_item, one.id, reason="撤回", seen_version=1, actor=clerk, now=NOW)


class TestSheets:
    def test_voting_begins(self, make: Factory, clerk: Actor) -> None:
        held = door(make).held
        with refused("stale"):
            run(resolutions.start_voting, held.id, seen_version=7, actor=clerk, now=NOW)
        run(resolutions.start_voting, held.id, seen_version=1, actor=clerk, now=NOW)
        assert db.session.get_one(Assembly, held.id).state is S.VOTING
        with refused("illegal_step"):
            run(resolutions.start_voting, held.id, seen_version=2, actor=clerk, now=NOW)

    def test_a_sheet_on_an_old_version(self, hall: Door, clerk: Actor) -> None:
        one = item(hall.held)
        sheet(one, clerk, C.YES)
        with refused("stale"):
            run(
                resolutions.record_sheet,
                one.id,
                floor_choice=C.NO,
                chair_cast=None,
                seen_version=0,
                actor=clerk,
                now=NOW,
            )
        row = db.session.get_one(VoteSheet, one.id)
        assert (row.floor_choice, row.version) == (C.YES, 1)

    def _vote(self, one: AgendaItem, member: Member, clerk: Actor, choice: Choice | None, version: int = 0) -> None:
        run(
            resolutions.record_floor_vote,
            one.id,
            member.id,
            choice=choice,
            seen_version=version,
            actor=clerk,
            now=NOW,
        )

    def test_a_vote_of_its_own_is_set_changed_and_taken_away(self, hall: Door, clerk: Actor) -> None:
        one = item(hall.held)
        hall.show(hall.ticket())
        self._vote(one, hall.voter, clerk, C.NO)
        with refused("stale"):
            self._vote(one, hall.voter, clerk, C.YES)
        self._vote(one, hall.voter, clerk, C.ABSTAIN, 1)
        assert db.session.get_one(FloorVote, (one.id, hall.voter.id)).version == 2
        of_tag = select(AuditDetail.payload).join(AuditEvent, AuditEvent.id == AuditDetail.event_id)
        details = db.session.scalars(of_tag.where(AuditEvent.tag == "resolution.floor_votes")).all()
        assert details, "who is kept in the trail, and never what"
        assert all("choice" not in detail and detail["member_id"] == hall.voter.id for detail in details)
        self._vote(one, hall.voter, clerk, None, 2)
        assert db.session.get(FloorVote, (one.id, hall.voter.id)) is None

    def test_only_of_members_that_vote_at_the_hall(self, hall: Door, clerk: Actor) -> None:
        one, two = item(hall.held, 1), item(hall.held, 2, conflict=(hall.voter,))
        reply(hall.make, hall.held, hall.other, choices={one: C.NO})
        with refused("not_at_hall"):
            self._vote(one, hall.voter, clerk, C.NO)
        hall.show(hall.ticket())
        for member, of in ((hall.other, one), (hall.voter, two)):
            with refused("not_at_hall"):
                self._vote(of, member, clerk, C.NO)

    def test_many_by_their_codes_all_or_none(self, hall: Door, clerk: Actor) -> None:
        one = item(hall.held)
        hall.show(hall.ticket())
        code, absent = hall.voter.operator_code, hall.other.operator_code

        def enter(*codes: str | None) -> int:
            given = [one for one in codes if one is not None]
            return run(resolutions.record_floor_votes, one.id, given, choice=C.NO, actor=clerk, now=NOW)

        with refused("codes_missing", field="codes"):
            enter()
        with refused("codes_unknown", field="codes"):
            enter(code, "zzzzz")
        with refused("not_at_hall", field="codes"):
            enter(code, absent)
        with refused("too_many_codes", field="codes"):
            enter(*(f"{n:05d}" for n in range(301)))
        assert enter(code, code) == 1
        assert enter(code) == 1
        assert db.session.get_one(FloorVote, (one.id, hall.voter.id)).version == 2


def test_weights_are_those_of_the_frozen_votes(hall: Door, clerk: Actor) -> None:
    one = item(hall.held)
    hall.show(hall.ticket(kind=TicketKind.SUBSTITUTE))
    sheet(one, clerk, C.YES)
    made = decide(one, clerk)
    weight = db.session.scalar(
        select(SnapshotMember.votes)
        .where(SnapshotMember.member_id == hall.voter.id)
        .order_by(SnapshotMember.snapshot_id)
    )
    assert made.present == weight == 1
