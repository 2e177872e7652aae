"""What can a try of a patient's camera, microphone, speaker and connection come to, and is it enough for a call?

Verdicts and classes only: no device's name, number or address is ever kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

OK, SKIPPED, NOT_NEEDED = "ok", "skipped", "not_needed"
# What each part may come to, the usual one first.
PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "browser": (OK, "old", "insecure"),
        "camera": (OK, "dark", "blocked", "busy", "none", NOT_NEEDED, SKIPPED),
        "microphone": (OK, "not_heard", "blocked", "busy", "none", SKIPPED),
        "speaker": (OK, "not_heard", SKIPPED),
        "network": (OK, "slow", "no_udp", "no_way", "unreachable", SKIPPED),
    }
)
# Whether the clinic's relay carried something, where it was tried.
RELAYS = ("works", "fails")
DEVICES = ("phone", "tablet", "computer")
# With these a visit may be held all the same: with the picture off, or through a relay.
ENOUGH = frozenset({OK, NOT_NEEDED, "slow", "no_udp"})
NEEDED = ("browser", "microphone", "network")
MOST_MS, MOST_KBPS = 60_000, 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TechCheck:
    """Verdicts by part, the class of device, and the connection: milliseconds, kilobits a second (0: unknown), relay.

    Raises:
        ValueError: a verdict, class or number that no check comes to; names the part only.
    """

    verdicts: Mapping[str, str]
    device: str = ""
    latency_ms: int = 0
    kbps: int = 0
    relay: str = ""

    def __post_init__(self) -> None:
        for part, choices in PARTS.items():
            if self.verdicts.get(part) not in choices:
                raise ValueError(part)
        if self.relay not in ("", *RELAYS):
            raise ValueError("relay")
        if set(self.verdicts) - set(PARTS) or self.device not in ("", *DEVICES):
            raise ValueError("device")
        if not (0 <= self.latency_ms <= MOST_MS and 0 <= self.kbps <= MOST_KBPS):
            raise ValueError("network")

    @property
    def works(self) -> bool:
        """Whether people can be heard: all that a call needs came out well enough."""
        return all(self.verdicts[part] in ENOUGH for part in NEEDED)

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
    return TechCheck(
        verdicts={**verdicts, "browser": _one_of(said.get("browser"), PARTS["browser"], "old")},
        device=_one_of(said.get("device"), DEVICES, ""),
        latency_ms=_number(said.get("latency_ms"), MOST_MS),
        kbps=_number(said.get("kbps"), MOST_KBPS),
        relay=_one_of(said.get("relay"), RELAYS, ""),
    )


def _one_of(value: object, choices: tuple[str, ...], otherwise: str) -> str:
    return value if isinstance(value, str) and value in choices else otherwise


def _number(value: object, most: int) -> int:
    if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 9):
        return 0
    return min(int(value), most)
