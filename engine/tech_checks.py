"""What can a try of a patient's camera, microphone, speaker and connection come to, and is it enough for a call?

Verdicts, classes and a connection's numbers only: no device's name, number or address is ever kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from engine.echoes import Grade, grade_of

OK, SKIPPED, NOT_NEEDED = "ok", "skipped", "not_needed"
# What each part may come to, the usual one first.
PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "browser": (OK, "old", "insecure"),
        "camera": (OK, "dark", "blocked", "busy", "none", NOT_NEEDED, SKIPPED),
        "microphone": (OK, "not_heard", "blocked", "busy", "none", NOT_NEEDED, SKIPPED),
        "speaker": (OK, "not_heard", SKIPPED),
        "network": (OK, "slow", "no_udp", "no_way", "unreachable", "untested", SKIPPED),
    }
)
# Whether the clinic's relay carried something, where it was tried.
RELAYS = ("works", "fails")
# The ways to a media node, and what became of each: a relay may not be there, and the direct way not be wanted.
DIRECT, RELAYED = "direct", ("udp", "tcp", "tls")
WAYS = (DIRECT, *RELAYED)
STATES = ("works", "fails", "not_set_up", "not_used")
DEVICES = ("phone", "tablet", "computer")
# With these a visit may be held all the same: with the picture off, or through a relay.
ENOUGH = frozenset({OK, NOT_NEEDED, "slow", "no_udp", "untested"})
NEEDED = ("browser", "microphone", "network")
MOST_MS, MOST_KBPS, MOST_PERMILLE, MOST_LINES = 60_000, 10_000_000, 1000, 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to a media node: one of `STATES`, and the milliseconds until it was connected (0: it was not)."""

    state: str
    ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TechCheck:
    """Verdicts by part, the class of device, and the connection.

    ``latency_ms`` is there and back, ``kbps`` what comes here and ``up_kbps`` what leaves, in kilobits a second (0:
    unknown); losses are thousandths of the packets; ``lines`` the height of the picture that this carries, 0 for sound
    alone. ``relay`` sums up what ``ways`` say of the relays.

    Raises:
        ValueError: a verdict, class or number that no check comes to; names the part only.
    """

    verdicts: Mapping[str, str]
    device: str = ""
    latency_ms: int = 0
    kbps: int = 0
    relay: str = ""
    up_kbps: int = 0
    loss_up: int = 0
    loss_down: int = 0
    jitter_ms: int = 0
    lines: int = 0
    ways: Mapping[str, Way] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for part, choices in PARTS.items():
            if self.verdicts.get(part) not in choices:
                raise ValueError(part)
        if self.relay not in ("", *RELAYS):
            raise ValueError("relay")
        if set(self.verdicts) - set(PARTS) or self.device not in ("", *DEVICES):
            raise ValueError("device")
        if not self._numbers_hold():
            raise ValueError("network")
        if set(self.ways) - set(WAYS) or any(way.state not in STATES for way in self.ways.values()):
            raise ValueError("ways")

    def _numbers_hold(self) -> bool:
        times = (self.latency_ms, self.jitter_ms, *(way.ms for way in self.ways.values()))
        return (
            all(0 <= ms <= MOST_MS for ms in times)
            and all(0 <= kbps <= MOST_KBPS for kbps in (self.kbps, self.up_kbps))
            and all(0 <= loss <= MOST_PERMILLE for loss in (self.loss_up, self.loss_down))
            and 0 <= self.lines <= MOST_LINES
        )

    @property
    def works(self) -> bool:
        """Whether people can be heard: all that a call needs came out well enough."""
        return all(self.verdicts[part] in ENOUGH for part in NEEDED)

    @property
    def is_measured(self) -> bool:
        """Whether packets went to a media node and back, so that there are numbers of the call's own way."""
        return any(way.state == "works" for way in self.ways.values()) and bool(self.up_kbps or self.kbps)

    @property
    def carries_kbps(self) -> int:
        """What the narrower direction carries, 0 when neither is known."""
        return min((kbps for kbps in (self.kbps, self.up_kbps) if kbps), default=0)

    @property
    def link(self) -> Grade | None:
        """How good the connection is; None where it was not measured."""
        if not self.is_measured:
            return None
        return grade_of(self.lines, max(self.loss_up, self.loss_down) / 1000, self.latency_ms / 1000)

    @property
    def grade(self) -> Grade:
        """How the whole check came out: poor where people could not be heard, fair where something is amiss."""
        if not self.works:
            return Grade.POOR
        return Grade.FAIR if self.troubles or self.link not in (None, Grade.GOOD) else Grade.GOOD

    @property
    def is_skipped(self) -> bool:
        """Whether nothing was tried at all."""
        return all(self.verdicts[part] in (SKIPPED, NOT_NEEDED) for part in PARTS if part != "browser")

    @property
    def troubles(self) -> tuple[str, ...]:
        """The parts that were tried and did not come out well."""
        return tuple(part for part in PARTS if self.verdicts[part] not in (OK, NOT_NEEDED, SKIPPED))


def read_check(said: Mapping[str, object]) -> TechCheck:
    """What a page sends: a part that it says nothing usable about counts as skipped, a number as unknown."""
    verdicts = {part: _one_of(said.get(part), choices, choices[-1]) for part, choices in PARTS.items()}
    ways = {name: way for name in WAYS if (way := _way(said.get(f"way_{name}"))) is not None}
    return TechCheck(
        verdicts={**verdicts, "browser": _one_of(said.get("browser"), PARTS["browser"], "old")},
        device=_one_of(said.get("device"), DEVICES, ""),
        latency_ms=_number(said.get("latency_ms"), MOST_MS),
        kbps=_number(said.get("kbps"), MOST_KBPS),
        relay=_relay_of(ways),
        up_kbps=_number(said.get("up_kbps"), MOST_KBPS),
        loss_up=_number(said.get("loss_up"), MOST_PERMILLE),
        loss_down=_number(said.get("loss_down"), MOST_PERMILLE),
        jitter_ms=_number(said.get("jitter_ms"), MOST_MS),
        lines=_number(said.get("lines"), MOST_LINES),
        ways=ways,
    )


def kept_check(detail: Mapping[str, Any]) -> TechCheck:
    """A check as it was kept (`dataclasses.asdict`), also one of before there were ways."""
    ways = {name: Way(**way) for name, way in detail.get("ways", {}).items()}
    return TechCheck(**{**detail, "ways": ways})


def _way(said: object) -> Way | None:
    """A way as the page writes it: its state, a blank, milliseconds."""
    state, _, ms = said.partition(" ") if isinstance(said, str) else ("", "", "")
    return Way(state=state, ms=_number(ms, MOST_MS) if state == "works" else 0) if state in STATES else None


def _relay_of(ways: Mapping[str, Way]) -> str:
    states = {ways[name].state for name in RELAYED if name in ways}
    return next((state for state in RELAYS if state in states), "")


def _one_of(value: object, choices: tuple[str, ...], otherwise: str) -> str:
    return value if isinstance(value, str) and value in choices else otherwise


def _number(value: object, most: int) -> int:
    if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 9):
        return 0
    return min(int(value), most)
