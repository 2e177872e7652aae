"""Free slots lie within opening hours, never overlap and last their real length, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.slots import Opening, SlotQuery, Span, WeekHours, open_slots, spans_off

ZONES = ["America/New_York", "America/Chicago", "America/Phoenix", "Pacific/Honolulu", "America/St_Johns"]
ALWAYS = WeekHours({day: (Opening(time(), None),) for day in range(7)})
OFFICE = WeekHours({day: (Opening(time(9), time(17)),) for day in range(5)})


def query(
    hours: WeekHours, now: datetime, zone: str = "America/New_York", minutes: int = 20, days: int = 1
) -> SlotQuery:
    return SlotQuery(
        hours=hours, time_zone=zone, duration=timedelta(minutes=minutes), now=now, horizon=timedelta(days=days)
    )


def test_the_first_slot_begins_within_minutes_of_now() -> None:
    now = datetime(2026, 3, 5, 15, 1, 30, tzinfo=UTC)
    assert open_slots(query(ALWAYS, now))[0].start == datetime(2026, 3, 5, 15, 5, tzinfo=UTC)


def test_a_taken_slot_is_not_offered_and_the_next_follows_it() -> None:
    now = datetime(2026, 3, 5, 15, 1, tzinfo=UTC)
    taken = Span(datetime(2026, 3, 5, 15, 0, tzinfo=UTC), datetime(2026, 3, 5, 15, 20, tzinfo=UTC))
    assert open_slots(query(ALWAYS, now), [taken])[0].start == datetime(2026, 3, 5, 15, 20, tzinfo=UTC)


def test_a_weekend_and_a_holiday_have_no_office_slots() -> None:
    friday_evening = datetime(2026, 3, 6, 23, tzinfo=UTC)
    monday_closed = WeekHours(OFFICE.by_weekday, frozenset({date(2026, 3, 9)}))
    starts = [slot.start for slot in open_slots(query(monday_closed, friday_evening, days=5))]
    assert starts[0].astimezone(ZoneInfo("America/New_York")).isoformat() == "2026-03-10T09:00:00-04:00"


def test_the_night_the_clocks_go_forward_has_an_hour_less() -> None:
    before = datetime(2026, 3, 8, 4, 50, tzinfo=UTC)  # 23:50 on the evening before, New York
    hours = WeekHours({6: (Opening(time(), time(6)),)})
    slots = open_slots(query(hours, before, minutes=30))
    assert len(slots) == 10
    assert slots[-1].end == datetime(2026, 3, 8, 10, tzinfo=UTC)


def test_the_night_the_clocks_go_back_has_an_hour_more() -> None:
    before = datetime(2026, 11, 1, 3, 50, tzinfo=UTC)
    hours = WeekHours({6: (Opening(time(), time(6)),)})
    assert len(open_slots(query(hours, before, minutes=30))) == 14


def test_time_off_at_the_ends_of_the_calendar_overflows_nothing() -> None:
    for zone in (*ZONES, "Pacific/Kiritimati", "Pacific/Pago_Pago"):
        assert spans_off(date.max, date.max, None, zone) == ()
        assert spans_off(date.min, date.min, Opening(time(), time(9)), zone) == ()
        assert len(spans_off(date.max - timedelta(days=4), date.max, None, zone)) == 3


spans = st.builds(
    lambda start, minutes: Span(start, start + timedelta(minutes=minutes)),
    st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 30), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds are naive
    st.integers(1, 600),
)
openings = st.tuples(st.integers(0, 23), st.integers(0, 3)).map(
    lambda pair: Opening(time(pair[0], 15 * pair[1]), None if pair[0] > 16 else time(pair[0] + 7, 0))
)


@given(
    hours=st.dictionaries(st.integers(0, 6), st.lists(openings, min_size=1, max_size=3).map(tuple), min_size=1),
    zone=st.sampled_from(ZONES),
    now=st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 30), timezones=st.just(UTC)),  # noqa: DTZ001
    minutes=st.sampled_from([10, 15, 20, 45]),
    taken=st.lists(spans, max_size=5),
)
@settings(max_examples=150, deadline=None)
def test_slots_are_free_apart_open_and_of_real_length(
    hours: dict[int, tuple[Opening, ...]], zone: str, now: datetime, minutes: int, taken: list[Span]
) -> None:
    week = WeekHours(hours)
    slots = open_slots(query(week, now, zone, minutes, days=3), taken)
    for slot in slots:
        assert slot.end - slot.start == timedelta(minutes=minutes)
        assert now + timedelta(minutes=2) <= slot.start <= now + timedelta(days=3)
        assert not any(slot.overlaps(span) for span in taken)
        local = slot.start.astimezone(ZoneInfo(zone))
        assert any(o.since <= local.time() or local.fold for o in week.on(local.date()))
    assert all(first.end <= second.start for first, second in pairwise(slots))
