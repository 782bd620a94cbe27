from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.changes import CHANGES, ChangeState, Part
from occto.domain.codes import AttachmentKind, ChangeSource, Channel, Verdict
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import (
    AuditDetail,
    AuditEvent,
    ChangeMark,
    ChangeRevision,
    Decision,
    Member,
    OutboxMail,
    RegisterChange,
)
from occto.services import register
from occto.services.changes import drafts, review, submission
from occto.unit_of_work import run
from tests.changing import (
    SOON,
    TODAY,
    Answers,
    Request,
    add_file,
    approved,
    capital,
    checked,
    drafted,
    filled,
    give_back,
    hold,
    licence_added,
    licences,
    prepare,
    prove,
    relation_added,
    relations,
    renamed,
    save,
    send,
    site,
    submitted,
)
from tests.factories import NOW, Factory, corporate_number
from tests.observing import refused
from tests.registering import (
    entering,
    facts_of,
    newest_change,
    read,
)

S = ChangeState
SINCE = date(2020, 4, 1)


def _revisions(request: Request) -> list[ChangeRevision]:
    statement = select(ChangeRevision).where(ChangeRevision.request_id == request.id).order_by(ChangeRevision.no)
    return [row[0] for row in read(statement)]


def _mails() -> list[str]:
    return [row[0] for row in read(select(OutboxMail.template).order_by(OutboxMail.id))]


def _payload(tag: str) -> dict[str, Any]:
    statement = select(AuditDetail.payload).join(AuditEvent, AuditEvent.id == AuditDetail.event_id)
    rows = read(statement.where(AuditEvent.tag == tag).order_by(AuditEvent.id.desc()))
    assert rows, tag
    return dict(rows[0][0])


class TestWhatWaitsForStaff:
    def test_it_has_number_revision_and_items(self, make: Factory) -> None:
        request = submitted(make, renamed(kana="アオゾラ"), member=make.member(name="旧名株式会社"))
        row, [revision] = request.row(), _revisions(request)
        assert (row.number, row.state, row.title) == ("C-2026-00001", S.SUBMITTED, "商号・フリガナの変更")
        assert (row.submitted_at, row.waiting_since, row.touches_votes) == (NOW, NOW, False)
        assert (revision.no, revision.submitted_by_id, revision.base_change_id) == (1, request.person.id, 1)
        assert [(item.item, item.old, item.new, item.effective_on) for item in request.items()] == [
            ("name", "旧名株式会社", "青空電力株式会社", SOON),
            ("kana", "シケンデンリョク", "アオゾラ", SOON),
        ]
        assert revision.files[0]["items"] == ["name"]

    def test_the_member_is_told_once_an_address(self, make: Factory) -> None:
        request = submitted(make, renamed())
        mails = [row[0] for row in read(select(OutboxMail))]
        assert [(mail.template, mail.to_address) for mail in mails] == [("changes/submitted", request.person.email)]
        assert mails[0].change_request_id == request.id
        assert _payload("change.submitted")["revision_no"] == 1

    def test_numbers_run_by_year_of_japan(self, make: Factory) -> None:
        member = make.member()
        assert send(filled(make, renamed(), member=member)) == "C-2026-00001"
        late = NOW.replace(month=12, day=31, hour=16)
        assert send(filled(make, capital(1), member=member), now=late) == "C-2027-00001"

    def test_a_paper_counts_from_the_day_it_came(self, make: Factory) -> None:
        received = NOW - timedelta(days=4)
        row = submitted(make, renamed(), channel=Channel.PAPER, received_at=received).row()
        assert (row.submitted_at, row.waiting_since) == (received, NOW)

    def test_nothing_is_in_the_register_yet(self, make: Factory) -> None:
        request = submitted(make, capital(5))
        assert facts_of(request.member, "capital") == [(SINCE, 10_000_000)]
        assert newest_change() == 1
        assert request.row().touches_votes


