from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.changes import ChangeState, Part
from occto.domain.codes import AttachmentKind, ChangeAct, Channel, Verdict
from occto.extensions import db
from occto.models import Attachment, ChangeDraft, ChangeItem, ChangeMark, ChangeRequest, ChangeRevision, OutboxMail
from occto.queries.register import own_cases
from occto.services.changes import drafts, review, splitting
from occto.services.changes.case import newest_revision, rows_of
from occto.unit_of_work import run
from tests.changing import (
    SOON,
    TODAY,
    Answers,
    Request,
    add_file,
    approve,
    capital,
    drafted,
    give_back,
    licence_added,
    licences,
    prepare,
    relation_added,
    relations,
    renamed,
    rows,
    save,
    send,
    submitted,
    version_of_part,
)
from tests.factories import NOW, Factory, corporate_number
from tests.observing import refused
from tests.registering import fact_id, facts_of, licences_of, read

S = ChangeState
NAME, CAPITAL = ("name", ""), ("capital", "")
BOTH: Answers = {**renamed(address="新宿区1番"), **capital(5)}


def _split(request: Request, *places: tuple[str, str], **changes: Any) -> Request:
    """Split these items off; the second request."""
    given = {"places": places, "reason": "資料を待つため", **request.seen()}
    other = run(splitting.split, request.id, **(given | changes))
    return Request(
        request.make, other, request.member, request.person, request.operator, request.approver, request.channel
    )


def _asked(request: Request) -> list[tuple[str, str]]:
    return [(item.item, item.target_key) for item in request.items()]


def test_both_go_on_with_their_own_items(make: Factory) -> None:
    request = submitted(make, BOTH)
    other = _split(request, CAPITAL)
    assert _asked(request) == [("name", ""), ("address", "")]
    assert _asked(other) == [("capital", "")]
    one, two = request.row(), other.row()
    assert (one.number, one.title, one.touches_votes) == ("C-2026-00001", "商号・本店所在地の変更", False)
    assert (two.number, two.title, two.touches_votes) == ("C-2026-00002", "資本金又は出資の額の変更", True)
    assert (two.split_from_id, two.state, two.version) == (one.id, S.SUBMITTED, 1)
    assert (two.submitted_at, two.waiting_since, two.started_by_id) == (NOW, NOW, request.person.id)
    assert two.occurred_on == TODAY


def test_the_copy_of_all_data_lists_the_second_first_although_both_came_at_one_instant(make: Factory) -> None:
    request = submitted(make, BOTH)
    _split(request, CAPITAL)
    db.session.rollback()
    listed = own_cases(db.session(), request.member.id)
    assert [case.number for case in listed] == ["C-2026-00002", "C-2026-00001"]


def test_what_was_submitted_before_stays(make: Factory) -> None:
    request = submitted(make, BOTH)
    _split(request, CAPITAL)
    submissions = select(ChangeRevision).where(ChangeRevision.request_id == request.id).order_by(ChangeRevision.no)
    revisions = [row[0] for row in read(submissions)]
    assert [(revision.no, revision.submitted_by_id) for revision in revisions] == [
        (1, request.person.id),
        (2, request.person.id),
    ]
    first = read(select(ChangeItem.item).where(ChangeItem.revision_id == revisions[0].id).order_by(ChangeItem.id))
    assert [row.item for row in first] == ["name", "address", "capital"]


def test_the_member_is_told(make: Factory) -> None:
    request = submitted(make, BOTH)
    _split(request, CAPITAL)
    mail = [row[0] for row in read(select(OutboxMail).order_by(OutboxMail.id))][-1]
    assert (mail.template, mail.params["other_number"]) == ("changes/split", "C-2026-00002")


def test_each_is_decided_by_itself(make: Factory) -> None:
    request = submitted(make, BOTH)
    other = _split(request, CAPITAL)
    approve(request)
    assert facts_of(request.member, "name")[-1] == (SOON, "青空電力株式会社")
    run(review.check, other.id, **other.seen())
    approve(other)
    assert facts_of(request.member, "capital")[-1] == (SOON, 5)


