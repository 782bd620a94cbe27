"""回答の状況: the recount equals one made in Python from the rows, for replies by chance, and its few special cases."""

import random
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from occto.domain.agenda import ItemKind
from occto.domain.assembly import AssemblyState
from occto.domain.assembly_settings import AssemblySettings
from occto.domain.codes import EndReason, SnapshotState
from occto.domain.dates import today_jst
from occto.domain.replies import Attendance, ReplyChannel
from occto.domain.reply_board import Board, Sum, read_board
from occto.domain.tally import Choice
from occto.domain.votes import Group
from occto.extensions import db
from occto.models import (
    AgendaConflict,
    AgendaItem,
    Assembly,
    Ballot,
    LicenceFact,
    LicenceHeld,
    Member,
    Reply,
    Snapshot,
    SnapshotMember,
    StandingReply,
    UnitMember,
)
from occto.queries.reply_board import count_replies
from occto.unit_of_work import unit_of_work
from tests.assembling import assembly, controls, item
from tests.factories import NOW, Factory
from tests.replying import reply

A = Attendance
TODAY = date(2026, 11, 25)
LICENCES = (("GEN",), ("RETAIL",), ("GTD",), ("GEN", "RETAIL"), ("SPTD", "RSPTD"))


def board_of(held: Assembly, *, day: date = TODAY) -> Board:
    db.session.rollback()
    counts = count_replies(db.session(), held.id, day=day)
    assert counts is not None
    return read_board(counts, AssemblySettings())


def leave(member: Member, on: date, *, licences: int = 9) -> None:
    """The licences of a member end on a day, the first so many of them."""
    with unit_of_work() as session:
        held = select(LicenceHeld.id).where(LicenceHeld.member_id == member.id)
        query = select(LicenceFact).where(LicenceFact.licence_id.in_(held)).order_by(LicenceFact.id)
        for fact in session.scalars(query).all()[:licences]:
            fact.voided_id = fact.entered_id
            session.flush()
            session.add(
                LicenceFact(
                    licence_id=fact.licence_id,
                    act=fact.act,
                    number=fact.number,
                    effective_on=fact.effective_on,
                    ended_on=on,
                    end_reason=EndReason.CLOSURE_NOTIFICATION,
                    entered_id=fact.entered_id,
                )
            )


class Naive:
    """The same figures from rows, one after the other in Python."""

    def __init__(self, held: Assembly, gone: set[int]) -> None:
        db.session.rollback()
        session, self.held, self.gone = db.session(), held, gone
        frozen = session.scalars(
            select(Snapshot).where(Snapshot.assembly_id == held.id, Snapshot.state == SnapshotState.FROZEN)
        ).one()
        roll = session.scalars(select(SnapshotMember).where(SnapshotMember.snapshot_id == frozen.id)).all()
        self.rows = {row.member_id: row for row in roll}
        every = session.execute(
            select(StandingReply.member_id, Reply).join(Reply, Reply.id == StandingReply.reply_id)
            .where(StandingReply.assembly_id == held.id)
        )  # fmt: skip
        self.reply: dict[int, Reply] = {row[0]: row[1] for row in every}
        self.ballots: dict[tuple[int, int], Choice] = {
            (one.reply_id, one.item_id): one.choice for one in session.scalars(select(Ballot))
        }
        self.barred = {(one.item_id, one.member_id) for one in session.scalars(select(AgendaConflict))}
        units = session.scalars(select(UnitMember).where(UnitMember.snapshot_id == frozen.id)).all()
        self.members_of = {group: {one.member_id for one in units if one.vote_group is group} for group in Group}

    def attendance(self, member_id: int) -> Attendance | None:
        """None for whoever does not count as answered."""
        found = self.reply.get(member_id)
        if member_id in self.gone or found is None or found.attendance is A.WITHDRAWN:
            return None
        return found.attendance

    def sum(self, ids: Iterable[int], group: Group | None = None) -> Sum:
        found = Sum()
        for member_id in ids:
            if group is None or member_id in self.members_of[group]:
                row = self.rows[member_id]
                votes = row.votes if group is None else getattr(row, f"votes_{group.lower()}")
                found += Sum(1, int(votes > 0), votes)
        return found

    def choice(self, member_id: int, item_id: int) -> Choice | None:
        found = self.reply.get(member_id)
        return self.ballots.get((found.id, item_id)) if found is not None else None

    def counts(self, member_id: int, item_id: int) -> bool:
        return self.rows[member_id].votes > 0 and (item_id, member_id) not in self.barred


