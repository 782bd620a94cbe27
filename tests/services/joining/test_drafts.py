from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from occto.domain import files
from occto.domain.codes import AttachmentKind, ScanState
from occto.domain.joining import EDITABLE, ApplicationState, Stage
from occto.extensions import db
from occto.models import Application, ApplicationDraft, ApplicationRevision, Attachment, AttachmentChunk
from occto.services.files import FILES_LIMIT
from occto.services.joining import drafts
from occto.unit_of_work import run
from tests.answers import (
    Case,
    add_file,
    agree,
    complete_answers,
    filled,
    in_state,
    main_started,
    send,
    start,
    submitted,
)
from tests.factories import NOW, Factory
from tests.observing import refused

S = ApplicationState
SHUT = [state for state in ApplicationState if state not in EDITABLE and state is not S.REMOVED]


def _save(case: Case, section: str = "outline", *, seen_version: int = 0, **changes: Any) -> None:
    given: dict[str, Any] = {"typed": {"capital": "1億"}, "answers": {"capital": 100_000_000}, "errors": 0}
    run(
        drafts.save_section,
        case.id,
        section,
        **(given | changes),
        seen_version=seen_version,
        actor=case.applicant,
        now=NOW + timedelta(hours=1),
    )


def _draft(case: Case, section: str = "outline") -> ApplicationDraft:
    return db.session.scalars(
        select(ApplicationDraft).where(ApplicationDraft.application_id == case.id, ApplicationDraft.section == section)
    ).one()


def test_what_was_typed_is_kept_also_while_it_is_wrong(make: Factory) -> None:
    case = start(make)
    agree(case)
    _save(case, typed={"capital": "いちおく"}, answers=None, errors=1)
    kept = _draft(case)
    assert (kept.typed, kept.answers, kept.errors, kept.version) == ({"capital": "いちおく"}, None, 1, 1)
    _save(case, seen_version=1)
    kept = _draft(case)
    assert (kept.typed, kept.answers, kept.errors, kept.version) == ({"capital": "1億"}, {"capital": 100_000_000}, 0, 2)
    assert case.row().saved_at == NOW + timedelta(hours=1)


def test_the_list_shows_the_name_as_last_saved(make: Factory) -> None:
    case = start(make)
    agree(case)
    _save(case, "company", typed={"name": "途中の名称", "corporate_number": "12"}, answers=None, errors=1)
    row = case.row()
    assert (row.name, row.corporate_number) == ("途中の名称", None)
    _save(case, "company", seen_version=1, answers=_answers_of("company"))
    row = case.row()
    assert (row.name, len(row.corporate_number or "")) == ("青空電力1株式会社", 13)


def _answers_of(section: str) -> dict[str, Any]:
    return complete_answers(Stage.MAIN)[section]


def test_the_terms_come_first(make: Factory) -> None:
    case = start(make)
    with refused("not_agreed"):
        _save(case)


def test_a_save_from_an_older_screen_is_refused(make: Factory) -> None:
    case = start(make)
    agree(case)
    _save(case)
    with refused("stale"):
        _save(case, seen_version=0)
    with refused("stale"):
        _save(case, seen_version=2)


def test_too_much_is_refused(make: Factory) -> None:
    case = start(make)
    agree(case)
    _save(case, typed={"area": "x" * (drafts.TYPED_LIMIT - 20)})
    with refused("too_large"):
        _save(case, seen_version=1, typed={"area": "x" * (drafts.TYPED_LIMIT + 1)})


@pytest.mark.parametrize("section", ["terms", "nothing", "code", "acts", ""])
def test_sections_of_no_or_another_stage_are_not_found(make: Factory, section: str) -> None:
    case = filled(make)
    with refused("not_found"):
        _save(case, section)


@pytest.mark.parametrize("state", SHUT)
def test_a_case_that_is_shut_keeps_its_answers_and_files(make: Factory, state: ApplicationState) -> None:
    case = in_state(make, state)
    with refused("not_editable"):
        _save(case, seen_version=1)
    with refused("not_editable"):
        add_file(case)
    with refused("not_editable"):
        run(drafts.finish_files, case.id, actor=case.applicant, now=NOW)


@pytest.mark.parametrize("act", ["save", "add", "remove", "finish", "start"])
def test_nobody_but_its_own_session_touches_a_case(make: Factory, act: str) -> None:
    case, stranger = filled(make), make.applicant(10**6)
    attached = add_file(case)
    verbs: dict[str, Any] = {
        "save": lambda actor: run(
            drafts.save_section,
            case.id,
            "outline",
            typed={},
            answers=None,
            errors=0,
            seen_version=1,
            actor=actor,
            now=NOW,
        ),
        "add": lambda actor: run(
            drafts.add_file,
            case.id,
            kind=AttachmentKind.OTHER,
            name="x.pdf",
            media_type="application/pdf",
            content=b"x",
            scan_state=ScanState.CLEAN,
            actor=actor,
            now=NOW,
        ),
        "remove": lambda actor: run(drafts.remove_file, case.id, attached, actor=actor, now=NOW),
        "finish": lambda actor: run(drafts.finish_files, case.id, actor=actor, now=NOW),
        "start": lambda actor: run(drafts.start_main, case.id, actor=actor, now=NOW),
    }
    for actor in (stranger, case.first, case.second):
        with refused("not_found"):
            verbs[act](actor)


