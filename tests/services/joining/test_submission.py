from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from occto import vault
from occto.access import token_hash
from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import AttachmentKind, Declaration, LinkPurpose
from occto.domain.joining import ApplicationState, Stage
from occto.domain.numbers import parse_acceptance_number
from occto.extensions import db
from occto.models import ApplicationRevision, AuditEvent, Decision, DeclarationRow, OutboxMail
from occto.queries.terms import terms_in_force
from occto.services import links
from occto.services.joining import entry, paper, review, submission
from occto.unit_of_work import run, unit_of_work
from tests.answers import (
    Case,
    add_file,
    complete_answers,
    digest_of,
    fill_main,
    filled,
    main_started,
    main_submitted,
    save,
    send,
    start,
    submitted,
)
from tests.factories import NOW, Factory, corporate_number
from tests.observing import refused

S = ApplicationState
CONTRACTOR = {
    "entrant": "CONTRACTOR",
    "contractor_name": "代行事務所",
    "contractor_person": "代理 太郎",
    "contractor_phone": "03-0000-0001",
}
ANYBODY = Actor(request_id="test", address="192.0.2.9")


def _submit(case: Case, stage: Stage = Stage.PROVISIONAL, **changes: Any) -> submission.Submitted:
    given: dict[str, Any] = {"seen_digest": digest_of(case, stage), "actor": case.applicant, "now": NOW}
    return run(submission.submit, case.id, **(given | changes))


def test_the_first_submission_gets_number_day_and_lapse_day(make: Factory) -> None:
    case = filled(make)
    done = send(case, Stage.PROVISIONAL)
    row = case.row()
    assert done == submission.Submitted(row.acceptance_number, awaiting_confirmation=False)
    assert row.acceptance_number is not None
    assert parse_acceptance_number(row.acceptance_number) == row.acceptance_number
    assert (row.state, row.submitted_at, row.lapse_on, row.waiting_since) == (S.SUBMITTED, NOW, date(2027, 11, 23), NOW)
    revision = db.session.scalars(select(ApplicationRevision)).one()
    assert (revision.stage, revision.no) == (Stage.PROVISIONAL, 1)
    assert revision.answers["outline"]["representative_name"] == "髙橋 﨑子"
    assert set(db.session.scalars(select(DeclarationRow.kind))) == set(Declaration)
    mails = db.session.scalars(select(OutboxMail.to_address).where(OutboxMail.template == "join/submitted"))
    assert sorted(mails) == ["contact1@aozora.example.jp", "founder1@aozora.example.jp"]


def test_a_new_revision_keeps_number_and_day(make: Factory) -> None:
    case = submitted(make)
    first = case.row()
    run(review.take, case.id, seen_version=case.version, actor=case.first, now=NOW)
    case.at = NOW + timedelta(days=40)
    save(case, {"outline": {"capital": 5}})
    send(case, Stage.PROVISIONAL)
    again = case.row()
    assert again.state is S.SUBMITTED
    assert (again.acceptance_number, again.submitted_at, again.lapse_on) == (
        first.acceptance_number,
        first.submitted_at,
        first.lapse_on,
    )
    numbers = db.session.scalars(select(ApplicationRevision.no).order_by(ApplicationRevision.id)).all()
    assert numbers == [1, 2]


@pytest.mark.parametrize(
    ("submitted_at", "year", "lapse_on"),
    [
        (datetime(2027, 12, 31, 14, 59, 59, tzinfo=UTC), "2027", date(2028, 12, 31)),
        (datetime(2027, 12, 31, 15, 0, 0, tzinfo=UTC), "2028", date(2029, 1, 1)),
        (datetime(2028, 2, 28, 15, 0, 0, tzinfo=UTC), "2028", date(2029, 2, 28)),
        (datetime(2028, 2, 29, 14, 59, 59, tzinfo=UTC), "2028", date(2029, 2, 28)),
        (datetime(2027, 2, 28, 3, 0, 0, tzinfo=UTC), "2027", date(2028, 2, 28)),
    ],
)
def test_year_and_lapse_day_are_those_of_japan(
    make: Factory, submitted_at: datetime, year: str, lapse_on: date
) -> None:
    row = submitted(make, at=submitted_at).row()
    assert year in (row.acceptance_number or "")
    assert row.lapse_on == lapse_on


def test_an_incomplete_application_is_refused_beside_the_first_gap(make: Factory) -> None:
    case = filled(make, outline=None, files=None)
    with refused("incomplete", field="outline"):
        _submit(case)


def test_without_consent_nothing_is_submitted(make: Factory) -> None:
    case = start(make)
    with refused("incomplete", field="terms"):
        _submit(case)


def test_other_answers_than_on_the_check_page_are_refused(make: Factory) -> None:
    case = filled(make)
    seen = digest_of(case, Stage.PROVISIONAL)
    save(case, {"outline": {"capital": 1}})
    with refused("stale"):
        _submit(case, seen_digest=seen)


