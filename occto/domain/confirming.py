"""The yearly «what is on record is right» of every member."""

from datetime import date

from occto.domain.dates import add_months
from occto.domain.settings import CONFIRM_RECORD_MONTHS


def is_due(*, confirmed_on: date | None, member_on: date | None, today: date) -> bool:
    """Whether the member is asked to confirm: CONFIRM_RECORD_MONTHS after it last did, or after it joined."""
    last = confirmed_on or member_on
    return last is not None and add_months(last, CONFIRM_RECORD_MONTHS) <= today
