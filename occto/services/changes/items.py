"""From what was filled in to the items of a request: each compared with the register as of the day it takes effect."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from occto.domain.changes import (
    LICENCE,
    PROFILE_PARTS,
    RELATION,
    SUCCESSION,
    ItemChange,
    Part,
    profile_changes,
)
from occto.domain.codes import ACT_OF, ChangeAct, Licence, Relation
from occto.domain.errors import NotFound
from occto.models import Body, ChangeDraft, ChangeRequest, ControlFact, LicenceFact, LicenceHeld, Member, ProfileFact
from occto.queries.register import profile_as_of

Answers = Mapping[str, Any]


def items_of_request(session: Session, request: ChangeRequest) -> list[ItemChange]:
    """What the complete parts of the draft come to, in the order of the parts; parts without a difference give nothing."""
    drafts = session.scalars(select(ChangeDraft).where(ChangeDraft.request_id == request.id))
    answers = {Part(draft.part): draft.answers for draft in drafts if draft.answers}
    return items_of_answers(session, request.member_id, answers)


def items_of_answers(session: Session, member_id: int, answers: Mapping[Part, Answers]) -> list[ItemChange]:
    """The items that clean answers by part come to, against the register as it is now."""
    found: list[ItemChange] = []
    for part in Part:
        given = answers.get(part)
        if given is not None and part is not Part.FILES:
            make = _MAKERS.get(part, _profile)
            found += make(session, member_id, part, given)
    return found


def _profile(session: Session, member_id: int, part: Part, answers: Answers) -> list[ItemChange]:
    assert part in PROFILE_PARTS
    effective_on = date.fromisoformat(answers["effective_on"])
    before = profile_as_of(session, member_id, effective_on)
    return profile_changes(part, before=before, after=answers, effective_on=effective_on)


def _licences(session: Session, member_id: int, _part: Part, answers: Answers) -> list[ItemChange]:
    return [_licence(session, member_id, row) for row in answers["rows"]]


def _licence(session: Session, member_id: int, row: Answers) -> ItemChange:
    act = ChangeAct(row["act"])
    if act is ChangeAct.ADD:
        category = Licence(row["category"])
        new = {
            "category": category.value,
            "act": ACT_OF[category].value,
            "number": row.get("number"),
            "effective_on": row["effective_on"],
            "attachment_id": row.get("attachment_id"),
        }
        return ItemChange(LICENCE, act, date.fromisoformat(row["effective_on"]), new, target_key=category.value)
    old = licence_on_record(session, member_id, int(row["licence_id"]))
    new = {key: row[key] for key in ("number", "effective_on", "ended_on", "end_reason") if key in row}
    day = row.get("ended_on") or row.get("effective_on") or old["effective_on"]
    return ItemChange(
        LICENCE,
        act,
        date.fromisoformat(day),
        None if act is ChangeAct.VOID else new,
        old,
        target_key=f"licence:{row['licence_id']}",
        target_id=int(row["licence_id"]),
    )


def licence_on_record(session: Session, member_id: int, licence_id: int) -> dict[str, Any]:
    """A licence of this member as it stands, as JSON; NotFound for another member's."""
    row = session.execute(
        select(LicenceHeld.category, LicenceFact)
        .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
        .where(LicenceHeld.id == licence_id, LicenceHeld.member_id == member_id, LicenceFact.voided_id.is_(None))
    ).one_or_none()
    if row is None:
        raise NotFound
    fact = row.LicenceFact
    return {
        "category": row.category.value,
        "number": fact.number,
        "effective_on": fact.effective_on.isoformat(),
        "ended_on": fact.ended_on.isoformat() if fact.ended_on else None,
        "end_reason": fact.end_reason.value if fact.end_reason else None,
    }


