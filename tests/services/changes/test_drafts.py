from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from occto.domain.changes import DECIDED, EDITABLE, ChangeState, Part
from occto.domain.codes import AttachmentKind, Channel, ScanState
from occto.domain.errors import Refusal
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Attachment, AuditEvent, ChangeDraft, ChangeRequest, Member, OutboxMail
from occto.services.changes import drafts
from occto.services.files import FILES_LIMIT
from occto.unit_of_work import run
from tests.changing import (
    TODAY,
    Request,
    add_file,
    drafted,
    prepare,
    prove,
    renamed,
    save,
    send,
    version_of_part,
)
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.registering import read

Start = Callable[..., int]


@pytest.fixture
def member(make: Factory) -> Member:
    return make.member()


def _starter(make: Factory, member: Member, *roles: Role, of: Member | None = None) -> Start:
    """Beginning a request of `member` as somebody with these roles, acting for `of`."""
    user = make.user()

    def start(**changes: Any) -> int:
        given: dict[str, Any] = {
            "parts": [Part.COMPANY],
            "occurred_on": TODAY,
            "actor": make.actor(user, *roles, member=of),
            "now": NOW,
        }
        return run(drafts.start, member.id, **(given | changes))

    return start


def _parts(request: Request) -> set[str]:
    return {row.part for row in read(select(ChangeDraft.part).where(ChangeDraft.request_id == request.id))}


class TestStart:
    def test_a_draft_has_the_parts_chosen_and_the_documents(self, make: Factory) -> None:
        request = drafted(make, [Part.RELATIONS, Part.COMPANY])
        row = request.row()
        assert _parts(request) == {"company", "relations", "files"}
        assert (row.state, row.number, row.submitted_at) == (ChangeState.DRAFT, None, None)
        assert (row.started_by_id, row.entered_by_id) == (request.person.id, None)
        assert row.title == "商号・法人番号・本店所在地、資本関係（親法人・子法人）"

    def test_of_another_member(self, make: Factory, member: Member) -> None:
        start = _starter(make, member, Role.ADMINISTRATOR, of=make.member())
        with refused("not_allowed"):
            start()

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.ASSEMBLY])
    def test_by_a_role_that_files_nothing(self, make: Factory, member: Member, role: Role) -> None:
        start = _starter(make, member, role, of=member)
        with refused("not_allowed"):
            start()

    @pytest.mark.parametrize("channel", [Channel.PAPER, Channel.STAFF])
    def test_a_user_keys_nothing_in_for_the_office(self, make: Factory, member: Member, channel: Channel) -> None:
        start = _starter(make, member, Role.ADMINISTRATOR, of=member)
        with refused("not_allowed"):
            start(channel=channel, received_at=NOW, reason="理由")

    def test_staff_do_not_file_on_line(self, make: Factory, member: Member) -> None:
        start = _starter(make, member, Role.OPERATOR)
        with refused("not_allowed"):
            start()

    def test_about_nothing(self, make: Factory, member: Member) -> None:
        start = _starter(make, member, Role.APPLICATIONS, of=member)
        with refused("parts_missing", field="parts"):
            start(parts=[])

    @pytest.mark.parametrize("part", [Part.CORRECTIONS, Part.SUCCESSION])
    def test_what_the_office_alone_enters(self, make: Factory, member: Member, part: Part) -> None:
        start = _starter(make, member, Role.APPLICATIONS, of=member)
        with refused("parts_missing"):
            start(parts=[part])
        paper = _starter(make, member, Role.OPERATOR)
        with refused("parts_missing"):
            paper(parts=[part], channel=Channel.PAPER, received_at=NOW)

    def test_what_has_not_occurred_yet(self, make: Factory, member: Member) -> None:
        start = _starter(make, member, Role.APPLICATIONS, of=member)
        with refused("occurred_in_future", field="occurred_on"):
            start(occurred_on=TODAY + timedelta(days=1))

    def test_the_day_turns_in_japan(self, make: Factory, member: Member) -> None:
        start = _starter(make, member, Role.APPLICATIONS, of=member)
        midnight = datetime(2026, 11, 23, 15, tzinfo=NOW.tzinfo)
        assert start(occurred_on=TODAY + timedelta(days=1), now=midnight)

    def test_paper_needs_the_time_it_came(self, make: Factory, member: Member) -> None:
        start = _starter(make, member, Role.OPERATOR)
        with refused("received_missing", field="received_at"):
            start(channel=Channel.PAPER)
        with refused("received_in_future", field="received_at"):
            start(channel=Channel.PAPER, received_at=NOW + timedelta(seconds=1))
        assert start(channel=Channel.PAPER, received_at=NOW)

    @pytest.mark.parametrize("reason", [None, "", " 　"])
    def test_the_office_gives_its_reason(self, make: Factory, member: Member, reason: str | None) -> None:
        start = _starter(make, member, Role.OPERATOR)
        with refused("reason_missing", field="reason"):
            start(channel=Channel.STAFF, reason=reason)

    def test_a_reason_has_its_length(self, make: Factory, member: Member) -> None:
        start = _starter(make, member, Role.OPERATOR)
        with refused("reason_too_long", field="reason"):
            start(channel=Channel.STAFF, reason="長" * 2001)
        assert start(channel=Channel.STAFF, reason="長" * 2000)

    def test_no_such_member(self, make: Factory, member: Member) -> None:
        member.id = 10**9
        start = _starter(make, member, Role.OPERATOR)
        with refused("not_found"):
            start(channel=Channel.STAFF, reason="理由")

    def test_too_many_drafts(self, make: Factory, member: Member) -> None:
        start = _starter(make, member, Role.APPLICATIONS, of=member)
        for _ in range(drafts.DRAFTS_LIMIT):
            start()
        with refused("too_many_drafts"):
            start()
        assert _starter(make, member, Role.OPERATOR)(channel=Channel.STAFF, reason="理由")


