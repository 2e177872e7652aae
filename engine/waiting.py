"""How long will somebody in a waiting room wait? An interval of what happened lately, or nothing where that is thin.

From the lower to the upper quarter of how long visits of each kind took at this clinic: half of all fall between. It is
said in steps of five minutes, so that it does not jump while one looks at it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

FEWEST = 3  # of a kind; fewer tell nothing
STEP_MINUTES = 5
TURNOVER_SECONDS = (0, 180)  # between two visits


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFacts:
    """What is known of the line: kinds of visit by name, lengths in seconds, the newest first.

    ``ahead`` are the kinds of the visits that come before, ``in_call`` the kind of the one that the clinician is in,
    since ``in_call_since``. ``lasted`` is how long visits of each kind took lately, ``called_after`` how long those who
    were next waited lately before they were let in.
    """

    ahead: tuple[str, ...] = ()
    in_call: str = ""
    in_call_since: datetime | None = None
    lasted: Mapping[str, Sequence[int]] = field(default_factory=dict)
    called_after: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """From so many to so many whole minutes, in steps of five; ``least`` may be 0."""

    least: int
    most: int


def wait_of(facts: WaitFacts, now: datetime) -> Interval | None:
    """How long it may take; None where too little happened lately to know.

    A call that already takes longer than most may end at any moment, or take as long again as the upper quarter differs
    from the lower one.
    """
    parts = [_spread(facts.lasted.get(kind, ())) for kind in facts.ahead]
    if facts.in_call and facts.in_call_since is not None:
        whole = _spread(facts.lasted.get(facts.in_call, ()))
        parts.append(whole and _left(whole, int((now - facts.in_call_since).total_seconds())))
    if not parts:
        own = _spread(facts.called_after)
        return _said(*own) if own else None
    least = most = 0
    for part in parts:
        if part is None:
            return None
        least, most = least + part[0] + TURNOVER_SECONDS[0], most + part[1] + TURNOVER_SECONDS[1]
    return _said(least, most)


def _spread(seconds: Sequence[int]) -> tuple[int, int] | None:
    if len(seconds) < FEWEST:
        return None
    ordered, last = sorted(seconds), len(seconds) - 1
    return ordered[last // 4], ordered[last - last // 4]


def _left(whole: tuple[int, int], gone: int) -> tuple[int, int]:
    least, most = whole
    return max(0, least - gone), max(most - gone, most - least, STEP_MINUTES * 60)


def _said(least: int, most: int) -> Interval:
    step = STEP_MINUTES * 60
    low, high = least // step, -(-most // step)
    return Interval(least=low * STEP_MINUTES, most=max(high, low + 1) * STEP_MINUTES)
