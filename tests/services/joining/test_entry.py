from datetime import timedelta

import pytest
from sqlalchemy import func, select

from occto import vault
from occto.access import token_hash
from occto.domain.actor import Actor
from occto.domain.codes import ConsentKind, FormedBy, LinkPurpose, UserState
from occto.domain.joining import ApplicationState
from occto.extensions import db
from occto.models import Application, AuditEvent, Consent, ContractOfUse, Link, OutboxMail, SessionRow, SignInAttempt
from occto.queries.terms import terms_in_force
from occto.services import links
from occto.services.joining import entry, submission
from occto.unit_of_work import run, unit_of_work
from tests.answers import agree, filled, in_state, mint_link, start
from tests.factories import NOW, Factory
from tests.observing import everything, refused, row_counts

ANYBODY = Actor(request_id="test", address="192.0.2.1")
EMAIL = "founder@wind.example.jp"


def _ask(email: str = EMAIL) -> OutboxMail:
    run(entry.request_link, email, account_key="a", address_key="n", actor=ANYBODY, now=NOW)
    return db.session.scalars(select(OutboxMail).order_by(OutboxMail.id.desc())).first()  # type: ignore[return-value]


def _use(token: str, *, application_id: int | None = None, session_hash: str | None = None) -> int:
    return run(
        entry.use_apply_link,
        token_hash(token),
        application_id=application_id,
        session_hash=session_hash or token_hash(vault.make_token()),
        agent="test",
        actor=ANYBODY,
        now=NOW,
    )


def test_the_mail_depends_on_the_address(make: Factory) -> None:
    assert (_ask().template, _ask().params) == ("join/start", {"known_user": False})
    make.user(email="Known@Wind.example.jp")
    assert _ask("known@wind.example.jp").params == {"known_user": True}
    make.user(email="stopped@wind.example.jp", state=UserState.STOPPED)
    assert _ask("stopped@wind.example.jp").params == {"known_user": False}
    _use(mint_link(EMAIL, purpose=LinkPurpose.APPLY, now=NOW))
    assert _ask().template == "join/continue"
    assert db.session.scalar(select(func.count()).select_from(SignInAttempt)) == 5


def test_looking_at_a_link_changes_nothing(make: Factory) -> None:
    token = mint_link(EMAIL, purpose=LinkPurpose.APPLY, now=NOW)
    before = everything()
    for _ in range(3):
        with unit_of_work() as session:
            assert links.inspect(session, token_hash(token), purpose=LinkPurpose.APPLY, now=NOW).email_key == EMAIL
    assert everything() == before


def test_a_link_starts_one_application_and_one_session(make: Factory) -> None:
    token = mint_link(EMAIL, purpose=LinkPurpose.APPLY, now=NOW)
    opened = _use(token)
    case = db.session.get(Application, opened)
    assert case is not None
    assert (case.state, case.email, case.acceptance_number) == (ApplicationState.DRAFT, EMAIL, None)
    held = db.session.scalars(select(SessionRow)).one()
    assert (held.application_id, held.user_id) == (opened, None)
    assert db.session.scalars(select(AuditEvent.tag).order_by(AuditEvent.id)).all() == [
        "link.used",
        "application.started",
    ]
    with refused("link_used"):
        _use(token)


def test_a_fresh_link_comes_back_to_the_same_application(make: Factory) -> None:
    case = filled(make)
    later = mint_link(case.row().email or "", purpose=LinkPurpose.APPLY, now=NOW)
    assert _use(later, application_id=case.id) == case.id
    assert db.session.scalar(select(func.count()).select_from(Application)) == 1


def test_using_one_link_revokes_the_others_of_the_address(make: Factory) -> None:
    first, second, other = (
        mint_link(email, purpose=LinkPurpose.APPLY, now=NOW) for email in (EMAIL, EMAIL, "else@wind.example.jp")
    )
    _use(second)
    with refused("link_revoked"):
        _use(first)
    assert _use(other)


