"""招待: waves, reminders not more than once in seven days, states that follow from mail and person, letters without secrets."""

import re
from datetime import date, timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader
from sqlalchemy import select, update

from occto import clock, worker
from occto.domain.codes import MailState, UserState
from occto.domain.jobs import JobState, Outcome
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Affiliation, AuditEvent, ContractOfUse, Job, JobLeftover, Member, OutboxMail, User
from occto.services import invitations
from occto.unit_of_work import run, unit_of_work
from tests.admin.counting import statements
from tests.clients import Browser
from tests.factories import NOW, Factory
from tests.importing import Loading, U, person, whole


@pytest.fixture
def loading(make: Factory) -> Loading:
    found = Loading(make)
    rows = whole(1, 2, 3, 4)
    rows[U] = [person(1), person(2), person(3), person(1, operator_code="00004")]
    found.enter(rows)
    return found


@pytest.fixture
def staff(loading: Loading) -> Browser:
    return loading.make.signed_in(loading.operator)


def _ids() -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(Affiliation.id).order_by(Affiliation.id)))


def _finish() -> None:
    while db.session.scalars(select(Job.id).where(Job.state != JobState.DONE)).all():
        db.session.rollback()
        worker.work_jobs()
    db.session.remove()


def _mails() -> list[OutboxMail]:
    db.session.rollback()
    return list(
        db.session.scalars(
            select(OutboxMail).where(OutboxMail.template.startswith("account/inv")).order_by(OutboxMail.id)
        )
    )


def _become(state: MailState, *, days_ago: int = 0) -> None:
    at = clock.now() - timedelta(days=days_ago)
    sent = at if state is MailState.SENT else None
    with unit_of_work() as session:
        session.execute(update(OutboxMail).values(state=state, queued_at=at, sent_at=sent))


def _states(staff: Browser) -> list[str]:
    staff.get("/admin/invitations/")
    return [word for word in ("未送付", "送付", "不達", "設定済") if re.search(rf"<b[^>]*>{word}</b>", staff.text)]


def test_waves_and_states(loading: Loading, staff: Browser) -> None:
    assert _states(staff) == ["未送付"]
    staff.get("/admin/invitations/wave/")
    assert "取込電力1株式会社" in staff.text
    first = _ids()[0]
    staff.get(f"/admin/invitations/bulk/?act=invite&wave=chosen&row={first}&row=x&row=999999")
    assert "1件に行う" in staff.text
    assert "佐藤 1子 様" in staff.text
    staff.submit({"typed": "1"}, action="/bulk/")
    _finish()
    assert [(mail.template, mail.to_address, mail.params["company"]) for mail in _mails()] == [
        ("account/invited", "Admin1@torikomi.example.jp", "取込電力1株式会社（ほか1社）")
    ]
    assert _states(staff) == ["未送付", "送付"]
    staff.get("/admin/invitations/?state=NOT_SENT")
    assert "取込電力4株式会社" not in staff.text
    staff.get("/admin/invitations/bulk/?act=invite&wave=first")
    assert "2件に行う" in staff.text
    staff.submit({"typed": "2"}, action="/bulk/")
    _finish()
    assert len(_mails()) == 3
    _become(MailState.BOUNCED)
    assert _states(staff) == ["不達"]
    with unit_of_work() as session:
        session.execute(
            update(User).where(User.state == UserState.INVITED).values(state=UserState.ACTIVE, password_hash="x")
        )
    assert _states(staff) == ["設定済"]
    tags = db.session.scalars(select(AuditEvent.tag).where(AuditEvent.tag == "invitation.sent")).all()
    assert len(tags) == 3


