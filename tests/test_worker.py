"""The worker's round: when the daily work is due."""

from datetime import UTC, datetime, timedelta

from occto.worker import DAILY_EVERY, next_daily

MIDNIGHT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""The instant at which 24 November begins in Japan."""


def test_the_daily_work_is_due_in_an_hour() -> None:
    now = MIDNIGHT + timedelta(hours=8)
    assert next_daily(now) == now + DAILY_EVERY


def test_the_daily_work_is_due_when_the_day_turns_in_japan() -> None:
    """Approved facts apply on their day, not up to an hour into it."""
    assert next_daily(MIDNIGHT - timedelta(minutes=20)) == MIDNIGHT
    assert next_daily(MIDNIGHT) == MIDNIGHT + DAILY_EVERY
