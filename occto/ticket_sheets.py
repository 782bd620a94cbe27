"""名札, 席札 and 封筒ラベル of an assembly: sheets of A4, 2,000 people in about a second."""

from collections.abc import Sequence
from datetime import datetime

from occto import pdf
from occto.domain.assembly import names_rehearsal
from occto.domain.tickets import standing_of
from occto.queries.tickets_shown import ShownTicket


def name_plates(found: Sequence[ShownTicket], *, assembly: str, telephone: str, now: datetime) -> bytes:
    """名札: ten on a sheet."""
    return _people("name_plates", "名札", found, assembly=assembly, telephone=telephone, now=now)


def seat_cards(found: Sequence[ShownTicket], *, assembly: str, telephone: str, now: datetime) -> bytes:
    """席札: three on a sheet, folded to stand."""
    return _people("seat_cards", "席札", found, assembly=assembly, telephone=telephone, now=now)


def _people(
    template: str, title: str, found: Sequence[ShownTicket], *, assembly: str, telephone: str, now: datetime
) -> bytes:
    people = [
        {
            "number": one.shown,
            "name": one.name,
            "company": one.company or one.title,
            "title": one.title if one.company else "",
            "standing": standing_of(one.kind, voting=one.voting),
            "seat": one.seat or "",
        }
        for one in found
    ]
    values = {"people": people, "assembly": assembly}
    issuer = pdf.Issuer(telephone=telephone)
    rehearsal = names_rehearsal(assembly)
    return pdf.render(template, values, title=f"{title} {assembly}", issuer=issuer, created_at=now, rehearsal=rehearsal)
