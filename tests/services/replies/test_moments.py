"""Replies entered by staff, proxies, drafts, the published list, and what happens at the same moment."""

from dataclasses import replace
from datetime import UTC, date, datetime
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from occto.domain.assembly import ENTRY_BY_STAFF, AssemblyState
from occto.domain.codes import AttachmentKind
from occto.domain.permissions import Role
from occto.domain.receipts import leaf_of, proof_of, root_of, verify
from occto.domain.replies import Answer, ProxyKind, ReplyChannel
from occto.extensions import db
from occto.models import (
    Assembly,
    Ballot,
    Member,
    OutboxMail,
    ReceiptList,
    Reply,
    StandingReply,
)
from occto.queries.assembly_recipients import recipients
from occto.queries.replies import copy_addresses
from occto.services import register
from occto.services.replies import taking
from occto.services.replies.drafts import save_draft
from occto.services.replies.receipts import publish_list
from occto.services.replies.taking import TakenReply, take_reply
from occto.unit_of_work import run, unit_of_work
from tests import assembling
from tests.assembling import UNTIL
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.racing import at_once
from tests.registering import entering
from tests.replies_scene import SECOND, A, S, Scene, scene


@pytest.fixture
def here(make: Factory) -> Scene:
    return scene(make)


def _standing(of: Scene) -> Reply:
    db.session.expunge_all()
    db.session.rollback()
    row = db.session.get_one(StandingReply, (of.held.id, of.member.id))
    return db.session.get_one(Reply, row.reply_id)


def test_a_reply_that_waited_while_the_assembly_was_closed_is_on_the_list(make: Factory) -> None:
    here = scene(make, S.REPLIES_CLOSED)
    run(publish_list, here.held.id, now=UNTIL)
    taken = here.take(received_at=UNTIL - SECOND, now=UNTIL + SECOND)
    db.session.rollback()
    last = db.session.get_one(ReceiptList, (here.held.id, 2))
    assert [code for code, _ in last.leaves] == [taken.receipt_code]


@pytest.mark.parametrize("state", sorted(set(S) - ENTRY_BY_STAFF - {S.PREPARING, S.COUNTING}))
def test_no_other_state_takes_entries_by_staff(make: Factory, state: AssemblyState) -> None:
    here = scene(make, state)
    with refused("not_open"):
        here.take(channel=ReplyChannel.STAFF, reason="電話での回答", actor=here.staff)


def test_a_later_received_paper_takes_the_place_of_an_electronic_reply(here: Scene) -> None:
    here.take()
    taken = here.take(
        answer=Answer(A.CHAIR),
        channel=ReplyChannel.PAPER,
        document_id=here.scan(),
        received_at=NOW + SECOND,
        now=NOW + 2 * SECOND,
        seen_version=1,
        actor=here.staff,
    )
    assert taken.standing
    assert _standing(here).channel is ReplyChannel.PAPER


def test_an_older_paper_entered_later_is_kept_and_does_not_stand(here: Scene) -> None:
    here.take()
    paper: dict[str, Any] = {
        "answer": Answer(A.CHAIR),
        "channel": ReplyChannel.PAPER,
        "document_id": here.scan(),
        "now": NOW + SECOND,
        "actor": here.staff,
    }
    older = here.take(received_at=NOW - SECOND, seen_version=1, **paper)
    same = here.take(received_at=NOW, seen_version=2, **paper)
    assert not older.standing
    assert not same.standing
    assert _standing(here).no == 1
    db.session.rollback()
    told = db.session.scalars(select(OutboxMail).order_by(OutboxMail.id)).all()
    assert [(one.to_address, one.params["standing"]) for one in told] == [
        (here.user.email, True),
        (here.user.email, False),
        (here.user.email, False),
    ]


