"""資本関係: entering, ending and correcting control relations."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from occto.domain.codes import ControlBasis, Holding, Relation
from occto.domain.control import Control, check_new_parent, self_parent, two_parents
from occto.domain.dates import format_date
from occto.domain.errors import NotFound, Refusal
from occto.models import Body, ControlFact, Member, RegisterChange
from occto.services.register.numbering import body_for


def enter_relations(
    session: Session, change: RegisterChange, member: Member, *, rows: Iterable[Mapping[str, Any]], default_on: date
) -> None:
    """Enter control relations as declared; a parent known by name only keeps its name and is never matched.

    Not entered: a relation that the other company has declared already, and one that was over before `default_on`
    without a day on which it began. Refusals of `check_new_parent`, asked of the days on which the relation lasts.
    """
    for row in rows:
        if not row.get("ended_on") or date.fromisoformat(row["ended_on"]) > _begin_of(row, default_on):
            enter_relation(session, change, member, row=row, default_on=default_on)


def _begin_of(row: Mapping[str, Any], default_on: date) -> date:
    return date.fromisoformat(row["acquired_on"]) if row.get("acquired_on") else default_on


def enter_relation(
    session: Session,
    change: RegisterChange,
    member: Member,
    *,
    row: Mapping[str, Any],
    default_on: date,
    relation_no: int | None = None,
) -> bool:
    """Enter one relation, as `enter_relations` does; `relation_no` is that of the fact it corrects.

    Returns whether it was entered: not where the same is on record. Refusals: ends_before_begin, self_parent,
    two_parents, control_cycle.
    """
    begin = _begin_of(row, default_on)
    ended_on = date.fromisoformat(row["ended_on"]) if row.get("ended_on") else None
    if ended_on is not None:
        _check_period(begin, ended_on)
    other = _other_body(session, row)
    child_id, parent_id = member.body_id, other.id if other else None
    if row["relation"] != Relation.PARENT:
        assert other is not None, "a subsidiary is always a body"
        child_id, parent_id = other.id, member.body_id
    if child_id == parent_id:
        raise self_parent()
    controlling = bool(row["controlling"])
    if controlling and not _is_new(session, child_id, parent_id, begin=begin, end=ended_on or date.max):
        return False
    _add(
        session,
        change,
        relation_no=relation_no or _next_relation_no(session),
        child_body_id=child_id,
        parent_body_id=parent_id,
        parent_name=row["name"] if parent_id is None else None,
        controlling=controlling,
        basis=ControlBasis(row["basis"]) if row.get("basis") else None,
        holding=Holding(row["holding"]) if row.get("holding") else None,
        ratio_bp=row.get("ratio_bp"),
        effective_on=begin,
        ended_on=ended_on,
    )
    return True


def end_relation(
    session: Session, change: RegisterChange, member: Member, *, relation_no: int, ended_on: date
) -> ControlFact:
    """End a relation of the member: `ended_on` is the first day without it. Refusals: not_found, already_ended,
    ends_before_begin.
    """
    fact = live_relation(session, member, relation_no=relation_no)
    if fact.ended_on is not None:
        raise Refusal("already_ended", "この資本関係は、すでに解消日が登録されています。", field="relations")
    _check_period(fact.effective_on, ended_on)
    fact.voided_id = change.id
    session.flush()
    kept = (
        "relation_no",
        "child_body_id",
        "parent_body_id",
        "parent_name",
        "controlling",
        "basis",
        "holding",
        "ratio_bp",
    )
    values = {name: getattr(fact, name) for name in kept}
    _add(session, change, **values, effective_on=fact.effective_on, ended_on=ended_on)
    return fact


def replace_relation(
    session: Session, change: RegisterChange, member: Member, *, relation_no: int, row: Mapping[str, Any], on: date
) -> None:
    """The relation stands in other words from `on`: the one on record ends that day, a new one begins.

    Refusals: those of both, relation_held.
    """
    end_relation(session, change, member, relation_no=relation_no, ended_on=on)
    if not enter_relation(session, change, member, row={**row, "acquired_on": on.isoformat()}, default_on=on):
        raise relation_held()


def correct_relation(
    session: Session,
    change: RegisterChange,
    member: Member,
    *,
    relation_no: int,
    row: Mapping[str, Any],
    default_on: date,
) -> None:
    """訂正: the fact that was wrong is voided and kept, what is right is entered under the same number.

    Refusals: not_found, those of `enter_relation`, relation_held.
    """
    void_relation(session, change, member, relation_no=relation_no)
    if not enter_relation(session, change, member, row=row, default_on=default_on, relation_no=relation_no):
        raise relation_held()


def void_relation(session: Session, change: RegisterChange, member: Member, *, relation_no: int) -> None:
    """取消し: the relation was never there, or will not come. Refusal not_found."""
    live_relation(session, member, relation_no=relation_no).voided_id = change.id
    session.flush()


def relation_held() -> Refusal:
    """The refusal of a relation that is on record already."""
    return Refusal(
        "relation_held",
        "同じ資本関係が、すでに登録されています。いまの登録の内容をお確かめください。",
        field="relations",
    )


def _check_period(begin: date, ended_on: date) -> None:
    if ended_on <= begin:
        raise Refusal(
            "ends_before_begin",
            f"解消日は、取得日（{format_date(begin)}）より後の日付を入力してください。",
            field="relations",
        )


def live_relation(session: Session, member: Member, *, relation_no: int) -> ControlFact:
    """The fact that stands for a relation of this member, as child or as parent; NotFound for others'."""
    fact = session.scalar(
        select(ControlFact).where(
            ControlFact.relation_no == relation_no,
            ControlFact.voided_id.is_(None),
            or_(ControlFact.child_body_id == member.body_id, ControlFact.parent_body_id == member.body_id),
        )
    )
    if fact is None:
        raise NotFound("その資本関係の登録が見つかりません。いまの登録の内容をお確かめください。")
    return fact


