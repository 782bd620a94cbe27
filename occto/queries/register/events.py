"""From the facts of one member to what each change of the register did to it, as items of a change request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from occto.domain.changes import LICENCE, RELATION, ItemChange
from occto.domain.codes import ChangeAct
from occto.models import LicenceFact, LicenceHeld, ProfileFact, RosterFact
from occto.queries.register.relations import all_relations, as_row

ROSTER = "roster"
"""The roster number among the items of a history."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact as entered. `place`: what it is a fact of; `value`: as JSON, as items of change requests hold it."""

    item: str
    place: Any
    value: Any
    effective_on: date
    ended_on: date | None
    entered_id: int
    voided_id: int | None
    fact_id: int

    def stands_at(self, known: int | None) -> bool:
        """Whether it stood at the change `known`; None: whether it stands."""
        if known is None:
            return self.voided_id is None
        return self.entered_id <= known and (self.voided_id is None or self.voided_id > known)


_MEMBER: Any = bindparam("member")
_PROFILE = (
    select(ProfileFact).where(ProfileFact.member_id == _MEMBER).order_by(ProfileFact.effective_on, ProfileFact.id)
)
_LICENCES = (
    select(LicenceFact, LicenceHeld.category)
    .join(LicenceHeld, LicenceHeld.id == LicenceFact.licence_id)
    .where(LicenceHeld.member_id == _MEMBER)
    .order_by(LicenceFact.effective_on, LicenceFact.id)
)
_ROSTER = select(RosterFact).where(RosterFact.member_id == _MEMBER).order_by(RosterFact.effective_on, RosterFact.id)


def facts_of(session: Session, member_id: int, *, today: date) -> list[Fact]:
    """Every fact of the member ever entered, in four statements; other companies go by the name of `today`."""
    asked = {"member": member_id}
    found = [
        Fact(row.item, row.item, row.value, row.effective_on, None, row.entered_id, row.voided_id, row.id)
        for row in session.scalars(_PROFILE, asked)
    ]
    for fact, category in session.execute(_LICENCES, asked):
        found.append(_fact(LICENCE, fact.licence_id, _licence_row(fact, category), fact))
    for control, relation in all_relations(session, member_id, day=today):
        found.append(_fact(RELATION, control.relation_no, as_row(relation), control))
    found += [_fact(ROSTER, ROSTER, row.roster_no, row) for row in session.scalars(_ROSTER, asked)]
    return found


def _fact(item: str, place: Any, value: Any, row: Any) -> Fact:
    return Fact(item, place, value, row.effective_on, row.ended_on, row.entered_id, row.voided_id, row.id)


def _licence_row(fact: LicenceFact, category: Any) -> dict[str, Any]:
    return {
        "category": category.value,
        "act": fact.act.value,
        "number": fact.number,
        "effective_on": fact.effective_on.isoformat(),
        "ended_on": fact.ended_on.isoformat() if fact.ended_on else None,
        "end_reason": fact.end_reason.value if fact.end_reason else None,
    }


def events(facts: Sequence[Fact]) -> dict[int, list[ItemChange]]:
    """What each change did, by its number, in the order of the facts."""
    by_change: dict[int, dict[tuple[str, Any], tuple[list[Fact], list[Fact]]]] = {}
    for fact in facts:
        key = (fact.item, fact.place)
        by_change.setdefault(fact.entered_id, {}).setdefault(key, ([], []))[1].append(fact)
        if fact.voided_id is not None:
            by_change.setdefault(fact.voided_id, {}).setdefault(key, ([], []))[0].append(fact)
    return {number: _of_change(number, places, facts) for number, places in by_change.items()}


def _of_change(number: int, places: Mapping[Any, tuple[list[Fact], list[Fact]]], facts: Sequence[Fact]) -> Any:
    found: list[ItemChange] = []
    for (item, _place), (voided, entered) in places.items():
        if item == ROSTER:
            found += _roster(voided, entered)
        elif item == LICENCE:
            found += _dated_row(LICENCE, voided, entered, ends=("ended_on", "end_reason"))
        elif item == RELATION:
            found += _dated_row(RELATION, voided, entered, ends=("ended_on",))
        else:
            found += _profile(number, voided, entered, facts)
    return _relations_in_other_words(found)


