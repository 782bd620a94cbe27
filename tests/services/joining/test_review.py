from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.codes import Audience
from occto.domain.joining import ApplicationState, Stage
from occto.extensions import db
from occto.models import Decision, OutboxMail, Remark
from occto.services.joining import drafts, review
from occto.unit_of_work import run
from tests.answers import ACT_ON, Case, accepted, approved, fill_main, in_state, main_submitted, send, submitted
from tests.factories import NOW, Factory
from tests.observing import refused

S = ApplicationState


def _check(case: Case, **changes: Any) -> None:
    given: dict[str, Any] = {
        "member_on": ACT_ON,
        "member_on_reason": "",
        "roster_no": 12,
        "seen_version": case.version,
        "actor": case.first,
        "now": NOW,
    }
    run(review.check, case.id, **(given | changes))


def _templates(case: Case) -> list[str]:
    return list(
        db.session.scalars(
            select(OutboxMail.template).where(OutboxMail.application_id == case.id).order_by(OutboxMail.id)
        )
    )


def test_taking_names_who_looks_at_it(make: Factory) -> None:
    case = submitted(make)
    run(review.take, case.id, seen_version=case.version, actor=case.first, now=NOW)
    row = case.row()
    assert (row.state, row.assignee_id) == (S.IN_REVIEW, case.operator.id)


def test_accepting_ends_the_wait_and_tells_the_company(make: Factory) -> None:
    case = accepted(make)
    row = case.row()
    assert (row.state, row.accepted_at, row.waiting_since) == (S.ACCEPTED, NOW, None)
    assert _templates(case).count("join/accepted") == 2


def test_returning_keeps_a_comment_per_section(make: Factory) -> None:
    case = submitted(make)
    run(
        review.give_back,
        case.id,
        reason="2か所あります",
        remarks={"company": "登記と違います", "outline": "  ", "files": "証明書を添えてください"},
        seen_version=case.version,
        actor=case.first,
        now=NOW,
    )
    remarks = db.session.scalars(select(Remark).order_by(Remark.id)).all()
    assert [(r.item, r.revision_no, r.audience) for r in remarks] == [
        ("company", 1, Audience.PARTY),
        ("files", 1, Audience.PARTY),
    ]
    assert case.row().waiting_since is None
    mail = db.session.scalars(select(OutboxMail).where(OutboxMail.template == "join/returned")).first()
    assert mail is not None
    assert (mail.params["reason"], mail.params["count"]) == ("2か所あります", 2)


def test_hold_and_resume(make: Factory) -> None:
    case = submitted(make)
    run(review.hold, case.id, reason=" 照会中 ", seen_version=case.version, actor=case.first, now=NOW)
    row = case.row()
    assert (row.held_at, row.hold_reason, row.state) == (NOW, "照会中", S.SUBMITTED)
    with refused("illegal_step"):
        run(review.accept, case.id, seen_version=row.version, actor=case.first, now=NOW)
    run(review.resume, case.id, seen_version=row.version, actor=case.first, now=NOW)
    assert (case.row().held_at, case.row().hold_reason) == (None, None)
    version = case.version
    with refused("not_held"):
        run(review.resume, case.id, seen_version=version, actor=case.first, now=NOW)


def test_the_operator_code_keeps_its_zeros_and_is_told(make: Factory) -> None:
    case = accepted(make)
    seen = case.version
    run(review.record_operator_code, case.id, operator_code="００１２３", seen_version=seen, actor=case.first, now=NOW)
    assert case.row().operator_code == "00123"
    assert _templates(case).count("join/operator_code") == 2


@pytest.mark.parametrize("typed", ["", "1234", "123456", "12A45", "1234５x", "\x00"])
def test_a_code_of_another_form_is_refused(make: Factory, typed: str) -> None:
    case = accepted(make)
    seen = case.version
    with refused("bad_code", field="operator_code"):
        run(review.record_operator_code, case.id, operator_code=typed, seen_version=seen, actor=case.first, now=NOW)


def test_a_code_is_given_once_for_all_time(make: Factory) -> None:
    case, other, member = accepted(make), accepted(make), make.member()
    seen = other.version
    run(review.record_operator_code, other.id, operator_code="00999", seen_version=seen, actor=case.first, now=NOW)
    seen = case.version
    for taken in ("00999", member.operator_code):
        with refused("code_taken", field="operator_code"):
            run(review.record_operator_code, case.id, operator_code=taken, seen_version=seen, actor=case.first, now=NOW)


