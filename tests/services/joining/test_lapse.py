from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from occto.domain.clauses import Clause
from occto.domain.codes import AttachmentKind
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound
from occto.domain.joining import ApplicationState
from occto.domain.settings import DRAFT_DAYS, DRAFT_REMINDER_DAYS
from occto.extensions import db
from occto.models import (
    Application,
    ApplicationDraft,
    Attachment,
    AttachmentChunk,
    AuditEvent,
    Consent,
    ContractOfUse,
    OutboxMail,
    SessionRow,
)
from occto.queries.files import file_content
from occto.queries.terms import terms_in_force
from occto.services.joining import drafts, lapse, review
from occto.unit_of_work import run, unit_of_work
from tests.answers import Case, add_file, filled, in_state, start, submitted
from tests.factories import NOW, Factory
from tests.observing import refused, row_counts

S = ApplicationState


def noon(year: int, month: int, day: int) -> datetime:
    """Noon in Japan."""
    return datetime(year, month, day, 3, 0, tzinfo=UTC)


def _lapse(case: Case, at: datetime, **changes: Any) -> None:
    given: dict[str, Any] = {"reason": "1年の経過", "no_act_confirmed": True, "seen_version": case.version}
    run(lapse.lapse, case.id, **(given | changes), actor=case.second, now=at)


@pytest.mark.parametrize(
    ("submitted_at", "last_refused", "first_allowed"),
    [
        (noon(2026, 11, 23), noon(2027, 11, 23), noon(2027, 11, 24)),
        (noon(2028, 2, 29), noon(2029, 2, 28), noon(2029, 3, 1)),
        (noon(2027, 2, 28), noon(2028, 2, 28), noon(2028, 2, 29)),
        (
            datetime(2026, 11, 23, 15, 0, tzinfo=UTC),
            datetime(2027, 11, 24, 14, 59, 59, tzinfo=UTC),
            datetime(2027, 11, 24, 15, 0, tzinfo=UTC),
        ),
    ],
)
def test_nobody_is_lapsed_before_a_whole_year(
    make: Factory, submitted_at: datetime, last_refused: datetime, first_allowed: datetime
) -> None:
    case = submitted(make, at=submitted_at)
    with refused("not_yet"):
        _lapse(case, last_refused)
    _lapse(case, first_allowed)
    assert case.state is S.LAPSED


def test_a_lapse_ends_the_contract_and_tells_the_company(make: Factory) -> None:
    case = in_state(make, S.LAPSED)
    row = case.row()
    contract = db.session.scalars(select(ContractOfUse)).one()
    assert (contract.ended_at, contract.end_clause) == (row.decided_at, Clause.C2_7_2_4)
    assert db.session.scalars(select(SessionRow.ended_at)).all() == [row.decided_at]
    mails = db.session.scalars(select(OutboxMail).where(OutboxMail.template == "join/lapsed")).all()
    in_force = terms_in_force(db.session(), now=row.decided_at or NOW).id
    assert [(mail.clause, mail.terms_version_id) for mail in mails] == [(Clause.C2_7_2_4, in_force)] * 2
    events = select(AuditEvent.clause).where(AuditEvent.tag == "application.step").order_by(AuditEvent.id.desc())
    assert db.session.scalars(events).first() == Clause.C2_7_2_4


def test_a_lapse_needs_the_answer_of_the_ministry(make: Factory) -> None:
    case = submitted(make)
    with refused("not_confirmed", field="no_act_confirmed"):
        _lapse(case, NOW + timedelta(days=366), no_act_confirmed=False)


def test_a_main_application_stops_the_year(make: Factory) -> None:
    for state in (S.MAIN_IN_REVIEW, S.AWAITING_ACT, S.MAIN_RETURNED):
        case = in_state(make, state)
        with refused("illegal_step"):
            _lapse(case, NOW + timedelta(days=800))


def test_an_act_found_by_staff_is_carried_to_a_main_application(make: Factory) -> None:
    case = submitted(make)
    seen = case.version
    run(lapse.carry_to_main, case.id, reason="届出済と判明", seen_version=seen, actor=case.second, now=NOW)
    row = case.row()
    assert (row.state, row.accepted_at, row.waiting_since) == (S.MAIN_DRAFT, NOW, None)