def _profile(number: int, voided: list[Fact], entered: list[Fact], facts: Sequence[Fact]) -> Iterator[ItemChange]:
    """Set from a day on, corrected (the day differs or the office says so), or voided."""
    gone = {fact.effective_on: fact for fact in voided}
    fresh = {fact.effective_on: fact for fact in entered}
    for day in gone.keys() & fresh.keys():
        old, new = gone.pop(day), fresh.pop(day)
        yield ItemChange(new.item, ChangeAct.SET, day, new.value, old.value, f"fact:{old.fact_id}", old.fact_id)
    for old, new in zip(sorted(gone.values(), key=_day), sorted(fresh.values(), key=_day), strict=False):
        del gone[old.effective_on], fresh[new.effective_on]
        yield _corrected(old, new)
    for old in gone.values():
        yield ItemChange(
            old.item, ChangeAct.VOID, old.effective_on, None, _dated(old), f"fact:{old.fact_id}", old.fact_id
        )
    for new in fresh.values():
        before = [f for f in facts if f.item == new.item and f.effective_on < new.effective_on and f.stands_at(number)]
        last = max(before, key=_day, default=None)
        yield ItemChange(new.item, ChangeAct.SET, new.effective_on, new.value, last.value if last else None)


def _corrected(old: Fact, new: Fact) -> ItemChange:
    return ItemChange(
        new.item,
        ChangeAct.CORRECT,
        new.effective_on,
        _dated(new),
        _dated(old),
        f"fact:{old.fact_id}",
        old.fact_id,
    )


def _dated(fact: Fact) -> dict[str, Any]:
    return {"value": fact.value, "effective_on": fact.effective_on.isoformat()}


def _day(fact: Fact) -> date:
    return fact.effective_on


def _dated_row(item: str, voided: list[Fact], entered: list[Fact], *, ends: tuple[str, ...]) -> Iterator[ItemChange]:
    """A licence or relation begun, ended, corrected or voided: one fact of it stands at a time."""
    old: Fact | None = next(iter(voided), None)
    new: Fact | None = next(reversed(entered), None)
    if old is None and new is not None:
        yield ItemChange(item, ChangeAct.ADD, new.effective_on, new.value, target_key=f"{item}:{new.place}")
    elif old is not None and new is None:
        yield ItemChange(item, ChangeAct.VOID, old.effective_on, None, old.value, f"{item}:{old.place}", old.place)
    elif old is not None and new is not None:
        kept = {key: value for key, value in new.value.items() if key not in ends}
        if new.ended_on is not None and old.ended_on is None and kept.items() <= old.value.items():
            end = {key: new.value[key] for key in ends}
            yield ItemChange(item, ChangeAct.END, new.ended_on, end, old.value, f"{item}:{old.place}", old.place)
        else:
            day = new.effective_on
            yield ItemChange(item, ChangeAct.CORRECT, day, new.value, old.value, f"{item}:{old.place}", old.place)


def _roster(voided: list[Fact], entered: list[Fact]) -> Iterator[ItemChange]:
    """A number from a day on; the fact that ends that day is entered beside it and is no change of its own."""
    begun = max(entered, key=_day, default=None)
    old = max(voided, key=_day, default=None)
    if begun is not None:
        yield ItemChange(ROSTER, ChangeAct.SET, begun.effective_on, begun.value, old.value if old else None)
    elif old is not None:
        yield ItemChange(ROSTER, ChangeAct.VOID, old.effective_on, None, old.value)


def _relations_in_other_words(items: list[ItemChange]) -> list[ItemChange]:
    """A relation that ends on the day on which another with the same company begins is one change, not two."""
    ended = {
        (item.effective_on, *_company(item.old)): item
        for item in items
        if item.item == RELATION and item.act is ChangeAct.END
    }
    found = list(items)
    for item in items:
        if item.item != RELATION or item.act is not ChangeAct.ADD:
            continue
        other = ended.pop((item.effective_on, *_company(item.new)), None)
        if other is not None:
            found[found.index(item)] = replace(
                other, act=ChangeAct.SET, new=item.new, old=other.old, effective_on=item.effective_on
            )
            found.remove(other)
    return found


def _company(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["relation"], row["name"], row["corporate_number"]


def marked_as_corrected(items: Iterable[ItemChange], corrected: set[str]) -> list[ItemChange]:
    """Items that the office corrected for the same day, as corrections; `corrected` holds their target keys."""
    return [
        replace(
            item,
            act=ChangeAct.CORRECT,
            new={"value": item.new, "effective_on": item.effective_on.isoformat()},
            old={"value": item.old, "effective_on": item.effective_on.isoformat()},
        )
        if item.act is ChangeAct.SET and item.target_key in corrected and item.target_key.startswith("fact:")
        else item
        for item in items
    ]
