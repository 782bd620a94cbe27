"""書面の申請: staff key it in on the applicant's own pages, with the scan and the day it was received."""

from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import select

from occto import clock
from occto.domain.codes import Channel, ConsentKind, FormedBy
from occto.domain.dates import format_date, today_jst
from occto.domain.joining import ApplicationState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Application, ApplicationRevision, Consent, ContractOfUse
from tests.clients import Browser
from tests.factories import Factory

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
SECTIONS = {
    "entrant": {"entrant": "COMPANY"},
    "company": {
        "name": "書面発電合同会社",
        "kana": "ショメンハツデン",
        "corporate_number": "7000012050002",
        "legal_form": "GK",
        "postal_code": "100-0001",
        "prefecture": "東京都",
        "address": "千代田区千代田1番1号",
    },
    "outline": {
        "representative_title": "代表社員",
        "representative_name": "田中 一郎",
        "representative_kana": "タナカ イチロウ",
        "capital": "1,000,000",
    },
    "business": {"licences": ["GEN"]},
    "contacts": {
        "member_contact_department": "総務",
        "member_contact_name": "田中 花子",
        "member_contact_email": "tanaka@shomen.example.jp",
        "member_contact_phone": "03-1234-5678",
    },
    "administrator": {
        "administrator_title": "総務",
        "administrator_name": "田中 花子",
        "administrator_kana": "タナカ ハナコ",
        "administrator_email": "tanaka@shomen.example.jp",
        "administrator_phone": "03-1234-5678",
    },
    "pledges": {"no_antisocial_forces": "y", "provision_to_state": "y"},
}


@pytest.fixture
def operator(make: Factory) -> Browser:
    return make.signed_in(make.staff(Role.OPERATOR))


def fill(operator: Browser) -> str:
    """Open a paper case and key everything in but the scan; the address of the case."""
    operator.get("/admin/applications/new-paper/")
    operator.submit({"email": ""}, form=-1)
    case = f"/join/applications/{db.session.scalar(select(Application.id))}"
    operator.get(f"{case}/terms")
    assert "書面で同意があることを確かめ" in operator.text
    operator.submit()
    for section, values in SECTIONS.items():
        operator.get(f"{case}/sections/{section}")
        assert operator.submit(values, follow=False).status_code == 303, section
    operator.get(f"{case}/relations")
    operator.submit({"done": "NONE"}, action="/relations")
    operator.get(f"{case}/files")
    operator.submit(action="/files/done")
    return case


def test_a_paper_application_from_the_scan_to_the_number(make: Factory, operator: Browser) -> None:
    case = fill(operator)
    received = today_jst(clock.now()) - timedelta(days=20)
    operator.get(f"{case}/check")
    operator.submit({"received_on": format_date(received)}, action="/submit")
    assert "スキャン" in operator.text, "the scan is asked for"
    operator.get(f"{case}/files")
    page = operator.forms()
    token = page[0]["fields"]["csrf_token"][0]
    scan = {"csrf_token": token, "kind": "PAPER_SCAN", "file": (BytesIO(PDF), "申請書.pdf")}
    assert operator.client.post(f"{case}/files", data=scan).status_code == 303
    operator.get(f"{case}/check")
    operator.submit({"received_on": ""}, action="/submit")
    assert "受け取った日を入力してください" in operator.text
    operator.submit({"received_on": format_date(received)}, action="/submit")
    db.session.rollback()
    row = db.session.scalars(select(Application)).one()
    assert (row.channel, row.state) == (Channel.PAPER, ApplicationState.SUBMITTED)
    assert row.submitted_at is not None
    assert today_jst(row.submitted_at) == received, "the day it was received is the day of submission"
    assert row.acceptance_number in operator.text
    assert db.session.scalars(select(ApplicationRevision)).one().submitted_by_id == row.entered_by_id
    assert db.session.scalars(select(Consent)).one().kind is ConsentKind.PAPER
    assert db.session.scalars(select(ContractOfUse)).one().formed_by is FormedBy.PAPER


def test_only_those_who_key_paper_in_reach_it(make: Factory, operator: Browser) -> None:
    case = fill(operator)
    for stranger in (
        make.signed_in(make.staff(Role.APPROVER)),
        make.signed_in(make.staff(Role.SYSTEM)),
        Browser(make.app),
    ):
        assert stranger.get(f"{case}/sections/outline", follow=False).status_code in {303, 403, 404}
    assert make.signed_in(make.staff(Role.OPERATOR)).get(f"{case}/sections/outline").status_code == 200


def test_an_online_case_is_nobodys_to_key_in(make: Factory, operator: Browser) -> None:
    from tests.answers import submitted

    assert operator.get(f"/join/applications/{submitted(make).id}/tasks").status_code == 404