class TestChangeStart:
    def _change(self, request: Request, **changes: Any) -> None:
        given: dict[str, Any] = {
            "parts": [Part.OUTLINE],
            "occurred_on": TODAY,
            "reason": None,
            **request.seen(request.filer),
        }
        run(drafts.change_start, request.id, **(given | changes))

    def test_what_is_no_longer_chosen_goes(self, make: Factory) -> None:
        request = drafted(make, [Part.COMPANY, Part.OUTLINE])
        save(request, renamed())
        self._change(request, parts=[Part.OUTLINE, Part.CONTACTS])
        assert _parts(request) == {"outline", "contacts", "files"}
        assert request.row().title == "代表者・資本金・決算月など、連絡先（会員・総会・経理）"

    def test_what_stays_is_kept_as_typed(self, make: Factory) -> None:
        request = drafted(make, [Part.COMPANY])
        save(request, renamed())
        self._change(request, parts=[Part.COMPANY, Part.OUTLINE], occurred_on=TODAY - timedelta(days=3))
        assert [item.item for item in prepare(request).items] == ["name"]
        assert request.row().occurred_on == TODAY - timedelta(days=3)

    def test_refusals(self, make: Factory) -> None:
        request = drafted(make, [Part.COMPANY])
        with refused("parts_missing"):
            self._change(request, parts=[])
        with refused("occurred_in_future"):
            self._change(request, occurred_on=TODAY + timedelta(days=1))
        with refused("stale"):
            self._change(request, seen_version=request.version + 1)

    def test_the_reason_of_the_office_cannot_be_emptied(self, make: Factory) -> None:
        request = drafted(make, [Part.COMPANY], channel=Channel.STAFF)
        with refused("reason_missing"):
            self._change(request, reason=" ")

    def test_the_title_of_what_was_submitted_stays(self, make: Factory) -> None:
        request = make.change_request(ChangeState.RETURNED)
        self._change(request, parts=[Part.COMPANY, Part.OUTLINE])
        assert request.row().title == "商号の変更"


