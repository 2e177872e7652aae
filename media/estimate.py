"""How many bits a second the way to a receiver carries, from what became of what we sent.

draft-ietf-rmcat-gcc-02, sections 5.5 and 6: back off when a queue builds up or packets are lost, else grow; and the
answer of a probe is taken at its word. Two things differ from the draft. Losses that stay although we sent less are not
of our making (a radio link), and are then no reason to send still less. And a small picture is no sign of a thin link:
where the source sends little, the estimate stays until the link itself shows that it is too much. How much was really
seen to pass lately is ``proven``: who wants to send more than that tries first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from media.sent import Outcome
from media.trend import DelayTrend, Usage

LEAST, MOST = 30_000.0, 8_000_000.0
FIRST = 1_000_000.0
BACK_OFF = 0.85
GROWTH_PER_SECOND = 1.08
NEAR_SHARE = 0.15
CARRIED_WINDOW, CARRIED_LEAST = 0.6, 0.2
SENT_LEAST = 0.1
LOSS_HIGH, LOSS_LOW = 0.10, 0.02
LOSS_WINDOW = 0.5
LOSS_PACKETS, LOSS_PACKETS_FEW = 10, 80
LOSS_BEYOND_CHANCE = 0.3
# Below this share of the estimate it is the source that limits what is sent, and not the link.
FILLED_SHARE = 0.6
# Less than this share of what was sent has come: the link holds it up.
PASSED_SHARE = 0.85
AGAIN_AFTER = 0.3
LOOSE = 1.25
SILENCE = 1.5
PROOF_SECONDS = 8.0
PROOF_SHARE = 1.2
LOSS_KEPT_BACKGROUND = 0.7
BACKGROUND_SECONDS = 30.0
PROBE_LEAST = 5
PROBE_SHARE = 0.95
PROBE_FAILED = 0.7
PACKET_BITS = 9600.0


@dataclass(slots=True)
class _LossWindow:
    """How many packets of the last second were lost."""

    since: float = 0.0
    sent: int = 0
    lost: int = 0


@dataclass(slots=True)
class _Probe:
    """What has been reported of a probe."""

    outcomes: list[Outcome] = field(default_factory=list)


class BandwidthEstimate:
    """Feed it every feedback's outcomes; ``bitrate`` is the estimate in bits a second, ``why`` what last moved it."""

    def __init__(self, first: float = FIRST) -> None:
        self.bitrate = first
        self.loss = 0.0
        self.why = "start"
        self._trend = DelayTrend()
        self._usage = Usage.NORMAL
        self._carried: deque[tuple[float, int]] = deque()
        self._offered: deque[tuple[float, int]] = deque()
        self._capacity: float | None = None
        self._moved_at: float | None = None
        self._losses = _LossWindow()
        self._blamed: float | None = None
        self._background = (0.0, float("-inf"))
        self._probes: dict[int, _Probe] = {}
        self._proofs: deque[tuple[float, float]] = deque()
        self._backed_off_at = float("-inf")
        self._suspected = False
        self._met: float | None = None

    @property
    def proven(self) -> float:
        """Bits a second that were carried or probed within the last seconds, and a little more."""
        return min(self.bitrate, PROOF_SHARE * self._proofs[0][1] + 10_000) if self._proofs else LEAST

    @property
    def tight(self) -> bool:
        """Whether the link has shown its limit near this estimate; otherwise it may carry more than anybody tried."""
        return self._met is not None and self.bitrate < LOOSE * self._met

    @property
    def filled(self) -> bool:
        """Whether what is sent comes near the estimate; otherwise it is the source that limits it."""
        return not 0.0 < self._sent < FILLED_SHARE * self.bitrate

    @property
    def steady(self) -> bool:
        """Whether the path shows no queue that builds up: the time to ask for more."""
        return self._usage is not Usage.OVER

    def add(self, outcomes: Sequence[Outcome], now: float) -> float:
        """Takes the outcomes of one feedback in; answers the new estimate."""
        if self._moved_at is not None and now - self._moved_at > SILENCE:
            # Nobody could answer: what was lost meanwhile says nothing about how much the path carries.
            outcomes = [outcome for outcome in outcomes if outcome.arrived_at is not None]
        if not outcomes:
            return self.bitrate
        before, self._usage = self._usage, self._trend.add(outcomes)
        starts = self._usage is Usage.OVER and before is not Usage.OVER
        carried = self._note_carried(outcomes)
        self._note_losses(outcomes, now)
        elapsed = 0.0 if self._moved_at is None else min(1.0, now - self._moved_at)
        self._moved_at = now
        if self._usage is Usage.OVER:
            if starts or now - self._backed_off_at >= AGAIN_AFTER:
                self._backed_off_at = now
                self._back_off(carried, sure=not starts)
        elif self._usage is Usage.NORMAL:
            self._grow(carried, elapsed)
        self._mind_losses(now, carried)
        if carried is not None:
            self._prove(carried, now)
            self._doubt(carried)
        for probe in sorted({outcome.probe for outcome in outcomes if outcome.probe}):
            self._mind_probe(probe, [outcome for outcome in outcomes if outcome.probe == probe], now)
        self._forget_proofs(now)
        self.bitrate = max(LEAST, min(MOST, self.bitrate))
        return self.bitrate

    # --- what was carried ---------------------------------------------------------------------------------------------

    def _note_carried(self, outcomes: Sequence[Outcome]) -> float | None:
        """Bits a second that arrived lately, by the receiver's clock; None while too little has."""
        self._offered.extend((outcome.sent_at, outcome.size) for outcome in outcomes)
        self._carried.extend((one.arrived_at, one.size) for one in outcomes if one.arrived_at is not None)
        return _rate_within(self._carried, CARRIED_LEAST)

    @property
    def _sent(self) -> float:
        """Bits a second that were sent lately, by our clock."""
        return _rate_within(self._offered, SENT_LEAST) or 0.0

    # --- delay --------------------------------------------------------------------------------------------------------

    def _back_off(self, carried: float | None, *, sure: bool) -> None:
        if carried is None or (not sure and not self.filled):
            # So little was sent that a passing hold-up says nothing of how much the link carries.
            self._move(self.bitrate * BACK_OFF, "delay")
            return
        self._capacity = carried if self._capacity is None else 0.7 * self._capacity + 0.3 * carried
        self._move(min(self.bitrate, carried * BACK_OFF), "delay")
        self._met = self.bitrate

    def _grow(self, carried: float | None, elapsed: float) -> None:
        ceiling = MOST if carried is None else max(self.bitrate, PROOF_SHARE * carried + 10_000)
        near = self._capacity is not None and abs(self.bitrate - self._capacity) < NEAR_SHARE * self._capacity
        if self._capacity is not None and self.bitrate > (1 + NEAR_SHARE) * self._capacity:
            self._capacity = None
        step = PACKET_BITS * elapsed * 5 if near else self.bitrate * (GROWTH_PER_SECOND**elapsed - 1)
        if elapsed and self.bitrate < ceiling:
            self._move(min(ceiling, self.bitrate + step), "grows")

    # --- loss ---------------------------------------------------------------------------------------------------------

    def _note_losses(self, outcomes: Sequence[Outcome], now: float) -> None:
        window = self._losses
        if not window.sent:
            window.since = now
        window.sent += len(outcomes)
        window.lost += sum(outcome.arrived_at is None for outcome in outcomes)

    def _mind_losses(self, now: float, carried: float | None) -> None:
        window, few = self._losses, not self.filled
        if now - window.since < LOSS_WINDOW or window.sent < (LOSS_PACKETS_FEW if few else LOSS_PACKETS):
            return
        self.loss = window.lost / window.sent
        self._losses = _LossWindow()
        self._learn_background(now)
        background, _ = self._background
        ours = self.loss - background
        before, self._suspected = self._suspected, ours > LOSS_HIGH
        if ours > LOSS_HIGH and (before or not few or ours > LOSS_BEYOND_CHANCE):
            # Of a few packets many may be lost by chance, but hardly twice.
            less = self.bitrate * (1 - 0.5 * ours)
            self._move(less if carried is None else min(less, carried), "loss")
            self._blamed = self.loss
            self._met = self.bitrate

    def _learn_background(self, now: float) -> None:
        """What is still lost after we sent less was not lost for our sake."""
        level, until = self._background
        if now > until:
            level = 0.0
        if self._blamed is not None:
            if self.loss >= LOSS_KEPT_BACKGROUND * self._blamed and self._usage is not Usage.OVER:
                level, until = self.loss, now + BACKGROUND_SECONDS
            self._blamed = None
        if self.loss < LOSS_LOW:
            level = 0.0
        self._background = (min(level, 0.5), until)

    # --- probes -------------------------------------------------------------------------------------------------------

    def _mind_probe(self, number: int, outcomes: Sequence[Outcome], now: float) -> None:
        probe = self._probes.setdefault(number, _Probe())
        probe.outcomes.extend(outcomes)
        for old in [known for known in self._probes if known < number - 3]:
            del self._probes[old]
        carried = _rate_of(probe.outcomes)
        if carried is None:
            return
        self._prove(carried * PROBE_SHARE / PROOF_SHARE, now)
        if carried * PROBE_SHARE > self.bitrate:
            self._capacity = None
            self._move(carried * PROBE_SHARE, "probe")
        elif carried < PROBE_FAILED * self.bitrate:
            self._move((carried + self.bitrate) / 2, "probe")
            self._met = self.bitrate

    # --- proofs -------------------------------------------------------------------------------------------------------

    def _prove(self, bitrate: float, now: float) -> None:
        """Keeps the best of the last seconds: a falling list, newest last."""
        while self._proofs and self._proofs[-1][1] <= bitrate:
            self._proofs.pop()
        self._proofs.append((now, bitrate))

    def _doubt(self, carried: float) -> None:
        """An estimate that was filled, and of which much less came, was a guess."""
        if self.filled and carried < PASSED_SHARE * self._sent:
            self.bitrate = min(self.bitrate, PROOF_SHARE * self._proofs[0][1] + 10_000)

    def _forget_proofs(self, now: float) -> None:
        while self._proofs and now - self._proofs[0][0] > PROOF_SECONDS:
            self._proofs.popleft()

    def _move(self, bitrate: float, why: str) -> None:
        self.bitrate, self.why = bitrate, why


def _rate_within(window: deque[tuple[float, int]], least: float) -> float | None:
    """Bits a second of the newest of (time, bytes); older ones are forgotten. None before ``least`` seconds of them."""
    while window and window[-1][0] - window[0][0] > CARRIED_WINDOW:
        window.popleft()
    span = window[-1][0] - window[0][0] if window else 0.0
    return None if span < least else sum(size for _, size in window) * 8 / span


def _rate_of(outcomes: Sequence[Outcome]) -> float | None:
    """Bits a second of a burst: what was sent or what arrived, whichever was slower; None when too little is known."""
    arrived = [(o.sent_at, o.arrived_at, o.size) for o in outcomes if o.arrived_at is not None]
    if len(arrived) < PROBE_LEAST or len(arrived) < 0.8 * len(outcomes):
        return None
    arrived.sort(key=lambda one: one[0])
    sent = arrived[-1][0] - arrived[0][0]
    came = max(one[1] for one in arrived) - min(one[1] for one in arrived)
    # The first packet begins the time that the others took.
    bits = 8 * sum(one[2] for one in arrived[1:])
    slower = max(sent, came)
    return bits / slower if slower > 0.001 else None
