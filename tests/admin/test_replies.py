"""The list of replies as staff narrow it down."""

from sqlalchemy import select, update

from occto.domain.codes import MemberState
from occto.domain.permissions import Role
from occto.domain.replies import Attendance, ProxyKind, ReplyChannel
from occto.extensions import db
from occto.models import Member, Reply
from occto.unit_of_work import unit_of_work
from tests import assembling
from tests.admin.office import staff
from tests.factories import Factory
from tests.replying import reply

A = Attendance


def test_mandates_whose_member_will_not_be_there(make: Factory) -> None:
    giving, coming, absent, circle, by_person, silent, left = (make.member() for _ in range(7))
    held = assembling.assembly(make)

    def mandate(giver: Member, taker: Member) -> Reply:
        return reply(make, held, giver, A.PROXY, proxy_kind=ProxyKind.MEMBER, proxy_member_id=taker.id, proxy_name=None)

    reply(make, held, coming, A.ATTEND)
    reply(make, held, absent, A.ABSENT, channel=ReplyChannel.STAFF)
    reply(make, held, by_person, A.PROXY)
    mandate(circle, giving)
    with unit_of_work() as session:
        session.execute(update(Member).where(Member.id == left.id).values(current_state=MemberState.LEFT))
    browser = staff(make, Role.OPERATOR)
    for taker, away in (
        (coming, False),
        (absent, True),
        (by_person, False),
        (silent, False),
        (left, True),
        (circle, True),
    ):
        given = mandate(giving, taker)
        answer = browser.get(f"/admin/replies/?assembly={held.id}&state=away")
        assert answer.status_code == 200
        assert (given.number in browser.text) is away
    db.session.rollback()
    assert len(db.session.scalars(select(Reply.id).where(Reply.member_id == giving.id)).all()) == 6
