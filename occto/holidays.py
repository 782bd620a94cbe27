"""The public holidays of Japan, for the rules in `occto.domain.calendar`."""

from datetime import date
from functools import lru_cache


@lru_cache(maxsize=4096)
def is_holiday(day: date) -> bool:
    """Tell whether the day is a holiday of 国民の祝日に関する法律, substitutes and bridge days included."""
    import jpholiday  # kept out of the start of the web process

    return bool(jpholiday.is_holiday(day))