def test_a_check_settles_day_and_roster_number(make: Factory) -> None:
    case = main_submitted(make)
    _check(case)
    row = case.row()
    assert (row.checked_by_id, row.checked_at, row.member_on, row.roster_no) == (case.operator.id, NOW, ACT_ON, 12)
    assert row.state is S.MAIN_IN_REVIEW


def test_an_act_without_its_document_is_not_ready(make: Factory) -> None:
    case = in_state(make, S.MAIN_DRAFT)
    fill_main(case, acts={"acts": {"GEN": {"status": "ACT", "number": "A1", "effective_on": "2026-12-10"}}})
    send(case, Stage.MAIN)
    with refused("no_document"):
        _check(case)


def test_a_code_that_became_a_members_is_not_ready(make: Factory) -> None:
    case = main_submitted(make)
    other = main_submitted(make)
    code = f"{70_000 + other.serial:05d}"
    seen = case.version
    run(review.record_operator_code, case.id, operator_code=code, seen_version=seen, actor=case.first, now=NOW)
    with refused("code_taken"):
        _check(other)


def test_a_code_recorded_after_the_submission_must_be_the_submitted_one(make: Factory) -> None:
    case = main_submitted(make)
    seen = case.version
    run(review.record_operator_code, case.id, operator_code="00042", seen_version=seen, actor=case.first, now=NOW)
    with refused("code_mismatch"):
        _check(case)


@pytest.mark.parametrize("number", [0, -1, 10_000_000, 10**18])
def test_roster_numbers_out_of_range_are_refused(make: Factory, number: int) -> None:
    case = main_submitted(make)
    with refused("bad_roster_no", field="roster_no"):
        _check(case, roster_no=number)


def test_a_roster_number_in_use_is_refused(make: Factory) -> None:
    case = main_submitted(make)
    member = make.member()
    with refused("roster_taken", field="roster_no"):
        _check(case, roster_no=int(member.operator_code))
    assert review.next_roster_no(db.session()) == int(member.operator_code) + 1


JST_NOON = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def test_an_act_after_the_submission_settles_the_day_alone(make: Factory) -> None:
    case = main_submitted(make, act_on=date(2026, 12, 10))
    for other in (date(2026, 12, 11), date(2027, 1, 1)):
        with refused("day_by_law", field="member_on"):
            _check(case, member_on=other, member_on_reason="ご希望により")
    _check(case, member_on=date(2026, 12, 10))


def test_an_act_on_the_day_of_submission_counts_as_after_it(make: Factory) -> None:
    case = main_submitted(make, at=JST_NOON, act_on=date(2026, 11, 23))
    _check(case, member_on=date(2026, 11, 23))
    assert case.row().member_on_reason is None


def test_the_day_of_submission_is_the_day_in_japan(make: Factory) -> None:
    late_evening_utc = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # midnight in Japan: the 24th
    case = main_submitted(make, at=late_evening_utc, act_on=date(2026, 11, 23))
    with refused("reason_missing", field="member_on_reason"):
        _check(case, member_on=date(2026, 11, 24))


def test_an_act_before_the_submission_is_for_staff_to_decide(make: Factory) -> None:
    case = main_submitted(make, act_on=date(2026, 11, 22))
    for blank in ("", " 　"):
        with refused("reason_missing", field="member_on_reason"):
            _check(case, member_on=date(2026, 11, 23), member_on_reason=blank)
    _check(case, member_on=date(2026, 11, 23), member_on_reason="仮申請の日とする")
    row = case.row()
    assert (row.member_on, row.member_on_reason) == (date(2026, 11, 23), "仮申請の日とする")


def test_no_day_before_the_first_act(make: Factory) -> None:
    case = main_submitted(make, act_on=date(2026, 11, 22))
    with refused("before_act", field="member_on"):
        _check(case, member_on=date(2026, 11, 21), member_on_reason="遡る")
    _check(case, member_on=date(2026, 11, 22), member_on_reason="届出の日とする")


def test_of_several_acts_the_first_begins_membership(make: Factory) -> None:
    acts = {
        "GEN": {"status": "ACT", "number": "A1", "effective_on": "2026-12-20", "attachment_id": 1},
        "RETAIL": {"status": "ACT", "number": "A2", "effective_on": "2026-12-01", "attachment_id": 1},
        "AGG": {"status": "PENDING", "applied_on": "2026-11-01"},
    }
    case = _with_acts(make, acts)
    for other in ("2026-11-30", "2026-12-02", "2026-12-20"):
        code = "before_act" if other < "2026-12-01" else "day_by_law"
        with refused(code):
            _check(case, member_on=date.fromisoformat(other))
    _check(case, member_on=date(2026, 12, 1))


