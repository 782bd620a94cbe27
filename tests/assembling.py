"""Assemblies in any state, with votes calculated and frozen from the register: what tests of 総会 stand on."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from occto.domain.agenda import ItemKind, usual_consent, usual_majority
from occto.domain.assembly import TOLD, AssemblyKind, AssemblyState
from occto.domain.assembly_settings import AssemblySettings, stored_settings
from occto.domain.codes import SnapshotState
from occto.models import AgendaConflict, AgendaItem, Assembly, ControlFact, Member, Snapshot
from occto.queries.allocation import calculate
from occto.services import snapshots
from occto.unit_of_work import unit_of_work
from tests.factories import NOW, Factory
from tests.registering import entering

HELD = datetime(2026, 12, 18, 1, 0, tzinfo=UTC)  # 10:00 in Japan, 25 days after NOW
UNTIL = datetime(2026, 12, 17, 8, 0, tzinfo=UTC)  # 17:00 the day before
RECORD_ON = date(2026, 11, 18)
S = AssemblyState
_UNFROZEN = frozenset({S.PREPARING, S.COUNTING})


def assembly(
    make: Factory, state: AssemblyState = S.REPLIES_OPEN, *, settings: AssemblySettings | None = None, **changes: Any
) -> Assembly:
    """An assembly in `state`; past the freeze its votes are frozen from what the register says of the record date.

    Make members and relations first.
    """
    values: dict[str, Any] = {
        "kind": AssemblyKind.EXTRAORDINARY,
        "fiscal_year": 2026,
        "no": make.serial(),
        "held_at": HELD,
        "place": "東都会館 3階 大会議室",
        "record_on": RECORD_ON,
        "reply_until": UNTIL,
        "state": state,
        "settings": stored_settings(settings or AssemblySettings()),
    }
    if state is S.POSTPONED:
        values["closing_reason"] = "会場が使えなくなったため"
    held = Assembly(**(values | changes))
    with unit_of_work() as session:
        session.add(held)
    if state not in _UNFROZEN:
        freeze(make, held)
    return held


def freeze(make: Factory, held: Assembly) -> Snapshot:
    """Freeze the votes as the register reads now, whatever the check list would say."""
    first, second = make.user(), make.user()
    with unit_of_work() as session:
        row = session.get_one(Assembly, held.id)
        return snapshots.keep(
            session,
            calculate(session, row),
            state=SnapshotState.FROZEN,
            reason="試験",
            made_by_id=first.id,
            second_by_id=second.id,
            now=NOW,
        )


def item(
    held: Assembly,
    no: int = 1,
    *,
    kind: ItemKind = ItemKind.OTHER,
    title: str | None = None,
    conflict: tuple[Member, ...] = (),
    **changes: Any,
) -> AgendaItem:
    """An item of the agenda, notified where the assembly has got so far."""
    values: dict[str, Any] = {
        "assembly_id": held.id,
        "no": no,
        "kind": kind,
        "title": title or f"第{no}号の件",
        "majority": usual_majority(kind),
        "consent": usual_consent(kind),
        "notified_at": NOW if held.state in TOLD else None,
    }
    found = AgendaItem(**(values | changes))
    with unit_of_work() as session:
        session.add(found)
        session.flush()
        session.add_all(AgendaConflict(item_id=found.id, member_id=one.id) for one in conflict)
    return found


def controls(parent: Member, child: Member, *, since: date = date(2020, 4, 1), ratio_bp: int = 6200) -> None:
    """`parent` controls `child` from a day on."""
    with entering() as change:
        number = change.session.scalar(
            select(ControlFact.relation_no).order_by(ControlFact.relation_no.desc()).limit(1)
        )
        change.session.add(
            ControlFact(
                relation_no=(number or 0) + 1,
                child_body_id=child.body_id,
                parent_body_id=parent.body_id,
                controlling=True,
                ratio_bp=ratio_bp,
                effective_on=since,
                entered_id=change.change.id,
            )
        )


def days_before(days: int, *, of: datetime = HELD) -> datetime:
    """The instant so many days before."""
    return of - timedelta(days=days)
