"""The demo in the database: complete, the same from run to run, and as the verbs of the register would leave it."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from occto import vault
from occto.demo.accounts import ACCOUNTS, PASSWORD
from occto.demo.load import load_demo, make_secrets
from occto.domain.actor import Actor
from occto.domain.canonical import jsonable
from occto.domain.codes import MailState, MemberState, UserKind, UserState
from occto.domain.control import Control, check_new_parent
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal
from occto.domain.files import check_upload
from occto.domain.joining import ApplicationState, Stage
from occto.domain.numbers import parse_acceptance_number
from occto.domain.passwords import normalise_password
from occto.domain.sections import missing_sections
from occto.extensions import Base, db
from occto.forms.join import SECTION_FORMS, ActForm, RelationForm
from occto.models import (
    Application,
    ApplicationDraft,
    ApplicationRevision,
    Attachment,
    AttachmentChunk,
    AuditEvent,
    Body,
    ControlFact,
    Member,
    OutboxMail,
    ProfileFact,
    RegisterChange,
    RegisterHead,
    User,
)
from occto.queries.people import companies_of, user_by_email
from occto.queries.register import home_record
from occto.services import audit, register, sign_in
from occto.unit_of_work import run
from tests.conftest import NOW
from tests.demo.conftest import MEMBERS

pytestmark = pytest.mark.wide


class _UndoError(Exception):
    """Rolls a run back."""


def test_the_same_seed_gives_the_same_rows(app: Flask) -> None:
    seen = []

    def play(session: Any) -> None:
        load_demo(session, MEMBERS, secrets=make_secrets(), now=NOW)
        seen.append(
            {
                table.name: session.scalar(select(func.count()).select_from(table))
                for table in Base.metadata.sorted_tables
            }
        )
        shown = select(Member.operator_code, Member.current_name, Member.current_licences)
        members = session.execute(shown.order_by(Member.operator_code))
        answers = session.scalars(select(ApplicationRevision.answers).order_by(ApplicationRevision.id))
        facts = session.execute(
            select(ProfileFact.item, ProfileFact.value, ProfileFact.entered_id).order_by(ProfileFact.id)
        )
        seen.append([[tuple(row) for row in members], list(answers), [tuple(row) for row in facts]])
        raise _UndoError

    for _turn in range(2):
        with pytest.raises(_UndoError):
            run(play)
    assert seen[0] == seen[2]
    _without_ids(seen[1][1])
    _without_ids(seen[3][1])
    assert seen[1] == seen[3]


def _without_ids(answers: list[Any]) -> None:
    """Sequences of PostgreSQL go on after a rollback: ids of files differ, nothing else may."""
    for sections in answers:
        for file in sections.get("files", {}).get("files", ()):
            file.pop("id")
        for act in sections.get("acts", {}).get("acts", {}).values():
            act.pop("attachment_id")


class TestLoaded:
    """One load, looked at from many sides."""

    @pytest.fixture(autouse=True)
    def _inside(self, loaded: Flask) -> Iterator[None]:
        with loaded.app_context():
            yield
            db.session.remove()

    def test_as_many_members_as_asked_for(self) -> None:
        assert db.session.scalar(select(func.count()).select_from(Member)) == MEMBERS
        states = set(db.session.scalars(select(Member.current_state)))
        assert states == set(MemberState)

    def test_a_second_load_is_refused(self) -> None:
        with pytest.raises(Refusal) as refused:
            run(load_demo, MEMBERS, secrets=make_secrets(), now=NOW)
        assert refused.value.code == "not_empty"

    def test_the_copies_for_lists_are_what_the_register_makes(self) -> None:
        ids = db.session.scalars(select(Member.id)).all()
        assert run(register.refresh_current, ids, today=today_jst(NOW)) == 0

    def test_changes_are_numbered_in_the_order_of_time(self) -> None:
        changes = db.session.execute(select(RegisterChange.id, RegisterChange.at).order_by(RegisterChange.id)).all()
        assert [change.id for change in changes] == list(range(1, len(changes) + 1))
        assert [change.at for change in changes] == sorted(change.at for change in changes)
        head = db.session.get(RegisterHead, 1)
        assert head is not None
        assert head.last_change_id == len(changes)

    def test_a_correction_voids_what_it_replaces(self) -> None:
        voided = db.session.scalars(select(ProfileFact).where(ProfileFact.voided_id.is_not(None))).all()
        assert voided
        for fact in voided:
            new = select(ProfileFact).where(
                ProfileFact.member_id == fact.member_id,
                ProfileFact.item == fact.item,
                ProfileFact.effective_on == fact.effective_on,
                ProfileFact.entered_id == fact.voided_id,
            )
            assert db.session.scalars(new).one().value != fact.value

    def test_no_rings_and_one_parent(self) -> None:
        parents: dict[int, list[Control]] = {}
        for child, parent in register.live_parents(db.session(), day=today_jst(NOW)).items():
            held = Control(parent, date.min, date.max)
            check_new_parent(lambda body: parents.get(body, []), child=child, **held._asdict())
            parents[child] = [held]
        assert len(parents) >= 8
        members = set(db.session.scalars(select(Member.body_id)))
        assert any(held[0].parent not in members for held in parents.values())
        assert db.session.scalar(select(ControlFact.id).where(ControlFact.parent_name.is_not(None)).limit(1))
        assert set(parents) <= set(db.session.scalars(select(Body.id)))

    def test_cases_are_in_every_state(self) -> None:
        cases = db.session.scalars(select(Application)).all()
        assert {case.state for case in cases} == set(ApplicationState)
        assert [case for case in cases if case.held_at]
        assert [case for case in cases if case.confirmation_asked_at]
        assert [case for case in cases if case.channel == "PAPER"]
        assert [case for case in cases if case.state == "MAIN_IN_REVIEW" and case.checked_by_id]
        assert [case for case in cases if case.state == "MAIN_IN_REVIEW" and case.member_on_reason], "late joiner"
        open_late = {ApplicationState.ACCEPTED, ApplicationState.RETURNED}
        assert [case for case in cases if case.state in open_late and case.lapse_on <= today_jst(NOW)], "lapse queue"
        numbers = [case.acceptance_number for case in cases if case.acceptance_number]
        assert all(parse_acceptance_number(number) == number for number in numbers)

    def test_what_was_submitted_was_complete(self) -> None:
        revisions = db.session.scalars(select(ApplicationRevision)).all()
        assert {revision.stage for revision in revisions} == set(Stage)
        for revision in revisions:
            assert missing_sections(revision.answers, stage=revision.stage, agreed=True) == []

    def test_drafts_read_back_through_the_forms(self) -> None:
        for draft in db.session.scalars(select(ApplicationDraft)):
            form_class = SECTION_FORMS.get(draft.section)
            if draft.section == "relations":
                lines = [RelationForm.from_raw(line, today=today_jst(NOW)) for line in draft.typed["rows"]]
                assert all(line.validate() for line in lines)
                assert jsonable([line.clean_row() for line in lines]) == draft.answers["rows"]
            if draft.section == "acts":
                assert draft.typed["acts"].keys() == draft.answers["acts"].keys()
                assert all(ActForm.from_raw(a, today=today_jst(NOW)).validate() for a in draft.typed["acts"].values())
            if form_class is None:
                continue
            form = form_class.from_raw(draft.typed, today=today_jst(NOW))
            if draft.answers is None:
                assert not form.validate()
                continue
            assert form.validate(), (draft.section, form.error_list())
            clean = {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in form.cleaned().items()}
            assert {k: v for k, v in clean.items() if v} == {k: v for k, v in draft.answers.items() if v}

    def test_files_are_what_they_say(self) -> None:
        file = db.session.scalars(select(Attachment).limit(1)).one()
        content = db.session.scalars(
            select(AttachmentChunk.bytes).where(AttachmentChunk.attachment_id == file.id)
        ).one()
        media_type, name = check_upload(file.name, size=len(content), head=content[:16], tail=content[-1024:])
        assert (media_type, name) == (file.media_type, file.name)

    def test_mails_are_sent_but_for_one_failed_one_to_go_and_the_refused_of_each_notice(self) -> None:
        rows = db.session.execute(select(OutboxMail.state, func.count()).group_by(OutboxMail.state))
        counted = {row[0]: row[1] for row in rows}
        assert counted.pop(MailState.SENT) > 100
        assert counted == {MailState.FAILED: 1, MailState.BOUNCED: 2, MailState.PENDING: 1}
        for mail in db.session.scalars(select(OutboxMail).where(OutboxMail.state == MailState.SENT)):
            assert mail.subject
            assert "{{" not in f"{mail.subject}{mail.body_masked}"

    def test_the_load_itself_is_recorded_and_the_chain_closes(self) -> None:
        event = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "demo.loaded")).one()
        assert event.subject == "DEMO:1"
        while run(audit.seal, now=NOW):
            pass
        report = audit.verify(db.session())
        assert (report.fault, report.unsealed) == (None, 0)

    def test_numbers_go_on_after_the_load(self) -> None:
        db.session.execute(text("SELECT 1"))
        with_new = Body(name="新しい会社", corporate_number=None)
        highest = db.session.scalar(select(func.max(Body.id)))
        db.session.add(with_new)
        db.session.flush()
        assert with_new.id > highest
        db.session.rollback()

    @pytest.mark.parametrize("account", ACCOUNTS, ids=[account.login for account in ACCOUNTS])
    def test_accounts_pass_the_sign_in(self, account: Any) -> None:
        user = user_by_email(db.session(), account.login)
        assert user is not None
        assert user.state is UserState.ACTIVE
        stored = user.password_hash
        assert vault.verify_password(stored, normalise_password(PASSWORD))
        visitor = Actor(request_id="test", address="192.0.2.9")
        signed_in = run(
            sign_in.pass_password,
            user.id,
            verified_hash=stored,
            new_hash=None,
            token_hash=f"{user.id:064d}",
            account_key="a",
            address_key="b",
            agent="test",
            actor=visitor,
            now=NOW,
        )
        assert signed_in.second_factor is (True if account.secret else None)
        if account.secret:
            assert vault.decrypt(user.totp_secret_enc) == account.secret
            step = vault.matching_step(account.secret, vault.totp_now(account.secret, now=NOW), now=NOW)
            assert step is not None
            run(
                sign_in.pass_second_factor,
                signed_in.session_id,
                step=step,
                keys={"account_key": "a", "address_key": "b"},
                actor=visitor,
                now=NOW,
            )
        if account.kind is UserKind.MEMBER:
            companies = companies_of(db.session(), user.id)
            assert (len(companies) > 4) is (account.company == 4)
            record = home_record(db.session(), companies[0].member_id, today=today_jst(NOW), now=NOW)
            assert record.name == companies[0].name

    def test_everybody_active_has_the_shared_password(self) -> None:
        hashes = set(db.session.scalars(select(User.password_hash).where(User.state == UserState.ACTIVE)))
        assert len(hashes) == 1
