from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.changes import CHANGES, ChangeState
from occto.domain.codes import Audience, Verdict
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AuditDetail, AuditEvent, ChangeMark, Decision, OutboxMail, Remark
from occto.services.changes import approval, review, splitting
from occto.unit_of_work import run
from tests.changing import Request, capital, hold, in_state, renamed, submitted
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.registering import read

S = ChangeState
NAME, ADDRESS = ("name", ""), ("address", "")

VERBS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "take": (review.take, {}),
    "check": (review.check, {}),
    "approve": (approval.approve, {}),
    "return_request": (review.give_back, {"reason": "不足", "remarks": {}}),
    "split": (splitting.split, {"reason": "先に進める", "places": [ADDRESS]}),
    "hold": (review.hold, {"reason": "照会"}),
    "resume": (review.resume, {}),
}


def _do(request: Request, step: str, **changes: Any) -> Any:
    verb, given = VERBS[step]
    actor = request.second if step == "approve" else request.first
    return run(verb, request.id, **(given | request.seen(actor) | changes))


def _request(make: Factory, state: ChangeState = S.SUBMITTED) -> Request:
    return in_state(make, state, answers=renamed(address="新宿区1番"))


def _remarks() -> list[Remark]:
    return [row[0] for row in read(select(Remark).order_by(Remark.id))]


def _mails() -> Iterator[tuple[str, dict[str, Any]]]:
    rows = read(select(OutboxMail).where(OutboxMail.template != "changes/submitted").order_by(OutboxMail.id))
    return ((mail.template, mail.params) for (mail,) in rows)


@pytest.mark.parametrize("step", VERBS)
class TestEveryStep:
    @pytest.mark.parametrize("state", ChangeState)
    def test_from_the_states_of_the_table_only(self, make: Factory, step: str, state: ChangeState) -> None:
        request = _request(make, state)
        allowed = state.value in CHANGES.step(step).sources
        if step == "resume" and allowed:
            hold(request)
        if not allowed:
            with refused("illegal_step"):
                _do(request, step)
            return
        seen = request.version
        _do(request, step)
        row = request.row()
        assert row.state == CHANGES.step(step).leads_to(state)
        assert row.version == seen + 1

    def test_with_the_last_page_only(self, make: Factory, step: str) -> None:
        request = _request(make)
        for seen in (request.version - 1, request.version + 1):
            with refused("stale"):
                _do(request, step, seen_version=seen)

    def test_by_those_who_may_only(self, make: Factory, step: str) -> None:
        request = _request(make)
        actors = [
            request.filer,
            make.actor(request.operator, Role.SYSTEM),
            make.actor(request.operator, Role.RECEPTION),
        ]
        if step == "approve":
            actors.append(request.first)
        for actor in actors:
            with refused("not_allowed"):
                _do(request, step, actor=actor)

    def test_of_a_request_that_is_there_only(self, make: Factory, step: str) -> None:
        request = _request(make)
        given = request.seen(request.second)
        request.id = 10**9
        with refused("not_found"):
            run(VERBS[step][0], request.id, **VERBS[step][1], **given)

    def test_on_hold(self, make: Factory, step: str) -> None:
        request = _request(make)
        hold(request)
        if CHANGES.step(step).on_hold:
            _do(request, step)
            return
        with refused("illegal_step"):
            _do(request, step)

    def test_without_its_reason(self, make: Factory, step: str) -> None:
        if not CHANGES.step(step).reason:
            return
        request = _request(make)
        for reason in ("", " 　\n"):
            with refused("reason_missing", field="reason"):
                _do(request, step, reason=reason)
        with refused("reason_too_long", field="reason"):
            _do(request, step, reason="長" * 2001)


def test_who_takes_it_is_named_and_nothing_is_locked(make: Factory) -> None:
    request = _request(make)
    _do(request, "take")
    row = request.row()
    assert (row.assignee_id, row.state) == (request.operator.id, S.IN_REVIEW)
    _do(request, "check", actor=request.second)
    assert request.row().assignee_id == request.operator.id


class TestMark:
    def _mark(self, request: Request, marks: dict[Any, Any], **changes: Any) -> None:
        run(review.mark, request.id, marks=marks, **(request.seen() | changes))

    def _kept(self) -> dict[Any, tuple[Any, ...]]:
        marks = (row[0] for row in read(select(ChangeMark)))
        return {(mark.item, mark.target_key): (mark.verdict, mark.canned, mark.words) for mark in marks}

    def test_marks_are_comments(self, make: Factory) -> None:
        request = _request(make)
        version = request.version
        self._mark(
            request, {NAME: (Verdict.FINE, "registry", "y"), ADDRESS: (Verdict.REMARK, None, " 番地が違います ")}
        )
        assert self._kept() == {NAME: (Verdict.FINE, None, None), ADDRESS: (Verdict.REMARK, None, "番地が違います")}
        assert (request.version, request.state) == (version, S.SUBMITTED)
        self._mark(request, {ADDRESS: (Verdict.REMARK, "registry", None)})
        assert self._kept()[ADDRESS] == (Verdict.REMARK, "registry", None)

    def test_they_are_handed_on_in_words(self, make: Factory) -> None:
        request = _request(make)
        self._mark(request, {ADDRESS: (Verdict.REMARK, "registry", "番地です。"), NAME: (Verdict.FINE, None, None)})
        assert review.remarks_of(db.session(), request.id) == {ADDRESS: "登記のとおりに入力してください。\n番地です。"}

    def test_refusals(self, make: Factory) -> None:
        request = _request(make)
        with refused("words_missing", field="address:"):
            self._mark(request, {ADDRESS: (Verdict.REMARK, None, " ")})
        with refused("words_too_long", field="address:"):
            self._mark(request, {ADDRESS: (Verdict.REMARK, None, "長" * 1001)})
        with refused("canned_unknown", field="address:"):
            self._mark(request, {ADDRESS: (Verdict.REMARK, "?", None)})
        with refused("not_found"):
            self._mark(request, {("capital", ""): (Verdict.FINE, None, None)})
        with refused("not_allowed"):
            self._mark(request, {}, actor=request.filer)
        with refused("stale"):
            self._mark(request, {}, seen_version=request.version - 1)

    @pytest.mark.parametrize("state", [S.DRAFT, S.RETURNED, S.APPROVED, S.WITHDRAWN])
    def test_while_it_waits_for_staff_only(self, make: Factory, state: ChangeState) -> None:
        request = _request(make, state)
        with refused("illegal_step"):
            self._mark(request, {})


