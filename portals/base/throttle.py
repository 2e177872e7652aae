"""How often somebody may try a password: a gentle bucket per clinic, address and account, kept in this process only."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable

MOST_BUCKETS = 10_000


class Throttle:
    """``tries`` at once, then one more every ``seconds``; forgetting everything at a restart is accepted."""

    def __init__(self, tries: int, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._tries = tries
        self._seconds = seconds
        self._now = now
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def allow(self, *parts: str) -> bool:
        """Takes one try of the bucket that ``parts`` name; False when there is none left."""
        key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        with self._lock:
            now = self._now()
            left, then = self._buckets.get(key, (float(self._tries), now))
            left = min(float(self._tries), left + (now - then) / self._seconds)
            if len(self._buckets) > MOST_BUCKETS:
                self._buckets.clear()
            allowed = left >= 1
            self._buckets[key] = (left - 1 if allowed else left, now)
            return allowed
