"""Which units may a number have, and what is so much of one unit in another, exactly?

Units are written in UCUM (ucum.org), case sensitive: `d`, `h`, `mg/dL`, `kg/m2`, `[degF]`, `mm[Hg]`, `{tablet}`. The
table holds the symbols that clinical files use; everything is a fraction, so no border ever drifts. Years and months
are of the calendar: they convert into each other and into nothing else, because no number of days makes a month.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from engine.diagnostics import Problems, nearest
from engine.reading import Node, Sort
from engine.values import BadValue, FactType, Kind, Value, from_millionths

Dimensions = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: `value * factor + offset` is the same in the base units of its dimensions."""

    factor: Fraction
    dimensions: Dimensions
    offset: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class _Symbol:
    factor: Fraction
    dimensions: Mapping[str, int]
    metric: bool = False
    offset: Fraction = Fraction(0)


def _symbol(factor: str, *, metric: bool = False, offset: str = "0", **dimensions: int) -> _Symbol:
    return _Symbol(Fraction(factor), dimensions, metric, Fraction(offset))


_PREFIXES = {"k": Fraction(1000), "d": Fraction(1, 10), "c": Fraction(1, 100), "m": Fraction(1, 1000)}
_PREFIXES |= {"u": Fraction(1, 10**6), "n": Fraction(1, 10**9), "p": Fraction(1, 10**12)}
# UCUM 2.2. Each symbol's size in seconds, calendar months, grams, metres, kelvin, moles, or arbitrary units of its own.
_SYMBOLS: Mapping[str, _Symbol] = {
    "1": _symbol("1"),
    "%": _symbol("1/100"),
    "s": _symbol("1", metric=True, time=1),
    "min": _symbol("60", time=1),
    "h": _symbol("3600", time=1),
    "d": _symbol("86400", time=1),
    "wk": _symbol("604800", time=1),
    "mo": _symbol("1", calendar=1),
    "a": _symbol("12", calendar=1),
    "g": _symbol("1", metric=True, mass=1),
    "[oz_av]": _symbol("28.349523125", mass=1),
    "[lb_av]": _symbol("453.59237", mass=1),
    "m": _symbol("1", metric=True, length=1),
    "[in_i]": _symbol("0.0254", length=1),
    "[ft_i]": _symbol("0.3048", length=1),
    "L": _symbol("0.001", metric=True, length=3),
    "l": _symbol("0.001", metric=True, length=3),
    "K": _symbol("1", metric=True, temperature=1),
    "Cel": _symbol("1", offset="273.15", temperature=1),
    "[degF]": _symbol("5/9", offset="45967/180", temperature=1),
    "mol": _symbol("1", metric=True, amount=1),
    "eq": _symbol("1", metric=True, amount=1),
    "Pa": _symbol("1000", metric=True, mass=1, length=-1, time=-2),
    "m[Hg]": _symbol("133322000", metric=True, mass=1, length=-1, time=-2),
    "cal": _symbol("4184", metric=True, mass=1, length=2, time=-2),
    "J": _symbol("1000", metric=True, mass=1, length=2, time=-2),
    "[iU]": _symbol("1", metric=True, international_unit=1),
    "[drp]": _symbol("1/20000000", length=3),
}
_COMPONENT = re.compile(r"(?P<symbol>[^./{}\d-]+(?:\[[^\]]+\])?|1)?(?P<power>-?[1-9])?(?P<annotation>\{[^{}]*\})?\Z")
_QUANTITY = re.compile(r"(?P<number>-?(?:0|[1-9]\d{0,11})(?:\.\d{1,12})?) (?P<unit>\S+)\Z")


@lru_cache(maxsize=512)
def read_unit(text: str) -> Unit:
    """The unit that a text names; raises `BadValue` for one that the table does not hold."""
    factor, offset, found = Fraction(1), Fraction(0), dict[str, int]()
    parts = re.split(r"([./])", text)
    for index in range(0, len(parts), 2):
        symbol, power = _component(text, parts[index])
        power *= -1 if index and parts[index - 1] == "/" else 1
        if symbol.offset and (len(parts) > 1 or power != 1):
            raise BadValue(f"`{text}` joins a temperature scale with something else")
        factor, offset = factor * symbol.factor**power, symbol.offset
        for dimension, exponent in symbol.dimensions.items():
            found[dimension] = found.get(dimension, 0) + exponent * power
    return Unit(factor, tuple(sorted((name, power) for name, power in found.items() if power)), offset)


def _component(whole: str, text: str) -> tuple[_Symbol, int]:
    """One symbol with its power: `m2`, `kg`, `{tablet}`; nothing before a slash is one."""
    match = _COMPONENT.match(text)
    if match is None or not (text or whole.startswith("/")):
        raise _unknown(whole)
    name, power = match["symbol"] or "1", match["power"]
    if name == "1" and power:
        raise _unknown(whole)  # `12` is a number, not a power of one
    return _found(name, whole), int(power or 1)


def _found(name: str, whole: str) -> _Symbol:
    symbol = _SYMBOLS.get(name)
    if symbol is not None:
        return symbol
    bare, prefix = _SYMBOLS.get(name[1:]), _PREFIXES.get(name[:1])
    if bare is None or prefix is None or not bare.metric:
        raise _unknown(whole)
    return _Symbol(prefix * bare.factor, bare.dimensions)


def _unknown(text: str) -> BadValue:
    return BadValue(f"`{text}` is no unit known here{nearest(text, known_units())}")


def known_units() -> Iterable[str]:
    """The symbols of the table, without prefixes."""
    return _SYMBOLS


def check_unit(node: Node, problems: Problems) -> None:
    """Report a unit that the table does not hold."""
    try:
        read_unit(node.raw)
    except BadValue as error:
        problems.report("VOC007", node.at, reason=error)


def convert(amount: Fraction, unit: str, into: str) -> Fraction:
    """So much of one unit in another, exactly; raises `BadValue` where they measure different things."""
    one, other = read_unit(unit), read_unit(into)
    if one.dimensions != other.dimensions:
        calendar = {name for name, _ in (*one.dimensions, *other.dimensions)} == {"calendar", "time"}
        why = "no number of days makes a month" if calendar else "they measure different things"
        raise BadValue(f"`{unit}` cannot be turned into `{into}`: {why}")
    return (amount * one.factor + one.offset - other.offset) / other.factor


def is_quantity(text: str) -> bool:
    """Whether a text is a number with a unit, such as `7 d`."""
    return _QUANTITY.match(text) is not None


def quantity(text: str, unit: str, up: bool | None = None) -> Value:
    """The number that `7 d` is in a unit; raises `BadValue`.

    Facts are told to the millionth. What lies between two millionths is taken up or down as a border needs it, so that
    the comparison stays exact; without `up` it is refused.
    """
    match = _QUANTITY.match(text)
    if match is None:
        raise BadValue("a number with its unit, such as `7 d`, is expected")
    if not unit:
        raise BadValue("the fact has no unit")
    exact = convert(Fraction(match["number"]), match["unit"], unit) * 1_000_000
    if exact.denominator != 1 and up is None:
        raise BadValue(f"it comes to no number of millionths in `{unit}`, so no fact could be equal to it")
    return from_millionths(-(-exact.numerator // exact.denominator) if up else exact.numerator // exact.denominator)


def written(kind: FactType, node: Node) -> Value:
    """The value that an author wrote: as it is, or a number with a unit of its own; raises `BadValue`."""
    if kind.kind is Kind.NUMBER and node.sort is Sort.TEXT and is_quantity(node.raw):
        return kind.read(quantity(node.raw, kind.unit))
    return kind.read(node.plain())
