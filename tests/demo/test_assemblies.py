"""The assemblies of the demo: one at every place of the way, and one whose day is today, whenever it is loaded."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from occto import kit
from occto.demo import day
from occto.demo.load import load_demo, make_secrets
from occto.domain.assembly import AssemblyKind, AssemblyState, fiscal_year
from occto.domain.dates import JST, today_jst
from occto.domain.minutes import lacking, read_minutes
from occto.domain.resolutions import ConsentOutcome
from occto.extensions import db
from occto.models import (
    AdmissionTicket,
    AgendaItem,
    Assembly,
    AssemblyResult,
    CheckIn,
    ConsentRecord,
    Desk,
    ItemDecision,
    Minutes,
    Reply,
    Scan,
)
from occto.queries.kit import kit_facts
from occto.unit_of_work import run
from tests.conftest import NOW
from tests.demo.conftest import MEMBERS
from tests.kit.kits import laid_out, recomputed

pytestmark = pytest.mark.wide
S = AssemblyState
PLACES = [
    S.FINISHED,
    S.PUBLISHED,
    S.VOTING,
    S.REPLIES_CLOSED,
    S.COUNTING,
    S.REPLIES_OPEN,
    S.FROZEN,
    S.PREPARING,
]


class _UndoError(Exception):
    """Rolls a run back."""


def _one(state: AssemblyState) -> Assembly:
    return db.session.scalars(select(Assembly).where(Assembly.state == state)).one()


def _count(model: Any, *where: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*where)) or 0


class TestLoaded:
    """One load, looked at from many sides."""

    @pytest.fixture(autouse=True)
    def _inside(self, loaded: Flask) -> Iterator[None]:
        with loaded.app_context():
            yield
            db.session.remove()

    def test_one_at_every_place_in_the_order_of_their_days(self) -> None:
        found = db.session.scalars(select(Assembly).order_by(Assembly.held_at)).all()
        assert [one.state for one in found] == PLACES
        assert all(fiscal_year(today_jst(one.held_at)) == one.fiscal_year for one in found)
        extraordinary = [one for one in found if one.kind is AssemblyKind.EXTRAORDINARY]
        for year in {one.fiscal_year for one in extraordinary}:
            numbers = [one.no for one in extraordinary if one.fiscal_year == year]
            assert numbers == list(range(1, len(numbers) + 1))

    def test_today_the_hall_is_open_and_one_item_is_still_to_decide(self) -> None:
        held = _one(S.VOTING)
        assert today_jst(held.held_at) == today_jst(NOW)
        paired = _count(Desk, Desk.assembly_id == held.id, Desk.paired_at.is_not(None), Desk.ended_at.is_(None))
        assert paired == len(day._DESKS)
        here = _count(CheckIn, CheckIn.assembly_id == held.id, CheckIn.ended_at.is_(None))
        tickets = _count(AdmissionTicket, AdmissionTicket.assembly_id == held.id, AdmissionTicket.revoked_at.is_(None))
        assert 0 < here < tickets
        assert _count(CheckIn, CheckIn.assembly_id == held.id, CheckIn.ended_at.is_not(None)) == 1
        last = db.session.scalar(select(func.max(Scan.received_at)).where(Scan.assembly_id == held.id))
        assert last is not None
        assert last < NOW
        decided = db.session.scalars(
            select(AgendaItem.no).join(ItemDecision).where(AgendaItem.assembly_id == held.id).order_by(AgendaItem.no)
        ).all()
        assert decided == [1, 2]
        assert _count(AgendaItem, AgendaItem.assembly_id == held.id) == 3

    def test_the_quorum_of_today_is_reached(self) -> None:
        held = _one(S.VOTING)
        quorums = db.session.scalars(
            select(ItemDecision.quorum).join(AgendaItem).where(AgendaItem.assembly_id == held.id)
        )
        assert all(one["met"] for one in quorums)

    def test_the_visitor_of_today_has_tickets_and_has_not_come(self) -> None:
        held, visitor = _one(S.VOTING), day.member_id(day.VISITOR)
        mine = (AdmissionTicket.assembly_id == held.id, AdmissionTicket.member_id == visitor)
        assert _count(AdmissionTicket, *mine, AdmissionTicket.revoked_at.is_(None)) == 2
        assert _count(CheckIn, CheckIn.assembly_id == held.id, CheckIn.member_id == visitor) == 0

    def test_a_published_result_was_corrected_once_and_waits_for_the_minister(self) -> None:
        held = _one(S.PUBLISHED)
        results = db.session.scalars(
            select(AssemblyResult).where(AssemblyResult.assembly_id == held.id).order_by(AssemblyResult.no)
        ).all()
        assert [one.no for one in results] == [1, 2]
        assert all(one.published_at for one in results)
        given = db.session.scalars(
            select(ConsentRecord.outcome).join(AgendaItem).where(AgendaItem.assembly_id == held.id)
        ).all()
        assert given == [ConsentOutcome.GRANTED]

    @pytest.mark.parametrize("state", [S.PUBLISHED, S.FINISHED])
    def test_minutes_lack_nothing(self, state: AssemblyState) -> None:
        kept = db.session.get_one(Minutes, _one(state).id)
        assert lacking(read_minutes(kept.values)) == []

    @pytest.mark.parametrize("state", [S.PUBLISHED, S.FINISHED])
    def test_the_kit_is_recomputed(self, state: AssemblyState, tmp_path: Path) -> None:
        files = dict(kit.files_of(kit_facts(db.session(), _one(state).id)))
        code, said = recomputed(laid_out(files, tmp_path / "kit"))
        assert code == 0, said

    def test_replies_came_before_their_deadline(self) -> None:
        late = select(Reply.id).join(Assembly, Assembly.id == Reply.assembly_id)
        assert db.session.scalars(late.where(Reply.received_at >= Assembly.reply_until)).all() == []


@pytest.mark.parametrize(
    "local",
    [(2027, 1, 1, 0, 0), (2027, 12, 29, 0, 17), (2028, 2, 29, 23, 59), (2027, 5, 25, 9, 0), (2027, 6, 24, 12, 5)],
    ids=["first minute of a year", "before a long pause", "leap day at night", "record date", "ordinary day"],
)
def test_at_whatever_hour_the_day_is_today(app: Flask, local: tuple[int, ...]) -> None:
    now = datetime(*local, tzinfo=JST)  # type: ignore[misc, arg-type]
    seen: list[Any] = []

    def play(session: Any) -> None:
        load_demo(session, MEMBERS, secrets=make_secrets(), now=now)
        held = session.scalars(select(Assembly).where(Assembly.state == S.VOTING)).one()
        entered = session.scalars(select(CheckIn.entered_at).where(CheckIn.assembly_id == held.id)).all()
        seen.append((held.held_at, entered, sorted(session.scalars(select(Assembly.state)))))
        raise _UndoError

    with pytest.raises(_UndoError):
        run(play)
    held_at, entered, states = seen[0]
    assert states == sorted(PLACES)
    assert today_jst(held_at) == now.date()
    assert held_at <= now
    assert entered
    assert all(today_jst(one) == now.date() and one <= now for one in entered)


@pytest.mark.parametrize("minutes", range(0, 24 * 60, 7))
def test_the_hours_of_the_day_follow_each_other(minutes: int) -> None:
    now = datetime(2027, 3, 31, tzinfo=JST) + timedelta(minutes=minutes)
    so_far = day.hours(now)
    assert so_far.opened_at.astimezone(JST).date() == now.date()
    begins = datetime.combine(now.date(), so_far.begins, JST)
    assert begins <= so_far.at(day._BEGINNING) <= so_far.at(day._DECIDING) <= now