@pytest.mark.parametrize(
    ("overrides", "code", "field"),
    [
        ({"business": {"licences": ["RSPTD"]}}, "rsptd_alone", "business"),
        ({"entrant": CONTRACTOR}, "mandate_letter", "files"),
        (
            {"relations": {"rows": [{"relation": "PARENT", "corporate_number": corporate_number(500_001)}]}},
            "self_parent",
            "relations",
        ),
    ],
)
def test_answers_that_cannot_stand_together_are_refused(
    make: Factory, overrides: dict[str, Any], code: str, field: str
) -> None:
    case = filled(make, **overrides)
    with refused(code, field=field):
        _submit(case)


def test_the_main_application_needs_the_code_and_each_act(make: Factory) -> None:
    case = main_started(make, business={"licences": ["GEN", "RETAIL"]})
    with refused("incomplete", field="code"):
        _submit(case, Stage.MAIN)
    fill_main(case)
    with refused("act_absent", field="acts"):
        _submit(case, Stage.MAIN)


def test_another_code_than_the_one_given_out_is_refused(make: Factory) -> None:
    case = main_started(make)
    seen = case.version
    run(review.record_operator_code, case.id, operator_code="00042", seen_version=seen, actor=case.first, now=NOW)
    fill_main(case)
    with refused("code_mismatch", field="code"):
        _submit(case, Stage.MAIN)
    save(case, {"code": {"operator_code": "00042"}})
    assert _submit(case, Stage.MAIN).number == case.row().acceptance_number


def test_a_pending_act_waits_and_goes_on_when_it_is_there(make: Factory) -> None:
    case = main_submitted(make, pending=True)
    first = case.row()
    assert (first.state, first.main_submitted_at) == (S.AWAITING_ACT, NOW)
    case.at = NOW + timedelta(days=30)
    fill_main(case)
    send(case, Stage.MAIN)
    again = case.row()
    assert (again.state, again.main_submitted_at) == (S.MAIN_IN_REVIEW, NOW)


def test_submitting_again_undoes_the_check_and_the_hold(make: Factory) -> None:
    case = main_submitted(make)
    day = date(2026, 12, 10)
    run(
        review.check,
        case.id,
        member_on=day,
        member_on_reason="",
        roster_no=5,
        seen_version=case.version,
        actor=case.first,
        now=NOW,
    )
    run(review.hold, case.id, reason="照会中", seen_version=case.version, actor=case.first, now=NOW)
    send(case, Stage.MAIN)
    row = case.row()
    assert (row.checked_by_id, row.checked_at, row.member_on, row.roster_no, row.held_at) == (None,) * 5


def _paper(make: Factory) -> Case:
    """A paper application keyed in by the operator and complete."""
    case = filled(make)
    with unit_of_work() as session:
        opened = paper.start_paper_application(session, email=None, actor=case.first, now=NOW)
    written = Case(make, opened, 700, case.operator, case.approver)
    with unit_of_work() as session:
        shown = terms_in_force(session, now=NOW).id
        entry.agree_to_terms(session, opened, seen_terms_id=shown, actor=case.first, now=NOW)
    save(written, complete_answers(Stage.PROVISIONAL, serial=700), actor=case.first)
    return written


def test_a_paper_application_counts_from_the_day_it_was_received(make: Factory) -> None:
    case = _paper(make)
    with refused("scan_missing", field="files"):
        _submit(case, actor=case.first)
    add_file(case, AttachmentKind.PAPER_SCAN, actor=case.first)
    received = NOW - timedelta(days=20)
    with refused("received_in_future", field="received_at"):
        _submit(case, actor=case.first, received_at=NOW + timedelta(seconds=1))
    assert _submit(case, actor=case.first, received_at=received).number
    row = case.row()
    assert (row.submitted_at, row.entered_by_id, row.waiting_since) == (received, case.operator.id, NOW)
    assert db.session.scalars(select(ApplicationRevision)).one().submitted_by_id == case.operator.id


def test_paper_is_keyed_in_by_those_who_may(make: Factory) -> None:
    case = _paper(make)
    for actor in (case.second, make.applicant(10**6)):
        with refused("not_found"):
            _submit(case, actor=actor)
    with refused("not_allowed"):
        run(paper.start_paper_application, email=None, actor=case.second, now=NOW)


def test_an_applicant_cannot_date_a_submission_back(make: Factory) -> None:
    case = filled(make)
    _submit(case, received_at=NOW - timedelta(days=400))
    assert case.row().submitted_at == NOW


def _contracted(make: Factory) -> Case:
    case = filled(make, entrant=CONTRACTOR)
    add_file(case, AttachmentKind.MANDATE_LETTER)
    return case