class TestGiveBack:
    def test_it_waits_for_the_member_with_what_is_to_be_mended(self, make: Factory) -> None:
        request = _request(make)
        _do(request, "check")
        _do(request, "return_request", remarks={NAME: "登記と違います", ADDRESS: " "}, reason=" 書類の不足 ")
        row = request.row()
        assert (row.state, row.waiting_since, row.checked_by_id, row.checked_at) == (S.RETURNED, None, None, None)
        assert [(remark.item, remark.body, remark.audience) for remark in _remarks()] == [
            ("name", "登記と違います", Audience.PARTY)
        ]
        [(template, params)] = list(_mails())
        assert (template, params["count"], params["number"]) == ("changes/returned", 1, "C-2026-00001")
        decisions = read(select(Decision.reason).where(Decision.step == "return_request"))
        assert decisions == [("書類の不足",)]

    def test_of_an_item_that_is_not_there(self, make: Factory) -> None:
        request = _request(make)
        with refused("not_found"):
            _do(request, "return_request", remarks={("capital", ""): "違います"})

    def test_words_are_not_cut(self, make: Factory) -> None:
        request = _request(make)
        with refused("body_too_long", field="name"):
            _do(request, "return_request", remarks={NAME: "長" * 4001})


class TestCheck:
    def test_the_first_person_is_named(self, make: Factory) -> None:
        request = submitted(make, capital(5))
        _do(request, "check")
        row = request.row()
        assert (row.checked_by_id, row.checked_at, row.state) == (request.operator.id, NOW, S.IN_REVIEW)
        assert row.assignee_id == request.operator.id

    def test_a_second_check_takes_the_place_of_the_first(self, make: Factory) -> None:
        request = submitted(make, capital(5))
        _do(request, "check")
        _do(request, "check", actor=request.second)
        assert request.row().checked_by_id == request.approver.id


class TestHold:
    def test_it_is_held_with_its_reason_and_released(self, make: Factory) -> None:
        request = _request(make)
        for _ in range(2):
            _do(request, "hold", reason=" 登記の完了待ち ")
            row = request.row()
            assert (row.held_at, row.hold_reason, row.state) == (NOW, "登記の完了待ち", S.SUBMITTED)
            _do(request, "resume")
            assert (request.row().held_at, request.row().hold_reason) == (None, None)

    def test_what_is_not_held_is_not_released(self, make: Factory) -> None:
        request = _request(make)
        with refused("not_held"):
            _do(request, "resume")

    def test_a_check_outlives_a_hold(self, make: Factory) -> None:
        request = submitted(make, capital(5))
        for step in ("check", "hold", "resume", "approve"):
            _do(request, step)
        assert request.state is S.APPROVED


class TestLetters:
    def _write(self, request: Request, body: str = "お尋ねします", **changes: Any) -> None:
        given: dict[str, Any] = {"body": body, "audience": Audience.PARTY, "actor": request.first, "now": NOW}
        run(review.write_remark, request.id, **(given | changes))

    def test_staff_write_to_the_member(self, make: Factory) -> None:
        request = _request(make)
        self._write(request, " お尋ねします ")
        [remark] = _remarks()
        assert (remark.body, remark.audience, remark.author_id) == ("お尋ねします", Audience.PARTY, request.operator.id)
        assert remark.revision_no == 1
        assert [template for template, _params in _mails()] == ["changes/letter"]
        payloads = read(
            select(AuditDetail.payload)
            .join(AuditEvent, AuditEvent.id == AuditDetail.event_id)
            .where(AuditEvent.tag == "change.remark")
        )
        assert payloads == [({"item": None, "audience": "PARTY"},)]

    def test_staff_write_among_themselves(self, make: Factory) -> None:
        request = _request(make)
        self._write(request, audience=Audience.STAFF)
        assert list(_mails()) == []

    def test_the_member_answers(self, make: Factory) -> None:
        request = _request(make, S.RETURNED)
        before = len(list(_mails()))
        self._write(request, actor=request.filer)
        assert len(list(_mails())) == before

    def test_refusals(self, make: Factory) -> None:
        request, other = _request(make), _request(make)
        with refused("body_missing", field="body"):
            self._write(request, " ")
        with refused("body_too_long", field="body"):
            self._write(request, "長" * 4001)
        with refused("not_allowed"):
            self._write(request, actor=request.filer, audience=Audience.STAFF)
        with refused("not_found"):
            self._write(request, actor=other.filer)
        with refused("not_allowed"):
            self._write(request, actor=make.actor(request.operator, Role.SYSTEM))
        request.id = 10**9
        with refused("not_found"):
            self._write(request)
