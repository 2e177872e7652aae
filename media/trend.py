"""Whether a queue builds up on the way to a receiver, read from how arrivals drift against departures.

draft-ietf-rmcat-gcc-02, sections 5.1 to 5.4, with the slope of a line through the recent drift in the place of the
Kalman filter (the variant that browsers use). All times in seconds, thresholds in milliseconds as in the draft.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import StrEnum

from media.sent import Outcome

BURST = 0.005
WINDOW = 20
SMOOTHING = 0.9
GAIN = 4.0
SAMPLES_MOST = 60
OVERUSE_SECONDS = 0.01
THRESHOLD_FIRST = 12.5
THRESHOLD_LEAST, THRESHOLD_MOST = 6.0, 600.0
FASTER_UP, SLOWER_DOWN = 0.0087, 0.039
OUTLIER = 15.0
FORGET_AFTER = 2.0


class Usage(StrEnum):
    """What the path does with what we send."""

    NORMAL = "normal"
    OVER = "over"
    UNDER = "under"


class _Burst:
    """Packets that left within a few milliseconds count as one."""

    __slots__ = ("arrived", "first", "sent")

    def __init__(self, outcome: Outcome, arrived: float) -> None:
        self.first = self.sent = outcome.sent_at
        self.arrived = arrived


class DelayTrend:
    """Takes outcomes in the order of sending; says after each batch how the path is used."""

    def __init__(self) -> None:
        self._open: _Burst | None = None
        self._before: _Burst | None = None
        self._origin: float | None = None
        self._drift = self._smooth = 0.0
        self._count = 0
        self._points: deque[tuple[float, float]] = deque(maxlen=WINDOW)
        self._threshold = THRESHOLD_FIRST
        self._slope = 0.0
        self._over_since: float | None = None
        self._adapted_at = 0.0
        self.usage = Usage.NORMAL

    def add(self, outcomes: Sequence[Outcome]) -> Usage:
        """Looks at these outcomes; lost packets say nothing here."""
        for outcome in outcomes:
            if outcome.arrived_at is not None:
                self._take(outcome, outcome.arrived_at)
        return self.usage

    def _take(self, outcome: Outcome, arrived: float) -> None:
        burst = self._open
        if burst is not None and outcome.sent_at - burst.first <= BURST:
            burst.sent = max(burst.sent, outcome.sent_at)
            burst.arrived = max(burst.arrived, arrived)
            return
        if burst is not None:
            self._finish(burst)
        self._open = _Burst(outcome, arrived)

    def _finish(self, burst: _Burst) -> None:
        before, self._before = self._before, burst
        if before is None:
            return
        sent, arrived = burst.sent - before.sent, burst.arrived - before.arrived
        if sent > FORGET_AFTER or arrived > FORGET_AFTER or arrived < -1.0:
            self._forget()
            return
        self._drift += (arrived - sent) * 1000
        self._smooth = SMOOTHING * self._smooth + (1 - SMOOTHING) * self._drift
        self._count += 1
        if self._origin is None:
            self._origin = burst.arrived
        self._points.append(((burst.arrived - self._origin) * 1000, self._smooth))
        self._judge(burst.arrived, max(0.0, sent))

    def _forget(self) -> None:
        """After a silence nothing old says anything about the path."""
        self._points.clear()
        self._origin = self._over_since = None
        self._drift = self._smooth = self._slope = 0.0
        self._count = 0
        self.usage = Usage.NORMAL

    def _judge(self, now: float, spacing: float) -> None:
        slope = _slope(self._points) if len(self._points) == WINDOW else 0.0
        trend = min(self._count, SAMPLES_MOST) * slope * GAIN
        if trend > self._threshold:
            self._over_since = now - spacing / 2 if self._over_since is None else self._over_since
            if now - self._over_since > OVERUSE_SECONDS and slope >= self._slope:
                self.usage = Usage.OVER
        else:
            self._over_since = None
            self.usage = Usage.UNDER if trend < -self._threshold else Usage.NORMAL
        self._slope = slope
        self._adapt(abs(trend), now)

    def _adapt(self, trend: float, now: float) -> None:
        """Moves the threshold slowly towards what is usual here, so that neither jitter nor TCP beside us starve us."""
        elapsed = min(100.0, (now - self._adapted_at) * 1000)
        self._adapted_at = now
        if trend > self._threshold + OUTLIER or elapsed < 0:
            return
        speed = SLOWER_DOWN if trend < self._threshold else FASTER_UP
        moved = self._threshold + speed * (trend - self._threshold) * elapsed
        self._threshold = max(THRESHOLD_LEAST, min(THRESHOLD_MOST, moved))


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the line of least squares."""
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread if spread else 0.0