def test_after_the_deadline_staff_enter_with_a_reason(make: Factory) -> None:
    here = scene(make, S.REPLIES_CLOSED)
    run(publish_list, here.held.id, now=UNTIL)
    late: dict[str, Any] = {
        "channel": ReplyChannel.PAPER,
        "document_id": here.scan(),
        "received_at": UNTIL + SECOND,
        "now": UNTIL + 2 * SECOND,
        "actor": here.staff,
    }
    with refused("reason_missing", field="reason"):
        here.take(**late)
    here.take(**late, reason="郵便が遅れて届いたため")
    db.session.rollback()
    counts = db.session.scalars(select(ReceiptList.count).order_by(ReceiptList.no)).all()
    assert counts == [0, 1]


def test_a_proxy_is_a_member_on_the_roll(here: Scene) -> None:
    later = here.make.member(since=date(2026, 11, 20))
    answer = Answer(A.PROXY, proxy_kind=ProxyKind.MEMBER, proxy_member_id=later.id)
    with refused("proxy_not_on_roll", field="proxy_member"):
        here.take(answer=answer)
    other = db.session.scalar(select(func.max(Member.id)).where(Member.id < later.id))
    taken = here.take(answer=replace(answer, proxy_member_id=other))
    assert taken.standing


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("reason_missing", {}),
        ("reason_too_long", {"reason": "あ" * 2001}),
        ("received_future", {"reason": "電話", "received_at": NOW + SECOND}),
        ("received_too_early", {"reason": "電話", "received_at": datetime(2026, 11, 17, 14, 59, tzinfo=UTC)}),
        ("document_missing", {"channel": ReplyChannel.PAPER}),
        ("document_unknown", {"channel": ReplyChannel.PAPER, "document_id": 999}),
    ],
)
def test_what_an_entry_by_staff_needs(here: Scene, code: str, changes: dict[str, Any]) -> None:
    with refused(code):
        here.take(**({"channel": ReplyChannel.STAFF, "actor": here.staff} | changes))


def test_the_scan_belongs_to_this_assembly_and_is_a_reply(here: Scene) -> None:
    wrong = here.scan(AttachmentKind.ASSEMBLY_FILE)
    with refused("document_unknown"):
        here.take(channel=ReplyChannel.PAPER, document_id=wrong, actor=here.staff)


def test_the_draft_is_gone_once_the_user_has_replied(here: Scene) -> None:
    from occto.models import ReplyDraft

    run(save_draft, assembly_id=here.held.id, answers={"attendance": "ABSENT"}, actor=here.actor, now=NOW)
    run(save_draft, assembly_id=here.held.id, answers={"attendance": "CHAIR"}, actor=here.actor, now=NOW)
    db.session.rollback()
    assert db.session.scalars(select(ReplyDraft.answers)).all() == [{"attendance": "CHAIR"}]
    here.take()
    db.session.rollback()
    assert db.session.scalars(select(ReplyDraft.answers)).all() == []


def test_a_member_finds_its_reply_in_the_list(here: Scene) -> None:
    taken = here.take()
    made = run(publish_list, here.held.id, now=UNTIL)
    assert made is not None
    db.session.rollback()
    kept = db.session.get_one(ReceiptList, (here.held.id, 1))
    codes, leaves = [code for code, _ in kept.leaves], [leaf for _, leaf in kept.leaves]
    own = leaf_of(taken.receipt_code, _standing(here).digest)
    assert verify(own, proof_of(leaves, codes.index(taken.receipt_code)), kept.root)
    assert kept.root == root_of(leaves)
    assert run(publish_list, here.held.id, now=UNTIL) is None  # it says the same


def test_two_users_of_a_member_at_once(fresh_app: Flask) -> None:
    here = scene(Factory(fresh_app))
    actors = [here.actor] * 4
    results = at_once(fresh_app, [lambda actor=actor: here.take(actor=actor) for actor in actors])
    assert sorted("taken" if isinstance(one, TakenReply) else one for one in results) == ["stale"] * 3 + ["taken"]
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Reply)) == 1
    assert db.session.scalar(select(func.count()).select_from(Ballot)) == 1


def test_many_members_at_once_wait_for_none_but_themselves(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    people = [(make.member(), make.user()) for _ in range(8)]
    for member, user in people:
        make.affiliate(user, member)
    held = assembling.assembly(make)
    item = assembling.item(held)
    scenes = [Scene(make, member, user, held, item, user) for member, user in people]
    results = at_once(fresh_app, [one.take for one in scenes])
    assert all(isinstance(one, TakenReply) for one in results), results
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(StandingReply)) == 8