def test_a_check_is_asked_for_again(make: Factory) -> None:
    request = submitted(make, BOTH)
    run(review.check, request.id, **request.seen())
    other = _split(request, NAME)
    assert (request.row().checked_by_id, other.row().checked_by_id) == (None, None)


def test_marks_stay_with_their_items(make: Factory) -> None:
    request = submitted(make, BOTH)
    marks = {NAME: (Verdict.FINE, None, None), CAPITAL: (Verdict.FINE, None, None)}
    run(review.mark, request.id, marks=marks, **request.seen())
    _split(request, CAPITAL)
    assert [(row[0].request_id, row[0].item) for row in read(select(ChangeMark))] == [(request.id, "name")]


def test_what_took_effect_at_once_is_not_moved(make: Factory) -> None:
    request = submitted(make, {**renamed(kana="アオゾラ"), **capital(5)})
    with refused("not_found"):
        _split(request, ("kana", ""))
    _split(request, CAPITAL)
    assert _asked(request) == [("name", "")]


@pytest.mark.parametrize("places", [[], [NAME, ("address", ""), CAPITAL]])
def test_nothing_or_everything_is_no_split(make: Factory, places: list[tuple[str, str]]) -> None:
    request = submitted(make, BOTH)
    with refused("split_nothing", field="places"):
        _split(request, *places)


def test_an_item_that_is_not_there(make: Factory) -> None:
    request = submitted(make, BOTH)
    with refused("not_found"):
        _split(request, NAME, ("area", ""))


def test_documents_go_with_both_with_all_that_was_submitted(make: Factory) -> None:
    request = submitted(make, {**licences(licence_added("RETAIL")), **capital(5)})
    submitted_with = prepare(request).files[0]["id"]
    run(drafts.remove_file, request.id, submitted_with, actor=request.filer, now=NOW)
    later = add_file(request, "capital", content=b"%PDF-1.7 later")
    other = _split(request, CAPITAL)
    own = {row[0].id: row[0] for row in read(select(Attachment).where(Attachment.change_request_id == other.id))}
    assert len(own) == 2
    assert submitted_with not in own
    assert later not in own
    revision = read(select(ChangeRevision).where(ChangeRevision.request_id == other.id))[0][0]
    assert [own[file["id"]].removed_at for file in revision.files] == [NOW]
    assert [own[file["id"]].removed_at for file in prepare(other).files] == [None]


def test_a_document_named_by_its_item_is_the_copy(make: Factory) -> None:
    request = submitted(make, BOTH)
    file = add_file(request)
    answers = licences(licence_added("RETAIL", attachment_id=file), licence_added("AGG", attachment_id=file))
    run(
        drafts.change_start,
        request.id,
        parts=[*BOTH, Part.LICENCES],
        occurred_on=TODAY,
        reason=None,
        **request.seen(request.filer),
    )
    run(
        drafts.save_part,
        request.id,
        Part.LICENCES,
        typed={},
        answers=answers[Part.LICENCES],
        errors=0,
        seen_version=1,
        actor=request.filer,
        now=NOW,
    )
    send(request)
    other = _split(request, ("licence", "RETAIL"))
    [item] = other.items()
    copy = db.session.get(Attachment, item.new["attachment_id"])
    assert copy is not None
    assert (copy.change_request_id, copy.id != file) == (other.id, True)
    run(review.check, other.id, **other.seen())
    approve(other)
    assert [row[0] for row in licences_of(request.member)] == ["GEN", "RETAIL"]


CASES: list[tuple[Answers, tuple[str, str]]] = [
    (BOTH, CAPITAL),
    (BOTH, NAME),
    (licences(licence_added("RETAIL"), licence_added("AGG")), ("licence", "AGG")),
    (
        relations(relation_added(corporate_number(900)), relation_added(corporate_number(901), relation="SUBSIDIARY")),
        ("relation", "new:1"),
    ),
    ({**relations(relation_added(corporate_number(900))), **licences(licence_added("RETAIL"))}, ("licence", "RETAIL")),
]


