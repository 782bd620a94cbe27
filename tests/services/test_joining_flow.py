"""Joining as a table: every state, step and role decided, held or not; whoever may not, changes nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.canonical import digest
from occto.domain.errors import Refusal
from occto.domain.joining import JOINING, MAIN_STAGE, ApplicationState, Stage
from occto.domain.permissions import STAFF_ROLES, Permission, Role, permissions_of
from occto.domain.workflow import Step
from occto.extensions import db
from occto.models import Application, ApplicationDraft
from occto.services.joining import approval, drafts, lapse, review, submission
from occto.unit_of_work import unit_of_work
from tests.answers import ACT_ON, Case, complete_answers, in_state
from tests.factories import NOW, Factory
from tests.observing import row_counts

pytestmark = pytest.mark.wide

S = ApplicationState
LATE = NOW + timedelta(days=366)
Verb = Callable[[Session, Case, Actor, int], None]
SUBMITTED_OPEN = sorted(JOINING.step("hold").sources)


def _staff(verb: Callable[..., Any], **arguments: Any) -> Verb:
    """A verb of the staff with what it needs to succeed."""

    def call(session: Session, case: Case, actor: Actor, version: int) -> None:
        given = {"now": LATE, **arguments}
        verb(session, case.id, seen_version=version, actor=actor, **given)

    return call


def _submit(session: Session, case: Case, actor: Actor, version: int) -> None:
    application = session.get(Application, case.id)
    main = application is not None and application.state in MAIN_STAGE
    answers = submission.answers_of_stage(session, case.id, stage=Stage.MAIN if main else Stage.PROVISIONAL)
    submission.submit(session, case.id, seen_digest=digest(answers), actor=actor, now=LATE)


def _submit_main(act: dict[str, Any]) -> Verb:
    def call(session: Session, case: Case, actor: Actor, version: int) -> None:
        values = {"code": complete_answers(Stage.MAIN, serial=case.serial)["code"], "acts": {"acts": {"GEN": act}}}
        for section, answers in values.items():
            draft = session.get(ApplicationDraft, (case.id, section)) or ApplicationDraft(
                application_id=case.id, section=section, typed={}, errors=0, saved_at=LATE
            )
            draft.answers = answers
            session.add(draft)
        session.flush()
        _submit(session, case, actor, version)

    return call


def _start_main(session: Session, case: Case, actor: Actor, version: int) -> None:
    drafts.start_main(session, case.id, actor=actor, now=LATE)


def _withdraw(session: Session, case: Case, actor: Actor, version: int) -> None:
    submission.withdraw(session, case.id, actor=actor, now=LATE)


def _approve(session: Session, case: Case, actor: Actor, version: int) -> None:
    """Approval by `actor` of what somebody else has checked."""
    application = session.get(Application, case.id)
    if application is not None and application.state is S.MAIN_IN_REVIEW and application.held_at is None:
        CHECK(session, case, case.first, version)
        version += 1
    approval.approve(session, case.id, seen_version=version, actor=actor, now=LATE)


CHECK = _staff(review.check, member_on=ACT_ON, member_on_reason="", roster_no=77)
RETURN = _staff(review.give_back, reason="委任状が足りません", remarks={"files": "委任状を添えてください"})
NO_ACT = {"reason": "取りやめの連絡", "no_act_confirmed": True}
VERBS: dict[str, Verb] = {
    "submit_provisional": _submit,
    "start_main": _start_main,
    "submit_main": _submit_main({"status": "ACT", "number": "A1", "effective_on": "2026-12-10"}),
    "submit_main_pending": _submit_main({"status": "PENDING", "applied_on": "2026-12-01"}),
    "withdraw": _withdraw,
    "take": _staff(review.take),
    "accept": _staff(review.accept),
    "return_provisional": RETURN,
    "record_operator_code": _staff(review.record_operator_code, operator_code="01234"),
    "check": CHECK,
    "approve": _approve,
    "return_main": RETURN,
    "hold": _staff(review.hold, reason="照会中"),
    "resume": _staff(review.resume),
    "extend": _staff(lapse.extend, until=(LATE + timedelta(days=90)).date(), reason="工事の遅れ"),
    "carry_to_main": _staff(lapse.carry_to_main, reason="届出が見つかった"),
    "lapse": _staff(lapse.lapse, **NO_ACT),
    "not_qualified": _staff(review.not_qualified, **NO_ACT),
}
RULED_OUT = {
    (S.MAIN_IN_REVIEW, "not_qualified"): "act_exists",
    (S.MAIN_RETURNED, "not_qualified"): "act_exists",
}
"""Open in the table and refused by a rule: a case with a METI act cannot be found not qualified (28条の10)."""


class Undo(Exception):  # noqa: N818 - it only ends the unit of work
    """Roll back a step that was legal, so that the next one starts from the same state."""


def _actors(case: Case) -> dict[str, Actor]:
    """Each role as somebody of its own, a stranger's applicant session and the public."""
    found = {"public": Actor(permissions=permissions_of(())), "applicant of another case": case.make.applicant(10**6)}
    for role in Role:
        if role is Role.APPLICANT:
            found[role.value] = case.applicant
        else:
            user = case.make.staff(role) if role in STAFF_ROLES else case.make.user()
            found[role.value] = case.make.actor(user, role)
    return found