def test_unusable_links_say_why(make: Factory) -> None:
    with refused("link_unknown"):
        _use("never-minted")
    other_purpose = mint_link(EMAIL, purpose=LinkPurpose.SET_PASSWORD, now=NOW)
    with refused("link_unknown"):
        _use(other_purpose)
    just_over = mint_link(EMAIL, purpose=LinkPurpose.APPLY, now=NOW - timedelta(hours=72))
    with refused("link_expired"):
        _use(just_over)
    assert _use(mint_link(EMAIL, purpose=LinkPurpose.APPLY, now=NOW - timedelta(hours=72) + timedelta(seconds=1)))


def test_a_link_reaches_no_case_of_another_address(make: Factory) -> None:
    foreign = filled(make)
    token = mint_link(EMAIL, purpose=LinkPurpose.APPLY, now=NOW)
    with refused("not_found"):
        _use(token, application_id=foreign.id)
    assert db.session.scalar(select(Link.used_at).where(Link.token_hash == token_hash(token))) is None


def test_a_link_reaches_no_removed_draft(make: Factory) -> None:
    case = in_state(make, ApplicationState.REMOVED)
    token = mint_link("founder1@aozora.example.jp", purpose=LinkPurpose.APPLY, now=NOW)
    with refused("not_found"):
        _use(token, application_id=case.id)


def test_open_applications_of_one_address_are_limited(make: Factory) -> None:
    with unit_of_work() as session:
        session.add_all(
            Application(state=ApplicationState.DRAFT, email=EMAIL, email_key=EMAIL, created_at=NOW, saved_at=NOW)
            for _ in range(entry.OPEN_LIMIT - 1)
        )
    last = mint_link(EMAIL, purpose=LinkPurpose.APPLY, now=NOW)
    assert _use(last)
    over = mint_link(EMAIL, purpose=LinkPurpose.APPLY, now=NOW)
    with refused("too_many_open"):
        _use(over)


def test_agreeing_makes_consent_and_contract_once(make: Factory) -> None:
    case = start(make)
    agree(case)
    before = row_counts()
    agree(case)
    assert row_counts() == before
    consent = db.session.scalars(select(Consent)).one()
    assert (consent.kind, consent.application_id, consent.address) == (ConsentKind.EXPLICIT, case.id, "192.0.2.1")
    contract = db.session.scalars(select(ContractOfUse)).one()
    assert (contract.formed_by, contract.application_id, contract.ended_at) == (FormedBy.CLICK, case.id, None)
    agreed = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "terms.agreed")).one()
    assert agreed.clause == "2.1.2"


def test_agreeing_to_another_version_than_the_one_in_force_is_refused(make: Factory) -> None:
    case = start(make)
    shown = terms_in_force(db.session(), now=NOW).id
    with refused("terms_changed"):
        run(entry.agree_to_terms, case.id, seen_terms_id=shown + 1, actor=case.applicant, now=NOW)


@pytest.mark.parametrize("state", [ApplicationState.WITHDRAWN, ApplicationState.LAPSED, ApplicationState.NOT_QUALIFIED])
def test_a_decided_case_can_still_be_looked_at(make: Factory, state: ApplicationState) -> None:
    case = in_state(make, state)
    token = mint_link(case.row().email or "", purpose=LinkPurpose.APPLY, now=NOW)
    assert _use(token, application_id=case.id) == case.id


def test_an_approved_case_is_the_members_and_no_longer_the_mailboxes(make: Factory) -> None:
    case = in_state(make, ApplicationState.APPROVED)
    token = mint_link(case.row().email or "", purpose=LinkPurpose.APPLY, now=NOW)
    with refused("not_found"):
        _use(token, application_id=case.id)


def test_no_contract_is_made_in_a_case_that_is_over(make: Factory) -> None:
    case = start(make)
    run(submission.withdraw, case.id, actor=case.applicant, now=NOW)
    shown = terms_in_force(db.session(), now=NOW).id
    with refused("case_decided"):
        run(entry.agree_to_terms, case.id, seen_terms_id=shown, actor=case.applicant, now=NOW)
