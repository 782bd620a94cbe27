"""Acts on all rows that match: what is shown is what is done, after the number has been typed, once."""

from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select, update

from occto import worker
from occto.domain.codes import MailState
from occto.domain.jobs import JobState, Outcome
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AuditEvent, ContractOfUse, Job, JobLeftover, Member, OutboxMail
from occto.services import outbox
from occto.unit_of_work import unit_of_work
from tests.clients import Browser
from tests.factories import NOW, Factory


@pytest.fixture
def members(make: Factory) -> list[int]:
    """Three with an administrator, one on paper, one without an address."""
    found = [make.member(name=f"確認{number}電力株式会社") for number in range(5)]
    for member in found[:4]:
        make.affiliate(make.user(), member)
    with unit_of_work() as session:
        session.execute(
            update(ContractOfUse)
            .where(ContractOfUse.member_id == found[3].id)
            .values(ended_at=NOW, end_clause="2.7.2", end_reason="書面での手続きを希望")
        )
    return [member.id for member in found]


@pytest.fixture
def staff(make: Factory) -> Browser:
    return make.signed_in(make.staff(Role.OPERATOR))


def _jobs() -> list[Job]:
    db.session.expunge_all()
    db.session.rollback()
    return list(db.session.scalars(select(Job).order_by(Job.id)))


def _finish() -> None:
    while any(job.state is not JobState.DONE for job in _jobs()):
        worker.work_jobs()


ASK = "/admin/members/bulk/?act=confirm&q=" + quote("確認")


def test_members_are_asked_to_confirm_and_the_others_are_listed(staff: Browser, members: list[int]) -> None:
    staff.get("/admin/members/?q=" + quote("確認"))
    assert "bulk/?" in staff.text
    staff.get(ASK)
    assert "5件に行う" in staff.text
    assert "確認0電力株式会社" in staff.text
    staff.submit({"typed": "５件"}, action="/bulk/")
    assert staff.path == "/admin/jobs/details/"
    assert "待ち" in staff.text
    _finish()
    job = _jobs()[0]
    assert (job.total, job.progress, job.done) == (5, 5, 3)
    left = {row.row_id: row.outcome for row in db.session.scalars(select(JobLeftover))}
    assert left == {members[3]: Outcome.PAPER, members[4]: Outcome.NO_ADDRESS}
    mails = select(OutboxMail).where(OutboxMail.template == "member/confirm_request").order_by(OutboxMail.id)
    assert [mail.member_id for mail in db.session.scalars(mails)] == members[:3]
    staff.get(f"/admin/jobs/details/?id={job.id}")
    assert "紙対応（利用契約なし）" in staff.text
    assert "確認3電力株式会社" in staff.text
    staff.get("/admin/jobs/")
    assert "5 / 5 件" in staff.text
    tags = db.session.scalars(select(AuditEvent.tag).where(AuditEvent.subject == f"JOB:{job.id}")).all()
    assert sorted(tags) == ["job.finished", "job.queued"]


@pytest.mark.parametrize("typed", ["4", "", "ご", "5.0", "9" * 40, "-5"])
def test_without_the_number_nothing_is_done(staff: Browser, members: list[int], typed: str) -> None:
    staff.get(ASK)
    assert staff.submit({"typed": typed}, action="/bulk/").status_code == 422
    assert "件数" in staff.text
    assert _jobs() == []


def test_a_set_that_changed_is_refused(make: Factory, staff: Browser, members: list[int]) -> None:
    staff.get(ASK)
    make.member(name="確認6電力株式会社")
    staff.submit({"typed": "5"}, action="/bulk/")
    assert "対象が変わりました" in staff.text
    assert "6件に行う" in staff.text
    assert _jobs() == []


