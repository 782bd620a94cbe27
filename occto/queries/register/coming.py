"""What is on record already and takes effect on a later day."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from occto.domain.changes import LICENCE, RELATION
from occto.queries.register.events import Fact, facts_of
from occto.queries.register.history import requests_of


@dataclass(frozen=True, slots=True)
class FactToCome:
    """A fact that begins, or (`ends`) ends, on `on`: the first day on which the record reads differently.

    `value` is as items of change requests hold it; the request is the member's own, if any.
    """

    item: str
    place: Any
    on: date
    ends: bool
    value: Any
    change_id: int
    request_id: int | None = None
    number: str | None = None


def facts_to_come(
    session: Session,
    member_id: int,
    day: date,
    *,
    known: int | None = None,
    facts: list[Fact] | None = None,
) -> list[FactToCome]:
    """What takes effect after `day`, by day; `facts` where they were read already."""
    facts = facts_of(session, member_id, today=day) if facts is None else facts
    standing = [fact for fact in facts if fact.stands_at(known)]
    coming = [(fact, fact.effective_on, False) for fact in standing if fact.effective_on > day]
    coming += [
        (fact, fact.ended_on, True)
        for fact in standing
        if fact.item in (LICENCE, RELATION) and fact.ended_on is not None and fact.ended_on > day
    ]
    requests = requests_of(session, {fact.entered_id for fact, _on, _ends in coming}, member_id=member_id)
    return [
        FactToCome(
            fact.item,
            fact.place,
            on,
            ends,
            fact.value,
            fact.entered_id,
            *requests.get(fact.entered_id, (None, None)),
        )
        for fact, on, ends in sorted(coming, key=lambda one: one[1])
    ]
