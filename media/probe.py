"""When to try whether a link carries more than is sent over it, and with how much.

What nobody sends nobody can measure: a link that carries sound alone looks like a link for sound alone. So once in a
while a short burst of padding leaves at the rate that the next level would need, and its arrival is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

PACKET = 250
SECONDS = 0.05
PACKETS_LEAST, PACKETS_MOST = 6, 40
FIRST_AFTER = 1.0
EVERY, EVERY_MOST = 3.0, 6.0
REACH = 1.15
GREW = 1.2
LEAP = 2.5


@dataclass(frozen=True, slots=True)
class Probe:
    """A burst: its number, how many padding packets of `PACKET` bytes, and how far apart in seconds."""

    number: int
    packets: int
    spacing: float


class Prober:
    """One receiver's probes; each that brings nothing makes the next wait longer."""

    def __init__(self) -> None:
        self._number = 0
        self._due: float | None = None
        self._pause = EVERY / 2
        self._before = 0.0

    def look(self, bitrate: float, wanted: float | None, *, steady: bool, now: float) -> Probe | None:
        """The probe to send now: the path is steady, and ``wanted`` bits a second are more than ``bitrate``."""
        if wanted is None or bitrate >= wanted:
            self._due, self._pause, self._before = None, EVERY / 2, 0.0
            return None
        if self._due is None:
            self._due = now + FIRST_AFTER
        if not steady:
            self._due = max(self._due, now + FIRST_AFTER)
        if bitrate > GREW * self._before > 0:
            # The last one brought something: the next may follow soon.
            self._due, self._pause = min(self._due, now + FIRST_AFTER), EVERY / 2
            self._before = bitrate
        if now < self._due:
            return None
        self._pause = min(EVERY_MOST, 2 * self._pause)
        self._before = bitrate
        self._due = now + self._pause
        self._number += 1
        # Not at once to the top of a thin link: what it cannot carry would hold up the sound.
        rate = min(wanted * REACH, bitrate * LEAP)
        count = max(PACKETS_LEAST, min(PACKETS_MOST, round(rate * SECONDS / 8 / PACKET)))
        return Probe(self._number, count, PACKET * 8 / rate)