def test_sent_twice_it_is_one_job(staff: Browser, members: list[int]) -> None:
    staff.get(ASK)
    page = staff.response
    staff.submit({"typed": "5"}, action="/bulk/", follow=False)
    assert staff.response is not None
    first = staff.response.headers["Location"]
    staff.response = page
    staff.submit({"typed": "5"}, action="/bulk/", follow=False)
    assert staff.response.headers["Location"] == first
    assert len(_jobs()) == 1


def test_later_rows_are_not_caught(make: Factory, staff: Browser, members: list[int]) -> None:
    staff.get(ASK)
    staff.submit({"typed": "5"}, action="/bulk/")
    make.affiliate(make.user(), make.member(name="確認9電力株式会社"))
    _finish()
    assert _jobs()[0].progress == 5
    assert len(db.session.scalars(select(OutboxMail)).all()) == 3


def test_mails_that_did_not_arrive_are_sent_again(make: Factory, staff: Browser) -> None:
    states = (MailState.BOUNCED, MailState.FAILED, MailState.PENDING)
    ids = []
    with unit_of_work() as session:
        for number, state in enumerate(states):
            mail = outbox.queue(session, "join/withdrawn", to=f"a{number}@x.example.jp", now=NOW)
            assert mail is not None
            mail.state = state
            ids.append(mail.id)
    staff.get("/admin/mails/bulk/?act=again")
    assert "2件に行う" in staff.text
    staff.submit({"typed": "2"}, action="/bulk/")
    with unit_of_work() as session:
        session.execute(update(OutboxMail).where(OutboxMail.id == ids[1]).values(state=MailState.PENDING))
    _finish()
    job = _jobs()[0]
    assert (job.total, job.done) == (2, 1)
    assert db.session.scalars(select(JobLeftover.outcome)).all() == [Outcome.CHANGED]
    assert set(db.session.scalars(select(OutboxMail.state))) == {MailState.PENDING}


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.RECEPTION, Role.APPROVER])
def test_who_may_not_start_an_act(make: Factory, role: Role) -> None:
    browser = make.signed_in(make.staff(role))
    assert browser.get("/admin/mails/bulk/?act=again").status_code == 403
    if role is not Role.APPROVER:
        assert browser.get("/admin/members/bulk/?act=confirm").status_code == 403
    browser.get("/admin/mails/" if role is not Role.RECEPTION else "/admin/members/")
    assert "bulk/" not in browser.text


@pytest.mark.parametrize("query", ["", "act=nothing", "act=", "act=%27", "act=again"])
def test_an_act_that_is_none_is_not_found(staff: Browser, query: str) -> None:
    assert staff.get(f"/admin/members/bulk/?{query}").status_code == 404
    assert staff.get(f"/admin/users/bulk/?{query}").status_code == 404


def test_hostile_confirmations_do_nothing(staff: Browser, members: list[int]) -> None:
    crafted: list[dict[str, Any]] = [
        {"typed": "5", "seen": "x", "form_id": "a"},
        {"typed": "5", "form_id": "b"},
        {"typed": ["5", "5"], "seen": "0" * 64, "form_id": "c", "q": "%"},
        {"typed": "1" * 100_000, "seen": "'", "form_id": "d"},
    ]
    for values in crafted:
        staff.get(ASK)
        assert staff.post(ASK, values).status_code in {303, 404, 422}
    assert _jobs() == []


def test_nobody_is_left_to_ask(staff: Browser) -> None:
    staff.get("/admin/members/bulk/?act=confirm&q=" + quote("どこにもない"))
    assert "あてはまるものはありません" in staff.text
    assert not [form for form in staff.forms() if "typed" in form["fields"]]


def test_members_on_record_stay_as_they_are(staff: Browser, members: list[int]) -> None:
    before = [tuple(row) for row in db.session.execute(select(Member.id, Member.version))]
    staff.get(ASK)
    staff.submit({"typed": "5"}, action="/bulk/")
    _finish()
    assert [tuple(row) for row in db.session.execute(select(Member.id, Member.version))] == before