def _with_acts(make: Factory, acts: dict[str, Any]) -> Case:
    """A main application before the staff with these acts."""
    case = accepted(make, business={"licences": sorted(acts)})
    run(drafts.start_main, case.id, actor=case.applicant, now=NOW)
    fill_main(case, acts={"acts": acts})
    send(case, Stage.MAIN)
    return case


def test_a_leap_day_can_begin_membership(make: Factory) -> None:
    case = main_submitted(make, at=datetime(2028, 1, 15, tzinfo=UTC), act_on=date(2028, 2, 29))
    _check(case, member_on=date(2028, 2, 29))
    assert case.row().member_on == date(2028, 2, 29)


def test_not_qualified_needs_the_confirmation_and_no_act(make: Factory) -> None:
    case, with_act = submitted(make), in_state(make, S.MAIN_RETURNED)
    given: dict[str, Any] = {"reason": "届出に至らず", "actor": case.second, "now": NOW}
    seen = case.version
    with refused("not_confirmed", field="no_act_confirmed"):
        run(review.not_qualified, case.id, no_act_confirmed=False, seen_version=seen, **given)
    act_version = with_act.version
    with refused("act_exists"):
        run(review.not_qualified, with_act.id, no_act_confirmed=True, seen_version=act_version, **given)
    run(review.not_qualified, case.id, no_act_confirmed=True, seen_version=seen, **given)
    row = case.row()
    assert (row.state, row.decided_at, row.decided_by_id) == (S.NOT_QUALIFIED, NOW, case.approver.id)


def test_letters_go_to_those_they_are_for(make: Factory) -> None:
    case = submitted(make)
    before = len(_templates(case))
    run(review.write_remark, case.id, body="内部", audience=Audience.STAFF, actor=case.first, now=NOW)
    assert len(_templates(case)) == before
    run(review.write_remark, case.id, body="ご確認を", audience=Audience.PARTY, actor=case.first, now=NOW)
    assert _templates(case)[before:] == ["join/letter", "join/letter"]
    run(review.write_remark, case.id, body="承知しました", audience=Audience.PARTY, actor=case.applicant, now=NOW)
    assert len(_templates(case)) == before + 2
    authors = db.session.scalars(select(Remark.author_id).order_by(Remark.id)).all()
    assert authors == [case.operator.id, case.operator.id, None]


def test_letters_that_are_empty_too_long_or_a_strangers_are_refused(make: Factory) -> None:
    case = submitted(make)
    given: dict[str, Any] = {"audience": Audience.PARTY, "now": NOW}
    with refused("body_missing", field="body"):
        run(review.write_remark, case.id, body=" 　", actor=case.first, **given)
    with refused("body_too_long", field="body"):
        run(review.write_remark, case.id, body="あ" * 4001, actor=case.first, **given)
    with refused("not_found"):
        run(review.write_remark, case.id, body="x", actor=make.applicant(10**6), **given)
    member_user = make.actor(make.user())
    with refused("not_allowed"):
        run(review.write_remark, case.id, body="x", actor=member_user, **given)


def test_an_applicant_writes_nothing_among_staff(make: Factory) -> None:
    case = submitted(make)
    with refused("not_allowed"):
        run(review.write_remark, case.id, body="x", audience=Audience.STAFF, actor=case.applicant, now=NOW)


def test_every_decision_is_kept_with_person_and_revision(make: Factory) -> None:
    case = approved(make)
    rows = db.session.scalars(select(Decision).where(Decision.subject_id == case.id).order_by(Decision.id)).all()
    assert [(row.step, row.stage, row.revision_no, row.turn.value, row.actor_id) for row in rows] == [
        ("submit_provisional", Stage.PROVISIONAL, 1, "FIRST", None),
        ("accept", Stage.PROVISIONAL, 1, "FIRST", case.operator.id),
        ("start_main", Stage.PROVISIONAL, 1, "FIRST", None),
        ("submit_main", Stage.MAIN, 1, "FIRST", None),
        ("check", Stage.MAIN, 1, "FIRST", case.operator.id),
        ("approve", Stage.MAIN, 1, "SECOND", case.approver.id),
    ]
    assert all(row.at <= NOW + timedelta(seconds=1) for row in rows)