def _confirmation(case: Case) -> str:
    """The token that the mail to the 会員担当 carries."""
    with unit_of_work() as session:
        mail = session.scalars(
            select(OutboxMail).where(OutboxMail.template == "join/confirm").order_by(OutboxMail.id.desc())
        ).first()
        assert mail is not None
        assert mail.to_address == f"contact{case.serial}@aozora.example.jp"
        token = vault.make_token()
        purpose = LinkPurpose.CONFIRM_APPLICATION
        links.mint(session, mail, purpose=purpose, token_hash=token_hash(token), hours=168, now=NOW)
    return token


def _confirm(token: str, seen: str, *, now: datetime = NOW) -> str:
    return run(submission.confirm, token_hash(token), seen_digest=seen, actor=ANYBODY, now=now)


def test_a_contractors_entry_counts_once_the_company_confirms(make: Factory) -> None:
    case = _contracted(make)
    assert send(case, Stage.PROVISIONAL) == submission.Submitted(None, awaiting_confirmation=True)
    row = case.row()
    assert (row.state, row.submitted_at, row.confirmation_asked_at) == (S.DRAFT, None, NOW)
    token, seen = _confirmation(case), digest_of(case, Stage.PROVISIONAL)
    later = NOW + timedelta(days=3)
    number = _confirm(token, seen, now=later)
    row = case.row()
    assert (row.state, row.submitted_at, row.acceptance_number) == (S.SUBMITTED, later, number)
    assert (row.confirmation_asked_at, row.confirmation_digest) == (None, None)
    with refused("link_used"):
        _confirm(token, seen)


def test_a_change_after_the_request_needs_a_new_confirmation(make: Factory) -> None:
    case = _contracted(make)
    send(case, Stage.PROVISIONAL)
    token, seen = _confirmation(case), digest_of(case, Stage.PROVISIONAL)
    save(case, {"outline": {"capital": 1}})
    with refused("changed_since"):
        _confirm(token, seen)
    with refused("changed_since"):
        _confirm(token, digest_of(case, Stage.PROVISIONAL))


def test_only_the_contact_asked_last_can_confirm(make: Factory) -> None:
    case = _contracted(make)
    send(case, Stage.PROVISIONAL)
    earlier = _confirmation(case)
    save(case, {"contacts": {"member_contact_name": "真 担当", "member_contact_email": "true@aozora.example.jp"}})
    send(case, Stage.PROVISIONAL)
    with refused("changed_since"):
        _confirm(earlier, digest_of(case, Stage.PROVISIONAL))
    assert case.state is S.DRAFT


def test_the_confirmation_is_on_record(make: Factory) -> None:
    case = _contracted(make)
    send(case, Stage.PROVISIONAL)
    _confirm(_confirmation(case), digest_of(case, Stage.PROVISIONAL))
    used = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "link.used").order_by(AuditEvent.id)).all()
    assert (used[-1].subject, used[-1].clause) == (f"APPLICATION:{case.id}", Clause.C2_3_1)


def test_confirming_other_answers_than_shown_is_refused(make: Factory) -> None:
    case = _contracted(make)
    send(case, Stage.PROVISIONAL)
    token = _confirmation(case)
    with refused("changed_since"):
        _confirm(token, "0" * 64)


def test_a_contractor_cannot_confirm_itself(make: Factory) -> None:
    case = filled(make, entrant=CONTRACTOR, contacts={"member_contact_email": "Founder1@aozora.example.jp"})
    add_file(case, AttachmentKind.MANDATE_LETTER)
    with refused("contractor_is_contact", field="contacts"):
        _submit(case)


def test_asking_twice_a_day_mails_once(make: Factory) -> None:
    case = _contracted(make)
    send(case, Stage.PROVISIONAL)
    send(case, Stage.PROVISIONAL)
    mails = select(func.count()).select_from(OutboxMail).where(OutboxMail.template == "join/confirm")
    assert db.session.scalar(mails) == 1


def test_withdrawing_tells_the_company_and_is_kept(make: Factory) -> None:
    case = submitted(make)
    run(submission.withdraw, case.id, actor=case.applicant, now=NOW, reason="計画の中止")
    row = case.row()
    assert (row.state, row.decided_at, row.waiting_since) == (S.WITHDRAWN, NOW, None)
    decision = db.session.scalars(select(Decision).where(Decision.step == "withdraw")).one()
    assert (decision.reason, decision.actor_id) == ("計画の中止", None)
    mails = select(func.count()).select_from(OutboxMail).where(OutboxMail.template == "join/withdrawn")
    assert db.session.scalar(mails) == 2


def test_lists_and_mails_name_the_company_as_submitted(make: Factory) -> None:
    """An edit that was not submitted renames nothing that others see."""
    case = submitted(make)
    name = case.row().name
    company = complete_answers(Stage.PROVISIONAL, serial=case.serial)["company"] | {"name": "改称後電力株式会社"}
    save(case, {"company": company})
    assert case.row().name == name
    send(case, Stage.PROVISIONAL)
    assert case.row().name == "改称後電力株式会社"
