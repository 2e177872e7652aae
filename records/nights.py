"""When is a patient's night over, so that what can wait is sent in the morning?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from engine.clinic_terms import USUAL_NIGHT, QuietHours
from records.conversation_rows import place_of
from records.tables.visits import Visit
from records.work import Work

Nights = Callable[[str], QuietHours]
"""The quiet hours of a clinic, by its short name."""


def usual_night(_clinic: str) -> QuietHours:
    """The quiet hours where nobody wrote others."""
    return USUAL_NIGHT


def morning(work: Work, visit: Visit, night: QuietHours) -> datetime | None:
    """When the patient's night is over, None where it is day; in Greenwich where nobody told where they are."""
    zone = str(place_of(work, visit).get("time_zone") or "UTC")
    spoken = night.spoken_at(work.at, work.at + timedelta(days=2), str(ZoneInfo(zone)))
    return spoken if spoken > work.at else None
