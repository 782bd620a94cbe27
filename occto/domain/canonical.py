"""The one canonical form of a value: for audit, snapshot, receipts and kit.

UTF-8 JSON with sorted keys and no spaces; strings in NFC; dates and instants in ISO 8601 (instants in UTC); no floats.
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

_KINDS = "None, bool, int, str, date, datetime, list, tuple, mapping"


def jsonable(value: Any) -> Any:
    """`value` with dates, instants and codes as strings; raises TypeError for a float or any other type."""
    if type(value) is str:  # first: most values are plain text, and a notice has hundreds of thousands
        return unicodedata.normalize("NFC", value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value.value if isinstance(value, StrEnum) else value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise TypeError("an instant needs its time zone")
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(jsonable(key)): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical form; only {_KINDS} have")


def canonical(value: Any) -> bytes:
    """The canonical bytes of `value`; raises TypeError where it has none."""
    text = json.dumps(jsonable(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()
