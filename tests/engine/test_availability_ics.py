"""A week of hours comes back out of its calendar file, in every zone; what hours cannot be is refused by line."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.availability_ics import Reader, Refused, Week, read_week, week_file
from engine.hours_blocks import Block, openings_of
from engine.slots import Opening, WeekHours
from tests.engine.test_recurrence import ZONES, blocks

TODAY = date(2026, 11, 22)
READER = Reader(zone="America/New_York", today=TODAY, visit_types={"a/b", "c/d"}, modalities={"audio_only"})


def file_of(found: tuple[Block, ...], zone: str = "America/New_York") -> str:
    return week_file(
        Week(uid="u", zone=zone, blocks=found, since=TODAY, written_at=datetime(2026, 11, 22, 12, tzinfo=UTC))
    )


@pytest.mark.slow
@given(found=st.lists(blocks, max_size=5).map(tuple), zone=st.sampled_from(ZONES))
@settings(max_examples=60, deadline=None)
def test_the_days_and_times_of_a_week_come_back_in_every_zone(found: tuple[Block, ...], zone: str) -> None:
    text = file_of(found, zone)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    reader = Reader(zone=zone, today=TODAY, visit_types=READER.visit_types, modalities=READER.modalities)
    back, refused = read_week(text, reader)
    assert [one.code for one in refused] == ([] if found else ["nothing"])
    weeks = [WeekHours(openings_of(one)) for one in (found, back)]
    for day in (TODAY + timedelta(days=count) for count in range(80)):
        assert _told(weeks[0], day) == _told(weeks[1], day)


def _told(week: WeekHours, day: date) -> set[tuple[object, ...]]:
    return {(one.since, one.until, one.visit_types) for one in week.on(day)}


@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe", "America/Phoenix", "Asia/Kathmandu"])
def test_the_zone_of_the_file_changes_its_clocks_when_the_zone_does(zone: str) -> None:
    opening = Opening(time(9), time(10))
    text = file_of((Block(weekday=6, opening=opening),), zone).replace("\r\n ", "")
    changes = []
    for part in text.split("BEGIN:")[1:]:
        if part.startswith(("STANDARD", "DAYLIGHT")):
            lines = dict(line.split(":", 1) for line in part.split("\r\n")[1:] if ":" in line)
            changes.append((lines["DTSTART"], lines["TZOFFSETTO"]))
    here = ZoneInfo(zone)
    for day in (date(2026, 11, 22), date(2027, 1, 10), date(2027, 7, 4), date(2029, 7, 1)):
        local = datetime.combine(day, time(9), here)
        offset = [to for begins, to in sorted(changes) if begins <= local.strftime("%Y%m%dT%H%M%S")][-1]
        assert offset == local.strftime("%z")


def test_another_library_reads_the_same_days_out_of_the_file() -> None:
    opening = Opening(time(9), time(12), every=2, first=date(2026, 11, 17), last=date(2027, 3, 1))
    text = file_of((Block(weekday=1, opening=opening),))
    lines = dict(line.split(":", 1) for line in text.split("BEGIN:AVAILABLE")[1].split("\r\n") if ":" in line)
    begins = datetime.strptime(lines["DTSTART;TZID=America/New_York"], "%Y%m%dT%H%M%S").replace(
        tzinfo=ZoneInfo("America/New_York")
    )
    theirs = [one.date() for one in rrulestr(lines["RRULE"], dtstart=begins) if one.date() >= TODAY]
    days = [TODAY + timedelta(days=count) for count in range(150)]
    assert theirs == [day for day in days if day.weekday() == 1 and opening.comes_on(day)]


EVENT = """BEGIN:VEVENT
DTSTART;TZID=America/New_York:20261123T090000
DTEND;TZID=America/New_York:20261123T120000
RRULE:FREQ=WEEKLY
END:VEVENT
"""


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("RRULE:FREQ=WEEKLY\n", "", "single"),
        ("FREQ=WEEKLY", "FREQ=WEEKLY;COUNT=3", "count"),
        ("DTEND;TZID=America/New_York:20261123", "DTEND;TZID=America/New_York:20261124", "night"),
        ("TZID=America/New_York", "TZID=Europe/Berlin", "zone"),
        ("090000", "9", "times"),
        ("END:VEVENT", "CATEGORIES:no/such\nEND:VEVENT", "visits"),
    ],
)
def test_what_hours_cannot_be_is_refused_with_its_line(old: str, new: str, code: str) -> None:
    assert read_week(f"BEGIN:VCALENDAR\n{EVENT.replace(old, new)}", READER) == ((), (Refused(line=2, code=code),))


def test_an_event_of_another_calendar_is_an_opening() -> None:
    back, refused = read_week(EVENT, READER)
    assert (back, refused) == (
        (Block(weekday=0, opening=Opening(time(9), time(12), first=date(2026, 11, 23))),),
        (),
    )
