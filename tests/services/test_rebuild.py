from datetime import date, timedelta

from sqlalchemy import select

from occto.domain.codes import MemberState
from occto.domain.dates import start_of_day, today_jst
from occto.extensions import db
from occto.models import Member
from occto.services import rebuild
from occto.unit_of_work import run
from tests.answers import ACT_ON, approved
from tests.factories import NOW, Factory


def _shown(member_id: int | None) -> tuple[MemberState, str]:
    row = db.session.execute(select(Member.current_state, Member.current_licences).where(Member.id == member_id)).one()
    db.session.rollback()
    return row.current_state, row.current_licences


def _daily_work(today: date) -> int:
    return run(rebuild.rebuild_due, now=start_of_day(today))


def test_lists_show_a_member_from_its_day_on(make: Factory) -> None:
    member_id = approved(make).row().member_id
    assert _daily_work(today_jst(NOW)) == 0
    assert _daily_work(ACT_ON - timedelta(days=1)) == 0
    assert _shown(member_id) == (MemberState.COMING, "")
    assert _daily_work(ACT_ON) == 1
    assert _shown(member_id) == (MemberState.MEMBER, "GEN")
    assert _daily_work(ACT_ON) == 0
