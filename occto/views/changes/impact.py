"""議決権への影響 of the items of a request, for member's pages."""

from collections.abc import Iterable
from datetime import date

from occto.domain.changes import ItemChange, touches_votes


def impact_of(member_id: int, items: Iterable[ItemChange], *, today: date) -> dict[str, object]:
    """What the pages show of the votes that the items would move."""
    del member_id, today
    return {"touches": touches_votes(items)}
