"""When a frame was taken, on a clock that all streams of one participant share.

A sender's reports tie timestamps to its wall clock, so that sound and picture meet as they did in front of it. Until a
stream has one, its first packet's arrival stands in, on the same clock as far as another stream has told it.
"""

from __future__ import annotations

from media import rtcp
from media.rtp import TS_MOD

# A report that contradicts the arrivals by more than this is no clock to go by.
MOST_APART_SECONDS = 10.0


class SharedClock:
    """How far a participant's wall clock is from ours; None until a report told it."""

    def __init__(self) -> None:
        self.ahead: float | None = None


class StreamClock:
    """The instants of one source's timestamps, in seconds."""

    def __init__(self, rate: int, shared: SharedClock) -> None:
        self._rate = rate
        self._shared = shared
        self._report: rtcp.SenderReport | None = None
        self._first: tuple[int, float] | None = None

    @property
    def is_told(self) -> bool:
        """Whether a sender report stands behind it."""
        return self._report is not None

    def arrived(self, timestamp: int, now: float) -> None:
        """A packet of that timestamp came at ``now``, by our own clock."""
        if self._first is None:
            self._first = (timestamp, now)

    def reported(self, report: rtcp.SenderReport) -> None:
        """The sender tied a timestamp to its wall clock."""
        if self._first is None or report is self._report:
            return
        arrival = self._arrival(report.timestamp)
        told = report.ntp / (1 << 32)
        if self._shared.ahead is None:
            self._shared.ahead = told - arrival
        if abs(told - arrival - self._shared.ahead) <= MOST_APART_SECONDS:
            self._report = report

    def at(self, timestamp: int) -> float:
        """When that was, in seconds of the shared clock; only after `arrived`."""
        if self._report is not None:
            return self._report.ntp / (1 << 32) + _ticks(timestamp, self._report.timestamp) / self._rate
        return self._arrival(timestamp) + (self._shared.ahead or 0.0)

    def _arrival(self, timestamp: int) -> float:
        assert self._first is not None  # callers have seen a packet
        first, now = self._first
        return now + _ticks(timestamp, first) / self._rate


def _ticks(timestamp: int, since: int) -> int:
    """Ticks between two timestamps, the shorter way round."""
    return (timestamp - since + TS_MOD // 2) % TS_MOD - TS_MOD // 2
