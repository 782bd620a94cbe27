"""Every change made to a member's record that came from no request of its own, for the list of 変更申請."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, literal, or_, select, union
from sqlalchemy.orm import Session

from occto.domain.changes import LICENCE, RELATION, title_word
from occto.domain.codes import ChangeSource, Channel, UserKind
from occto.domain.profile import ITEMS
from occto.models import (
    ChangeRequest,
    ControlFact,
    LicenceFact,
    LicenceHeld,
    Member,
    ProfileFact,
    RegisterChange,
    RosterFact,
    User,
)
from occto.queries.changes import PAGE
from occto.queries.mandates import by_contractor, contractor_at

_ROSTER = "roster"


@dataclass(frozen=True, slots=True)
class RecordChange:
    """A change of the record that came from no request. `by`: the member's own user who made it, '' for the office."""

    id: int
    at: datetime
    source: ChangeSource
    words: tuple[str, ...]
    by: str
    reason: str


def _licences_of(member: Any) -> Select[Any]:
    return select(LicenceHeld.id).where(LicenceHeld.member_id == member)


def _changes_of_member() -> Any:
    """The numbered changes that entered or voided any fact of the member."""
    member: BindParameter[int] = bindparam("member")
    body = select(Member.body_id).where(Member.id == member).scalar_subquery()
    found: list[Select[Any]] = []
    for fact, owned in (
        (ProfileFact, ProfileFact.member_id == member),
        (RosterFact, RosterFact.member_id == member),
        (LicenceFact, LicenceFact.licence_id.in_(_licences_of(member))),
        (ControlFact, or_(ControlFact.child_body_id == body, ControlFact.parent_body_id == body)),
    ):
        found.append(select(fact.entered_id.label("id")).where(owned))
        found.append(select(fact.voided_id.label("id")).where(owned, fact.voided_id.is_not(None)))
    ids = union(*found).subquery()
    return (
        select(
            RegisterChange,
            User.name,
            User.kind,
            ChangeRequest.reason,
            contractor_at(bindparam("subject"), RegisterChange.actor_id, RegisterChange.at),
        )
        .join(ids, ids.c.id == RegisterChange.id)
        .outerjoin(User, User.id == RegisterChange.actor_id)
        .outerjoin(
            ChangeRequest,
            (RegisterChange.source_kind == ChangeSource.CHANGE)
            & (ChangeRequest.id == RegisterChange.source_id)
            & (ChangeRequest.member_id == member),
        )
        .where(
            or_(ChangeRequest.id.is_(None), ChangeRequest.channel == Channel.STAFF),
            RegisterChange.id < bindparam("before"),
        )
        .order_by(RegisterChange.id.desc())
        .limit(bindparam("limit"))
    )


_RECORD = _changes_of_member()  # built once: building it costs more than running it


def record_changes(session: Session, member_id: int, *, before: int | None, limit: int = PAGE) -> list[RecordChange]:
    """Every change of the member's record that came from no request of its own, newest first.

    One more than `limit` where there are more. Changes by others that touch the record (a relation that the other company
    filed, a succession) are in it.
    """
    rows = session.execute(
        _RECORD,
        {
            "member": member_id,
            "subject": f"MEMBER:{member_id}",
            "before": before if before is not None else 2**62,
            "limit": limit + 1,
        },
    ).all()
    words = _words(session, member_id, [row[0].id for row in rows]) if rows else {}
    return [
        RecordChange(
            id=change.id,
            at=change.at,
            source=change.source_kind,
            words=words.get(change.id, ()),
            by=by_contractor(name, contractor)
            if kind is not UserKind.STAFF and name and change.source_kind is ChangeSource.IMMEDIATE
            else "",
            reason=reason or "",
        )
        for change, name, kind, reason, contractor in rows
    ]


def _words(session: Session, member_id: int, ids: Iterable[int]) -> Mapping[int, tuple[str, ...]]:
    """What each of the changes was about, in the words of titles."""
    body = select(Member.body_id).where(Member.id == member_id).scalar_subquery()
    wanted = list(ids)
    pairs: list[Any] = []
    for fact, owned, item in (
        (ProfileFact, ProfileFact.member_id == member_id, ProfileFact.item),
        (LicenceFact, LicenceFact.licence_id.in_(_licences_of(member_id)), literal(LICENCE)),
        (ControlFact, or_(ControlFact.child_body_id == body, ControlFact.parent_body_id == body), literal(RELATION)),
        (RosterFact, RosterFact.member_id == member_id, literal(_ROSTER)),
    ):
        pairs += [
            select(number.label("id"), item.label("item")).where(owned, number.in_(wanted))
            for number in (fact.entered_id, fact.voided_id)
        ]
    found: dict[int, set[str]] = {}
    for row in session.execute(union(*pairs)):
        found.setdefault(row.id, set()).add(row.item)
    return {number: _in_order(items) for number, items in found.items()}


def _in_order(items: set[str]) -> tuple[str, ...]:
    order = [*ITEMS, LICENCE, RELATION, _ROSTER]
    words = ("名簿番号" if item == _ROSTER else title_word(item) for item in sorted(items, key=order.index))
    return tuple(dict.fromkeys(words))
