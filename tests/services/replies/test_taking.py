"""Replies taken: the deadline to the instant, the later received one, who may, and what a refusal leaves behind."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.agenda import ItemKind
from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.domain.receipts import reply_digest
from occto.domain.replies import Answer, Person, ReplyChannel, content_of
from occto.domain.tally import Choice
from occto.extensions import db
from occto.models import (
    AuditEvent,
    Reply,
    StandingReply,
)
from occto.queries.replies import standing, versions
from tests import assembling
from tests.assembling import UNTIL
from tests.certifying import end_licence
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.replies_scene import COMING, SATO, SECOND, A, S, Scene, scene


@pytest.fixture
def here(make: Factory) -> Scene:
    return scene(make)


def _standing(of: Scene) -> Reply:
    db.session.expunge_all()
    db.session.rollback()
    row = db.session.get_one(StandingReply, (of.held.id, of.member.id))
    return db.session.get_one(Reply, row.reply_id)


def test_a_reply_is_kept_whole(here: Scene) -> None:
    people = (SATO, Person("総務部", "鈴木 一郎", None, "03-1234-5678"))
    answer = Answer(A.ATTEND, attendees=people, choices={here.item.id: Choice.NO}, opinion="資料 3頁について")
    taken = here.take(answer=answer)
    assert taken.standing
    found = standing(db.session(), here.held.id, here.member.id)
    assert found is not None
    assert (found.version, found.reply.answer, found.reply.number) == (1, answer, taken.number)
    assert (found.reply.by, found.reply.received_at) == (here.user.name, NOW)
    content = content_of(answer, assembly_id=here.held.id, member_id=here.member.id, no=1)
    assert found.reply.digest == reply_digest(content, salt=found.reply.salt)
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "reply.taken")).one()
    assert (event.actor_id, event.member_id) == (here.user.id, here.member.id)


def test_the_last_received_reply_stands_and_all_are_kept(here: Scene) -> None:
    here.take()
    here.take(answer=COMING, received_at=NOW + SECOND, now=NOW + SECOND, seen_version=1)
    assert [one.no for one in versions(db.session(), here.held.id, here.member.id)] == [2, 1]
    assert _standing(here).attendance is A.ATTEND


def test_a_reply_in_the_last_second_is_taken(here: Scene) -> None:
    taken = here.take(received_at=UNTIL - SECOND, now=UNTIL + 5 * SECOND)
    assert taken.received_at == UNTIL - SECOND


def test_the_last_microsecond_counts_too(here: Scene) -> None:
    assert here.take(received_at=UNTIL - timedelta(microseconds=1)).standing


def test_at_the_deadline_it_is_too_late(here: Scene) -> None:
    with refused("too_late"):
        here.take(received_at=UNTIL, now=UNTIL)


@pytest.mark.parametrize("state", sorted(set(S) - {S.REPLIES_OPEN, S.REPLIES_CLOSED} - {S.PREPARING, S.COUNTING}))
def test_no_other_state_takes_replies_on_line(make: Factory, state: AssemblyState) -> None:
    here = scene(make, state)
    with refused("not_open"):
        here.take()


def test_a_withdrawal_is_a_version_that_says_so(here: Scene) -> None:
    here.take()
    here.take(answer=Answer(A.WITHDRAWN), received_at=NOW + SECOND, seen_version=1)
    assert _standing(here).attendance is A.WITHDRAWN
    with refused("nothing_to_withdraw"):
        here.take(answer=Answer(A.WITHDRAWN), received_at=NOW + 2 * SECOND, seen_version=2)


def test_nothing_can_be_withdrawn_before_a_reply(here: Scene) -> None:
    with refused("nothing_to_withdraw"):
        here.take(answer=Answer(A.WITHDRAWN))


def test_what_was_not_seen_is_not_overwritten(here: Scene) -> None:
    here.take()
    with refused("stale"):
        here.take(answer=COMING, received_at=NOW + SECOND)


def test_a_member_without_votes_cannot_post_any(make: Factory) -> None:
    parent, child, user = make.member(), make.member(), make.user()
    make.affiliate(user, child)
    assembling.controls(parent, child)
    held = assembling.assembly(make)
    here = Scene(make, child, user, held, assembling.item(held), user)
    with refused("no_votes", field="attendance"):
        here.take()
    with refused("no_votes", field="choices"):
        here.take(answer=Answer(A.ABSENT, choices={here.item.id: Choice.YES}))
    assert here.take(answer=Answer(A.ABSENT)).standing


def test_a_member_chooses_nothing_on_an_item_about_itself(make: Factory) -> None:
    here = scene(make)
    own = assembling.item(here.held, 2, conflict=(here.member,))
    both = {here.item.id: Choice.YES, own.id: Choice.YES}
    with refused("item_conflict", field=f"item_{own.id}"):
        here.take(answer=Answer(A.ELECTRONIC, choices=both))
    here.take()


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": ItemKind.REPORT, "majority": None},
        {"notified_at": None},
        {"withdrawn_at": NOW, "withdrawn_reason": "取下げ"},
    ],
)
def test_what_is_not_put_to_the_vote_takes_no_choice(here: Scene, changes: dict[str, Any]) -> None:
    other = assembling.item(here.held, 2, **changes)
    with refused("item_unknown"):
        here.take(answer=Answer(A.ELECTRONIC, choices={here.item.id: Choice.YES, other.id: Choice.YES}))


def test_whoever_is_not_on_the_roll_cannot_reply(here: Scene) -> None:
    later, user = here.make.member(since=date(2026, 11, 20)), here.make.user()
    here.make.affiliate(user, later)
    with refused("not_on_roll"):
        here.take(member_id=later.id, actor=here.make.actor(user, Role.ADMINISTRATOR, member=later))


def test_a_member_that_left_cannot_reply(here: Scene) -> None:
    end_licence(here.member, "GEN", date(2026, 11, 22))
    with refused("member_left"):
        here.take()
    with refused("member_left"):
        here.take(channel=ReplyChannel.STAFF, reason="電話での回答", actor=here.staff)


@pytest.mark.parametrize("role", [Role.APPLICATIONS, Role.VIEWER])
def test_other_roles_cannot_reply(here: Scene, role: Role) -> None:
    with refused("not_allowed"):
        here.take(actor=here.make.actor(here.user, role, member=here.member))


def test_nobody_replies_for_another_member(here: Scene) -> None:
    other = here.make.member()
    with refused("not_allowed"):
        here.take(actor=here.make.actor(here.user, Role.ADMINISTRATOR, member=other))


def test_a_member_cannot_enter_as_the_office(here: Scene) -> None:
    with refused("not_allowed"):
        here.take(channel=ReplyChannel.STAFF, reason="電話での回答")


def test_there_has_to_be_an_assembly(here: Scene) -> None:
    with refused("not_found"):
        here.take(assembly_id=999)
