"""変更申請 as a table: every state, step and role decided, held or not; whoever may not, changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.changes import CHANGES, DECIDED, ChangeState, Part
from occto.domain.errors import Refusal
from occto.domain.permissions import STAFF_ROLES, Permission, Role, permissions_of
from occto.domain.workflow import Step
from occto.models import ChangeRequest
from occto.services.changes import approval, review, splitting, submission
from occto.unit_of_work import run, unit_of_work
from tests.changing import SOON, Request, in_state
from tests.factories import NOW, Factory
from tests.observing import refused, row_counts

pytestmark = pytest.mark.wide

S = ChangeState
TWO = {
    Part.COMPANY: {"effective_on": SOON.isoformat(), "name": "北浜エネルギー株式会社"},
    Part.OUTLINE: {"effective_on": SOON.isoformat(), "capital": 150_000_000},
}
Verb = Callable[[Session, Request, Actor, int], Any]


def _staff(verb: Callable[..., Any], **arguments: Any) -> Verb:
    def call(session: Session, change: Request, actor: Actor, version: int) -> None:
        verb(session, change.id, seen_version=version, actor=actor, now=NOW, **arguments)

    return call


def _submit(session: Session, change: Request, actor: Actor, version: int) -> None:
    request = session.get(ChangeRequest, change.id)
    assert request is not None
    seen = submission.prepare(session, request).digest
    submission.submit(session, change.id, seen_digest=seen, actor=actor, now=NOW)


def _withdraw(session: Session, change: Request, actor: Actor, version: int) -> None:
    submission.withdraw(session, change.id, actor=actor, now=NOW)


def _approve(session: Session, change: Request, actor: Actor, version: int) -> None:
    """Approval by `actor` of what somebody else has checked."""
    request = session.get(ChangeRequest, change.id)
    if request is not None and request.state.value in CHANGES.step("check").sources and request.held_at is None:
        VERBS["check"](session, change, change.first, version)
        version += 1
    approval.approve(session, change.id, seen_version=version, actor=actor, now=NOW)


VERBS: dict[str, Verb] = {
    "submit": _submit,
    "withdraw": _withdraw,
    "take": _staff(review.take),
    "check": _staff(review.check),
    "approve": _approve,
    "return_request": _staff(review.give_back, reason="証明書と一致しません", remarks={}),
    "split": _staff(splitting.split, places=[("name", "")], reason="先に進めるため"),
    "hold": _staff(review.hold, reason="照会中"),
    "resume": _staff(review.resume),
}
BY_ITSELF = {"apply"}
"""Taken by `submit` where nothing needs approval."""


class Undo(Exception):  # noqa: N818 - it only ends the unit of work
    """Roll back a step that was legal, so that the next one starts from the same state."""


def _actors(change: Request) -> dict[str, Actor]:
    make = change.make
    found = {"public": Actor(permissions=permissions_of(())), "another member": _stranger(make)}
    for role in Role:
        if role is Role.APPLICANT:
            found[role.value] = make.applicant(10**6)
        elif role in STAFF_ROLES:
            found[role.value] = make.actor(make.staff(role), role)
        else:
            found[role.value] = make.actor(make.user(), role, member=change.member)
    return found


def _stranger(make: Factory) -> Actor:
    return make.actor(make.user(), Role.ADMINISTRATOR, member=make.member())


def _expected(step: Step, state: ChangeState, who: str, actor: Actor, *, held: bool) -> str | None:
    """The code this attempt must end in; None where it must succeed."""
    if step.permission is Permission.CHANGE_FILE:
        if who == "another member" or not actor.can(Permission.CHANGE_FILE):
            return "not_found"
    elif not actor.can(step.permission):
        return "not_allowed"
    if state not in step.sources or (held and not step.on_hold):
        return "illegal_step"
    return "not_held" if step.name == "resume" and not held else None


def _attempt(change: Request, step: Step, actor: Actor, version: int) -> tuple[str | None, str | None]:
    """The code of the refusal, or the state the step led to; in either case nothing is kept."""
    reached = None
    try:
        with unit_of_work() as session:
            VERBS[step.name](session, change, actor, version)
            session.flush()
            request = session.get(ChangeRequest, change.id)
            assert request is not None
            reached = request.state.value
            assert request.version > version
            raise Undo  # noqa: TRY301 - the unit of work is rolled back by it
    except Undo:
        return None, reached
    except Refusal as refusal:
        return refusal.code, None


def _try_all(change: Request, state: ChangeState, *, held: bool) -> int:
    version, actors, legal = change.version, _actors(change), 0
    before = row_counts()
    for step in CHANGES.steps:
        if step.name in BY_ITSELF:
            continue
        for who, actor in actors.items():
            code, reached = _attempt(change, step, actor, version)
            expected = _expected(step, state, who, actor, held=held)
            note = f"{state} × {step.name} × {who}, held={held}: {code or reached}, not {expected}"
            assert code == expected, note
            if expected is None:
                assert reached == step.leads_to(state.value), note
                legal += 1
    assert row_counts() == before
    assert change.version == version
    return legal


@pytest.mark.parametrize("state", list(ChangeState))
def test_every_step_as_every_role(make: Factory, state: ChangeState) -> None:
    change = in_state(make, state, answers=TWO)
    legal = _try_all(change, state, held=False)
    assert (legal > 0) == (state not in DECIDED)


@pytest.mark.parametrize("state", sorted(CHANGES.step("hold").sources))
def test_every_step_as_every_role_on_hold(make: Factory, state: str) -> None:
    change = in_state(make, ChangeState(state), answers=TWO)
    run(review.hold, change.id, reason="照会中", seen_version=change.version, actor=change.first, now=NOW)
    assert _try_all(change, ChangeState(state), held=True) > 0


def test_every_step_has_a_verb() -> None:
    assert set(VERBS) | BY_ITSELF == {step.name for step in CHANGES.steps}


def test_a_step_of_another_version_is_stale(make: Factory) -> None:
    change = in_state(make, S.SUBMITTED, answers=TWO)
    version = change.version
    for step in CHANGES.steps:
        if step.permission not in {Permission.CHANGE_FILE}:
            verb = VERBS["check"] if step.name == "approve" else VERBS[step.name]
            with refused("stale"), unit_of_work() as session:
                verb(session, change, change.second, version - 1)


@pytest.mark.parametrize("name", [step.name for step in CHANGES.steps if step.reason])
def test_a_reason_is_asked_for(make: Factory, name: str) -> None:
    change = in_state(make, S.SUBMITTED, answers=TWO)
    verbs: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        "return_request": (review.give_back, {"remarks": {}}),
        "split": (splitting.split, {"places": [("name", "")]}),
        "hold": (review.hold, {}),
    }
    verb, more = verbs[name]
    seen = change.version
    with refused("reason_missing", field="reason"):
        run(verb, change.id, reason=" 　\n", seen_version=seen, actor=change.second, now=NOW, **more)
