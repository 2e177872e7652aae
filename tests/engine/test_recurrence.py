"""Hours that recur are the days that RFC 5545 means, in every zone, through every change of clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.hours_blocks import Block, blocks_of, openings_of, read_block, read_limits, write_block, write_limits
from engine.recurrence import Rule, RuleRefused, read_rule, write_rule
from engine.slots import Kind, Limits, Opening, SlotQuery, Span, WeekHours, Working, open_slots

NEW_YORK = "America/New_York"
MONDAY = date(2026, 11, 23)
VIDEO = Kind(visit_type="urgent_care/video_visit", modality="audio_video")
ZONES = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("RRULE:FREQ=WEEKLY;BYDAY=TU,MO", Rule(weekdays=(0, 1))),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=MO;BYDAY=TU", Rule(weekdays=(1,), every=2)),
        ("FREQ=WEEKLY", Rule(weekdays=(0,))),
        ("FREQ=DAILY;UNTIL=20261231", Rule(weekdays=tuple(range(7)), last=date(2026, 12, 31))),
        ("FREQ=MONTHLY;BYDAY=1MO,-1MO", Rule(weekdays=(0,), weeks=frozenset({1, -1}))),
        ("FREQ=MONTHLY;BYDAY=FR;BYSETPOS=2", Rule(weekdays=(4,), weeks=frozenset({2}))),
        ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20260630T035959Z", Rule(weekdays=(0,), last=date(2026, 6, 29))),
        ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20260629T080000", Rule(weekdays=(0,), last=date(2026, 6, 28))),
    ],
)
def test_a_rule_is_read(text: str, rule: Rule) -> None:
    assert read_rule(text, NEW_YORK, datetime.combine(MONDAY, time(9))) == rule


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ("every tuesday", "shape", "EVERY TUESDAY"),
        ("FREQ=YEARLY", "frequency", "FREQ"),
        ("FREQ=WEEKLY;COUNT=3", "count", "COUNT"),
        ("FREQ=WEEKLY;BYHOUR=9", "part", "BYHOUR"),
        ("FREQ=WEEKLY;FREQ=WEEKLY", "shape", "FREQ"),
        ("FREQ=WEEKLY;INTERVAL=0", "interval", "INTERVAL"),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU", "week_start", "WKST"),
        ("FREQ=WEEKLY;BYDAY=1MO", "day", "BYDAY"),
        ("FREQ=WEEKLY;BYDAY=XX", "day", "BYDAY"),
        ("FREQ=WEEKLY;UNTIL=soon", "until", "UNTIL"),
        ("FREQ=DAILY;INTERVAL=3", "daily", "FREQ"),
        ("FREQ=MONTHLY;INTERVAL=2;BYDAY=1MO", "months", "INTERVAL"),
        ("FREQ=MONTHLY;BYDAY=6MO", "week", "BYDAY"),
        ("FREQ=MONTHLY;BYDAY=1MO,2TU", "month_days", "BYDAY"),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1", "position", "BYSETPOS"),
    ],
)
def test_what_hours_cannot_be_is_refused_with_the_part_it_is_about(text: str, code: str, part: str) -> None:
    with pytest.raises(RuleRefused) as refused:
        read_rule(text, NEW_YORK, datetime.combine(MONDAY, time(9)))
    assert (refused.value.code, refused.value.part) == (code, part)


weekdays = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))
days = st.dates(date(2025, 1, 1), date(2027, 12, 31))
rules = st.one_of(
    st.builds(Rule, weekdays=weekdays, every=st.integers(1, 6), last=st.none() | days),
    st.builds(
        Rule,
        weekdays=weekdays,
        weeks=st.sets(st.sampled_from([1, 2, 3, 4, 5, -1]), min_size=1).map(frozenset),
        last=st.none() | days,
    ),
)


@pytest.mark.slow
@given(rule=rules, zone=st.sampled_from(ZONES), first=st.dates(date(2025, 1, 1), date(2026, 12, 31)))
@settings(max_examples=60, deadline=None)
def test_a_rule_comes_back_and_names_the_days_that_another_library_reads_out_of_it(
    rule: Rule, zone: str, first: date
) -> None:
    text = write_rule(rule, zone)
    begins = datetime.combine(first, time(9))
    assert read_rule(text, zone, begins) == rule
    opening = Opening(time(9), time(12), every=rule.every, first=first, last=rule.last, weeks=rule.weeks)
    span = [first + timedelta(days=count) for count in range(120)]
    ours = [day for day in span if day.weekday() in rule.weekdays and opening.comes_on(day)]
    local = text.partition(";UNTIL=")[0]  # the library wants UNTIL and DTSTART alike; the zone's day is told apart
    theirs = rrulestr(local, dtstart=begins).between(begins, datetime.combine(span[-1], time(23)), inc=True)
    assert ours == [one.date() for one in theirs if rule.last is None or one.date() <= rule.last]


blocks = st.builds(
    lambda weekday, since, length, rule, types: Block(
        weekday=weekday,
        opening=Opening(
            time(since, 15),
            None if since + length > 23 else time(since + length, 45),
            every=rule.every,
            first=date(2026, 3, 2) if rule.every > 1 else None,
            weeks=rule.weeks,
            visit_types=types,
        ),
    ),
    st.integers(0, 6),
    st.integers(0, 23),
    st.integers(1, 12),
    rules,
    st.sets(st.sampled_from(["a/b", "c/d"])).map(frozenset),
)


@given(found=st.lists(blocks, max_size=6).map(tuple))
@settings(max_examples=12)
def test_blocks_come_back_as_they_were_written(found: tuple[Block, ...]) -> None:
    assert tuple(read_block(write_block(one)) for one in found) == found
    week = WeekHours(openings_of(found))
    assert sorted(map(str, blocks_of(week))) == sorted(map(str, found))


def test_a_week_written_before_anything_could_recur_means_what_it_meant() -> None:
    old = {"weekday": 4, "since": "08:00", "until": ""}
    assert read_block(old) == Block(weekday=4, opening=Opening(time(8), None))
    assert write_block(read_block(old)) == old
    assert read_limits(None) == read_limits({}) == Limits()
    assert read_limits(write_limits(Limits(notice=60, daily=3))) == Limits(notice=60, daily=3)


def test_an_opening_for_some_visits_is_for_no_other() -> None:
    only = Opening(time(9), time(12), visit_types=frozenset({VIDEO.visit_type}))
    phone = Opening(time(13), time(14), modalities=frozenset({"audio_only"}))
    week = WeekHours({0: (only, phone)})
    assert week.only(VIDEO).on(MONDAY) == (only,)
    assert week.only(Kind(visit_type="other/visit", modality="audio_only")).on(MONDAY) == (phone,)


def test_minutes_before_and_a_full_day_keep_times_away() -> None:
    noon = datetime.combine(MONDAY, time(12), UTC)
    ask = SlotQuery(
        hours=WeekHours({0: (Opening(time(12), time(15)),), 1: (Opening(time(12), time(13)),)}),
        time_zone="UTC",
        duration=timedelta(minutes=20),
        now=noon - timedelta(hours=1),
        horizon=timedelta(days=2),
        before=timedelta(minutes=15),
        full=frozenset({MONDAY + timedelta(days=1)}),
    )
    taken = Span(noon + timedelta(minutes=60), noon + timedelta(minutes=80))
    starts = [one.start.strftime("%H:%M") for one in open_slots(ask, [taken])]
    assert starts == ["12:00", "12:35", "13:35", "14:10"]


@pytest.mark.slow
@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(2024, 1, 1), date(2030, 12, 31)),
    since=st.integers(0, 20),
    length=st.integers(1, 3),
    minutes=st.sampled_from([15, 30]),
)
@settings(max_examples=600, deadline=None)
def test_in_every_zone_on_any_day_no_time_is_offered_twice_or_on_a_wrong_clock(
    zone: str, day: date, since: int, length: int, minutes: int
) -> None:
    """Also where clocks change by half an hour or a day is skipped; the hours offered are those that pass."""
    here, opening = ZoneInfo(zone), Opening(time(since), time(since + length))
    begins, ends = (datetime.combine(day, at, here).astimezone(UTC) for at in (opening.since, opening.until or time()))
    week = WeekHours(dict.fromkeys(range(7), (opening,)))
    midnight = datetime.combine(day, time(), here).astimezone(UTC)
    ask = SlotQuery(
        hours=week,
        time_zone=zone,
        duration=timedelta(minutes=minutes),
        now=midnight,
        lead=timedelta(),
        horizon=timedelta(hours=30),
    )
    slots = [one for one in open_slots(ask) if one.start < ends]
    assert len({one.start.astimezone(here).isoformat() for one in slots}) == len(slots)
    assert all(one.end <= after.start for one, after in pairwise(slots))
    for one in slots:
        local = one.start.astimezone(here)
        assert local.date() == day
        assert one.start.astimezone(here).astimezone(UTC) == one.start
        assert opening.since <= local.time() or local.fold
    passed = max((ends - begins) // timedelta(minutes=minutes), 0)
    assert passed - 1 <= len(slots) <= passed  # a grid of five minutes loses at most one where a zone is odd
    assert sum(((one.end - one.start) for one in slots), timedelta()) <= max(ends - begins, timedelta())


@pytest.mark.slow
@given(zone=st.sampled_from(ZONES), day=st.dates(date(2024, 1, 1), date(2030, 12, 31)), off=st.integers(0, 22))
@settings(max_examples=300, deadline=None)
def test_time_off_and_what_is_open_make_up_the_whole_day(zone: str, day: date, off: int) -> None:
    here = ZoneInfo(zone)
    first, last = (datetime.combine(day, time(hour), here).astimezone(UTC) for hour in (off, off + 1))
    working = Working(
        hours=WeekHours({day.weekday(): (Opening(time(), None),)}), time_zone=zone, off=(Span(first, last),)
    )
    whole = working.bounds(day)
    left = [
        one
        for one in open_slots(
            SlotQuery(
                hours=working.hours,
                time_zone=zone,
                duration=timedelta(minutes=5),
                now=whole.start,
                lead=timedelta(),
                horizon=whole.end - whole.start,
            ),
            working.off,
        )
        if one.start < whole.end
    ]
    gone = max(min(last, whole.end) - max(first, whole.start), timedelta())
    open_for = timedelta(minutes=5) * len(left)
    assert abs((whole.end - whole.start) - gone - open_for) <= timedelta(minutes=10)
    assert not any(one.overlaps(working.off[0]) for one in left)
