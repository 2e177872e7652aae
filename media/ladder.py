"""Which picture a link carries: from 720p down to sound alone and back, with a hold-off so that it does not flap.

The levels and every threshold are data (``ladder.yaml``). One ladder belongs to one direction of one participant; it is
given what is known of the link and answers a level and why. Sound is the last thing to go: below the last level there
is only the offer of a rescue (a telephone number, chat, another time).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from engine.settings import SettingsError

FILE = Path(__file__).with_name("ladder.yaml")
ASKED_AFTER = 1.0


class Why(StrEnum):
    """What moved a ladder last."""

    START = "start"
    BANDWIDTH = "bandwidth"
    LOSS = "loss"
    DELAY = "delay"
    BETTER = "better"
    ASKED = "asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A rung: picture height in lines, frames a second, bits a second needed and spent at most."""

    name: str
    height: int
    frame_rate: int
    needs: float
    spends: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderRules:
    """The file, in bits a second and seconds."""

    levels: tuple[Level, ...]
    audio: float
    down_after: float
    down_loss: float
    down_round_trip: float
    up_after: float
    up_margin: float
    failure_after: float
    failure_within: float
    failure_most: float
    rescue_after: float
    rescue_loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What is known of a link at a moment: bits a second it carries (None: unknown), loss 0 to 1, seconds there and
    back, and whether anything arrives at all.

    ``proven`` are the bits a second that were seen to pass lately (None: nobody looks, the estimate has to do), and
    ``tight`` says that the link has shown its limit; without it the estimate is low only because nobody tried more.
    Where what is sent does not fill the estimate (``filled``), the picture fits, whatever its level may need.
    """

    bitrate: float | None
    loss: float = 0.0
    round_trip: float = 0.0
    alive: bool = True
    proven: float | None = None
    tight: bool = True
    filled: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """Where a ladder stands: its level, why, whether a way out of the call should be offered, and whether there is no
    better level to be had, whatever the link carries."""

    level: Level
    why: Why
    rescue: bool = False
    full: bool = True


class Ladder:
    """One direction of one participant."""

    def __init__(self, rules: LadderRules, *, start: int = 0) -> None:
        self._rules = rules
        self._at = start
        self._most = 0
        self._bad_since: float | None = None
        self._good_since: float | None = None
        self._dead_since: float | None = None
        self._climbed_at = float("-inf")
        self._hold = rules.up_after
        self.step = Step(rules.levels[start], Why.START, full=start == 0)

    def limit(self, height: float) -> None:
        """Nobody looks at more than ``height`` lines, or there are no more: no level that could show more is taken."""
        enough = [place for place, level in enumerate(self._rules.levels) if level.height >= height]
        self._most = enough[-1] if enough else 0
        if self._at < self._most:
            self._go(self._most, Why.ASKED)
        elif self.step.full != (self._at <= self._most):
            self._go(self._at, self.step.why)

    def look(self, link: Link, now: float) -> Step:
        """Takes a look at the link, about every quarter of a second; answers the level to go by."""
        trouble = self._trouble(link)
        self._bad_since = None if trouble is None else now if self._bad_since is None else self._bad_since
        if trouble is not None and self._bad_since is not None:
            self._good_since = None
            if now - self._bad_since >= self._rules.down_after:
                self._down(link, trouble, now)
        elif self._could_climb(link):
            self._good_since = now if self._good_since is None else self._good_since
            if now - self._good_since >= self._patience and self._is_proven(link):
                self._up(link, now)
        else:
            self._good_since = None
        self._mind_rescue(link, now)
        return self.step

    # --- down ---------------------------------------------------------------------------------------------------------

    def _trouble(self, link: Link) -> Why | None:
        last = len(self._rules.levels) - 1
        if self._at == last:
            return None
        if link.filled and link.bitrate is not None and link.bitrate < self._cost(self._at):
            return Why.BANDWIDTH if link.tight else Why.START
        if self._at == last - 1:
            # Late or lossy as it is, it carries the smallest picture: taking that away would help nobody.
            return None
        if link.loss > self._rules.down_loss:
            return Why.LOSS
        return Why.DELAY if link.round_trip > self._rules.down_round_trip else None

    def _cost(self, place: int) -> float:
        needs = self._rules.levels[place].needs
        return needs + self._rules.audio if needs else 0.0

    def _down(self, link: Link, why: Why, now: float) -> None:
        place = self._at + 1
        while why in (Why.BANDWIDTH, Why.START) and link.bitrate is not None and link.bitrate < self._cost(place):
            place += 1
        if now - self._climbed_at < self._rules.failure_within:
            self._hold = min(self._rules.failure_most, max(self._rules.failure_after, 2 * self._hold))
        self._bad_since = None
        self._go(place, why)

    # --- up -----------------------------------------------------------------------------------------------------------

    @property
    def wanted_bitrate(self) -> float | None:
        """Bits a second that the best level would have to be seen to get; None there already."""
        return None if self._at <= self._most else self._enough(self._most)

    def _enough(self, place: int) -> float:
        return self._cost(place) * self._rules.up_margin

    @property
    def _patience(self) -> float:
        """A level that somebody wished for, and not the link, is left as soon as the wish is gone."""
        return min(ASKED_AFTER, self._hold) if self.step.why is Why.ASKED else self._hold

    def _is_proven(self, link: Link) -> bool:
        """Whether the next level's bits were seen to pass lately: a thin link is not flooded by a climb."""
        return link.proven is None or link.proven >= self._enough(self._at - 1)

    def _could_climb(self, link: Link) -> bool:
        if self._at <= self._most or link.loss > self._rules.down_loss / 2 or not link.alive:
            return False
        return link.bitrate is None or link.bitrate >= self._enough(self._at - 1)

    def _up(self, link: Link, now: float) -> None:
        place = self._at - 1
        seen = link.bitrate if link.proven is None else link.proven
        while seen is not None and place > self._most and seen >= self._enough(place - 1):
            place -= 1
        if now - self._climbed_at > 2 * self._hold + self._rules.failure_within:
            self._hold = self._rules.up_after
        self._climbed_at = now
        self._good_since = None
        # What no bad link had taken is not given back by a better one.
        self._go(place, self.step.why if self.step.why in (Why.START, Why.ASKED) else Why.BETTER)

    def _go(self, place: int, why: Why) -> None:
        self._at = place
        self.step = Step(self._rules.levels[place], why, self.step.rescue, place <= self._most)

    # --- below the last level -----------------------------------------------------------------------------------------

    def _mind_rescue(self, link: Link, now: float) -> None:
        dead = not link.alive or link.loss > self._rules.rescue_loss
        self._dead_since = None if not dead else now if self._dead_since is None else self._dead_since
        rescue = self._dead_since is not None and now - self._dead_since >= self._rules.rescue_after
        if rescue != self.step.rescue:
            self.step = replace(self.step, rescue=rescue)


