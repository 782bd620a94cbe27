"""議決権への影響 of the items of a request, as its member sees it."""

from collections.abc import Iterable
from dataclasses import dataclass

from occto.domain.assembly_settings import read_settings
from occto.domain.changes import ItemChange, item_touches_votes
from occto.domain.dates import format_date, today_jst
from occto.extensions import db
from occto.labels import label
from occto.queries import changes as queries
from occto.queries.vote_impact import impact_on_assembly, impact_on_day
from occto.vote_words import ImpactInWords, impact_in_words


@dataclass(frozen=True)
class OnDay:
    """What would move on one day: the record date of an assembly, or the day from which all items hold."""

    title: str
    words: ImpactInWords


@dataclass(frozen=True)
class ImpactOfRequest:
    """Whether any item enters the count of votes, and what would move on the days that matter; none once decided."""

    touches: bool
    days: tuple[OnDay, ...] = ()


def impact_of(member_id: int, items: Iterable[ItemChange], *, undecided: bool) -> ImpactOfRequest:
    """What the items would move: in every assembly that is not over, and from the day on which all of them hold."""
    counted = [item for item in items if item_touches_votes(item.item)]
    if not counted or not undecided:
        return ImpactOfRequest(bool(counted))
    session = db.session()
    days = [
        OnDay(
            f"{format_date(today_jst(one.held_at))}の{label(one.kind)}（基準日 {format_date(one.record_on)}）",
            impact_in_words(
                impact_on_assembly(session, one, member_id, counted), unequal=read_settings(one.settings).policies
            ),
        )
        for one in queries.open_assemblies(session)
    ]
    last = max(item.effective_on for item in counted)
    words = impact_in_words(impact_on_day(session, last, member_id, counted))
    return ImpactOfRequest(True, (*days, OnDay(f"{format_date(last)}の時点", words)))