def test_a_wave_takes_fifty(loading: Loading, staff: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("occto.admin.invitations.WAVE", 2)
    staff.get("/admin/invitations/bulk/?act=invite&wave=first")
    assert "2件に行う" in staff.text
    staff.get("/admin/invitations/bulk/?act=invite&wave=rest")
    assert "4件に行う" in staff.text


def test_one_person_at_two_members_gets_one_mail(loading: Loading, staff: Browser) -> None:
    staff.get("/admin/invitations/bulk/?act=invite&wave=rest")
    staff.submit({"typed": "4"}, action="/bulk/")
    _finish()
    assert len(_mails()) == 3
    assert db.session.scalars(select(JobLeftover.outcome)).all() == [Outcome.ON_ITS_WAY]
    staff.get(f"/admin/jobs/details/?id={db.session.scalar(select(Job.id))}")
    assert "佐藤 1子　取込電力4株式会社" in staff.text


def test_reminders_leave_seven_days(loading: Loading, staff: Browser) -> None:
    first = _ids()[0]
    actor = loading.make.actor(loading.operator, Role.OPERATOR)
    assert run(invitations.invite, first, actor=actor, now=clock.now()) is None
    assert run(invitations.invite, first, actor=actor, now=clock.now()) is Outcome.ON_ITS_WAY
    _become(MailState.SENT, days_ago=6)
    assert run(invitations.invite, first, actor=actor, now=clock.now()) is Outcome.RECENT
    assert staff.get("/admin/invitations/bulk/?act=remind").status_code == 200
    assert "あてはまるものはありません" in staff.text
    _become(MailState.SENT, days_ago=7)
    staff.get("/admin/invitations/bulk/?act=remind")
    assert "2件に行う" in staff.text
    staff.submit({"typed": "2"}, action="/bulk/")
    _finish()
    assert [mail.template for mail in _mails()] == ["account/invited", "account/invite_reminder"]


def test_a_lost_mail_may_be_sent_again_at_once(loading: Loading) -> None:
    actor = loading.make.actor(loading.operator, Role.OPERATOR)
    run(invitations.invite, _ids()[1], actor=actor, now=clock.now())
    _become(MailState.BOUNCED)
    assert run(invitations.invite, _ids()[1], actor=actor, now=clock.now()) is None
    assert len(_mails()) == 2


def test_who_is_not_invited(loading: Loading) -> None:
    actor = loading.make.actor(loading.operator, Role.OPERATOR)
    one, two, three, _four = _ids()
    with unit_of_work() as session:
        session.execute(update(Affiliation).where(Affiliation.id == one).values(ended_at=clock.now()))
        second = session.get(Affiliation, two)
        assert second is not None
        session.execute(update(User).where(User.id == second.user_id).values(state=UserState.ACTIVE, password_hash="x"))
        third = session.get(Affiliation, three)
        assert third is not None
        session.add(
            ContractOfUse(
                member_id=third.member_id,
                formed_at=NOW,
                formed_by="PAPER",
                terms_version_id=1,
                ended_at=NOW,
                end_clause="2.7.1",
            )
        )
    found = [run(invitations.invite, number, actor=actor, now=clock.now()) for number in (one, two, three, 999)]
    assert found == [Outcome.ENDED, Outcome.SET_UP, Outcome.PAPER, Outcome.ENDED]
    assert _mails() == []


def test_letters_say_what_to_do_and_no_secret(loading: Loading, staff: Browser) -> None:
    for _ in range(10):  # the codes of the workbook are taken
        loading.make.serial()
    loading.make.member(name="紙だけ電力株式会社", since=date(2020, 4, 1))
    staff.get("/admin/invitations/export-letters/")
    assert staff.response is not None
    assert staff.response.mimetype == "application/pdf"
    pages = [page.extract_text() for page in PdfReader(BytesIO(staff.response.data)).pages]
    assert len(pages) == 4
    assert "Admin2@torikomi.example.jp" in pages[1].replace("\n", "")
    assert "佐藤 2子" in pages[1]
    assert "password/" not in "".join(pages)
    staff.get("/admin/invitations/export-letters/?to=members")
    pages = [page.extract_text() for page in PdfReader(BytesIO(staff.response.data)).pages]
    assert len(pages) == 1
    assert "紙だけ電力株式会社" in pages[0]
    staff.get("/admin/invitations/export-letters/?q=nobody")
    assert "手紙を送る相手がいません" in staff.text
    assert (
        db.session.scalars(select(AuditEvent.tag).where(AuditEvent.tag == "invitation.letters")).all()
        == ["invitation.letters"] * 2
    )


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.RECEPTION])
@pytest.mark.parametrize("path", ["", "wave/", "bulk/?act=invite", "export-letters/"])
def test_who_may_not_invite(make: Factory, role: Role, path: str) -> None:
    assert make.signed_in(make.staff(role)).get(f"/admin/invitations/{path}").status_code == 403


def test_the_list_costs_a_fixed_number_of_statements(loading: Loading, staff: Browser) -> None:
    with statements() as seen:
        staff.get("/admin/invitations/")
    assert len(seen) <= 6


def test_the_first_sign_in_forms_the_contract(loading: Loading) -> None:
    user = db.session.scalars(select(User).where(User.email_key == "admin1@torikomi.example.jp")).one()
    from occto.services import contracts

    actor = loading.make.actor(user, Role.ADMINISTRATOR)
    assert run(contracts.form_by_sign_in, user.id, actor=actor, now=clock.now()) == 2
    assert run(contracts.form_by_sign_in, user.id, actor=actor, now=clock.now()) == 0
    db.session.rollback()
    formed = db.session.execute(
        select(Member.operator_code, ContractOfUse.formed_by)
        .join(ContractOfUse, ContractOfUse.member_id == Member.id)
        .order_by(Member.operator_code)
    ).all()
    assert [(code, by.value) for code, by in formed] == [("00001", "DEEMED"), ("00004", "DEEMED")]
    with unit_of_work() as session:
        session.execute(update(ContractOfUse).values(ended_at=clock.now(), end_clause="2.7.2①"))
    assert run(contracts.form_by_sign_in, user.id, actor=actor, now=clock.now()) == 0