def by_chance(make: Factory, chance: random.Random) -> tuple[Assembly, list[AgendaItem], set[int]]:
    members = [make.member(licences=chance.choice(LICENCES), capital=chance.randrange(10**9)) for _ in range(13)]
    for child in chance.sample(range(6), 3):
        controls(members[child + 6], members[child])
    held = assembly(make)
    late = make.member()  # on no roll: what it answers counts for nothing
    items = [item(held, no, conflict=tuple(chance.sample(members, chance.randrange(3)))) for no in (1, 2, 3)]
    other = assembly(make)
    for member in [*members, late]:
        for _ in range(chance.choice((0, 1, 1, 1, 2))):
            attendance = chance.choice(list(A))
            choices: dict[AgendaItem, Choice] = {}
            if attendance in (A.ELECTRONIC, A.ATTEND):
                choices = {one: chance.choice(list(Choice)) for one in items if chance.random() < 0.8}
            reply(
                make,
                chance.choice((held, held, held, other)),
                member,
                attendance,
                choices=choices,
                channel=chance.choice(list(ReplyChannel)),
                received_at=NOW + timedelta(hours=chance.randrange(200)),
            )
    gone = set()
    for member in chance.sample(members, 2):
        leave(member, date(2026, 11, 24))
        gone.add(member.id)
    leave(members[0], date(2026, 12, 1)) if members[0].id not in gone else None
    return held, items, gone


@pytest.mark.parametrize("seed", range(4))
def test_the_recount_is_that_of_the_rows(make: Factory, seed: int) -> None:
    held, items, gone = by_chance(make, random.Random(seed))
    board, naive = board_of(held), Naive(held, gone)
    said = {id: naive.attendance(id) for id in naive.rows}
    answered = [id for id in said if said[id] is not None]
    for group, part in [(None, board.all), *board.groups.items()]:
        assert part.whole == naive.sum(said, group)
        assert part.left == naive.sum(gone, group)
        assert part.answered == naive.sum(answered, group)
        assert part.unanswered == naive.sum(set(said) - set(answered) - gone, group)
        for channel in ReplyChannel:
            ids = [id for id in answered if naive.reply[id].channel is channel]
            assert part.by_channel(channel) == naive.sum(ids, group)
        for attendance in A:
            ids = [id for id in answered if said[id] is attendance]
            assert part.by_attendance(attendance) == naive.sum(ids, group)
    _same_items(board, naive, items)
    _same_days(board, naive)


def _same_items(board: Board, naive: Naive, items: list[AgendaItem]) -> None:
    assert [one.id for one in board.items] == [one.id for one in items]
    for found in board.items:
        holders = [id for id in naive.rows if naive.counts(id, found.id)]
        chosen = {id: (naive.attendance(id), naive.choice(id, found.id)) for id in holders}
        for attendances, shown in (((A.ELECTRONIC,), found.advance), ((A.ATTEND, A.PROXY), found.attending)):
            for choice in Choice:
                said = {(attendance, choice) for attendance in attendances}
                assert shown[choice] == naive.sum(id for id in holders if chosen[id] in said)
        assert found.blank == naive.sum(id for id in holders if chosen[id] == (A.ELECTRONIC, None))
        barred = [id for item_id, id in naive.barred if item_id == found.id and naive.rows[id].votes > 0]
        assert found.conflict == naive.sum(barred)


def _same_days(board: Board, naive: Naive) -> None:
    expected: Counter[date] = Counter()
    for member_id in naive.rows:
        if naive.attendance(member_id) is not None:
            expected[today_jst(naive.reply[member_id].received_at)] += 1
    assert {day.on: day.sum.members for day in board.days if day.sum.members} == dict(expected)
    if board.days:
        assert board.days[-1].so_far == board.all.answered