# --- the file ---------------------------------------------------------------------------------------------------------

_NUMBER = {"type": "number", "minimum": 0}


def _object(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


_SHAPE = _object(
    levels={
        "type": "array",
        "minItems": 2,
        "items": _object(
            name={"type": "string"},
            height=_NUMBER,
            frame_rate=_NUMBER,
            needs=_NUMBER,
            spends=_NUMBER,
        ),
    },
    audio=_object(spends=_NUMBER),
    down=_object(after=_NUMBER, loss=_NUMBER, round_trip=_NUMBER),
    up=_object(after=_NUMBER, margin=_NUMBER, after_failure=_NUMBER, failure_within=_NUMBER, after_most=_NUMBER),
    rescue=_object(after=_NUMBER, loss=_NUMBER),
)


@cache
def shipped_rules() -> LadderRules:
    """The rules beside this module."""
    return read_rules(FILE)


def read_rules(file: Path) -> LadderRules:
    """The rules in ``file``. Raises `SettingsError` naming every place that is no ladder."""
    try:
        value = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise SettingsError([f"{file.name} cannot be read: {type(error).__name__}"]) from error
    wrong = [
        f"{file.name}, {found.json_path}: {found.message}" for found in Draft202012Validator(_SHAPE).iter_errors(value)
    ]
    wrong = wrong or [f"{file.name}, {disorder}" for disorder in _disorder(value["levels"])]
    if wrong:
        raise SettingsError(wrong)
    return _rules(value)


def _disorder(levels: list[Mapping[str, Any]]) -> list[str]:
    wrong = [
        f"level {lower['name']} must need less than {upper['name']} above it"
        for upper, lower in pairwise(levels)
        if lower["needs"] >= upper["needs"] or lower["height"] >= upper["height"]
    ]
    if levels[-1]["needs"] or levels[-1]["height"]:
        wrong.append(f"the last level, {levels[-1]['name']}, must need and show nothing")
    return wrong


def _rules(value: Mapping[str, Any]) -> LadderRules:
    down, up, rescue = value["down"], value["up"], value["rescue"]
    return LadderRules(
        levels=tuple(
            Level(**{**level, "needs": level["needs"] * 1000.0, "spends": level["spends"] * 1000.0})
            for level in value["levels"]
        ),
        audio=value["audio"]["spends"] * 1000.0,
        down_after=down["after"],
        down_loss=down["loss"],
        down_round_trip=down["round_trip"],
        up_after=up["after"],
        up_margin=up["margin"],
        failure_after=up["after_failure"],
        failure_within=up["failure_within"],
        failure_most=up["after_most"],
        rescue_after=rescue["after"],
        rescue_loss=rescue["loss"],
    )
