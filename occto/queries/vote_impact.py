"""What a change request would move in an assembly, or in one of a day: with 届出, sanctions and policies, as votes are divided."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from occto.domain.assembly_settings import AssemblySettings, read_settings
from occto.domain.errors import Refusal
from occto.domain.votes import Allocation, Finding
from occto.models import Assembly
from occto.queries.allocation import divide, elections_of, sanctioned_on
from occto.queries.register.known import newest_change
from occto.queries.roll import Preview, RollOnRecord, preview_of, roll_as_of


def impact_on_assembly(session: Session, assembly: Assembly, member_id: int, items: Iterable[Any]) -> Preview:
    """What the items of a request (see `roll.preview`) would move in the votes of an assembly.

    Where its policies cannot divide the roll that would be, both are divided equally, with the finding policy_undivided.
    NotFound where there is no such member.
    """
    asked, settings = list(items), read_settings(assembly.settings)
    try:
        return _impact(session, assembly.id, assembly.record_on, member_id, asked, settings)
    except Refusal as refusal:
        if not (refusal.field or "").startswith(("shares_", "former_gdus")):
            raise
    found = _impact(session, assembly.id, assembly.record_on, member_id, asked, replace(settings, policies={}))
    return replace(found, findings=(*found.findings, Finding("policy_undivided")))


def impact_on_day(session: Session, day: date, member_id: int, items: Iterable[Any]) -> Preview:
    """The same for an assembly that would have the record date `day`: standing 届出, equal shares."""
    return _impact(session, None, day, member_id, list(items), AssemblySettings())


def _impact(
    session: Session, assembly_id: int | None, day: date, member_id: int, items: list[Any], settings: AssemblySettings
) -> Preview:
    known = newest_change(session)
    sanctioned, filed = sanctioned_on(session, day, known), elections_of(session, assembly_id)

    def division(record: RollOnRecord) -> Allocation[int]:
        return divide(
            assembly_id or 0,
            record,
            known=known,
            sanctioned=sanctioned,
            filed=filed,
            relations=(),
            settings=settings,
        ).allocation

    return preview_of(session, roll_as_of(session, day), member_id, items, division=division)
