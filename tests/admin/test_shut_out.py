"""A member whose every way in has been stopped is a task of the staff while it has not replied (利用規約 2.4, 2.7, 3.3/3.4.4)."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from occto.domain.assembly import AssemblyState
from occto.domain.codes import MemberState, Procedure, UserState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Affiliation, Assembly, ContractOfUse, Member, User
from occto.unit_of_work import unit_of_work
from tests.admin.office import staff
from tests.convoking import approver, ready, sent
from tests.factories import NOW, Factory
from tests.replying import reply

NAME = "停止中電力株式会社"


def _stopped(_make: Factory, member: Member) -> None:
    _set(member, stopped_at=NOW, stop_reason="不正使用の疑い")


def _ended(_make: Factory, member: Member) -> None:
    _set(member, ended_at=NOW)


def _set(member: Member, **values: Any) -> None:
    with unit_of_work() as session:
        session.execute(update(Affiliation).where(Affiliation.member_id == member.id).values(**values))


def _id_stopped(_make: Factory, _member: Member) -> None:
    with unit_of_work() as session:
        session.execute(update(User).where(User.email == "kanri@kaze.example.jp").values(state=UserState.STOPPED))


def _without_contract(_make: Factory, member: Member) -> None:
    with unit_of_work() as session:
        ended = {"ended_at": NOW, "end_clause": "2.7.2①"}
        session.execute(update(ContractOfUse).where(ContractOfUse.member_id == member.id).values(**ended))


def _only_a_viewer(make: Factory, member: Member) -> None:
    _stopped(make, member)
    make.affiliate(make.user(), member, Role.VIEWER)


def _a_contractor_that_only_looks(make: Factory, member: Member) -> None:
    _stopped(make, member)
    person = make.user()
    make.mandate(member, make.contractor(person), person, procedures=(Procedure.VIEW,))


def _left(make: Factory, member: Member) -> None:
    _stopped(make, member)
    with unit_of_work() as session:
        session.get_one(Member, member.id).current_state = MemberState.LEFT


def _nothing(_make: Factory, _member: Member) -> None:
    return


def _a_colleague(make: Factory, member: Member) -> None:
    _stopped(make, member)
    make.affiliate(make.user(), member, Role.ASSEMBLY)


def _a_contractor_that_replies(make: Factory, member: Member) -> None:
    _stopped(make, member)
    person = make.user()
    make.mandate(member, make.contractor(person), person, procedures=(Procedure.ASSEMBLY_REPLY,))


@pytest.mark.parametrize(
    ("happens", "listed"),
    [
        (_stopped, True),
        (_ended, True),
        (_id_stopped, True),
        (_without_contract, True),
        (_only_a_viewer, True),
        (_a_contractor_that_only_looks, True),
        (_nothing, False),
        (_left, False),
        (_a_colleague, False),
        (_a_contractor_that_replies, False),
    ],
)
def test_who_cannot_reply_is_listed(make: Factory, happens: Callable[[Factory, Member], None], listed: bool) -> None:
    member = make.member(name=NAME)
    make.affiliate(make.user(email="kanri@kaze.example.jp"), member)
    make.member(name="書面だけの電力株式会社")
    held = ready(make)
    sent(held, approver(make))
    happens(make, member)
    browser = staff(make)
    browser.get("/admin/?tab=shut_out")
    assert (NAME in browser.text) is listed
    assert "書面だけの電力株式会社" not in browser.text
    if listed:
        assert f"id={member.id}&amp;assembly={held.id}" in browser.text
        assert "書面での回答や当日の来場について" in browser.text


def test_it_ends_with_a_reply_and_with_the_replies(make: Factory) -> None:
    members = [make.member(name=NAME), make.member(name="未回答電力株式会社")]
    for member in members:
        make.affiliate(make.user(), member)
    held = ready(make)
    sent(held, approver(make))
    for member in members:
        _stopped(make, member)
    reply(make, held, members[0])
    browser = staff(make)
    browser.get("/admin/?tab=shut_out")
    assert NAME not in browser.text
    assert "未回答電力株式会社" in browser.text
    with unit_of_work() as session:
        session.get_one(Assembly, held.id).state = AssemblyState.REPLIES_CLOSED
    db.session.rollback()
    browser.get("/admin/?tab=shut_out")
    assert "いま待っている仕事はありません" in browser.text