def _applies(name: str, state: ApplicationState) -> bool:
    """Whether the verb of `name` would take this step here, and not its twin of the other stage."""
    main = state in MAIN_STAGE
    if name.startswith("submit_main"):
        return main
    if name == "submit_provisional":
        return not main
    if name == "return_main":
        return main or state is S.APPROVED
    return name != "return_provisional" or not (main or state is S.APPROVED)


def _expected(step: Step, state: ApplicationState, who: str, actor: Actor, *, held: bool) -> set[str]:
    """The codes that this attempt may end in; empty where it must succeed."""
    own = step.permission is Permission.APPLICATION_FILL
    if own and who != Role.APPLICANT.value:
        return {"not_found"}
    if not actor.can(step.permission):
        return {"not_found", "not_allowed"} if state is S.REMOVED else {"not_allowed"}
    if state is S.REMOVED:
        return {"not_found"}
    if state not in step.sources or (held and not step.on_hold):
        return {"illegal_step"}
    if step.name == "resume" and not held:
        return {"not_held"}
    ruled_out = RULED_OUT.get((state, step.name))
    return {ruled_out} if ruled_out else set()


def _attempt(case: Case, step: Step, actor: Actor, version: int) -> tuple[str | None, str | None]:
    """The code of the refusal, or the state the step led to; in either case nothing is kept."""
    reached = None
    try:
        with unit_of_work() as session:
            VERBS[step.name](session, case, actor, version)
            session.flush()
            application = session.get(Application, case.id)
            assert application is not None
            reached = application.state.value
            assert application.version > version
            raise Undo  # noqa: TRY301 - the unit of work is rolled back by it
    except Undo:
        return None, reached
    except Refusal as refusal:
        return refusal.code, None


def _try_all(case: Case, state: ApplicationState, *, held: bool) -> int:
    """Try every step as every role; return how many were legal."""
    version = _version(case)
    actors, legal = _actors(case), 0
    before = row_counts()
    for step in JOINING.steps:
        if not _applies(step.name, state):
            assert state.value not in step.sources, f"{step.name} is open from {state} but no verb takes it there"
            continue
        for who, actor in actors.items():
            code, reached = _attempt(case, step, actor, version)
            expected = _expected(step, state, who, actor, held=held)
            note = f"{state} × {step.name} × {who}, held={held}: {code or reached}"
            if expected:
                assert code in expected, note
            else:
                assert code is None, note
                assert reached == step.leads_to(state.value), note
                legal += 1
            assert row_counts() == before, note
    assert _version(case) == version
    return legal


def _version(case: Case) -> int:
    """The version of the case, removed or not."""
    return case.row().version


@pytest.mark.parametrize("state", list(ApplicationState))
def test_every_step_as_every_role(make: Factory, state: ApplicationState) -> None:
    case = in_state(make, state)
    legal = _try_all(case, state, held=False)
    open_here = {step.name for step in JOINING.steps if state.value in step.sources}
    assert (legal > 0) == bool(open_here)


@pytest.mark.parametrize("state", SUBMITTED_OPEN)
def test_every_step_as_every_role_on_hold(make: Factory, state: str) -> None:
    case = in_state(make, ApplicationState(state))
    with unit_of_work() as session:
        review.hold(session, case.id, reason="照会中", seen_version=_version(case), actor=case.first, now=NOW)
    assert _try_all(case, ApplicationState(state), held=True) > 0


def test_every_step_has_a_verb() -> None:
    assert set(VERBS) == {step.name for step in JOINING.steps}


def test_decided_cases_have_no_step_left() -> None:
    decided = {S.APPROVED, S.WITHDRAWN, S.LAPSED, S.NOT_QUALIFIED, S.REMOVED}
    assert not {source for step in JOINING.steps for source in step.sources} & {state.value for state in decided}


def test_a_step_of_another_version_is_stale(make: Factory) -> None:
    case = in_state(make, S.SUBMITTED)
    before, version = row_counts(), _version(case)
    for step in JOINING.steps:
        if step.permission is not Permission.APPLICATION_FILL:
            with pytest.raises(Refusal) as caught, unit_of_work() as session:
                VERBS[step.name](session, case, case.make.actor(case.approver, Role.APPROVER), version - 1)
            assert caught.value.code == "stale", step.name
    assert row_counts() == before
    db.session.rollback()
    assert _version(case) == version


@pytest.mark.parametrize("name", [step.name for step in JOINING.steps if step.reason])
def test_a_reason_is_asked_for(make: Factory, name: str) -> None:
    step = JOINING.step(name)
    source = next(state for state in (S.SUBMITTED, S.MAIN_IN_REVIEW) if state.value in step.sources)
    case = in_state(make, source)
    version, before = _version(case), row_counts()
    arguments: dict[str, Any] = {"reason": " 　\n", "seen_version": version, "actor": case.second, "now": LATE}
    verbs: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        "return_provisional": (review.give_back, {"remarks": {}}),
        "return_main": (review.give_back, {"remarks": {}}),
        "hold": (review.hold, {}),
        "extend": (lapse.extend, {"until": (LATE + timedelta(days=9)).date()}),
        "carry_to_main": (lapse.carry_to_main, {}),
        "lapse": (lapse.lapse, {"no_act_confirmed": True}),
        "not_qualified": (review.not_qualified, {"no_act_confirmed": True}),
    }
    verb, more = verbs[name]
    with pytest.raises(Refusal) as caught, unit_of_work() as session:
        verb(session, case.id, **arguments, **more)
    assert (caught.value.code, caught.value.field) == ("reason_missing", "reason")
    assert row_counts() == before
    assert _version(case) == version
