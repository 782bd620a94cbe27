"""How far a notice has come, read after the day of the assembly."""

from datetime import timedelta

import pytest

from occto.domain.codes import MemberState
from occto.domain.convocation import NoticeChannel
from occto.extensions import db
from occto.models import Assembly, Member
from occto.queries.convocation import missed, progress
from occto.services.convocation import posting
from occto.unit_of_work import run, unit_of_work
from tests.assembling import HELD
from tests.convoking import approver, ready, sent
from tests.factories import NOW, Factory
from tests.queries.test_reply_board import leave


@pytest.mark.parametrize(("days", "listed"), [(0, False), (1, True)])
def test_who_leaves_after_the_day_stays_among_those_called_too_late(make: Factory, days: int, listed: bool) -> None:
    """The minutes name them, whenever they are drawn up; who was no member any more on the day is not missed."""
    late, other = make.member(), make.member()
    held, actor = ready(make), approver(make)
    number, _done = sent(held, actor)
    at = NOW + timedelta(hours=1)
    values = {"channel": NoticeChannel.POST, "posted_at": at, "actor": actor, "now": at}
    run(posting.mark_posted, number, member_ids=[other.id], **values)
    leave(late, HELD.date() + timedelta(days=days))
    with unit_of_work() as session:
        session.get_one(Member, late.id).current_state = MemberState.LEFT
    row, afterwards = db.session.get_one(Assembly, held.id), HELD + timedelta(days=90)
    assert [found.member_id for found in missed(db.session(), row, now=afterwards)] == ([late.id] if listed else [])
    assert progress(db.session(), row, now=afterwards).members == 1 + listed
