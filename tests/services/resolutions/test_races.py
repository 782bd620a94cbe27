"""採決 on both databases: an arrival is in a decision or after it; two of the staff at once decide once."""

from typing import Any

from flask import Flask
from sqlalchemy import func, select

from occto.domain.actor import Actor
from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.domain.reception import ScanOutcome
from occto.domain.resolutions import VoteChannel
from occto.domain.tally import Choice
from occto.extensions import db
from occto.models import ItemDecision
from occto.services import resolutions
from occto.unit_of_work import run
from tests.assembling import HELD, assembly, item
from tests.deciding import record, shown, votes_in
from tests.factories import Factory
from tests.racing import at_once
from tests.receiving import ARRIVAL, Door, desk, door
from tests.replying import reply

C, S = Choice, AssemblyState
NOW = HELD


def _another(make: Factory, turn: int) -> Door:
    """The door of one more assembly, with a desk of its own name."""
    voter, other = make.member(), make.member()
    held, chief = assembly(make, S.VOTING), make.staff(Role.RECEPTION)
    return Door(make, held, voter, other, chief, desk(held, chief, f"受付 {turn + 1}番"))


class TestRaces:
    def test_a_check_in_is_in_the_decision_or_after_it(self, fresh_app: Flask) -> None:
        make = Factory(fresh_app)
        for turn in range(4):
            hall, clerk = _another(make, turn), make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
            one = item(hall.held)
            reply(make, hall.held, hall.voter, choices={one: C.NO})
            record(one.id, hall.chief.id, floor_choice=C.YES)
            ticket, seen, number = hall.ticket(), shown(one), one.id

            def decides(number: int = number, seen: str = seen, clerk: Actor = clerk) -> Any:
                return run(resolutions.decide_item, number, seen=seen, actor=clerk, now=NOW)

            def arrives(hall: Door = hall, ticket: Any = ticket) -> Any:
                return hall.show(ticket).outcome

            decided, outcome = at_once(fresh_app, [decides, arrives])
            assert outcome is ScanOutcome.ADMITTED
            db.session.rollback()
            if decided == "stale":
                assert db.session.scalar(select(func.count()).where(ItemDecision.item_id == number)) == 0
            else:
                made = db.session.get_one(ItemDecision, decided)
                assert votes_in(made) == [(hall.voter.id, VoteChannel.ELECTRONIC, C.NO)]
                assert (made.yes, made.against) == (0, 1), "the vote counts once, as it was on the screen"

    def test_two_of_the_staff_decide_once(self, fresh_app: Flask) -> None:
        make = Factory(fresh_app)
        hall = door(make, S.VOTING)
        clerks = [make.actor(make.staff(Role.OPERATOR), Role.OPERATOR) for _ in range(2)]
        one = item(hall.held)
        reply(make, hall.held, hall.voter, choices={one: C.YES})
        seen, number = shown(one), one.id
        acts = [lambda who=who: run(resolutions.decide_item, number, seen=seen, actor=who, now=NOW) for who in clerks]
        assert sorted(map(str, at_once(fresh_app, acts))) == ["1", "stale"]
        db.session.rollback()
        assert db.session.scalar(select(func.count()).select_from(ItemDecision)) == 1

    def test_sheets_at_once_one_is_told_to_look_again(self, fresh_app: Flask) -> None:
        make = Factory(fresh_app)
        hall, clerk = door(make, S.VOTING), make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
        number = item(hall.held).id
        acts = [
            lambda choice=choice: run(
                resolutions.record_sheet,
                number,
                floor_choice=choice,
                chair_cast=None,
                seen_version=0,
                actor=clerk,
                now=ARRIVAL,
            )
            for choice in (C.YES, C.NO)
        ]
        assert sorted(map(str, at_once(fresh_app, acts))) == ["None", "stale"]
