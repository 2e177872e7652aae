"""How many calls one caller may make: a token bucket per key, in this process, forgetting callers that went quiet."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MAX_CALLERS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """``burst`` calls at once, refilled at ``per_second``."""

    burst: int
    per_second: float


class RateLimiter:
    """Token buckets by caller. The key is kept in memory only and never logged."""

    def __init__(self, rate: Rate, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_for(self, caller: str) -> float:
        """Takes one call from the caller's bucket; 0.0 when allowed, else the seconds until it will be."""
        with self._lock:
            now = self._now()
            tokens, seen = self._buckets.pop(caller, (float(self._rate.burst), now))
            tokens = min(self._rate.burst, tokens + (now - seen) * self._rate.per_second)
            allowed = tokens >= 1
            self._buckets[caller] = (tokens - 1 if allowed else tokens, now)
            while len(self._buckets) > MAX_CALLERS:
                self._buckets.popitem(last=False)
            return 0.0 if allowed else (1 - tokens) / self._rate.per_second
