"""記録 in words."""

import pytest
from sqlalchemy import select

from occto.admin.trail import KEYS, payload_in_words, subject_in_words, subject_of_words
from occto.domain.audit_tags import AUDIT_TAGS
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AuditEvent
from tests.answers import submitted
from tests.factories import Factory


def test_every_key_of_every_tag_has_its_words() -> None:
    assert set().union(*(keys for _words, keys in AUDIT_TAGS.values())) - set(KEYS) == set()


@pytest.mark.parametrize("typed", ["加入申請 12", "加入申請12", "application:12", "APPLICATION:12", "加入申請：12"])
def test_a_subject_is_found_however_it_is_typed(typed: str) -> None:
    assert subject_of_words(typed) == "APPLICATION:12"
    assert subject_in_words("APPLICATION:12") == "加入申請 12"


def test_codes_of_a_payload_are_words() -> None:
    payload = {
        "step": "accept",
        "from": "SUBMITTED",
        "to": "ACCEPTED",
        "revision_no": 2,
        "reason": None,
        "section": "company",
    }
    assert payload_in_words(payload) == [
        ("処理", "受け付ける"),
        ("前の状態", "審査待ち"),
        ("後の状態", "受付済（METI申請・コード待ち）"),
        ("版", "2"),
        ("理由", ""),
        ("項目", "会社の名称と所在地"),
    ]
    assert payload_in_words({"roles": ["OPERATOR"], "second_factor": True, "kind": "STAFF"}) == [
        ("役割", "審査担当"),
        ("2段階認証を使ったか", "はい"),
        ("種別", "広域機関職員"),
    ]


def test_the_page_of_an_event_names_act_person_subject_and_payload(make: Factory) -> None:
    case = submitted(make)
    browser = make.signed_in(make.staff(Role.OPERATOR))
    event_id = db.session.scalar(select(AuditEvent.id).where(AuditEvent.tag == "application.submitted"))
    db.session.rollback()
    browser.get(f"/admin/records/details/?id={event_id}")
    assert "加入申請の提出" in browser.text
    assert f'<a href="/admin/applications/details/?id={case.id}">加入申請 {case.id}</a>' in browser.text
    assert "加入仮申請" in browser.text
    browser.get("/admin/records/?tag=application.submitted")
    assert f"details/?id={event_id}" in browser.text
    browser.get("/admin/records/?tag=application.approved")
    assert "あてはまるものはありません" in browser.text
    browser.get("/admin/records/?about=joining")
    assert f"details/?id={event_id}" in browser.text
    assert "加入の承認" in browser.text
    assert "総会の受付" not in browser.text
    browser.get("/admin/records/?about=hall")
    assert f"details/?id={event_id}" not in browser.text
    browser.get("/admin/records/?about=nonsense&tag=nonsense")
    assert f"details/?id={event_id}" in browser.text
