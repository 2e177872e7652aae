"""What a clinic's terms say at an instant, and when the night of a patient is over."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.clinic_terms import QuietHours, Terms
from tests.engine.test_recurrence import ZONES

START = datetime(2026, 3, 5, 15, tzinfo=UTC)
DAY = 86400


@pytest.mark.parametrize(
    ("before", "fee", "moves"),
    [(timedelta(hours=25), 0, 2), (timedelta(hours=24), 2500, 0), (timedelta(hours=1), 2500, 0)],
)
def test_free_until_is_free_before_that_instant_and_not_at_it(before: timedelta, fee: int, moves: int) -> None:
    terms = Terms(free_until_seconds=DAY, late_fee_cents=2500, moves=2)
    change = terms.change(START, START - before, price_cents=7900)
    assert (change.fee_cents, change.moves_left) == (fee, moves)
    assert change.free_until == START - timedelta(hours=24)


def test_a_fee_is_never_more_than_the_price() -> None:
    terms = Terms(free_until_seconds=DAY, late_fee_cents=2500)
    assert terms.change(START, START, price_cents=1000).fee_cents == 1000


def test_moves_are_counted_down_and_never_below_none() -> None:
    assert [Terms(moves=2).change(START, START - timedelta(1), price_cents=0, moved=n).moves_left for n in (1, 5)] == [
        1,
        0,
    ]


@pytest.mark.parametrize(
    ("due", "start", "sent"),
    [
        ("12:00", "15:00", "12:00"),
        ("22:00", "+1 22:00", "+1 08:00"),
        ("03:00", "15:00", "08:00"),
        ("07:15", "07:30", "-1 20:59"),
        ("23:00", "+1 07:00", "20:59"),
    ],
)
def test_what_is_due_at_night_comes_in_the_morning_or_the_evening_before(due: str, start: str, sent: str) -> None:
    zone = ZoneInfo("America/Chicago")

    def at(words: str) -> datetime:
        shift, _, clock = words.rpartition(" ")
        day = datetime(2026, 6, 10, tzinfo=zone) + timedelta(days=int(shift or 0))
        return datetime.combine(day.date(), time.fromisoformat(clock), zone)

    assert QuietHours().spoken_at(at(due), at(start), "America/Chicago") == at(sent)


@given(
    st.integers(0, 365 * DAY).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
    st.integers(1, 3 * DAY),
    st.sampled_from(["America/New_York", "America/Los_Angeles", "America/Phoenix", "Pacific/Honolulu"]),
)
@settings(max_examples=60)
def test_nothing_is_sent_at_night_nor_after_the_visit_began(due: datetime, ahead: int, zone: str) -> None:
    starts_at = due + timedelta(seconds=ahead)
    sent = QuietHours().spoken_at(due, starts_at, zone)
    assert sent < starts_at
    assert time(8) <= sent.astimezone(ZoneInfo(zone)).time() < time(21)


@pytest.mark.slow
@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(1, 3 * DAY),
    st.sampled_from([(21, 8), (22, 7), (20, 3), (0, 6), (1, 9)]),
)
@settings(max_examples=500, deadline=None)
def test_in_no_zone_and_on_no_day_of_a_clock_change_is_anything_sent_at_night(
    zone: str, due: datetime, ahead: int, night: tuple[int, int]
) -> None:
    quiet = QuietHours(since=time(night[0]), until=time(night[1]))
    starts_at = due + timedelta(seconds=ahead)
    sent = quiet.spoken_at(due, starts_at, zone)
    assert sent < starts_at
    local = sent.astimezone(ZoneInfo(zone)).time()
    assert not quiet._is_quiet(local)
    assert quiet.spoken_at(sent, starts_at, zone) == sent, "asked again it stays"
