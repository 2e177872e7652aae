"""Weeks that recur, what stays free between visits, and nights in which clocks change, in two zones at once."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.slots import Opening, SlotQuery, Span, WeekHours, open_slots

ZONES = ["America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "Pacific/Honolulu"]
TURNS = [date(2026, 3, 8), date(2026, 11, 1)]
MONDAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("opening", "weeks"),
    [
        (Opening(time(9), time(12)), [0, 1, 2, 3, 4]),
        (Opening(time(9), time(12), every=2, first=MONDAY), [0, 2, 4]),
        (Opening(time(9), time(12), every=2, first=MONDAY + timedelta(days=9)), [3]),
        (Opening(time(9), time(12), every=3, first=MONDAY - timedelta(days=4)), [2]),
        (Opening(time(9), time(12), first=MONDAY + timedelta(days=7), last=MONDAY + timedelta(days=14)), [1, 2]),
    ],
)
def test_an_opening_comes_in_its_weeks_only(opening: Opening, weeks: list[int]) -> None:
    week = WeekHours({0: (opening,)})
    assert [n for n in range(5) if week.on(MONDAY + timedelta(days=7 * n))] == weeks


def test_what_stays_free_after_a_visit_keeps_the_next_one_away_on_both_sides() -> None:
    week = WeekHours({0: (Opening(time(12), time(14)),)})
    ask = SlotQuery(
        hours=week,
        time_zone="UTC",
        duration=timedelta(minutes=20),
        now=NOON - timedelta(hours=1),
        horizon=timedelta(hours=6),
        buffer=timedelta(minutes=10),
    )
    taken = Span(NOON + timedelta(minutes=60), NOON + timedelta(minutes=90))  # a visit with its own ten minutes
    starts = [slot.start.strftime("%H:%M") for slot in open_slots(ask, [taken])]
    assert starts == ["12:00", "12:30", "13:30"]


@given(
    turn=st.sampled_from(TURNS),
    works=st.sampled_from(ZONES),
    sits=st.sampled_from(ZONES),
    since=st.integers(0, 3),
    length=st.integers(1, 4),
    minutes=st.sampled_from([15, 20, 50]),
)
@settings(max_examples=40)
def test_in_the_night_of_a_clock_change_each_slot_is_there_once_and_lasts_its_length(
    turn: date, works: str, sits: str, since: int, length: int, minutes: int
) -> None:
    """The wall clock of an offered slot exists where the clinician works and where the patient is, and is the
    opening's own."""
    opening = Opening(time(since), time(since + length))
    week = WeekHours(dict.fromkeys(range(7), (opening,)))
    now = datetime.combine(turn, time(), ZoneInfo(works)).astimezone(UTC) - timedelta(hours=1)
    ask = SlotQuery(
        hours=week, time_zone=works, duration=timedelta(minutes=minutes), now=now, horizon=timedelta(hours=26)
    )
    slots = open_slots(ask)
    assert len({slot.start for slot in slots}) == len(slots)
    for slot in slots:
        assert (slot.end - slot.start) == timedelta(minutes=minutes)
        for zone in (works, sits):
            local = slot.start.astimezone(ZoneInfo(zone))
            again = local.replace(tzinfo=None).replace(tzinfo=ZoneInfo(zone), fold=local.fold)
            assert again.astimezone(UTC) == slot.start
        assert opening.since <= slot.start.astimezone(ZoneInfo(works)).time()
    hours = {(slot.start.astimezone(ZoneInfo(works)).isoformat()) for slot in slots}
    assert len(hours) == len(slots)
    if turn == TURNS[0] and works in ZONES[:3]:
        assert not any(slot.start.astimezone(ZoneInfo(works)).strftime("%d %H") == "08 02" for slot in slots)
