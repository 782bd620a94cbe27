"""Letters to administrators as PDF: one page each, folded for a window envelope. No secret stands in them."""

from collections.abc import Sequence
from datetime import datetime

from occto import pdf
from occto.queries.invitations import LetterTo

MOST_LETTERS = 300
"""Pages of one file: typesetting takes some 10 ms each."""


def letters(found: Sequence[LetterTo], *, base_url: str, telephone: str, now: datetime) -> bytes:
    """The letters in one PDF, in the order given."""
    values = {
        "base_url": base_url,
        "letters": [
            {
                "operator_code": one.operator_code,
                "postal_code": one.postal_code,
                "address": one.address,
                "company": one.company,
                "title": one.title,
                "person": one.person,
                "login": one.login,
            }
            for one in found
        ],
    }
    return pdf.render(
        "invitation_letter",
        values,
        title="会員情報管理システムのご案内",
        issuer=pdf.Issuer(telephone=telephone),
        created_at=now,
    )
