"""リハーサル: a copy that goes through the day, and leaves the real assembly, members and mails alone."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from occto.domain.agenda import Consent
from occto.domain.assembly import AssemblyState, title_of
from occto.domain.errors import NotFound
from occto.domain.permissions import Role
from occto.domain.rehearsal import STEPS_OF_A_COPY
from occto.domain.replies import Answer, Attendance
from occto.domain.tally import Choice
from occto.extensions import db
from occto.models import (
    AdmissionTicket,
    AgendaConflict,
    AgendaItem,
    Assembly,
    Ballot,
    CheckIn,
    ItemDecision,
    LateFact,
    OutboxMail,
    Reply,
    SnapshotMember,
    StandingReply,
)
from occto.queries.assemblies_member import cards, shown_meeting
from occto.queries.snapshots import frozen_of
from occto.queries.work_tabs import TABS
from occto.services import rehearsals
from occto.services.assemblies.case import locked
from occto.services.tickets import issuing
from occto.unit_of_work import run, unit_of_work
from tests import assembling
from tests.certifying import end_licence
from tests.factories import NOW, Factory
from tests.models.rows import add as add_row
from tests.observing import refused
from tests.receiving import sign
from tests.replies_scene import SATO, A, S, Scene, scene

EVENING = datetime(2026, 11, 23, 14, 45, tzinfo=UTC)  # 23:45 in Japan


@pytest.fixture
def here(make: Factory) -> Scene:
    return scene(make)


def _start(of: Scene, *, invent: bool = False, **changes: Any) -> int:
    values: dict[str, Any] = {"invent": invent, "seen_version": of.held.version, "actor": of.staff, "now": NOW}
    return run(rehearsals.start_rehearsal, of.held.id, **(values | changes)).assembly_id


def _copy(number: int) -> Assembly:
    db.session.rollback()
    return db.session.get_one(Assembly, number)


def _real_rows(of: Scene) -> Any:
    """Everything on record of the real assembly."""
    db.session.rollback()
    found = []
    for table in (AgendaItem, Reply, StandingReply, AdmissionTicket, CheckIn):
        rows = db.session.execute(
            select(*table.__table__.c).where(table.assembly_id == of.held.id).order_by(*table.__table__.primary_key)
        ).all()
        found.append([tuple(row) for row in rows])
    return found, tuple(db.session.execute(select(*Assembly.__table__.c).where(Assembly.id == of.held.id)).one())


class TestCopy:
    def test_agenda_votes_and_replies(self, here: Scene) -> None:
        assembling.item(here.held, 2, conflict=(here.member,))
        here.take(answer=here.voted(Choice.YES))
        number = _start(here)
        copy = _copy(number)
        assert title_of(copy).startswith("【リハーサル】")
        assert (copy.state, copy.rehearsal_of_id) == (S.REPLIES_CLOSED, here.held.id)
        items = db.session.scalars(
            select(AgendaItem).where(AgendaItem.assembly_id == number).order_by(AgendaItem.no)
        ).all()
        assert [one.no for one in items] == [1, 2]
        assert db.session.scalars(
            select(AgendaConflict.member_id).where(AgendaConflict.item_id == items[1].id)
        ).all() == [here.member.id]
        real, copied = frozen_of(db.session(), here.held.id), frozen_of(db.session(), number)
        assert real is not None
        assert copied is not None
        assert _weights(real.id) == _weights(copied.id)
        reply = db.session.scalars(select(Reply).where(Reply.assembly_id == number)).one()
        assert (reply.member_id, reply.no, reply.attendance) == (here.member.id, 1, A.ELECTRONIC)
        ballots = db.session.scalars(select(Ballot.item_id).where(Ballot.reply_id == reply.id)).all()
        assert ballots == [items[0].id]

    def test_what_members_chose_is_thrown_by_dice(self, here: Scene) -> None:
        """Whoever may hold a rehearsal may not see choices: the copy is the same whatever they were."""
        found = []
        for seen, choice in enumerate(Choice):
            here.take(answer=here.voted(choice), seen_version=seen)
            number = _start(here)
            reply = db.session.scalars(select(Reply).where(Reply.assembly_id == number)).one()
            dice = rehearsals._dice(number, 0)
            thrown = db.session.scalars(select(Ballot.choice).where(Ballot.reply_id == reply.id)).one()
            assert thrown is dice.choice(rehearsals._CHOSEN)
            found.append((reply.salt, reply.digest, reply.opinion))
        assert found == [("0" * 32, "0" * 64, None)] * 3

    def test_only_the_reply_that_stands(self, here: Scene) -> None:
        here.take()
        here.take(seen_version=1)
        number = _start(here)
        assert db.session.scalar(select(func.count()).select_from(Reply).where(Reply.assembly_id == number)) == 1

    def test_the_others_answer_by_dice(self, make: Factory) -> None:
        here = scene(make)
        number = _start(here, invent=True)
        holders = db.session.scalar(select(func.count()).select_from(Reply).where(Reply.assembly_id == number))
        assert holders == 2
        standing = select(func.count()).select_from(StandingReply).where(StandingReply.assembly_id == number)
        assert db.session.scalar(standing) == 2

    def test_it_is_held_today(self, here: Scene) -> None:
        assert _copy(_start(here)).held_at == NOW + rehearsals.BEGINS_IN


def _weights(snapshot_id: int) -> list[tuple[int, int]]:
    rows = db.session.execute(
        select(SnapshotMember.member_id, SnapshotMember.votes)
        .where(SnapshotMember.snapshot_id == snapshot_id)
        .order_by(SnapshotMember.member_id)
    )
    return [(row.member_id, row.votes) for row in rows]


class TestNoTrace:
    def test_a_whole_morning_leaves_the_real_one_as_it_was(self, here: Scene) -> None:
        here.take(answer=_coming())
        before, mails = _real_rows(here), _mails()
        number = _start(here, invent=True)
        _open(number)
        while run(issuing.keep_tickets, number, sign=sign, now=NOW):
            pass
        arrived = run(rehearsals.invent_arrivals, number, count=50, actor=here.staff, now=NOW)
        assert arrived == db.session.scalar(select(func.count()).select_from(CheckIn)) >= 1
        assert run(rehearsals.invent_arrivals, number, count=50, actor=here.staff, now=NOW) == 0
        run(rehearsals.end_rehearsal, number, seen_version=_copy(number).version, actor=here.staff, now=NOW)
        assert _copy(number).state is S.CANCELLED
        assert (_real_rows(here), _mails()) == (before, mails)

    def test_no_member_sees_it(self, here: Scene) -> None:
        number = _start(here)
        assert [one.meeting.id for one in cards(db.session(), here.member.id)] == [here.held.id]
        with pytest.raises(NotFound):
            shown_meeting(db.session(), number)

    def test_two_at_once_take_no_number(self, here: Scene) -> None:
        _start(here)
        _start(here)
        assert db.session.scalar(select(func.count()).select_from(Assembly)) == 3

    def test_what_reaches_members_is_refused(self, here: Scene, make: Factory) -> None:
        number = _start(here)
        approver = make.actor(make.staff(Role.APPROVER), Role.APPROVER)
        for step in ("postpone", "cancel", "documents"):
            assert step not in STEPS_OF_A_COPY
            with refused("only_a_rehearsal"), unit_of_work() as session:
                locked(session, number, step=step, seen_version=None, actor=approver)


def _coming() -> Any:
    return Answer(Attendance.ATTEND, attendees=(SATO,))


def _mails() -> int:
    return db.session.scalar(select(func.count()).select_from(OutboxMail)) or 0


def _open(number: int) -> None:
    with unit_of_work() as session:
        session.get_one(Assembly, number).state = S.HALL_OPEN


class TestRefused:
    def test_start(self, here: Scene, make: Factory) -> None:
        number = _start(here)
        copy = _copy(number)
        chief = make.actor(make.staff(Role.RECEPTION), Role.RECEPTION)
        with refused("not_allowed"):
            _start(here, actor=chief)
        with refused("stale"):
            _start(here, seen_version=7)
        with refused("not_found"):
            run(rehearsals.start_rehearsal, 999, invent=False, seen_version=1, actor=here.staff, now=NOW)
        with refused("too_late_today"):
            _start(here, now=EVENING)
        with refused("rehearsal_of_rehearsal"):
            run(rehearsals.start_rehearsal, number, invent=False, seen_version=copy.version, actor=here.staff, now=NOW)

    @pytest.mark.parametrize("state", [S.COUNTING, S.HALL_OPEN, S.VOTING, S.FINISHED])
    def test_start_in_another_state(self, make: Factory, state: AssemblyState) -> None:
        of = scene(make, state)
        with refused("illegal_step"):
            _start(of)

    def test_arrivals_and_end(self, here: Scene) -> None:
        number = _start(here)
        with refused("illegal_step"):
            run(rehearsals.invent_arrivals, number, count=1, actor=here.staff, now=NOW)
        _open(number)
        for count in (0, -1, rehearsals.MOST_ARRIVALS + 1):
            with refused("arrivals_range", field="count"):
                run(rehearsals.invent_arrivals, number, count=count, actor=here.staff, now=NOW)
        for verb in (rehearsals.invent_arrivals, rehearsals.end_rehearsal):
            more: dict[str, Any] = {"count": 1} if verb is rehearsals.invent_arrivals else {"seen_version": 1}
            with refused("not_a_rehearsal"):
                run(verb, here.held.id, actor=here.staff, now=NOW + timedelta(hours=1), **more)  # type: ignore[arg-type]
        with refused("stale"):
            run(rehearsals.end_rehearsal, number, seen_version=9, actor=here.staff, now=NOW)


def test_a_change_of_the_register_is_no_late_fact_of_a_rehearsal(make: Factory) -> None:
    of = scene(make)
    number = _start(of)
    end_licence(of.member, "GEN", date(2026, 11, 1))
    rows = db.session.scalars(select(LateFact.assembly_id)).all()
    assert rows
    assert number not in rows


def test_what_a_rehearsal_carried_awaits_no_consent(make: Factory) -> None:
    of = scene(make)
    number = _start(of)
    with unit_of_work() as session:
        copy = session.get_one(Assembly, number)
        copy.state = S.PUBLISHED
        item = session.scalars(select(AgendaItem).where(AgendaItem.assembly_id == number)).one()
        item.consent = Consent.APPROVAL
        add_row("item_decisions", item_id=item.id, no=1, reason=None)
    tab = next(one for one in TABS if one.key == "consents")
    assert not _waiting(tab, of)
    with unit_of_work() as session:
        session.get_one(Assembly, number).rehearsal_of_id = None
        session.get_one(Assembly, number).no = 99
    assert _waiting(tab, of)


def _waiting(tab: Any, of: Scene) -> int:
    db.session.rollback()
    (branch,) = tab.branches(db.session(), of.clerk.id, NOW.date())
    return db.session.scalar(select(func.count()).select_from(ItemDecision).where(branch[1])) or 0
