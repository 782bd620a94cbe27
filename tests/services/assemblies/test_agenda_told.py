"""議案 after the notice: who is told that one is withdrawn, or that its vote on one is lost or there again."""

from datetime import datetime

import pytest
from sqlalchemy import select

from occto.domain.actor import Actor
from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AgendaItem, OutboxMail
from occto.services import assemblies
from occto.unit_of_work import run, unit_of_work
from tests.assembling import assembly, controls, item
from tests.factories import NOW, Factory

S = AssemblyState


@pytest.fixture
def actor(make: Factory) -> Actor:
    return make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)


def _mails(template: str) -> list[OutboxMail]:
    found = select(OutboxMail).where(OutboxMail.template == f"assemblies/{template}").order_by(OutboxMail.id)
    return list(db.session.scalars(found))


@pytest.mark.parametrize("state", [S.NOTIFIED, S.REPLIES_OPEN, S.REPLIES_CLOSED])
def test_members_are_told_of_a_notified_item_that_is_withdrawn(make: Factory, actor: Actor, state: S) -> None:
    member, paper = make.member(), make.member()
    make.affiliate(make.user(email="soukai@kaze.example.jp"), member)
    held = assembly(make, state)
    first = item(held, 1)
    with unit_of_work() as session:
        told = assemblies.withdraw_item(session, first.id, reason="再検討", seen_version=1, actor=actor, now=NOW)
    (mail,) = _mails("item_withdrawn")
    assert (told.mails, told.on_paper) == (1, (paper.id,))
    assert (mail.to_address, mail.member_id, mail.assembly_id) == ("soukai@kaze.example.jp", member.id, held.id)
    assert (mail.params["item_no"], mail.params["item_title"], mail.params["reason"]) == (1, first.title, "再検討")


@pytest.mark.parametrize(
    ("state", "notified"), [(S.FROZEN, None), (S.REPLIES_OPEN, None), (S.HALL_OPEN, NOW), (S.VOTING, NOW)]
)
def test_nobody_is_told_of_an_item_unknown_to_members_or_withdrawn_in_the_hall(
    make: Factory, actor: Actor, state: S, notified: datetime | None
) -> None:
    member = make.member()
    make.affiliate(make.user(), member)
    first = item(assembly(make, state), 1, notified_at=notified)
    if notified is None:  # in the hall nobody is added any more
        run(assemblies.add_conflict, first.id, member.id, actor=actor, now=NOW)
    db.session.rollback()
    version = db.session.get_one(AgendaItem, first.id).version
    run(assemblies.withdraw_item, first.id, reason="再検討", seen_version=version, actor=actor, now=NOW)
    assert _mails("item_vote") == _mails("item_withdrawn") == []


def test_a_member_is_told_that_it_has_no_vote_on_an_item_or_has_it_again(make: Factory, actor: Actor) -> None:
    member, other = make.member(), make.member()
    for one in (member, other):
        make.affiliate(make.user(), one)
    first = item(assembly(make, S.REPLIES_OPEN), 1)
    for verb in (
        assemblies.add_conflict,
        assemblies.add_conflict,
        assemblies.remove_conflict,
        assemblies.remove_conflict,
    ):
        run(verb, first.id, member.id, actor=actor, now=NOW)
    mails = _mails("item_vote")
    assert [(one.member_id, one.params["has_vote"]) for one in mails] == [(member.id, False), (member.id, True)]


def test_a_member_that_holds_no_votes_is_told_of_none(make: Factory, actor: Actor) -> None:
    parent, child = make.member(), make.member()
    controls(parent, child)
    make.affiliate(make.user(), child)
    first = item(assembly(make, S.REPLIES_OPEN), 1)
    for verb in (assemblies.add_conflict, assemblies.remove_conflict):
        run(verb, first.id, child.id, actor=actor, now=NOW)
    assert _mails("item_vote") == []


@pytest.mark.parametrize(("state", "ahead", "open_"), [(S.NOTIFIED, True, False), (S.REPLIES_CLOSED, False, False)])
def test_the_mail_says_how_far_the_replies_are(make: Factory, actor: Actor, state: S, ahead: bool, open_: bool) -> None:
    member = make.member()
    make.affiliate(make.user(), member)
    first = item(assembly(make, state), 1, conflict=(member,))
    run(assemblies.remove_conflict, first.id, member.id, actor=actor, now=NOW)
    (mail,) = _mails("item_vote")
    assert (mail.params["replies_ahead"], mail.params["replies_open"]) == (ahead, open_)
