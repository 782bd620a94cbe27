"""予定表: an assembly as an iCalendar event (RFC 5545): CRLF, lines of 75 octets, times of Japan with their VTIMEZONE."""

from datetime import UTC, datetime, timedelta

from occto.domain.dates import JST

MEDIA_TYPE = "text/calendar"
LENGTH = timedelta(hours=2)
"""How long an assembly is entered for: its end is not known beforehand."""
_LINE = 75  # octets without the line break (RFC 5545 3.1)
_ZONE = (
    "BEGIN:VTIMEZONE",
    "TZID:Asia/Tokyo",
    "BEGIN:STANDARD",
    "DTSTART:19510909T020000",
    "TZOFFSETFROM:+0900",
    "TZOFFSETTO:+0900",
    "TZNAME:JST",
    "END:STANDARD",
    "END:VTIMEZONE",
)


def event(
    *,
    uid: str,
    title: str,
    starts_at: datetime,
    place: str | None,
    text: str,
    url: str,
    now: datetime,
    sequence: int = 0,
    cancelled: bool = False,
) -> bytes:
    """One event; a calendar that holds the `uid` already takes this as its newer version."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//OCCTO//Member system//JA",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        *_ZONE,
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{now.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;TZID=Asia/Tokyo:{_local(starts_at)}",
        f"DTEND;TZID=Asia/Tokyo:{_local(starts_at + LENGTH)}",
        f"SEQUENCE:{sequence}",
        f"STATUS:{'CANCELLED' if cancelled else 'CONFIRMED'}",
        f"SUMMARY:{_escaped(title)}",
    ]
    if place:
        lines.append(f"LOCATION:{_escaped(place)}")
    lines += [f"DESCRIPTION:{_escaped(text)}", f"URL:{url}", "END:VEVENT", "END:VCALENDAR"]
    return b"".join(_folded(line) for line in lines)


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(JST):%Y%m%dT%H%M%S}"


def _escaped(text: str) -> str:
    """TEXT of RFC 5545 3.3.11."""
    for sign in "\\;,":
        text = text.replace(sign, f"\\{sign}")
    return "\\n".join(text.splitlines())


def _folded(line: str) -> bytes:
    """The line with its break, never longer than 75 octets and never cut inside a character."""
    found, held = [], b""
    for sign in line:
        octets = sign.encode()
        if len(held) + len(octets) > _LINE:
            found.append(held)
            held = b" "
        held += octets
    return b"\r\n".join([*found, held]) + b"\r\n"
