"""What leaves towards one participant: numbers in order of leaving, sound first, nothing after the end."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from media.outflow import Outflow, Slot
from media.sent import Feedback

PICTURE, SOUND, UNNUMBERED = Slot(12, False), Slot(12, True), Slot(0, False)


class Clock:
    """An event loop whose time is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], object]) -> object:
        self._count += 1
        heapq.heappush(self._timers, (self.now + delay, self._count, callback))
        return None

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while self._timers and self._timers[0][0] <= until:
            self.now, _, callback = heapq.heappop(self._timers)
            callback()
        self.now = until


class Line:
    """An outflow, its clock, and what left it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.left: list[bytes] = []
        self.flow = Outflow(self.leave, self.clock)

    def take(self, packet: bytearray, slot: Slot) -> bool:
        return self.flow.media(slot, packet, self.clock.now)

    def leave(self, packet: bytearray) -> bool:
        self.left.append(bytes(packet))
        return True

    def packet(self, mark: int, size: int = 1000) -> bytearray:
        return bytearray([mark]).ljust(size, b"\0")

    def answer(self) -> None:
        """Reports everything that has left as arrived."""
        first = self.number(self.left[0])
        self.flow.reported(Feedback(first, tuple(self.clock.now for _ in self.left)))
        self.left.clear()

    @staticmethod
    def number(packet: bytes) -> int:
        return int.from_bytes(packet[12:14], "big")


def begun() -> Line:
    line = Line()
    line.take(line.packet(0), SOUND)
    line.answer()
    return line


def test_before_any_feedback_nothing_waits_and_nothing_is_known() -> None:
    line = Line()
    for mark in range(100):
        line.take(line.packet(mark), PICTURE)
    assert [packet[0] for packet in line.left] == list(range(100))
    assert [line.number(packet) for packet in line.left] == list(range(100))
    assert line.flow.bitrate is None
    assert line.flow.alive(1000.0)


def test_streams_without_numbers_pass_as_they_are() -> None:
    line = begun()
    packet = line.packet(7)
    line.take(packet, UNNUMBERED)
    assert line.left == [packet]


def test_a_key_frame_is_spread_and_sound_passes_it() -> None:
    line = begun()
    for mark in range(60):
        assert line.take(line.packet(mark), PICTURE)
    waiting = 60 - len(line.left)
    assert waiting > 20
    assert line.flow.backlog > 0.1
    line.take(line.packet(200, 100), SOUND)
    assert line.left[-1][0] == 200
    line.clock.run(1.0)
    assert [packet[0] for packet in line.left if packet[0] != 200] == list(range(60))
    numbers = [line.number(packet) for packet in line.left]
    assert numbers == list(range(numbers[0], numbers[0] + 61))


def test_what_would_wait_too_long_is_refused_before_it_waits() -> None:
    line = begun()
    taken = [line.take(line.packet(0), PICTURE) for _ in range(500)]
    assert taken[0]
    assert not taken[-1]
    assert line.flow.backlog < 0.35
    assert line.take(line.packet(1, 100), SOUND)


def test_a_silent_receiver_is_told_apart_from_one_that_never_reports() -> None:
    line = begun()
    assert line.flow.alive(line.clock.now + 1)
    assert not line.flow.alive(line.clock.now + 5)


def test_a_probe_is_sent_when_more_is_wanted_than_is_known_to_pass() -> None:
    line = begun()
    wanted = 2 * line.flow.estimate.bitrate
    for _ in range(8):
        line.clock.run(0.25)
        line.flow.look(wanted, lambda: (line.packet(9, 250), 12))
    assert line.flow.probes == 1
    assert 6 <= sum(packet[0] == 9 for packet in line.left) <= 40


def test_no_probe_without_a_stream_that_carries_padding() -> None:
    line = begun()
    for _ in range(8):
        line.clock.run(0.25)
        line.flow.look(1e9, lambda: None)
    assert line.left == []


def test_after_the_end_nothing_leaves() -> None:
    line = begun()
    for mark in range(60):
        line.take(line.packet(mark), PICTURE)
    before = len(line.left)
    line.flow.close()
    line.clock.run(5.0)
    assert len(line.left) == before