class TestSavePart:
    def _save(self, request: Request, **changes: Any) -> None:
        given: dict[str, Any] = {"typed": {"name": "半"}, "answers": None, "errors": 1, "seen_version": 1, "now": NOW}
        part = changes.pop("part", Part.COMPANY)
        run(drafts.save_part, request.id, part, **(given | {"actor": request.filer} | changes))

    def test_what_is_wrong_is_kept_as_typed(self, make: Factory) -> None:
        request = drafted(make, [Part.COMPANY])
        self._save(request)
        rows = read(select(ChangeDraft).where(ChangeDraft.part == "company"))
        draft = rows[0][0]
        assert (draft.typed, draft.answers, draft.errors, draft.version) == ({"name": "半"}, None, 1, 2)

    def test_two_windows(self, make: Factory) -> None:
        request = drafted(make, [Part.COMPANY])
        self._save(request)
        with refused("stale"):
            self._save(request)

    @pytest.mark.parametrize("part", [Part.OUTLINE, Part.FILES, Part.CORRECTIONS])
    def test_a_part_that_was_not_chosen(self, make: Factory, part: Part) -> None:
        request = drafted(make, [Part.COMPANY])
        with refused("not_found"):
            self._save(request, part=part)

    def test_too_much(self, make: Factory) -> None:
        request = drafted(make, [Part.COMPANY])
        with refused("too_large"):
            self._save(request, typed={"name": "長" * drafts.TYPED_LIMIT})

    def test_by_somebody_else(self, make: Factory) -> None:
        request, other = drafted(make, [Part.COMPANY]), drafted(make, [Part.COMPANY])
        viewer = make.actor(request.person, Role.VIEWER, member=request.member)
        for actor in (other.filer, viewer, request.first, request.second, make.applicant(request.id)):
            with refused("not_found"):
                self._save(request, actor=actor)

    def test_a_member_does_not_see_what_the_office_keys_in(self, make: Factory) -> None:
        request = drafted(make, [Part.COMPANY], channel=Channel.PAPER)
        user = make.actor(make.user(), Role.ADMINISTRATOR, member=request.member)
        with refused("not_found"):
            self._save(request, actor=user)

    def test_no_such_request(self, make: Factory) -> None:
        request = drafted(make, [Part.COMPANY])
        request.id = 10**9
        with refused("not_found"):
            self._save(request)


@pytest.mark.parametrize("state", ChangeState)
def test_a_request_is_filled_in_until_it_is_decided(make: Factory, state: ChangeState) -> None:
    request = make.change_request(state)
    file = prepare(request).files[0]["id"]
    acts: list[Callable[[], Any]] = [
        lambda: run(
            drafts.save_part,
            request.id,
            Part.COMPANY,
            typed={},
            answers=None,
            errors=0,
            seen_version=version_of_part(request, Part.COMPANY),
            actor=request.filer,
            now=NOW,
        ),
        lambda: add_file(request, "name"),
        lambda: run(
            drafts.change_start,
            request.id,
            parts=[Part.COMPANY],
            occurred_on=TODAY,
            reason=None,
            **request.seen(request.filer),
        ),
        lambda: run(drafts.name_items, request.id, file, items=["name"], actor=request.filer, now=NOW),
        lambda: run(drafts.remove_file, request.id, file, actor=request.filer, now=NOW),
    ]
    assert (state in EDITABLE) is (state not in DECIDED)
    for act in acts:
        if state in EDITABLE:
            act()
        else:
            with refused("not_editable"):
                act()


def test_what_is_typed_after_the_submission_changes_nothing_that_was_submitted(make: Factory) -> None:
    request = make.change_request(ChangeState.IN_REVIEW)
    version = request.version
    save(request, renamed("あとから直した名前株式会社"))
    add_file(request, "name", content=b"%PDF-1.7 another")
    assert [item.new for item in request.items()] == ["青空電力株式会社"]
    assert (request.version, request.state) == (version, ChangeState.IN_REVIEW)