def test_an_extension_moves_the_day(make: Factory) -> None:
    case = submitted(make)
    present, late = case.row().lapse_on, NOW + timedelta(days=400)
    assert present is not None
    given: dict[str, Any] = {"reason": "工事の遅れ", "actor": case.second}
    seen = case.version
    with refused("bad_until", field="until"):
        run(lapse.extend, case.id, until=present, seen_version=seen, now=NOW, **given)
    with refused("bad_until", field="until"):
        run(lapse.extend, case.id, until=late.date(), seen_version=seen, now=late, **given)
    until = late.date() + timedelta(days=1)
    run(lapse.extend, case.id, until=until, seen_version=seen, now=late, **given)
    assert case.row().lapse_on == until
    with refused("not_yet"):
        _lapse(case, late)


def _remind(case: Case, at: datetime) -> bool:
    return run(lapse.remind, case.id, now=at)


def _reminders() -> int:
    found = select(func.count()).select_from(OutboxMail).where(OutboxMail.template == "join/lapse_reminder")
    return db.session.scalar(found) or 0


def test_one_reminder_on_each_due_day(make: Factory) -> None:
    case = submitted(make, at=noon(2026, 11, 23))
    due = [date(2027, 5, 23), date(2027, 8, 23), date(2027, 10, 23), date(2027, 11, 9)]
    sent: list[date] = []
    day = date(2026, 11, 23)
    while day <= date(2027, 12, 31):
        at = noon(day.year, day.month, day.day)
        sent.extend(day for _ in range(2) if _remind(case, at))
        day += timedelta(days=1)
    assert sent == due
    assert _reminders() == len(due) * 2


def test_a_contact_that_is_being_retyped_is_reminded_all_the_same(make: Factory) -> None:
    case = in_state(make, S.RETURNED)
    with unit_of_work() as session:
        draft = session.get(ApplicationDraft, (case.id, "contacts"))
        assert draft is not None
        given: dict[str, Any] = {"typed": {}, "answers": None, "errors": 1, "seen_version": draft.version}
        drafts.save_section(session, case.id, "contacts", **given, actor=case.applicant, now=NOW)
    assert _remind(case, noon(2027, 6, 1))
    told = db.session.scalars(select(OutboxMail.to_address).where(OutboxMail.template == "join/lapse_reminder"))
    assert sorted(told) == ["contact1@aozora.example.jp", "founder1@aozora.example.jp"]


def test_a_late_run_sends_one_reminder_and_not_three(make: Factory) -> None:
    case = submitted(make, at=noon(2026, 11, 23))
    assert _remind(case, noon(2027, 10, 30))
    assert not _remind(case, noon(2027, 10, 31))
    assert _reminders() == 2
    assert _remind(case, noon(2027, 11, 10))
    assert _reminders() == 4


def test_after_the_day_nothing_is_reminded_of(make: Factory) -> None:
    case = submitted(make, at=noon(2026, 11, 23))
    assert not _remind(case, noon(2027, 11, 24))
    assert not _remind(case, noon(2028, 1, 1))


def test_reminders_after_an_extension_speak_of_the_new_day(make: Factory) -> None:
    case = submitted(make, at=noon(2026, 11, 23))
    assert _remind(case, noon(2027, 11, 9))
    until = date(2028, 3, 1)
    seen = case.version
    given: dict[str, Any] = {"reason": "延長", "seen_version": seen, "actor": case.second, "now": noon(2027, 11, 20)}
    run(lapse.extend, case.id, until=until, **given)
    assert _remind(case, noon(2028, 2, 16))
    mail = db.session.scalars(
        select(OutboxMail).where(OutboxMail.template == "join/lapse_reminder").order_by(OutboxMail.id.desc())
    ).first()
    assert mail is not None
    assert mail.params["lapse_on"] == "2028-03-01"


@pytest.mark.parametrize("state", list(ApplicationState))
def test_only_cases_whose_year_is_running_are_due(make: Factory, state: ApplicationState) -> None:
    case = in_state(make, state)
    running = state in {S.SUBMITTED, S.IN_REVIEW, S.RETURNED, S.ACCEPTED, S.MAIN_DRAFT}
    assert (case.id in lapse.running_cases(db.session())) == running
    db.session.rollback()
    if state is not S.REMOVED:
        assert _remind(case, NOW + timedelta(days=200)) == running


def _idle(at: datetime) -> list[int]:
    found = lapse.idle_drafts(db.session(), now=at)
    db.session.rollback()
    return found


def _remove(case: Case) -> datetime:
    """Remind on time and remove on time; the instant of the removal."""
    at = NOW + timedelta(days=DRAFT_DAYS)
    assert run(lapse.remind_of_draft, case.id, now=NOW + timedelta(days=DRAFT_REMINDER_DAYS))
    assert run(lapse.remove_draft, case.id, now=at)
    return at