class TestWhatTakesEffectAtOnce:
    def test_items_without_approval_are_entered_and_the_rest_waits(self, make: Factory) -> None:
        request = submitted(make, renamed(kana="アオゾラ"))
        assert facts_of(request.member, "kana") == [(SINCE, "シケンデンリョク"), (SOON, "アオゾラ")]
        assert len(facts_of(request.member, "name")) == 1
        assert [(item.item, item.change_id) for item in request.items()] == [("name", None), ("kana", 2)]
        assert request.state is S.SUBMITTED
        [mail] = [row[0] for row in read(select(OutboxMail))]
        assert mail.params["immediate"] == 1

    def test_a_request_of_such_items_alone_is_decided_by_its_submission(self, make: Factory) -> None:
        request = submitted(make, site())
        row = request.row()
        assert (row.state, row.decided_at, row.decided_by_id) == (S.APPROVED, NOW, request.person.id)
        assert (row.waiting_since, row.touches_votes, row.checked_by_id) == (None, False, None)
        assert facts_of(request.member, "url") == [(TODAY, "https://new.example.jp/")]
        steps = read(select(Decision.step, Decision.actor_id).order_by(Decision.id))
        assert [tuple(step) for step in steps] == [("submit", request.person.id), ("apply", request.person.id)]
        assert _mails() == ["member/changed"]
        assert _payload("member.changed") == {"change_id": 2, "source": "CHANGE", "items": ["url"]}

    def test_the_change_of_the_register_names_the_request(self, make: Factory) -> None:
        request = submitted(make, site())
        change = db.session.get(RegisterChange, 2)
        assert change is not None
        assert (change.source_kind, change.source_id, change.actor_id, change.second_actor_id) == (
            ChangeSource.CHANGE,
            request.id,
            request.person.id,
            None,
        )

    def test_they_stay_when_the_rest_is_withdrawn(self, make: Factory) -> None:
        request = submitted(make, renamed(kana="アオゾラ"))
        run(submission.withdraw, request.id, actor=request.filer, now=NOW)
        assert facts_of(request.member, "kana")[-1] == (SOON, "アオゾラ")

    def test_they_are_not_asked_for_again_after_a_return(self, make: Factory) -> None:
        request = submitted(make, renamed(kana="アオゾラ"))
        give_back(request)
        send(request)
        assert [item.item for item in request.items()] == ["name"]
        assert newest_change() == 2


class TestAgain:
    def test_each_submission_is_a_revision_against_the_record_of_its_moment(self, make: Factory) -> None:
        request = submitted(make, renamed("一番目株式会社", on=SOON))
        give_back(request)
        with entering() as entry:
            register.set_item(
                *entry.into, member_id=request.member.id, item="name", value="訂正株式会社", effective_on=TODAY
            )
        save(request, renamed("二番目株式会社", on=SOON))
        assert send(request) == "C-2026-00001"
        assert [(revision.no, revision.base_change_id) for revision in _revisions(request)] == [(1, 1), (2, 2)]
        [item] = request.items()
        assert (item.old, item.new) == ("訂正株式会社", "二番目株式会社")

    @pytest.mark.parametrize("state", [S.SUBMITTED, S.IN_REVIEW, S.RETURNED])
    def test_it_waits_for_staff_once_more_checked_by_nobody(self, make: Factory, state: ChangeState) -> None:
        request = make.change_request(state, answers=capital(5))
        seen = request.version
        later = NOW + timedelta(hours=1)
        save(request, capital(6))
        send(request, now=later)
        row = request.row()
        assert (row.state, row.waiting_since, row.checked_by_id) == (S.SUBMITTED, later, None)
        assert row.submitted_at == NOW
        assert row.version > seen

    def test_a_check_does_not_outlive_what_was_checked(self, make: Factory) -> None:
        request = checked(make, capital(5))
        save(request, capital(6))
        send(request)
        assert request.row().checked_by_id is None

    def test_marks_and_hold_belong_to_what_was_submitted_before(self, make: Factory) -> None:
        request = submitted(make, renamed())
        marks = {("name", ""): (Verdict.REMARK, None, "登記と異なります")}
        run(review.mark, request.id, marks=marks, **request.seen())
        hold(request)
        send(request)
        row = request.row()
        assert (row.held_at, row.hold_reason, row.state) == (None, None, S.SUBMITTED)
        assert read(select(ChangeMark)) == []


@pytest.mark.parametrize("state", ChangeState)
def test_it_is_submitted_until_it_is_decided(make: Factory, state: ChangeState) -> None:
    request = make.change_request(state)
    if state.value in CHANGES.step("submit").sources:
        send(request)
        return
    with refused("illegal_step"):
        run(submission.submit, request.id, seen_digest="", actor=request.filer, now=NOW)


