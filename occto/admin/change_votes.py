"""議決権への影響 of a request, for the assemblies that are open and for a chosen day, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from occto.domain.assembly import FROZEN_OR_LATER, title_of
from occto.domain.assembly_settings import read_settings
from occto.domain.changes import UNDECIDED, ItemChange, item_touches_votes
from occto.domain.dates import JST, format_date
from occto.models import Assembly
from occto.queries.changes_staff import RequestFile, open_assemblies
from occto.queries.vote_impact import impact_on_assembly, impact_on_day
from occto.vote_words import ImpactInWords, impact_in_words


@dataclass(frozen=True, slots=True)
class VotesOn:
    """What the request moves on a day. `note`: what that means for the assembly."""

    title: str
    note: str
    impact: ImpactInWords


@dataclass(frozen=True, slots=True)
class Votes:
    """What templates/admin/change.html shows; `day` is the one that stands in the input."""

    parts: tuple[VotesOn, ...]
    day: str


def votes(
    session: Session, file: RequestFile, items: Sequence[ItemChange], *, on: date | None, today: date
) -> Votes | None:
    """The effect on each open assembly and on the day `on` (the first one that counts); None where votes stay alone."""
    touching = [item for item in items if item_touches_votes(item.item)]
    if not touching or file.request.state not in UNDECIDED:
        return None
    chosen = on or max(today, *(item.effective_on for item in touching))
    member_id = file.request.member_id
    parts = [
        VotesOn(
            _name(assembly),
            _note(assembly, touching, today=today),
            impact_in_words(
                impact_on_assembly(session, assembly, member_id, touching),
                unequal=read_settings(assembly.settings).policies,
            ),
        )
        for assembly in open_assemblies(session)
    ]
    parts.append(
        VotesOn(
            f"{format_date(chosen)}が基準日の総会があるとした場合",
            "",
            impact_in_words(impact_on_day(session, chosen, member_id, touching)),
        )
    )
    return Votes(tuple(parts), format_date(chosen))


def _name(assembly: Assembly) -> str:
    held = format_date(assembly.held_at.astimezone(JST).date())
    return f"{title_of(assembly)}（{held}、基準日 {format_date(assembly.record_on)}）"


def _note(assembly: Assembly, items: Sequence[ItemChange], *, today: date) -> str:
    counts = any(item.effective_on <= assembly.record_on for item in items)
    if not counts:
        return "基準日より後に有効になるため、この総会の議決権は変わりません。"
    if assembly.state in FROZEN_OR_LATER:
        return "議決権は確定しています。承認すると、基準日後に判明した事実として記録され、扱いを別に決めます。"
    if assembly.record_on < today:
        return "基準日は過ぎています。承認すると、基準日後に判明した事実として記録されます。"
    return ""