def test_a_draft_is_reminded_of_once_and_then_removed(make: Factory) -> None:
    case = filled(make)
    second = timedelta(seconds=1)
    assert _idle(NOW + timedelta(days=DRAFT_REMINDER_DAYS) - second) == []
    assert _idle(NOW + timedelta(days=DRAFT_REMINDER_DAYS)) == [case.id]
    at = NOW + timedelta(days=DRAFT_REMINDER_DAYS)
    assert run(lapse.remind_of_draft, case.id, now=at)
    assert not run(lapse.remind_of_draft, case.id, now=at + timedelta(days=1))
    assert not run(lapse.remove_draft, case.id, now=NOW + timedelta(days=DRAFT_DAYS) - second)
    assert run(lapse.remove_draft, case.id, now=NOW + timedelta(days=DRAFT_DAYS))


def test_a_late_reminder_leaves_as_much_time_as_one_on_time(make: Factory) -> None:
    """The worker was down for a month: nobody loses a draft unwarned."""
    case = filled(make)
    late = NOW + timedelta(days=DRAFT_DAYS + 30)
    assert not run(lapse.remove_draft, case.id, now=late)
    assert run(lapse.remind_of_draft, case.id, now=late)
    mail = db.session.scalars(select(OutboxMail).where(OutboxMail.template == "join/draft_reminder")).one()
    assert mail.params["removed_on"] == today_jst(late + lapse.DRAFT_NOTICE).isoformat()
    assert not run(lapse.remove_draft, case.id, now=late + lapse.DRAFT_NOTICE - timedelta(seconds=1))
    assert run(lapse.remove_draft, case.id, now=late + lapse.DRAFT_NOTICE)


def test_a_removed_draft_leaves_the_consent_and_an_empty_case(make: Factory) -> None:
    case = filled(make)
    at = _remove(case)
    row = case.row()
    assert (row.state, row.decided_at) == (S.REMOVED, at)
    assert (row.email, row.email_key, row.name, row.name_key, row.corporate_number) == (None,) * 5
    assert db.session.scalar(select(func.count()).select_from(ApplicationDraft)) == 0
    assert db.session.scalars(select(Consent.application_id)).all() == [case.id]
    contract = db.session.scalars(select(ContractOfUse)).one()
    assert (contract.ended_at, contract.end_clause) == (at, Clause.C2_7_1)
    removed = select(func.count()).select_from(AuditEvent).where(AuditEvent.tag == "application.draft_removed")
    assert db.session.scalar(removed) == 1
    before = row_counts()
    assert _idle(at) == []
    with refused("not_found"):
        run(lapse.remove_draft, case.id, now=at)
    assert row_counts() == before


def test_a_save_keeps_the_draft(make: Factory) -> None:
    case = start(make)
    with unit_of_work() as session:
        row = session.get(Application, case.id)
        assert row is not None
        row.saved_at = NOW + timedelta(days=60)
    assert not run(lapse.remove_draft, case.id, now=NOW + timedelta(days=DRAFT_DAYS + 1))


@pytest.mark.parametrize("state", [state for state in ApplicationState if state not in {S.DRAFT, S.REMOVED}])
def test_what_was_submitted_is_never_removed(make: Factory, state: ApplicationState) -> None:
    case = in_state(make, state)
    late = NOW + timedelta(days=2000)
    assert _idle(late) == []
    assert not run(lapse.remove_draft, case.id, now=late)
    assert not run(lapse.remind_of_draft, case.id, now=late)


def test_a_case_on_hold_is_not_lapsed(make: Factory) -> None:
    case = submitted(make)
    run(review.hold, case.id, reason="照会", seen_version=case.version, actor=case.first, now=NOW)
    with refused("illegal_step"):
        _lapse(case, NOW + timedelta(days=366))


def test_the_files_of_a_removed_draft_are_out_of_reach(make: Factory) -> None:
    case = filled(make)
    file = add_file(case, AttachmentKind.REGISTRY)
    _remove(case)
    assert db.session.scalar(select(func.count()).select_from(AttachmentChunk)) == 0, "the bytes are gone"
    with unit_of_work() as session:
        kept = session.get(Attachment, file)
        assert kept is not None
        assert (kept.name, kept.removed_at) == ("削除済み", NOW + timedelta(days=DRAFT_DAYS))
        with pytest.raises(NotFound):
            file_content(session, file)