def live_parents(session: Session, *, day: date) -> dict[int, int]:
    """Each body's controlling parent as of the end of `day`, companies known by name only left out."""
    rows = session.execute(
        select(ControlFact.child_body_id, ControlFact.parent_body_id).where(
            ControlFact.voided_id.is_(None),
            ControlFact.controlling,
            ControlFact.parent_body_id.is_not(None),
            ControlFact.effective_on <= day,
            or_(ControlFact.ended_on.is_(None), ControlFact.ended_on > day),
        )
    )
    return {row.child_body_id: row.parent_body_id for row in rows}


def _is_new(session: Session, child: int, parent: int | None, *, begin: date, end: date) -> bool:
    """Whether a controlling relation is new; False where the same is on record. Refusals of `check_new_parent`."""
    overlapping = {held.parent for held in _parents_of(session, child) if begin < held.end and held.begin < end}
    if parent is not None and overlapping == {parent}:
        return False
    if overlapping:  # a parent known by name only counts: nobody has two at once
        raise two_parents()
    if parent is not None:
        check_new_parent(lambda body: _parents_of(session, body), child=child, parent=parent, begin=begin, end=end)
    return True


_NAMED_ONLY = 0
"""Stands for a parent known by name only; no body has this number."""


def _parents_of(session: Session, body: int) -> list[Control]:
    rows = session.execute(
        select(ControlFact.parent_body_id, ControlFact.effective_on, ControlFact.ended_on).where(
            ControlFact.child_body_id == body, ControlFact.controlling, ControlFact.voided_id.is_(None)
        )
    )
    return [Control(row.parent_body_id or _NAMED_ONLY, row.effective_on, row.ended_on or date.max) for row in rows]


def _add(session: Session, change: RegisterChange, **values: Any) -> None:
    session.add(ControlFact(entered_id=change.id, **values))
    session.flush()


def _other_body(session: Session, row: Mapping[str, Any]) -> Body | None:
    """The other company; a parent without a number stays a name (never matched), a subsidiary becomes a body."""
    if row["relation"] == Relation.PARENT and not row.get("corporate_number"):
        return None
    return body_for(session, name=row["name"], corporate_number=row.get("corporate_number"))


def _next_relation_no(session: Session) -> int:
    return (session.scalar(select(func.max(ControlFact.relation_no))) or 0) + 1
