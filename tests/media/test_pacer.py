"""The pacer holds the rate it was told, keeps the order, loses nothing, and says how long things would wait."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.pacer import BURST_LEAST, BURST_SECONDS, PACE, Pacer

RATE = 800_000.0


@given(st.lists(st.tuples(st.floats(0.0, 0.02), st.integers(50, 1200)), max_size=200))
def test_order_is_kept_nothing_is_lost_and_the_rate_holds(arrivals: list[tuple[float, int]]) -> None:
    pacer = Pacer[bytes](RATE)
    now, offered, left = 0.0, list[bytes](), list[bytes]()
    for place, (pause, size) in enumerate(arrivals):
        now += pause
        left += pacer.due(now)
        packet = place.to_bytes(4, "big").ljust(size, b"\0")
        offered.append(packet)
        if pacer.take(packet, size, now):
            left.append(packet)
        burst = max(BURST_LEAST, RATE * PACE / 8 * BURST_SECONDS)
        assert sum(map(len, left)) <= now * RATE * PACE / 8 + burst + 1200
    while pacer.waiting:
        now += pacer.wait()
        left += pacer.due(now)
    assert left == offered
    assert pacer.backlog == 0


def test_sound_passes_what_waits_and_is_paid_for() -> None:
    pacer = Pacer[bytes](RATE)
    while pacer.take(b"", 1200, 0.0):
        pass
    before = pacer.wait()
    pacer.urgent(1200, 0.0)
    assert pacer.wait() > before


def test_the_backlog_is_the_time_until_all_has_left() -> None:
    pacer = Pacer[bytes](RATE)
    for _ in range(100):
        pacer.take(b"", 1000, 0.0)
    waits = pacer.backlog
    assert 0.5 < waits < 0.7
    assert not pacer.due(0.0)
    assert len(pacer.due(waits + 0.1)) > 0


def test_what_was_dropped_never_leaves() -> None:
    pacer = Pacer[bytes](RATE)
    for _ in range(50):
        pacer.take(b"", 1000, 0.0)
    pacer.drop()
    assert (pacer.waiting, pacer.backlog, pacer.due(10.0)) == (False, 0, [])