class TestRefusals:
    def test_a_part_that_is_not_filled_in(self, make: Factory) -> None:
        request = filled(make, renamed())
        run(
            drafts.change_start,
            request.id,
            parts=[Part.COMPANY, Part.BUSINESS],
            occurred_on=TODAY,
            reason=None,
            **request.seen(request.filer),
        )
        with refused("incomplete", field="business"):
            send(request)

    def test_of_several_parts_the_first_on_the_list_is_named(self, make: Factory) -> None:
        request = drafted(make, [Part.BUSINESS, Part.CONTACTS, Part.COMPANY])
        with refused("incomplete", field="company"):
            send(request)

    def test_what_is_on_record_already(self, make: Factory) -> None:
        request = filled(make, renamed("同じ株式会社"), member=make.member(name="同じ株式会社"))
        with refused("nothing_changes"):
            send(request)

    def test_another_page_than_the_last(self, make: Factory) -> None:
        request = filled(make, renamed())
        seen = prepare(request).digest
        save(request, renamed("直した名前株式会社"))
        with refused("stale"):
            run(submission.submit, request.id, seen_digest=seen, actor=request.filer, now=NOW)

    def test_a_record_that_changed_under_the_page(self, make: Factory) -> None:
        request = filled(make, renamed())
        seen = prepare(request).digest
        approved(make, renamed("先の届出の株式会社", on=TODAY), member=request.member)
        with refused("stale"):
            run(submission.submit, request.id, seen_digest=seen, actor=request.filer, now=NOW)

    @pytest.mark.parametrize("document", ["added", "renamed", "removed"])
    def test_documents_that_changed_under_the_page(self, make: Factory, document: str) -> None:
        request = filled(make, site())
        file = add_file(request, "url")
        seen = prepare(request).digest
        if document == "added":
            add_file(request, content=b"%PDF-1.7 second")
        elif document == "renamed":
            run(drafts.name_items, request.id, file, items=["name"], actor=request.filer, now=NOW)
        else:
            run(drafts.remove_file, request.id, file, actor=request.filer, now=NOW)
        with refused("stale"):
            run(submission.submit, request.id, seen_digest=seen, actor=request.filer, now=NOW)

    def test_a_day_before_membership(self, make: Factory) -> None:
        before = SINCE - timedelta(days=1)
        for answers, field in (
            (renamed(on=before), "company"),
            (licences(licence_added("RETAIL", on=before)), "licences"),
        ):
            request = filled(make, answers, occurred_on=before)
            with refused("before_membership", field=field):
                send(request)

    def test_a_day_before_what_gave_rise_to_it(self, make: Factory) -> None:
        yesterday = TODAY - timedelta(days=1)
        request = filled(make, renamed(on=yesterday))
        with refused("before_occurrence", field="company"):
            send(request)

    @pytest.mark.parametrize(
        "answers",
        [renamed(), capital(5), licences(licence_added("RETAIL")), relations(relation_added(corporate_number(900)))],
        ids=["name", "capital", "licence", "relation"],
    )
    def test_what_nothing_proves(self, make: Factory, answers: Answers) -> None:
        request = drafted(make, answers)
        save(request, answers)
        with refused("evidence_missing", field="files"):
            send(request)
        add_file(request, "address")
        with refused("evidence_missing", field="files"):
            send(request)
        prove(request)
        send(request)

    def test_a_document_of_somebody_else_proves_nothing(self, make: Factory) -> None:
        other = drafted(make, [Part.COMPANY])
        theirs = add_file(other, "name")
        answers = licences(licence_added("RETAIL", attachment_id=theirs))
        request = drafted(make, answers)
        save(request, answers)
        prove(request)
        with refused("evidence_missing", field="files"):
            send(request)

    def test_a_document_that_was_taken_out_proves_nothing(self, make: Factory) -> None:
        request = drafted(make, [Part.LICENCES])
        own = add_file(request, kind=AttachmentKind.METI_ACT)
        save(request, licences(licence_added("RETAIL", attachment_id=own)))
        run(drafts.remove_file, request.id, own, actor=request.filer, now=NOW)
        with refused("evidence_missing"):
            send(request)

    def test_a_paper_without_its_scan(self, make: Factory) -> None:
        request = drafted(make, renamed(), channel=Channel.PAPER)
        save(request, renamed())
        add_file(request, "name")
        with refused("scan_missing", field="files"):
            send(request)

    @pytest.mark.parametrize("state", [S.SUBMITTED, S.IN_REVIEW, S.RETURNED])
    def test_what_another_open_request_asks_for(self, make: Factory, state: ChangeState) -> None:
        first = make.change_request(state)
        second = filled(make, renamed("別名株式会社"), member=first.member, person=first.person)
        with refused("already_asked"):
            send(second)

    @pytest.mark.parametrize("state", [S.DRAFT, S.APPROVED, S.WITHDRAWN])
    def test_what_no_open_request_asks_for(self, make: Factory, state: ChangeState) -> None:
        first = make.change_request(state)
        send(filled(make, renamed("別名株式会社"), member=first.member, person=first.person))

    def test_what_only_an_earlier_revision_asked_for(self, make: Factory) -> None:
        first = submitted(make, renamed(address="新宿区1番"))
        save(first, {Part.COMPANY: {"effective_on": SOON.isoformat(), "address": "新宿区1番"}})
        send(first)
        send(filled(make, renamed("別名株式会社"), member=first.member, person=first.person))

    def test_by_somebody_else(self, make: Factory) -> None:
        request, other = filled(make, renamed()), drafted(make, [Part.COMPANY])
        seen = prepare(request).digest
        viewer = make.actor(request.person, Role.VIEWER, member=request.member)
        for actor in (other.filer, viewer, request.first, request.second):
            with refused("not_found"):
                run(submission.submit, request.id, seen_digest=seen, actor=actor, now=NOW)


def test_a_member_to_come_may_file(make: Factory) -> None:
    member: Member = make.member(since=date(2026, 12, 10))
    before = filled(make, renamed(on=SOON), member=member)
    with refused("before_membership"):
        send(before)
    save(before, renamed(on=date(2026, 12, 10)))
    send(before)