def test_many_late_entries_at_once_do_not_stop_each_other(
    fresh_app: Flask, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """All share the lock of the assembly before the first of them asks to change the published list."""
    make = Factory(fresh_app)
    members, clerk = [make.member() for _ in range(4)], make.staff(Role.OPERATOR)
    held = assembling.assembly(make, S.REPLIES_CLOSED)
    run(publish_list, held.id, now=UNTIL)
    if request.config.getoption("--database") == "postgres":  # SQLite has one writer: they cannot meet
        together, read = Barrier(len(members)), taking.meeting

        def meet(*args: Any, **kwargs: Any) -> Any:
            found = read(*args, **kwargs)
            if kwargs.get("locked"):
                together.wait(timeout=30)
            return found

        monkeypatch.setattr(taking, "meeting", meet)

    def enter(member: Member) -> TakenReply:
        with unit_of_work() as session:  # no second try
            return take_reply(
                session,
                assembly_id=held.id,
                member_id=member.id,
                answer=Answer(A.ABSENT),
                channel=ReplyChannel.STAFF,
                received_at=UNTIL,
                seen_version=0,
                actor=make.actor(clerk, Role.OPERATOR),
                now=UNTIL + SECOND,
                reason="電話での回答",
            )

    results = at_once(fresh_app, [lambda member=member: enter(member) for member in members])
    assert all(isinstance(one, TakenReply) for one in results), results
    db.session.rollback()
    lists = db.session.scalars(select(ReceiptList).order_by(ReceiptList.no)).all()
    assert [one.count for one in lists] == [0, 1, 2, 3, 4]


def test_a_reply_and_the_closing_at_once(fresh_app: Flask) -> None:
    """Whichever comes first, a reply that was taken is on the list."""
    here = scene(Factory(fresh_app))

    def close() -> str:
        def act(session: Any) -> str:
            held = session.get(Assembly, here.held.id, with_for_update=True)
            held.state = S.REPLIES_CLOSED
            session.flush()
            publish_list(session, here.held.id, now=UNTIL)
            return "closed"

        return run(act)

    results = at_once(fresh_app, [close, lambda: here.take(received_at=UNTIL - SECOND, now=UNTIL)])
    assert results[0] == "closed"
    assert isinstance(results[1], TakenReply), results
    db.session.rollback()
    last = db.session.scalars(select(ReceiptList).order_by(ReceiptList.no.desc())).first()
    assert last is not None
    assert [code for code, _ in last.leaves] == [results[1].receipt_code]


def test_the_copy_goes_to_each_address_once(here: Scene) -> None:
    """Whoever replied, 総会担当 (else 会員担当) and every 管理者; nobody twice."""

    def contact(on: date, **values: str) -> None:
        with entering() as change:
            for item, value in values.items():
                register.set_item(*change.into, member_id=here.member.id, item=item, value=value, effective_on=on)

    def told(user_id: int | None) -> list[str]:
        db.session.rollback()
        today = date(2026, 11, 23)
        found = copy_addresses(db.session(), here.member.id, user_id=user_id, today=today)
        notified = recipients(db.session(), [here.member.id], today=today)[here.member.id]
        first = [] if user_id is None else found[:1]
        assert [one.lower() for one in found if one not in first] == [
            one.email.lower() for one in notified if one.email.lower() not in {each.lower() for each in first}
        ]  # whom notices go to, too
        return found

    own = here.user.email
    assert told(here.user.id) == [own]
    contact(date(2020, 4, 1), member_contact_email="kaiin@a.example.jp")
    assert told(here.clerk.id) == [here.clerk.email, "kaiin@a.example.jp", own]
    contact(date(2026, 11, 1), assembly_contact_email="soukai@a.example.jp")
    contact(date(2027, 1, 1), assembly_contact_email="later@a.example.jp")
    assert told(None) == ["soukai@a.example.jp", own]
    contact(date(2026, 11, 2), assembly_contact_email=own.upper())
    assert told(here.user.id) == [own]
