from typing import Any

from sqlalchemy import select

from occto import delivery
from occto.domain.joining import Stage
from occto.extensions import db
from occto.models import LicenceHeld, OutboxMail
from occto.services.joining import approval, review
from occto.services.joining.case import draft_answers
from occto.unit_of_work import run, unit_of_work
from tests.answers import ACT_ON, fill_main, main_started, save, send
from tests.factories import NOW, Factory


def test_the_company_is_told_what_is_not_registered_yet(make: Factory) -> None:
    case = main_started(make, business={"licences": ["RETAIL", "GEN"]})
    fill_main(case)
    with unit_of_work() as session:
        stated = draft_answers(session, case.id)["acts"]["acts"]
    save(case, {"acts": {"acts": stated | {"RETAIL": {"status": "PENDING", "applied_on": "2026-11-20"}}}})
    send(case, Stage.MAIN)
    given: dict[str, Any] = {"member_on": ACT_ON, "member_on_reason": "", "roster_no": 7, "now": NOW}
    run(review.check, case.id, seen_version=case.version, actor=case.first, **given)
    run(approval.approve, case.id, seen_version=case.version, actor=case.second, now=NOW)
    assert db.session.scalars(select(LicenceHeld.category)).all() == ["GEN"]
    mail = db.session.scalars(select(OutboxMail.id).where(OutboxMail.template == "join/approved")).first()
    assert mail is not None
    body = delivery._render(mail).body
    assert "申請中のため、まだ登録していません" in body
    assert "・小売電気事業者\n" in body