def _relations(session: Session, member_id: int, _part: Part, answers: Answers) -> list[ItemChange]:
    found = []
    for no, row in enumerate(answers["rows"], 1):
        act = ChangeAct(row["act"])
        if act is ChangeAct.ADD:
            new = dict(row["row"])
            day = date.fromisoformat(new.get("acquired_on") or row["effective_on"])
            found.append(ItemChange(RELATION, act, day, new, target_key=f"new:{row.get('n', no)}"))
            continue
        number = int(row["relation_no"])
        old = relation_on_record(session, member_id, number)
        new_value: Any = {"ended_on": row["effective_on"]} if act is ChangeAct.END else row.get("row")
        found.append(
            ItemChange(
                RELATION,
                act,
                date.fromisoformat(row["effective_on"]),
                None if act is ChangeAct.VOID else new_value,
                old,
                target_key=f"relation:{number}",
                target_id=number,
            )
        )
    return found


def relation_on_record(session: Session, member_id: int, relation_no: int) -> dict[str, Any]:
    """A relation of this member as it stands, as the row of its form; NotFound for one of other companies."""
    parent, child = aliased(Body), aliased(Body)
    row = session.execute(
        select(ControlFact, Member.body_id, parent, child)
        .join(Member, (Member.body_id == ControlFact.child_body_id) | (Member.body_id == ControlFact.parent_body_id))
        .join(child, child.id == ControlFact.child_body_id)
        .outerjoin(parent, parent.id == ControlFact.parent_body_id)
        .where(Member.id == member_id, ControlFact.relation_no == relation_no, ControlFact.voided_id.is_(None))
    ).one_or_none()
    if row is None:
        raise NotFound
    fact, own_body, above, below = row
    is_parent = fact.child_body_id == own_body
    other = above if is_parent else below
    is_member = other is not None and session.scalar(select(Member.id).where(Member.body_id == other.id)) is not None
    return {
        "relation": (Relation.PARENT if is_parent else Relation.SUBSIDIARY).value,
        "name": other.name if other is not None else fact.parent_name,
        "corporate_number": other.corporate_number if other is not None else None,
        "is_member": "YES" if is_member else "NO",
        "controlling": fact.controlling,
        "basis": fact.basis.value if fact.basis else None,
        "ratio_bp": fact.ratio_bp,
        "holding": fact.holding.value if fact.holding else None,
        "acquired_on": fact.effective_on.isoformat(),
        "ended_on": fact.ended_on.isoformat() if fact.ended_on else None,
    }


def _corrections(session: Session, member_id: int, _part: Part, answers: Answers) -> Iterator[ItemChange]:
    """Corrections and cancellations by the office; each row names the fact, licence or relation that was wrong."""
    for row in answers["rows"]:
        if row["kind"] == LICENCE:
            yield _licence(session, member_id, row)
        elif row["kind"] == RELATION:
            yield from _relations(session, member_id, Part.RELATIONS, {"rows": [row]})
        else:
            yield _fact(session, member_id, row)


def _fact(session: Session, member_id: int, row: Answers) -> ItemChange:
    fact = session.get(ProfileFact, int(row["fact_id"]))
    if fact is None or fact.member_id != member_id or fact.voided_id is not None:
        raise NotFound
    act = ChangeAct(row["act"])
    day = row.get("effective_on") or fact.effective_on.isoformat()
    return ItemChange(
        fact.item,
        act,
        date.fromisoformat(day),
        None if act is ChangeAct.VOID else {"value": row["value"], "effective_on": day},
        {"value": fact.value, "effective_on": fact.effective_on.isoformat()},
        target_key=f"fact:{fact.id}",
        target_id=fact.id,
    )


def _succession(_session: Session, _member_id: int, _part: Part, answers: Answers) -> list[ItemChange]:
    return [ItemChange(SUCCESSION, ChangeAct.SET, date.fromisoformat(answers["effective_on"]), dict(answers))]


_MAKERS: dict[Part, Callable[[Session, int, Part, Answers], Any]] = {
    Part.LICENCES: _licences,
    Part.RELATIONS: _relations,
    Part.CORRECTIONS: _corrections,
    Part.SUCCESSION: _succession,
}
