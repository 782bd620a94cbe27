"""How far the replies are, as the page says on which staff look for the next paper."""

from occto.domain.codes import MemberState
from occto.domain.replies import Attendance
from occto.extensions import db
from occto.models import Member
from occto.queries.replies_staff import entered_counts
from occto.unit_of_work import unit_of_work
from tests.assembling import assembly
from tests.factories import Factory
from tests.replying import reply


def test_members_that_left_are_counted_on_neither_side(make: Factory) -> None:
    members = [make.member() for _ in range(5)]
    held = assembly(make)
    make.member()  # after the freeze
    for member in members[:3]:
        reply(make, held, member)
    reply(make, held, members[3], Attendance.WITHDRAWN)
    assert entered_counts(db.session(), held.id) == (3, 5)
    db.session.rollback()
    with unit_of_work() as session:
        for member in (members[0], members[4]):
            session.get_one(Member, member.id).current_state = MemberState.LEFT
    assert entered_counts(db.session(), held.id) == (2, 3)