def test_files_are_kept_in_chunks_and_listed(make: Factory) -> None:
    case = filled(make)
    content = bytes(range(256)) * 1024 * 2 + b"end"
    file_id = add_file(case, AttachmentKind.REGISTRY, content=content)
    pieces = db.session.scalars(
        select(AttachmentChunk).where(AttachmentChunk.attachment_id == file_id).order_by(AttachmentChunk.no)
    ).all()
    assert [piece.no for piece in pieces] == [1, 2, 3]
    assert b"".join(piece.bytes for piece in pieces) == content
    listed = _draft(case, "files").answers
    assert listed is not None
    assert [(file["id"], file["kind"], file["size"]) for file in listed["files"]] == [
        (file_id, "REGISTRY", len(content))
    ]
    run(drafts.remove_file, case.id, file_id, actor=case.applicant, now=NOW)
    assert _draft(case, "files").answers == {"files": []}


def test_a_removed_file_stays_with_the_revision_that_named_it(make: Factory) -> None:
    case = filled(make)
    file_id = add_file(case, AttachmentKind.REGISTRY)
    send(case, Stage.PROVISIONAL)
    run(drafts.remove_file, case.id, file_id, actor=case.applicant, now=NOW)
    revision = db.session.scalars(select(ApplicationRevision)).one()
    assert revision.answers["files"]["files"][0]["id"] == file_id
    kept = db.session.get(Attachment, file_id)
    assert kept is not None
    assert kept.removed_at == NOW


def test_documents_of_the_act_stay_out_of_the_list_of_files(make: Factory) -> None:
    case = filled(make)
    add_file(case, AttachmentKind.METI_ACT)
    assert _draft(case, "files").answers == {"files": []}


def test_files_of_others_and_removed_ones_are_not_found(make: Factory) -> None:
    case, other = filled(make), filled(make)
    foreign, own = add_file(other, AttachmentKind.REGISTRY), add_file(case, AttachmentKind.REGISTRY)
    with refused("not_found"):
        run(drafts.remove_file, case.id, foreign, actor=case.applicant, now=NOW)
    run(drafts.remove_file, case.id, own, actor=case.applicant, now=NOW)
    with refused("not_found"):
        run(drafts.remove_file, case.id, own, actor=case.applicant, now=NOW)
    with refused("not_found"):
        run(drafts.remove_file, case.id, 10**9, actor=case.applicant, now=NOW)


def test_the_number_of_files_is_limited(make: Factory) -> None:
    case = filled(make)
    for no in range(FILES_LIMIT):
        add_file(case, AttachmentKind.OTHER, content=f"file {no}".encode())
    with refused("too_many_files", field="file"):
        add_file(case, AttachmentKind.OTHER)


def test_the_files_of_one_party_have_a_limit_together(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_PARTY_BYTES", 30)
    case = filled(make)
    add_file(case, AttachmentKind.OTHER, content=b"x" * 20)
    with refused("too_large", field="file"):
        add_file(case, AttachmentKind.OTHER, content=b"x" * 11)
    add_file(case, AttachmentKind.OTHER, content=b"x" * 10)


def test_beginning_the_main_application_keeps_what_was_answered(make: Factory) -> None:
    case = in_state(make, S.ACCEPTED)
    run(drafts.start_main, case.id, actor=case.applicant, now=NOW)
    row = db.session.get(Application, case.id)
    assert row is not None
    assert (row.state, row.waiting_since) == (S.MAIN_DRAFT, None)
    assert _draft(case, "company").answers is not None


def test_editing_after_submission_leaves_the_revision_alone(make: Factory) -> None:
    case = submitted(make)
    _save(case, seen_version=1, answers={"capital": 1})
    revision = db.session.scalars(select(ApplicationRevision)).one()
    assert revision.answers["outline"]["capital"] == 100_000_000


def test_a_replaced_copy_of_a_notice_leaves_the_draft(make: Factory) -> None:
    case = main_started(make)
    first, second = add_file(case), add_file(case)

    def name(attachment_id: int, version: int) -> None:
        acts = {"GEN": {"status": "ACT", "attachment_id": attachment_id}}
        run(
            drafts.save_section,
            case.id,
            "acts",
            typed={"acts": acts},
            answers=None,
            errors=0,
            seen_version=version,
            actor=case.applicant,
            now=NOW,
        )

    name(first, 0)
    assert [file.id for file in drafts.current_files(db.session(), case.id)] == [first], (
        "the one nobody names is let go"
    )
    with refused("not_found"):
        run(drafts.remove_file, case.id, second, actor=case.applicant, now=NOW)
    with refused("act_file"):
        run(drafts.remove_file, case.id, first, actor=case.applicant, now=NOW)
