"""A mandate on the member's paper, keyed in by staff."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from occto.domain.codes import MandateState
from occto.domain.mandates import MandateSide
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Affiliation, AuditDetail, AuditEvent
from occto.services.mandates import starting
from occto.unit_of_work import run, unit_of_work
from tests.factories import NOW, Factory, corporate_number
from tests.mandating import NAME, TODAY, Party, party, row, terms
from tests.observing import refused


def _on_paper(make: Factory, own: Party, **changes: Any) -> int:
    values: dict[str, Any] = {
        "contractor_name": NAME,
        "corporate_number": corporate_number(5555),
        "terms": terms(),
        "affirmed": True,
        "received_on": TODAY,
        "actor": changes.get("actor") or make.actor(make.staff(Role.OPERATOR), Role.OPERATOR),
        "now": NOW,
    }
    return run(starting.start_on_paper, own.member.id, **(values | changes))


def test_a_paper_is_keyed_in(make: Factory) -> None:
    own = party(make)
    found = row(_on_paper(make, own))
    assert (found.state, found.proposed_side, found.received_on) == (MandateState.ACTIVE, MandateSide.OFFICE, TODAY)
    payload = db.session.scalars(
        select(AuditDetail.payload)
        .join(AuditEvent, AuditEvent.id == AuditDetail.event_id)
        .where(AuditEvent.tag == "mandate.accepted")
    ).one()
    assert (payload["side"], payload["received_on"]) == ("OFFICE", TODAY.isoformat())


def test_without_an_administrator_no_mandate_begins_on_paper_either(make: Factory) -> None:
    own = party(make)
    with unit_of_work() as session:
        session.scalars(select(Affiliation).where(Affiliation.user_id == own.user.id)).one().ended_at = NOW
    actor = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    with refused("no_administrator"):
        _on_paper(make, own, actor=actor)


def test_papers_that_are_refused(make: Factory) -> None:
    own = party(make)
    staff = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    system = make.actor(make.staff(Role.SYSTEM), Role.SYSTEM)
    with refused("received_later", field="received_on"):
        _on_paper(make, own, received_on=TODAY + timedelta(days=1), actor=staff)
    with refused("affirmation_missing"):
        _on_paper(make, own, affirmed=False, actor=staff)
    for actor in (system, own.actor):
        with refused("not_allowed"):
            _on_paper(make, own, actor=actor)
