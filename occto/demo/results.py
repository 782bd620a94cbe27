"""The result of the demo's last ordinary assembly, decided through the verbs on the replies that stood."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.demo.answers import staff
from occto.demo.rows import Scene
from occto.domain.assembly import AssemblyState
from occto.domain.hall import day_of
from occto.domain.permissions import Role
from occto.domain.resolutions import VoteChannel
from occto.domain.tally import Choice, Outcome
from occto.domain.tally import decide as outcome_of
from occto.models import AgendaItem, Assembly, AssemblyResult
from occto.queries.hall_board import hall_of
from occto.queries.item_votes import Cast, shown_of, tally_of_item
from occto.services import resolutions

_BEGAN, _EACH, _FIXED, _PUBLISHED = (timedelta(minutes=minutes) for minutes in (20, 10, 90, 180))
_FEW = "デモのための総会で、回答している会員が少ないため、議場の同意を得て確定した。"


def decide(session: Session, scene: Scene, row: Assembly) -> None:
    """Every item is put to vote, 議長一任 cast for it; the result is fixed and published. Nobody is told of an old one."""
    clerk, chief = staff(scene.entered_by, Role.OPERATOR), staff(scene.approved_by, Role.APPROVER)
    row.state = AssemblyState.VOTING
    session.flush()
    items = session.scalars(select(AgendaItem).where(AgendaItem.assembly_id == row.id).order_by(AgendaItem.no)).all()
    for number, item in enumerate(items):
        now = row.held_at + _BEGAN + number * _EACH
        resolutions.record_sheet(
            session, item.id, floor_choice=None, chair_cast=Choice.YES, seen_version=0, actor=clerk, now=now
        )
        hall = hall_of(session, row, day=day_of(row.held_at, now=now))
        assert hall is not None
        sums = tally_of_item(session, hall, item.id)
        chair = Choice.YES if _is_tied(item, sums) else None
        seen = shown_of(session, item, sums)
        resolutions.decide_item(session, item.id, seen=seen, chair_choice=chair, actor=clerk, now=now)
    fixed_at = row.held_at + _FIXED
    number = resolutions.fix_result(
        session, row.id, override_reason=_FEW, seen_version=row.version, actor=chief, now=fixed_at
    )
    session.get_one(AssemblyResult, number).published_at = row.held_at + _PUBLISHED
    session.flush()


def _is_tied(item: AgendaItem, sums: list[Cast]) -> bool:
    assert item.majority is not None
    assert not any(one.choice is None for one in sums if one.channel is not VoteChannel.CHAIR), "nobody is at the hall"
    known = {place: one.choice for place, one in enumerate(sums) if one.choice is not None}
    votes = {place: one.votes for place, one in enumerate(sums)}
    return outcome_of(known, votes, resolution=item.majority).result is Outcome.TIED
