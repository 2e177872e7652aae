"""How a handful of readings becomes a picture: positions for a server-made SVG, the axis, the normal band, the words.

Lengths are units of the picture, which is `WIDTH` by `HEIGHT` and grows with the page; y points down as SVG has it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

WIDTH, HEIGHT = 360, 200
LEFT, RIGHT, TOP, BOTTOM = 40, 348, 14, 168
_TICKS = 4
_MARKS = 3  # words below the axis: the first, one in the middle, the last


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One measured value: when, the same in words, and the number; what is measured of a person is health."""

    at: datetime
    label: str = field(repr=False)
    value: float = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is drawn: its name, its unit, the readings and, where there is one, the band that is usual."""

    name: str
    unit: str
    readings: Sequence[Reading] = field(repr=False)
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A reading's place; ``side`` is `above` or `below` the usual band, or empty."""

    x: float
    y: float
    label: str = field(repr=False)
    shown: str = field(repr=False)
    side: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A word at an axis, and where."""

    at: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A chart with every position worked out; ``band`` is the top and the height of what is usual."""

    name: str
    unit: str
    dots: tuple[Dot, ...] = field(repr=False)
    line: str = field(repr=False)
    ticks: tuple[Mark, ...]
    marks: tuple[Mark, ...] = field(repr=False)
    band: tuple[float, float] | None
    usual: str


def plot(chart: Chart) -> Plot:
    """The chart's positions; without readings there are no dots, and the page says so instead."""
    readings = sorted(chart.readings, key=lambda one: one.at)
    if not readings:
        return Plot(name=chart.name, unit=chart.unit, dots=(), line="", ticks=(), marks=(), band=None, usual="")
    known = [one.value for one in readings] + [bound for bound in (chart.low, chart.high) if bound is not None]
    steps = _steps(min(known), max(known))
    across, up = _across(readings), _Scale(steps[0], steps[-1])
    dots = tuple(
        Dot(x=x, y=up(one.value), label=one.label, shown=_number(one.value), side=_side(chart, one.value))
        for one, x in zip(readings, across, strict=True)
    )
    return Plot(
        name=chart.name,
        unit=chart.unit,
        dots=dots,
        line=" ".join(f"{one.x},{one.y}" for one in dots),
        ticks=tuple(Mark(at=up(step), text=_number(step), anchor="end") for step in steps),
        marks=tuple(_marks(dots)),
        band=_band(chart, steps, up),
        usual=_usual(chart),
    )


class _Scale:
    """Values to heights: the lowest step at the bottom."""

    def __init__(self, least: float, most: float) -> None:
        self._least, self._span = least, most - least

    def __call__(self, value: float) -> float:
        return round(BOTTOM - (value - self._least) / self._span * (BOTTOM - TOP), 1)


def _steps(least: float, most: float) -> list[float]:
    """Round numbers around all values, about `_TICKS` of them."""
    span = (most - least) or abs(most) or 1.0
    rough = span / _TICKS
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 2.5, 5, 10) if factor * size >= rough)
    first, last = math.floor(least / step), math.ceil(most / step)
    last = last + 1 if last == first else last
    return [round(number * step, 6) for number in range(first, last + 1)]


def _across(readings: Sequence[Reading]) -> list[float]:
    """As far apart as the times are; a single reading stands in the middle."""
    first, span = readings[0].at, (readings[-1].at - readings[0].at).total_seconds()
    if not span:
        return [(LEFT + RIGHT) / 2] * len(readings)
    return [round(LEFT + 12 + (one.at - first).total_seconds() / span * (RIGHT - LEFT - 24), 1) for one in readings]


def _marks(dots: Sequence[Dot]) -> Iterator[Mark]:
    if len(dots) < _MARKS:
        wanted = list(range(len(dots)))
    else:
        wanted = [0, min(range(1, len(dots) - 1), key=lambda at: abs(dots[at].x - WIDTH / 2)), len(dots) - 1]
    for at in wanted:
        first, last = at == 0 and len(dots) > 1, at == len(dots) - 1 and len(dots) > 1
        edge = LEFT if first else RIGHT if last else dots[at].x
        yield Mark(at=edge, text=dots[at].label, anchor="start" if first else "end" if last else "middle")


def _band(chart: Chart, steps: Sequence[float], up: _Scale) -> tuple[float, float] | None:
    if chart.low is None and chart.high is None:
        return None
    top = up(steps[-1] if chart.high is None else chart.high)
    bottom = up(steps[0] if chart.low is None else chart.low)
    return top, round(bottom - top, 1)


def _side(chart: Chart, value: float) -> str:
    if chart.high is not None and value > chart.high:
        return "above"
    return "below" if chart.low is not None and value < chart.low else ""


def _usual(chart: Chart) -> str:
    if chart.low is not None and chart.high is not None:
        return f"{_number(chart.low)}–{_number(chart.high)}"
    if chart.low is not None:
        return f"≥ {_number(chart.low)}"
    return f"≤ {_number(chart.high)}" if chart.high is not None else ""


def _number(value: float) -> str:
    return f"{value:g}"
