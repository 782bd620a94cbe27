"""The copy of a reply among the mails that staff see: how the member votes is read by permission alone."""

import pytest
from sqlalchemy import select

from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import OutboxMail
from occto.services import outbox
from occto.unit_of_work import run
from tests.admin.office import staff
from tests.factories import NOW, Factory
from tests.replies_scene import scene

BODY = "■ 議案への賛否\n・第1号議案　予算の件：反対"


@pytest.mark.parametrize(("role", "seen"), [(Role.OPERATOR, False), (Role.APPROVER, True)])
def test_the_choices_in_a_copy(make: Factory, role: Role, seen: bool) -> None:
    here = scene(make)
    here.take()
    db.session.rollback()
    number = db.session.scalars(select(OutboxMail.id).where(OutboxMail.template == "assemblies/replied")).first()
    assert number is not None
    run(outbox.mark_sent, number, subject="控え", body_masked=BODY, now=NOW)
    browser = staff(make, role)
    assert browser.get(f"/admin/mails/details/?id={number}").status_code == 200
    assert ("反対" in browser.text) is seen
    assert ("賛否を見る権限のある方だけ" in browser.text) is not seen
    browser.get("/admin/mails/")
    assert "反対" not in browser.text