@pytest.mark.parametrize(("answers", "place"), CASES)
def test_after_a_return_each_asks_for_its_own_again(make: Factory, answers: Answers, place: tuple[str, str]) -> None:
    """The drafts are divided like the items: submitted again as they are, both ask for the same, proved by the same."""
    request = submitted(make, answers)
    other = _split(request, place)
    before = _asked(request), _asked(other)
    for each in (request, other):
        give_back(each)
        send(each)
    assert (_asked(request), _asked(other)) == before


def test_after_a_return_a_category_is_still_proved_by_its_copy(make: Factory) -> None:
    request = drafted(make, [Part.LICENCES])
    copies = [add_file(request, kind=AttachmentKind.METI_ACT) for _ in range(2)]
    asked = [licence_added(code, attachment_id=copy) for code, copy in zip(("RETAIL", "AGG"), copies, strict=True)]
    save(request, licences(*asked))
    send(request)
    other = _split(request, ("licence", "AGG"))
    for each in (request, other):
        give_back(each)
        send(each)
    [item] = other.items()
    assert item.new["attachment_id"] not in copies
    assert item.new["attachment_id"] in {file["id"] for file in prepare(other).files}


def test_what_the_member_is_typing_meanwhile_stays_and_the_second_request_is_whole(make: Factory) -> None:
    """A part that is half typed when staff divide the request: neither it nor what was submitted of it is lost."""
    request = submitted(make, BOTH)
    run(
        drafts.save_part,
        request.id,
        Part.OUTLINE,
        typed={"capital": "1億円くらい"},
        answers=None,
        errors=1,
        seen_version=version_of_part(request, Part.OUTLINE),
        actor=request.filer,
        now=NOW,
    )
    other = _split(request, CAPITAL)
    kept = read(select(ChangeDraft).where(ChangeDraft.request_id == request.id, ChangeDraft.part == Part.OUTLINE.value))
    assert kept[0][0].typed == {"capital": "1億円くらい"}
    give_back(other)
    send(other)
    assert [(item.item, item.new) for item in other.items()] == [("capital", 5)]


def test_corrections_of_the_office_are_split(make: Factory) -> None:
    member = make.member()
    since = fact_id(member, "capital", facts_of(member, "capital")[0][0])
    named = fact_id(member, "name", facts_of(member, "name")[0][0])
    wrong = [
        {"kind": "fact", "fact_id": since, "act": ChangeAct.CORRECT, "value": 7, "item": "capital"},
        {"kind": "fact", "fact_id": named, "act": ChangeAct.CORRECT, "value": "正しい株式会社", "item": "name"},
    ]
    request = submitted(make, rows(Part.CORRECTIONS, *wrong), member=member, channel=Channel.STAFF)
    other = _split(request, ("name", f"fact:{named}"))
    approve(request)
    approve(other)
    assert (facts_of(member, "capital")[0][1], facts_of(member, "name")[0][1]) == (7, "正しい株式会社")


def test_a_request_without_documents_takes_one_after_the_split(make: Factory) -> None:
    request = submitted(
        make,
        {
            Part.COMPANY: {"effective_on": SOON.isoformat(), "address": "新宿区1番"},
            Part.BUSINESS: {"effective_on": SOON.isoformat(), "area": "全国"},
        },
    )
    other = _split(request, ("area", ""))
    give_back(other)
    add_file(other, "area")
    assert len(prepare(other).files) == 1


def test_the_second_request_can_be_found_from_the_first(make: Factory) -> None:
    request = submitted(make, BOTH)
    other = _split(request, CAPITAL)
    assert read(select(ChangeRequest.split_from_id).where(ChangeRequest.id == other.id)) == [(request.id,)]
    revision = newest_revision(db.session(), other.id)
    assert revision is not None
    assert [row.old for row in rows_of(db.session(), revision)] == [10_000_000]
    assert revision.base_change_id == 1
