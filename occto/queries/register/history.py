"""Every change that touched what is on record of a member, newest first."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session, aliased

from occto.domain.changes import ItemChange
from occto.domain.codes import ChangeAct, ChangeSource, Channel, UserKind
from occto.models import Application, ChangeItem, ChangeRequest, ChangeRevision, RegisterChange, User
from occto.queries.mandates import by_contractor, contractor_at, contractor_of
from occto.queries.register.events import Fact, events, facts_of, marked_as_corrected


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who entered or approved; pages of members name no staff."""

    name: str
    is_staff: bool


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """What one change of the register did to this member's record.

    `request_id` and `number` name the member's own request or application. Where another company's touched the record
    (`is_foreign`) neither they nor the persons are given. `admission`: the change that made it a member.
    """

    change_id: int
    at: datetime
    source: ChangeSource
    items: tuple[ItemChange, ...]
    persons: tuple[Person, ...] = ()
    request_id: int | None = None
    number: str | None = None
    channel: Channel | None = None
    reason: str | None = None
    is_foreign: bool = False
    admission: bool = False


def _statement() -> Any:
    first, second = aliased(User), aliased(User)
    return (
        select(
            RegisterChange,
            first.name.label("first_name"),
            first.kind.label("first_kind"),
            second.name.label("second_name"),
            second.kind.label("second_kind"),
            ChangeRequest,
            Application.id.label("application_id"),
            Application.member_id.label("application_member"),
            Application.acceptance_number,
            func.coalesce(
                contractor_at(bindparam("subject"), RegisterChange.actor_id, RegisterChange.at),
                select(func.max(contractor_of(ChangeRevision.mandate_id)))
                .where(
                    ChangeRevision.request_id == ChangeRequest.id,
                    ChangeRevision.submitted_by_id == RegisterChange.actor_id,
                )
                .correlate(ChangeRequest, RegisterChange)
                .scalar_subquery(),
            ).label("contractor"),
        )
        .outerjoin(first, first.id == RegisterChange.actor_id)
        .outerjoin(second, second.id == RegisterChange.second_actor_id)
        .outerjoin(
            ChangeRequest,
            (RegisterChange.source_kind == ChangeSource.CHANGE) & (ChangeRequest.id == RegisterChange.source_id),
        )
        .outerjoin(
            Application,
            (RegisterChange.source_kind == ChangeSource.APPLICATION) & (Application.id == RegisterChange.source_id),
        )
        .where(RegisterChange.id.in_(bindparam("numbers", expanding=True)))
        .order_by(RegisterChange.id.desc())
    )


_CHANGES = _statement()
_CORRECTED = (
    select(ChangeItem.change_id, ChangeItem.target_key)
    .join(ChangeRevision, ChangeRevision.id == ChangeItem.revision_id)
    .where(
        ChangeItem.change_id.in_(bindparam("numbers", expanding=True)),
        ChangeItem.act == ChangeAct.CORRECT,
    )
)


def history(
    session: Session,
    member_id: int,
    *,
    today: date,
    before: int | None = None,
    limit: int | None = None,
    facts: list[Fact] | None = None,
) -> list[HistoryEntry]:
    """The changes with a number below `before`, at most `limit`; `facts` where they were read already."""
    facts = facts_of(session, member_id, today=today) if facts is None else facts
    done = events(facts)
    numbers = sorted((number for number in done if before is None or number < before), reverse=True)[:limit]
    if not numbers:
        return []
    corrected: dict[int, set[str]] = {}
    for row in session.execute(_CORRECTED, {"numbers": numbers}):
        corrected.setdefault(row.change_id, set()).add(row.target_key)
    admission = min(done)
    return [
        _entry(
            row,
            marked_as_corrected(done[row.RegisterChange.id], corrected.get(row.RegisterChange.id, set())),
            member_id=member_id,
            admission=row.RegisterChange.id == admission,
        )
        for row in session.execute(_CHANGES, {"numbers": numbers, "subject": f"MEMBER:{member_id}"})
    ]


def _entry(row: Any, items: Iterable[ItemChange], *, member_id: int, admission: bool) -> HistoryEntry:
    change: RegisterChange = row.RegisterChange
    request: ChangeRequest | None = row.ChangeRequest
    owner = request.member_id if request else row.application_member
    shown = tuple(items)
    if owner is not None and owner != member_id:
        return HistoryEntry(change.id, change.at, change.source_kind, shown, is_foreign=True)
    first = by_contractor(row.first_name, row.contractor) if row.first_name else None
    people = ((first, row.first_kind), (row.second_name, row.second_kind))
    return HistoryEntry(
        change_id=change.id,
        at=change.at,
        source=change.source_kind,
        items=shown,
        persons=tuple(Person(name, kind is UserKind.STAFF) for name, kind in people if name),
        request_id=request.id if request else row.application_id,
        number=request.number if request else row.acceptance_number,
        channel=request.channel if request else None,
        reason=request.reason if request else None,
        admission=admission,
    )


def requests_of(session: Session, numbers: Collection[int], *, member_id: int) -> dict[int, tuple[int, str | None]]:
    """The member's own requests behind these changes, as row number and number, by the number of the change."""
    if not numbers:
        return {}
    rows = session.execute(
        select(RegisterChange.id, ChangeRequest.id.label("request_id"), ChangeRequest.number)
        .join(ChangeRequest, ChangeRequest.id == RegisterChange.source_id)
        .where(
            RegisterChange.id.in_(numbers),
            RegisterChange.source_kind == ChangeSource.CHANGE,
            ChangeRequest.member_id == member_id,
            ChangeRequest.channel != Channel.STAFF,
        )
    )
    return {row.id: (row.request_id, row.number) for row in rows}
