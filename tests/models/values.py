"""What the rows of every subject share."""

from datetime import date, timedelta
from typing import Any

HASH = "a" * 64
DAY = date(2026, 11, 23)
HOUR = timedelta(hours=1)
TERMS = 1
Values = dict[str, Any]
