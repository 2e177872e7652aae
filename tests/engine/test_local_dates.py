"""The patient's day has 23, 24 or 25 hours, and its last second belongs to it wherever the clocks are changed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics import Problems
from engine.local_dates import ZoneTable, is_zone, last_instant, local_date, read_zones, zone_data_digest
from engine.reading import read_text

ZONES = (
    "America/New_York",
    "America/Phoenix",  # never changes
    "America/Adak",
    "Pacific/Guam",
    "America/Havana",  # at midnight
    "Africa/Cairo",  # at midnight
    "Australia/Lord_Howe",  # by half an hour
    "America/Asuncion",
)


@pytest.mark.parametrize(
    ("day", "zone", "last", "hours"),
    [
        ("2026-03-08", "America/New_York", "2026-03-09T03:59:59", 23),
        ("2026-11-01", "America/New_York", "2026-11-02T04:59:59", 25),
        ("2026-11-01", "America/Phoenix", "2026-11-02T06:59:59", 24),
        ("2026-03-07", "America/Havana", "2026-03-08T04:59:59", 24),
        ("2026-03-08", "America/Havana", "2026-03-09T03:59:59", 23),
        ("2026-11-01", "America/Havana", "2026-11-02T04:59:59", 25),
    ],
)
def test_a_day_ends_at_the_midnight_of_its_place(day: str, zone: str, last: str, hours: int) -> None:
    end = last_instant(day, [zone])
    assert end == datetime.fromisoformat(last).replace(tzinfo=UTC)
    before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    assert end - last_instant(before, [zone]) == timedelta(hours=hours)


@given(st.dates(date(1990, 1, 1), date(2037, 12, 31)), st.sampled_from(ZONES))
def test_the_last_second_of_a_day_is_on_it_and_the_next_is_not(day: date, zone: str) -> None:
    end = last_instant(day.isoformat(), [zone])
    assert local_date(end, zone) == day.isoformat()
    assert local_date(end + timedelta(seconds=1), zone) == (day + timedelta(days=1)).isoformat()


@given(st.integers(631_152_000, 2_145_830_400), st.sampled_from(ZONES))
def test_no_instant_is_left_out_between_two_days(second: int, zone: str) -> None:
    at = datetime.fromtimestamp(second, UTC)
    day = local_date(at, zone)
    before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    assert last_instant(before, [zone]) < at <= last_instant(day, [zone])


def test_where_the_zone_is_untold_the_day_ends_where_it_ends_last() -> None:
    both = last_instant("2026-06-01", ["America/New_York", "America/Chicago"])
    assert both == last_instant("2026-06-01", ["America/Chicago"])


def test_beyond_the_calendar_no_day_ends() -> None:
    with pytest.raises(OverflowError):
        last_instant("9999-12-31", ["America/New_York"])


def test_an_unknown_zone_is_reported_and_never_asked_for_its_data() -> None:
    problems = Problems()
    node = read_text("zones: {FL: [America/Nowhere], GA: [America/New_York, Mars/Base]}", "zones.yaml", problems)
    assert node is not None
    table = ZoneTable(read_zones(node, problems))
    assert [found.code for found in problems] == ["VOC005", "VOC005"]
    assert table.by_state == {"GA": ("America/New_York",)}
    assert zone_data_digest(table).startswith("sha256:")


@pytest.mark.parametrize("name", ["", "../etc/passwd", "America/Nowhere", "America"])
def test_what_is_no_zone_is_none(name: str) -> None:
    assert not is_zone(name)
