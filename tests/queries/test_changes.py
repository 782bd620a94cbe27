"""The list of 変更申請: requests of one member, and every other change of its record."""

from datetime import timedelta

import pytest

from occto.domain.changes import ChangeState, Part
from occto.domain.codes import ChangeSource, Channel
from occto.domain.errors import NotFound
from occto.extensions import db
from occto.models import Member
from occto.queries import changes as queries
from occto.queries.changes_record import record_changes
from occto.queries.register import profile_as_of
from occto.services import register
from occto.services.changes import drafts, review, submission
from occto.unit_of_work import run, unit_of_work
from tests import changing
from tests.factories import NOW, Factory
from tests.test_statement_counts import counted


def changed(make: Factory, member: Member, value: int, *, source: ChangeSource = ChangeSource.IMMEDIATE) -> None:
    """One more value of the capital, by nobody in particular."""
    with unit_of_work() as session:
        change = register.begin_change(
            session, source_kind=source, source_id=None, actor_id=None, second_actor_id=None, now=NOW
        )
        day = changing.TODAY + timedelta(days=value)
        register.set_item(session, change, member_id=member.id, item="capital", value=value, effective_on=day)
        register.finish_change(session, change, now=NOW)


def test_a_request_is_found_for_its_member_alone(make: Factory) -> None:
    request, other = changing.drafted(make, [Part.COMPANY]), make.member()
    assert queries.own_request(db.session(), request.id, member_id=request.member.id).id == request.id
    for member_id in (other.id, None, 0):
        with pytest.raises(NotFound):
            queries.own_request(db.session(), request.id, member_id=member_id)


def test_open_requests_count_the_remarks_of_the_last_return(make: Factory) -> None:
    request = changing.submitted(make, changing.renamed())
    for remarks in ({("name", ""): "一度目"}, {("name", ""): "二度目"}):
        run(review.give_back, request.id, reason="直してください", remarks=remarks, **request.seen())
        changing.send(request)
    run(review.give_back, request.id, reason="直してください", remarks={("name", ""): "三度目"}, **request.seen())
    (line,) = queries.open_requests(db.session(), request.member.id)
    assert (line.state, line.remarks) == (ChangeState.RETURNED, 1)


def test_decided_requests_are_paged_from_the_newest(make: Factory) -> None:
    first = changing.drafted(make, [Part.COMPANY])
    others = [changing.drafted(make, [Part.COMPANY], member=first.member, person=first.person) for _ in range(4)]
    numbers = [first.id, *(other.id for other in others)]
    for number in numbers:
        run(submission.withdraw, number, actor=first.filer, now=NOW)
    page = queries.past_requests(db.session(), first.member.id, before=None, limit=2)
    assert [line.id for line in page] == numbers[:1:-1]
    rest = queries.past_requests(db.session(), first.member.id, before=page[1].id, limit=10)
    assert [line.id for line in rest] == [numbers[2], numbers[1], numbers[0]]
    assert queries.open_requests(db.session(), first.member.id) == []


def test_an_approved_request_says_from_when(make: Factory) -> None:
    request = changing.approved(make, changing.renamed())
    (line,) = queries.past_requests(db.session(), request.member.id, before=None)
    assert (line.state, line.from_on) == (ChangeState.APPROVED, changing.SOON)


def test_the_record_lists_what_came_from_no_request(make: Factory) -> None:
    request = changing.approved(make, changing.renamed())
    changed(make, request.member, 5)
    found = record_changes(db.session(), request.member.id, before=None)
    assert [change.source for change in found] == [ChangeSource.IMMEDIATE, ChangeSource.DEMO]
    assert found[0].words == ("資本金又は出資の額",)
    assert "区分" in found[1].words
    assert "名簿番号" in found[1].words


def test_what_the_office_entered_is_in_the_record_with_its_reason(make: Factory) -> None:
    request = changing.approved(make, changing.renamed(), channel=Channel.STAFF, reason="読み違えのため")
    (newest, _admitted) = record_changes(db.session(), request.member.id, before=None)
    assert (newest.source, newest.reason, newest.words) == (ChangeSource.CHANGE, "読み違えのため", ("商号",))
    assert queries.past_requests(db.session(), request.member.id, before=None) == []


def test_a_relation_filed_by_the_other_company_is_in_the_record(make: Factory) -> None:
    parent = make.member()
    number = profile_as_of(db.session(), parent.id, changing.TODAY)["corporate_number"]
    changing.approved(make, changing.relations(changing.relation_added(number)))
    newest = record_changes(db.session(), parent.id, before=None)[0]
    assert (newest.source, newest.words, newest.by) == (ChangeSource.CHANGE, ("資本関係",), "")


def test_the_record_is_paged_and_takes_two_statements(make: Factory) -> None:
    member, other = make.member(), make.member()
    for value in range(5):
        changed(make, member, value)
        changed(make, other, value)
    page = record_changes(db.session(), member.id, before=None, limit=2)
    assert len(page) == 3
    with counted(make.app) as statements:
        rest = record_changes(db.session(), member.id, before=page[1].id, limit=10)
    assert len(rest) == 4
    assert len(statements) <= 2, statements


def test_a_draft_of_the_office_is_not_shown(make: Factory) -> None:
    paper = changing.drafted(make, [Part.COMPANY], channel=Channel.PAPER)
    assert queries.open_requests(db.session(), paper.member.id) == []
    assert drafts.DRAFTS_LIMIT <= queries.OPEN_LIMIT
