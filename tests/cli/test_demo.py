"""`load-demo`, `demo-code` and `rebuild-current`."""

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from occto import clock
from occto.demo.accounts import ACCOUNTS
from occto.demo.load import SMALLEST
from occto.domain.agenda import ItemKind
from occto.domain.assembly import AssemblyState as S
from occto.domain.codes import AttachmentKind, ElectionState, ProposalState, UserKind
from occto.domain.dates import JST, today_jst
from occto.domain.proposals import ProposalKind
from occto.domain.replies import ReplyChannel
from occto.extensions import db
from occto.models import (
    Affiliation,
    AgendaItem,
    Assembly,
    Convocation,
    HolderElection,
    Member,
    Proposal,
    Reply,
    SnapshotMember,
    StandingReply,
    User,
    VoteObjection,
)
from occto.queries.assembly_page import documents_of
from occto.queries.snapshots import frozen_of
from occto.unit_of_work import unit_of_work
from tests.factories import Factory


def _run(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["occto", *arguments])
    return result.exit_code, result.output


@pytest.fixture
def demo_mode(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setitem(app.config, "DEMO", True)
    return app


@pytest.mark.parametrize("arguments", [("load-demo",), ("demo-code", "admin@shiomi.example.jp")])
def test_refused_outside_demo_mode(app: Flask, arguments: tuple[str, ...]) -> None:
    code, output = _run(app, *arguments)
    assert code == 1
    assert "OCCTO_DEMO=1" in output
    assert db.session.scalar(select(func.count()).select_from(Member)) == 0


def test_refused_where_there_are_members(demo_mode: Flask, make: Factory) -> None:
    make.member()
    code, output = _run(demo_mode, "load-demo", "--members", str(SMALLEST))
    assert code == 1
    assert "すでにデータがあります" in output


def test_too_few_members_are_refused(demo_mode: Flask) -> None:
    assert _run(demo_mode, "load-demo", "--members", str(SMALLEST - 1))[0] == 2


def test_loads_and_shows_a_code(demo_mode: Flask) -> None:
    code, output = _run(demo_mode, "load-demo", "--members", str(SMALLEST))
    assert code == 0, output
    assert "admin@shiomi.example.jp" in output
    code, output = _run(demo_mode, "demo-code", "ADMIN@shiomi.example.jp")
    assert code == 0
    assert output.strip().isdigit()
    assert len(output.strip()) == 6
    assert _run(demo_mode, "demo-code", "user@shiomi.example.jp")[0] == 1


def test_rebuild_says_how_many_differed(app: Flask, make: Factory) -> None:
    for _number in range(3):
        make.member()
    spoilt = make.member()
    with unit_of_work() as session:
        session.execute(update(Member).where(Member.id == spoilt.id).values(current_name="古い名前"))
    assert _run(app, "rebuild-current") == (0, "4 件を確かめ、1 件を直しました。\n")
    assert _run(app, "rebuild-current") == (0, "4 件を確かめ、0 件を直しました。\n")


def test_every_member_on_the_roll_can_answer_an_assembly(demo_mode: Flask) -> None:
    """One assembly takes replies, is frozen, notified and has its document."""
    assert _run(demo_mode, "load-demo", "--members", str(SMALLEST))[0] == 0
    held = {row.state: row for row in db.session.scalars(select(Assembly))}
    row, now = held[S.REPLIES_OPEN], clock.now()
    assert row.reply_until is not None
    assert row.record_on < today_jst(now) < row.reply_until.astimezone(JST).date()
    frozen = frozen_of(db.session(), row.id)
    assert frozen is not None
    assert frozen.total > 0
    roll = set(db.session.scalars(select(SnapshotMember.member_id).where(SnapshotMember.snapshot_id == frozen.id)))
    told = db.session.scalars(
        select(Convocation.member_id).where(Convocation.assembly_id == row.id, Convocation.notified_at.is_not(None))
    )
    refused = db.session.scalars(
        select(Convocation.member_id).where(Convocation.assembly_id == row.id, Convocation.bounced_at.is_not(None))
    )
    assert len(roll) > SMALLEST // 2
    told, bounced = set(told), set(refused)
    assert len(bounced) == 1
    assert told == roll - bounced
    channels = set(db.session.scalars(select(Reply.channel).where(Reply.assembly_id == row.id)))
    assert ReplyChannel.ELECTRONIC in channels
    assert len(channels) > 1
    answered = set(db.session.scalars(select(StandingReply.member_id).where(StandingReply.assembly_id == row.id)))
    assert answered < told
    logins = [one.login for one in ACCOUNTS if one.kind is UserKind.MEMBER]
    own = db.session.execute(
        select(User.email, Affiliation.member_id)
        .join(Affiliation, Affiliation.user_id == User.id)
        .where(User.email.in_(logins))
    ).all()
    assert {login for login, number in own if number in roll} == set(logins)
    items = select(AgendaItem).where(AgendaItem.assembly_id == row.id).order_by(AgendaItem.no)
    assert [(item.kind, item.notified_at is not None) for item in db.session.scalars(items)] == [
        (ItemKind.BUDGET, True),
        (ItemKind.ARTICLES, True),
        (ItemKind.OFFICER, True),
    ]
    assert [one.kind for one in documents_of(db.session(), row.id)] == [AttachmentKind.ASSEMBLY_FILE]
    _questions_are_open(held[S.COUNTING].id)


def _questions_are_open(assembly_id: int) -> None:
    """Before the freeze staff find a 届出 in doubt, an objection, and something for a second person."""
    states = db.session.scalars(select(HolderElection.state).where(HolderElection.assembly_id == assembly_id)).all()
    assert set(states) == {ElectionState.UNSETTLED}
    open_ones = select(VoteObjection.id).where(
        VoteObjection.assembly_id == assembly_id, VoteObjection.answered_at.is_(None)
    )
    assert len(db.session.scalars(open_ones).all()) == 1
    assert db.session.scalars(select(Proposal.kind).where(Proposal.state == ProposalState.PROPOSED)).all() == [
        ProposalKind.ELECTION
    ]
