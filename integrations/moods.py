"""How a simulated network is today: up, down, slow or answering nonsense. It is told so by a command while it runs."""

from __future__ import annotations

import time

from engine.ports import PortUnavailable
from integrations.ledger import Ledger

MOODS = ("up", "down", "slow", "garbled")
SLOW_SECONDS = 20.0
GARBLED = b"<html><body>Service under maintenance</body></html>"
"""What a garbled network answers instead of its format, as a proxy before it would."""
_MOOD = "mood"


class Moods:
    """The mood of one network, kept in its ledger. ``latency`` is the seconds that an ordinary answer takes."""

    def __init__(self, ledger: Ledger, network: str, latency: float) -> None:
        self._ledger = ledger
        self._network = network
        self._latency = latency

    def behave(self, mood: str, seconds: float = SLOW_SECONDS) -> None:
        """From now on ``up``, ``down`` (no answer), ``slow`` (an answer after so many seconds) or ``garbled``.

        Raises:
            ValueError: there is no such mood.
        """
        if mood not in MOODS:
            raise ValueError("unknown mood")
        self._ledger.put(_MOOD, {"mood": mood, "milliseconds": int(seconds * 1000)})

    def mood(self) -> str:
        """How it is told to be; ``up`` when it was told nothing."""
        return str((self._ledger.get(_MOOD) or {}).get("mood", "up"))

    def answer_time(self) -> bool:
        """Lets the time of an answer pass; whether the answer is garbled.

        Raises:
            PortUnavailable: it is down.
        """
        told = self._ledger.get(_MOOD) or {}
        mood = told.get("mood", "up")
        if mood == "down":
            raise PortUnavailable(f"{self._network}: down")
        time.sleep(float(told["milliseconds"]) / 1000 if mood == "slow" else self._latency)
        return mood == "garbled"
