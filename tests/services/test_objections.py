"""異議: filed before the freeze, answered by the office."""

from typing import Any

from sqlalchemy import select

from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import OutboxMail, VoteObjection
from occto.services import objections
from occto.unit_of_work import run
from tests.assembling import assembly
from tests.electing import speaking, staff_actor
from tests.factories import NOW, Factory
from tests.observing import refused

TEXT = "汐見電力株式会社の子法人ではありません。"


def _object(assembly_id: int, actor: Any, body: str = TEXT) -> int:
    return run(objections.object_to_votes, assembly_id, body=body, actor=actor, now=NOW)


def _answer(number: int, actor: Any, seen: int = 1, text: str = "訂正しました。") -> int:
    return run(objections.answer, number, text=text, seen_version=seen, actor=actor, now=NOW)


def test_a_member_objects_and_the_office_answers_by_mail(make: Factory) -> None:
    member, held, staff = make.member(), assembly(make, AssemblyState.COUNTING), staff_actor(make)
    number = _object(held.id, speaking(make, member, Role.ADMINISTRATOR))
    assert _answer(number, staff) == 1
    db.session.rollback()
    row = db.session.get_one(VoteObjection, number)
    assert (row.body, row.answer, row.answered_by_id) == (TEXT, "訂正しました。", staff.user_id)
    mails = list(db.session.scalars(select(OutboxMail.template).order_by(OutboxMail.id)))
    assert mails == ["assemblies/objection_filed", "assemblies/objection_answered"]
    with refused("answered"):
        _answer(number, staff, seen=2)


def test_what_is_refused(make: Factory) -> None:
    member, staff = make.member(), staff_actor(make)
    speaks, reads_only = speaking(make, member), speaking(make, member, Role.VIEWER)
    system = staff_actor(make, Role.SYSTEM)
    held = assembly(make, AssemblyState.COUNTING)
    with refused("not_allowed"):
        _object(held.id, reads_only)
    with refused("not_allowed"):
        _object(held.id, staff)
    with refused("not_found"):
        _object(10**9, speaks)
    with refused("text_missing", field="body"):
        _object(held.id, speaks, " \n ")
    with refused("text_too_long", field="body"):
        _object(held.id, speaks, "あ" * 2001)
    numbers = [_object(held.id, speaks) for _ in range(3)]
    with refused("too_many"):
        _object(held.id, speaks)
    with refused("not_allowed"):
        _answer(numbers[0], system)
    with refused("not_found"):
        _answer(10**9, staff)
    with refused("stale"):
        _answer(numbers[0], staff, seen=3)
    with refused("text_missing", field="answer"):
        _answer(numbers[0], staff, text="")


def test_not_before_it_is_shown_nor_after_the_freeze(make: Factory) -> None:
    speaks = speaking(make, make.member())
    for state in AssemblyState:
        held = assembly(make, state)
        if state is AssemblyState.COUNTING:
            _object(held.id, speaks)
        else:
            with refused("not_found" if state is AssemblyState.PREPARING else "votes_frozen"):
                _object(held.id, speaks)
