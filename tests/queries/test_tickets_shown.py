"""受付票 in the order in which they are needed: handed out by フリガナ, seated by the roster, guests at the end."""

from typing import Any

from sqlalchemy import update

from occto.domain.tickets import TicketKind
from occto.extensions import db
from occto.models import Member
from occto.queries.tickets_shown import good_tickets_of, ticket, tickets_by_kana, tickets_by_roster
from occto.unit_of_work import unit_of_work
from tests.factories import NOW, Factory
from tests.receiving import Door, door


def _names(found: list[Any]) -> list[str]:
    return [one.name for one in found]


def _two(make: Factory) -> Door:
    """`voter` comes first on the roster and last by フリガナ."""
    at = door(make)
    with unit_of_work() as session:
        for member, kana in ((at.voter, "わ"), (at.other, "あ")):
            session.execute(update(Member).where(Member.id == member.id).values(kana_key=kana))
    return at


def test_in_both_orders(make: Factory) -> None:
    at = _two(make)
    guest: dict[str, Any] = {"kind": TicketKind.GUEST, "member_id": None, "voting": False}
    at.ticket(name="来賓", **guest)
    at.ticket(name="甲の一人目")
    at.ticket(at.other, name="乙の一人目")
    at.ticket(name="甲の二人目", voting=False)
    at.ticket(name="もう来ない", voting=False, revoked_at=NOW, revoked_for="WITHDRAWN")
    session = db.session()
    assert _names(tickets_by_kana(session, at.held.id)) == ["乙の一人目", "甲の一人目", "甲の二人目", "来賓"]
    assert _names(tickets_by_roster(session, at.held.id)) == ["甲の一人目", "甲の二人目", "乙の一人目", "来賓"]
    assert _names(good_tickets_of(session, at.held.id, at.voter.id)) == ["甲の一人目", "甲の二人目"]


def test_one_by_its_number(make: Factory) -> None:
    at = door(make)
    made = at.ticket()
    found = ticket(db.session(), at.held.id, made.number)
    assert found is not None
    assert (found.name, found.company, found.good) == (made.name, at.voter.current_name, True)
    assert ticket(db.session(), at.held.id, made.number + 1) is None
    assert ticket(db.session(), at.held.id + 1, made.number) is None
