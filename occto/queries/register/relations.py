"""Control relations of one member as of a day."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, bindparam, exists, or_, select
from sqlalchemy.orm import Session, aliased

from occto.domain.codes import ControlBasis, Holding, Relation
from occto.models import Body, ControlFact, Member, ProfileFact
from occto.queries.register.known import stands, with_known


@dataclass(frozen=True, slots=True)
class RelationOnRecord:
    """A relation as of a day; `relation`: what the other company is to the member. `effective_on` later: to come.

    `corporate_number` None: known by name only, or a company without one.
    """

    relation_no: int
    relation: Relation
    name: str
    corporate_number: str | None
    is_member: bool
    controlling: bool
    basis: ControlBasis | None
    holding: Holding | None
    ratio_bp: int | None
    effective_on: date
    ended_on: date | None


def as_row(relation: RelationOnRecord) -> dict[str, Any]:
    """The relation in the shape of a row of the form, as items of change requests hold it."""
    return {
        "relation": relation.relation.value,
        "name": relation.name,
        "corporate_number": relation.corporate_number,
        "is_member": "YES" if relation.is_member else "NO",
        "controlling": relation.controlling,
        "basis": relation.basis.value if relation.basis else None,
        "ratio_bp": relation.ratio_bp,
        "holding": relation.holding.value if relation.holding else None,
        "acquired_on": relation.effective_on.isoformat(),
        "ended_on": relation.ended_on.isoformat() if relation.ended_on else None,
    }


def _item_on_day(item: str, member: Any, *, known: bool) -> Any:
    """A profile item of another member on the day, as a scalar subquery."""
    return (
        select(ProfileFact.value)
        .where(
            ProfileFact.member_id == member,
            ProfileFact.item == item,
            ProfileFact.effective_on <= bindparam("day"),
            stands(ProfileFact, known=known),
        )
        .order_by(ProfileFact.effective_on.desc())
        .limit(1)
        .scalar_subquery()
    )


def _statement(*, known: bool, all_facts: bool = False) -> Select[Any]:
    """Relations of the member on either side, with the other company as it was called on the day."""
    own, other_body, other = aliased(Member), aliased(Body), aliased(Member)
    as_child = ControlFact.child_body_id == own.body_id
    met = exists().where(ProfileFact.member_id == other.id, stands(ProfileFact, known=known)).correlate(other)
    query = (
        select(
            ControlFact,
            as_child.label("is_parent"),
            other_body.name,
            other_body.corporate_number,
            met.label("is_member"),
            _item_on_day("name", other.id, known=known).label("name_then"),
            _item_on_day("corporate_number", other.id, known=known).label("number_then"),
        )
        .select_from(own)
        .join(ControlFact, or_(as_child, ControlFact.parent_body_id == own.body_id))
        .outerjoin(
            other_body,
            or_(
                as_child & (other_body.id == ControlFact.parent_body_id),
                (ControlFact.parent_body_id == own.body_id) & (other_body.id == ControlFact.child_body_id),
            ),
        )
        .outerjoin(other, other.body_id == other_body.id)
        .where(own.id == bindparam("member"))
        .order_by(ControlFact.effective_on, ControlFact.id)
    )
    if all_facts:
        return query
    running = or_(ControlFact.ended_on.is_(None), ControlFact.ended_on > bindparam("day"))
    return query.where(stands(ControlFact, known=known), running)


_RELATIONS = {known: _statement(known=known) for known in (False, True)}
_ALL = _statement(known=False, all_facts=True)


def relations_as_of(session: Session, member_id: int, day: date, *, known: int | None = None) -> list[RelationOnRecord]:
    """The relations in force on `day` and those to come, parents first; the other company as it was called that day."""
    values = with_known({"member": member_id, "day": day}, known)
    found = [_on_record(row) for row in session.execute(_RELATIONS[known is not None], values)]
    return sorted(found, key=lambda relation: relation.relation is not Relation.PARENT)


def all_relations(session: Session, member_id: int, *, day: date) -> list[tuple[ControlFact, RelationOnRecord]]:
    """Every fact of a relation ever entered, voided ones too; the other company as it is called on `day`."""
    return [(row.ControlFact, _on_record(row)) for row in session.execute(_ALL, {"member": member_id, "day": day})]


def _on_record(row: Any) -> RelationOnRecord:
    fact: ControlFact = row.ControlFact
    return RelationOnRecord(
        relation_no=fact.relation_no,
        relation=Relation.PARENT if row.is_parent else Relation.SUBSIDIARY,
        name=row.name_then or row.name or fact.parent_name or "",
        corporate_number=row.number_then or row.corporate_number,
        is_member=bool(row.is_member),
        controlling=fact.controlling,
        basis=fact.basis,
        holding=fact.holding,
        ratio_bp=fact.ratio_bp,
        effective_on=fact.effective_on,
        ended_on=fact.ended_on,
    )