def test_before_the_freeze_there_is_nothing_to_count(make: Factory) -> None:
    held = assembly(make, AssemblyState.COUNTING)
    assert count_replies(db.session(), held.id, day=TODAY) is None


def test_without_replies_everything_is_open(make: Factory) -> None:
    for _ in range(3):
        make.member()
    board = board_of(assembly(make))
    assert board.all.answered == Sum()
    assert board.all.unanswered == board.all.whole == Sum(3, 3, 3)
    assert board.days == []
    assert not board.expected.met


def test_the_last_version_alone_counts(make: Factory) -> None:
    member = make.member()
    held = assembly(make)
    one = item(held)
    reply(make, held, member, choices={one: Choice.YES})
    reply(make, held, member, choices={one: Choice.NO})
    (found,) = board_of(held).items
    assert (found.advance[Choice.YES], found.advance[Choice.NO]) == (Sum(), Sum(1, 1, 1))
    reply(make, held, member, A.WITHDRAWN)
    board = board_of(held)
    assert board.items[0].exercised == Sum()
    assert board.all.unanswered == Sum(1, 1, 1)


def test_reports_and_withdrawn_items_are_not_voted_on(make: Factory) -> None:
    make.member()
    held = assembly(make)
    item(held, 1, kind=ItemKind.REPORT)
    item(held, 2, withdrawn_at=NOW, withdrawn_reason="取下げ")
    third = item(held, 3)
    assert [one.no for one in board_of(held).items] == [third.no]


def test_a_vote_is_void_from_the_day_the_member_leaves(make: Factory) -> None:
    members = [make.member() for _ in range(4)]
    held = assembly(make)
    one = item(held)
    for member in members[:2]:
        reply(make, held, member, choices={one: Choice.YES})
    leave(members[0], TODAY)
    before, after = board_of(held, day=TODAY - timedelta(days=1)), board_of(held, day=TODAY)
    assert before.items[0].advance[Choice.YES] == Sum(2, 2, 2)
    assert after.items[0].advance[Choice.YES] == Sum(1, 1, 1)
    assert before.certain.met
    assert not after.certain.met
    assert after.all.whole == before.all.whole == Sum(4, 4, 4)
    assert after.all.left == Sum(1, 1, 1)


def test_a_company_that_keeps_one_licence_has_not_left(make: Factory) -> None:
    member = make.member(licences=("GEN", "RETAIL"))
    held = assembly(make)
    reply(make, held, member)
    leave(member, TODAY, licences=1)
    assert board_of(held).all.left == Sum()
    assert board_of(held).all.answered.members == 1


def test_totals_near_the_largest_stay_exact(make: Factory) -> None:
    """Sums of whole numbers of 62 bits: PostgreSQL would hand out numeric, a float would lose the last digits."""
    members = [make.member() for _ in range(2)]
    held = assembly(make)
    one = item(held)
    large = 2**61 - 1
    with unit_of_work() as session:
        frozen = session.scalars(select(Snapshot).where(Snapshot.assembly_id == held.id)).one()
        second = Snapshot(
            **{
                name: getattr(frozen, name)
                for name in ("assembly_id", "record_on", "known_change_id", "basis", "sha256", "made_at", "made_by_id")
            },
            no=2,
            state=SnapshotState.FROZEN,
            per_group_total=2 * large,
            total=2 * large,
            second_by_id=frozen.second_by_id,
        )
        frozen.state, frozen.superseded_at = SnapshotState.SUPERSEDED, NOW
        session.flush()
        session.add(second)
        session.flush()
        session.add_all(
            SnapshotMember(
                snapshot_id=second.id, member_id=member.id, body_id=member.body_id, name="大", licences="GEN",
                sanctioned=False, votes_n=0, votes_r=0, votes_g=large, votes=large,
            )
            for member in members
        )  # fmt: skip
    for member in members:
        reply(make, held, member, choices={one: Choice.YES})
    board = board_of(held)
    assert board.all.answered == Sum(2, 2, 2 * large)
    assert board.items[0].advance[Choice.YES].votes == 2 * large
    assert type(board.items[0].advance[Choice.YES].votes) is int
