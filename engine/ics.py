"""A visit as a calendar entry (RFC 5545): when, and with which clinic; nothing about why, with whom or for what.

What goes out by mail names no clinic either: only who signed in and asks for the entry is told with whom it is.

The entry keeps its UID for the visit's whole life; each change has a higher SEQUENCE, so that calendars follow it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

MEDIA_TYPE = "text/calendar; charset=utf-8"
_WIDTH = 75  # octets of a line without its end, RFC 5545, section 3.1
_SUMMARY: Mapping[str, str] = {"en": "Appointment", "es": "Cita"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One visit in a calendar. ``changes`` counts moves and the cancelling; all instants are aware.

    ``clinic`` is empty where others may read along.
    """

    visit: str
    clinic: str
    starts_at: datetime
    ends_at: datetime
    changes: int
    cancelled: bool
    written_at: datetime
    language: str = "en"


def calendar_file(entry: Entry) -> str:
    """The text of the file, with lines as the standard wants them."""
    summary = _SUMMARY.get(entry.language, _SUMMARY["en"]) + (f": {entry.clinic}" if entry.clinic else "")
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Clinicwright//Visits//EN",
        f"METHOD:{'CANCEL' if entry.cancelled else 'PUBLISH'}",
        "BEGIN:VEVENT",
        f"UID:{_uid(entry.visit)}",
        f"SEQUENCE:{entry.changes}",
        f"DTSTAMP:{instant(entry.written_at)}",
        f"DTSTART:{instant(entry.starts_at)}",
        f"DTEND:{instant(entry.ends_at)}",
        f"SUMMARY:{escaped(summary)}",
        f"STATUS:{'CANCELLED' if entry.cancelled else 'CONFIRMED'}",
        "CLASS:PRIVATE",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return "".join(f"{folded(line)}\r\n" for line in lines)


def _uid(visit: str) -> str:
    """Made of the visit's number, which it does not show."""
    return f"{hashlib.sha256(visit.encode()).hexdigest()[:32]}@clinicwright"


def instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def escaped(text: str) -> str:
    """RFC 5545, section 3.3.11."""
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return " ".join(escaped.splitlines())


def folded(line: str) -> str:
    """RFC 5545, section 3.1: a long line goes on after a line break and a blank; never within a character."""
    parts, current = [], ""
    for letter in line:
        if len((current + letter).encode()) > _WIDTH:
            parts.append(current)
            current = " "
        current += letter
    return "\r\n".join((*parts, current))
