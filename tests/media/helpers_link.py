"""A link that exists only in numbers: a rate that changes, a queue that overflows, a delay, and losses by chance."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from media.estimate import BandwidthEstimate
from media.ladder import Ladder, Link, Step, shipped_rules
from media.probe import PACKET, Prober
from media.sent import Outcome

STEP = 0.001
FEEDBACK = 0.1
SOUND_BYTES, SOUND_EVERY = 120, 0.02


@dataclass(slots=True, kw_only=True)
class VirtualLink:
    """Bits a second by time, a queue of so many seconds, seconds one way, share lost by chance."""

    rate: Callable[[float], float]
    queue: float = 0.3
    delay: float = 0.02
    loss: float = 0.0
    jitter: float = 0.0
    random: random.Random = field(default_factory=lambda: random.Random(7))
    _free_at: float = 0.0
    _last: float = 0.0

    def carry(self, size: int, now: float) -> float | None:
        """When a packet that leaves now arrives; None when it never does."""
        if self.random.random() < self.loss:
            return None
        starts = max(now, self._free_at)
        rate = self.rate(now)
        if starts - now > self.queue or rate <= 0:
            return None
        self._free_at = starts + size * 8 / rate
        arrives = self._free_at + self.delay + self.random.random() * self.jitter
        self._last = max(self._last, arrives)
        return self._last


@dataclass(slots=True)
class Moment:
    """What held at an instant of a trial."""

    at: float
    estimate: float
    step: Step
    sound_delay: float


@dataclass(slots=True)
class Trial:
    """Sends what the ladder allows over a virtual link, and no more than its source makes, and keeps what happened."""

    link: VirtualLink
    source: Callable[[float], float] = lambda _: 1e9
    pictures: int = 1
    ladder: Ladder = field(default_factory=lambda: Ladder(shipped_rules()))
    estimate: BandwidthEstimate = field(default_factory=BandwidthEstimate)
    prober: Prober = field(default_factory=Prober)
    moments: list[Moment] = field(default_factory=list)
    sound: list[float | None] = field(default_factory=list)
    _now: float = 0.0
    _flight: list[tuple[float, int, Outcome]] = field(default_factory=list)
    _probe: list[tuple[float, int]] = field(default_factory=list)
    _count: int = 0

    def run(self, seconds: float) -> list[Moment]:
        """Goes on for so many seconds; the moments of this run."""
        before, end = len(self.moments), self._now + seconds
        now = sound_due = video_due = self._now
        report_due = now + FEEDBACK
        while now < end:
            if now >= sound_due:
                sound_due += SOUND_EVERY
                self.sound.append(self._send(SOUND_BYTES, now))
            allowed = min(self.pictures * self.ladder.step.level.spends, 0.95 * self.estimate.bitrate - 50_000)
            spends = min(allowed, self.source(now))
            if spends > 0 and now >= video_due:
                self._send(1200, now)
                video_due = max(now, video_due) + 1200 * 8 / spends
            while self._probe and self._probe[0][0] <= now:
                self._send(PACKET, now, self._probe.pop(0)[1])
            if now >= report_due:
                report_due += FEEDBACK
                self._report(now)
            now += STEP
        self._now = now
        return self.moments[before:]

    def _send(self, size: int, now: float, probe: int = 0) -> float | None:
        arrives = self.link.carry(size + 40, now)
        self._count += 1
        known = arrives if arrives is not None else now + self.link.queue + self.link.delay
        heapq.heappush(self._flight, (known, self._count, Outcome(now, size + 40, arrives, probe)))
        return None if arrives is None else arrives - now

    def _report(self, now: float) -> None:
        outcomes: list[Outcome] = []
        if self.link.rate(now) <= 0:
            return
        while self._flight and self._flight[0][0] <= now - self.link.delay:
            outcomes.append(heapq.heappop(self._flight)[2])
        outcomes.sort(key=lambda outcome: outcome.sent_at)
        bitrate = self.estimate.add(outcomes, now)
        link = Link(
            bitrate=bitrate / self.pictures,
            loss=self.estimate.loss,
            alive=bool(outcomes),
            proven=self.estimate.proven / self.pictures,
            tight=self.estimate.tight,
            filled=self.estimate.filled,
        )
        step = self.ladder.look(link, now)
        wanted, proven = self.ladder.wanted_bitrate, self.estimate.proven
        wanted = None if wanted is None else wanted * self.pictures
        probe = self.prober.look(proven, wanted, steady=self.estimate.steady, now=now)
        if probe is not None:
            self._probe = [(now + place * probe.spacing, probe.number) for place in range(probe.packets)]
        heard = [delay for delay in self.sound[-5:] if delay is not None]
        self.moments.append(Moment(now, bitrate, step, max(heard, default=1.0)))