class TestFiles:
    def test_a_document_names_what_it_proves(self, make: Factory) -> None:
        request = drafted(make, [Part.COMPANY])
        first, second = add_file(request, "name", "corporate_number", "name"), add_file(request, content=b"%PDF-1.7 2")
        assert [(file["id"], file["items"]) for file in prepare(request).files] == [
            (first, ["corporate_number", "name"]),
            (second, []),
        ]
        run(drafts.name_items, request.id, second, items=["legal_form"], actor=request.filer, now=NOW)
        run(drafts.remove_file, request.id, first, actor=request.filer, now=NOW)
        assert [(file["id"], file["items"]) for file in prepare(request).files] == [(second, ["legal_form"])]
        trail = select(AuditEvent.tag).where(AuditEvent.subject == f"CHANGE:{request.id}").order_by(AuditEvent.id)
        tags = db.session.scalars(trail).all()
        assert tags.count("change.file_added") == 2
        assert tags[-2:] == ["change.saved", "change.file_removed"]

    def test_of_another_request(self, make: Factory) -> None:
        request, other = drafted(make, [Part.COMPANY]), drafted(make, [Part.COMPANY])
        theirs = add_file(other, "name")
        with refused("not_found"):
            run(drafts.name_items, request.id, theirs, items=["name"], actor=request.filer, now=NOW)
        with refused("not_found"):
            run(drafts.remove_file, request.id, theirs, actor=request.filer, now=NOW)

    def test_taken_out_twice(self, make: Factory) -> None:
        request = drafted(make, [Part.COMPANY])
        file = add_file(request, "name")
        run(drafts.remove_file, request.id, file, actor=request.filer, now=NOW)
        with refused("not_found"):
            run(drafts.remove_file, request.id, file, actor=request.filer, now=NOW)

    def test_too_many(self, make: Factory) -> None:
        request = drafted(make, [Part.COMPANY])
        for no in range(FILES_LIMIT):
            add_file(request, content=f"%PDF-1.7 {no}".encode())
        with refused("too_many_files", field="file"):
            add_file(request)

    def test_a_document_that_was_submitted_stays_when_taken_out(self, make: Factory) -> None:
        request = make.change_request()
        file = prepare(request).files[0]["id"]
        run(drafts.remove_file, request.id, file, actor=request.filer, now=NOW)
        kept = db.session.get(Attachment, file)
        assert kept is not None
        assert kept.removed_at == NOW


def test_nothing_of_a_draft_is_numbered_or_mailed(make: Factory) -> None:
    request = drafted(make, [Part.COMPANY])
    save(request, renamed())
    prove(request)
    assert db.session.scalar(select(func.count()).select_from(OutboxMail)) == 0
    assert read(select(ChangeRequest.number)) == [(None,)]
    assert send(request) == "C-2026-00001"


def test_a_file_is_kept_with_what_the_scanner_said(make: Factory) -> None:
    request = drafted(make, [Part.COMPANY])
    file = run(
        drafts.add_file,
        request.id,
        kind=AttachmentKind.OTHER,
        items=[],
        name="図.png",
        media_type="image/png",
        content=b"\x89PNG",
        scan_state=ScanState.CLEAN,
        actor=request.filer,
        now=NOW,
    )
    kept = db.session.get(Attachment, file)
    assert kept is not None
    assert (kept.scan_state, kept.change_request_id, kept.application_id) == (ScanState.CLEAN, request.id, None)


def test_a_day_of_occurrence_may_lie_far_back(make: Factory) -> None:
    assert drafted(make, [Part.COMPANY], occurred_on=date(2021, 1, 1)).row().occurred_on == date(2021, 1, 1)


def test_a_refusal_says_where_it_belongs(make: Factory, member: Member) -> None:
    start = _starter(make, member, Role.APPLICATIONS, of=member)
    with pytest.raises(Refusal) as caught:
        start(parts=[])
    assert caught.value.field == "parts"
