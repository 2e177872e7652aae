"""What is the syntax tree of a condition made of, and which words may stand in one?

How it is written stands in `engine.conditions`, which reads it and lends these names.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol, runtime_checkable

from engine.diagnostics import Location
from engine.remembered import Remembered, kept_in, remembers_hash
from engine.values import ORDERED, Duration, FactType, Kind, Value


class Scope(Protocol):
    """The facts a condition may name."""

    def type_of(self, path: str) -> FactType | None:
        """The type of a path, or None where there is no such fact."""

    def paths(self) -> Iterable[str]:
        """Every known path, for hints."""


@runtime_checkable
class Importing(Protocol):
    """A scope whose conditions may lean on other rules."""

    def imports(self, rule: str) -> bool:
        """Whether a rule of this id may be named."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The value of another fact, moved by a duration (dates and instants only)."""

    path: str
    by: Duration | None = None
    sign: int = 1


Operand = Value | Reference


@dataclass(frozen=True, slots=True)
class Always:
    """Holds always, or never."""

    holds: bool


@remembers_hash
@dataclass(frozen=True, slots=True)
class Every(Remembered):
    """All parts hold."""

    parts: tuple["Condition", ...]


@remembers_hash
@dataclass(frozen=True, slots=True)
class Some(Remembered):
    """At least one part holds."""

    parts: tuple["Condition", ...]


@remembers_hash
@dataclass(frozen=True, slots=True)
class Negation(Remembered):
    """The part does not hold."""

    part: "Condition"


@remembers_hash
@dataclass(frozen=True, slots=True)
class Test(Remembered):
    """One fact against a value; `of_item` when the path is a field of the record a quantifier looks at."""

    __test__: ClassVar[bool] = False  # to pytest a class of this name would look like tests

    path: str
    operator: str
    operand: Operand
    of_item: bool = False


AT_LEAST_ONE = Test("count", "at_least", 1, of_item=True)


@remembers_hash
@dataclass(frozen=True, slots=True)
class Quantifier(Remembered):
    """What the records of a list that satisfy `where` come to, and what is asked of that.

    `asks` is one comparison: of how many they are (`count`), or of the sum, the latest or the earliest of their field
    `of`. With `of_record` it is a condition on the latest or earliest record itself. `least` is what a record whose
    number is untold adds to a sum at the least (None: that is not known).
    """

    path: str
    where: "Condition"
    measure: str = "count"
    of: str = ""
    asks: "Condition" = AT_LEAST_ONE
    of_record: bool = False
    least: float | None = None

    @property
    def is_any(self) -> bool:
        """Whether it asks for at least one record, and not the like of a field that is called `count`."""
        return self.measure == "count" and self.asks == AT_LEAST_ONE


@dataclass(frozen=True, slots=True)
class Applies:
    """Another rule is in force and its condition holds; put in (`engine.imports`) before anything is judged."""

    rule: str
    at: Location = field(default=Location(""), compare=False, repr=False)


Condition = Always | Every | Some | Negation | Test | Quantifier | Applies

_SCALARS = frozenset(Kind) - {Kind.CHOICES, Kind.RECORDS}
_DATED = frozenset({Kind.DATE, Kind.INSTANT})
_LISTS = frozenset({Kind.CHOICES})


@dataclass(frozen=True, slots=True)
class Operator:
    """A test of one fact: which kinds it may be asked of, how many values it takes, and the words that explain it.

    `orders`: it only asks on which side of a border a value lies. Where that border lies between two values that a fact
    can have, `up` says which of them stands for it.
    """

    kinds: frozenset[Kind]
    words: str
    many: bool = False
    flag: bool = False
    orders: bool = False
    up: bool = False


OPERATORS: Mapping[str, Operator] = {
    "is": Operator(_SCALARS, "is"),
    "in": Operator(_SCALARS, "is one of", many=True),
    "less": Operator(ORDERED - _DATED, "is less than", orders=True, up=True),
    "at_most": Operator(ORDERED - _DATED, "is at most", orders=True),
    "greater": Operator(ORDERED - _DATED, "is greater than", orders=True),
    "at_least": Operator(ORDERED - _DATED, "is at least", orders=True, up=True),
    "before": Operator(_DATED, "is before", orders=True),
    "on_or_before": Operator(_DATED, "is on or before", orders=True),
    "after": Operator(_DATED, "is after", orders=True),
    "on_or_after": Operator(_DATED, "is on or after", orders=True),
    "has": Operator(_LISTS, "has"),
    "has_any": Operator(_LISTS, "has any of", many=True),
    "has_all": Operator(_LISTS, "has all of", many=True),
    "exists": Operator(frozenset(Kind), "exists", flag=True),
    "told": Operator(frozenset(Kind), "is told", flag=True),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """What records can come to: the kinds of field it is taken of (none: of the records themselves) and its words.

    `picks`: it picks records, so that a condition on those (`matches`) may be asked as well.
    """

    kinds: frozenset[Kind]
    words: str
    picks: bool = False


MEASURES: Mapping[str, Measure] = {
    "count": Measure(frozenset(), "the number"),
    "sum": Measure(frozenset({Kind.NUMBER}), "the sum of"),
    "latest": Measure(_DATED, "the latest", picks=True),
    "earliest": Measure(_DATED, "the earliest", picks=True),
}
QUANTIFIERS = ("any", "all", "none", *MEASURES)
CONNECTIVES = ("all", "any", "none", "not", "always", "applies")


def walk(condition: Condition) -> Iterable[Condition]:
    """A condition and every part of it, outermost first."""
    yield condition
    for part in _parts(condition):
        yield from walk(part)


def _parts(condition: Condition) -> tuple[Condition, ...]:
    if isinstance(condition, Every | Some):
        return condition.parts
    if isinstance(condition, Negation):
        return (condition.part,)
    return (condition.where, condition.asks) if isinstance(condition, Quantifier) else ()


@kept_in("_paths")
def paths(condition: Condition) -> frozenset[str]:
    """Every fact that a condition reads; fields of records are not named."""
    found: set[str] = set()
    for part in walk(condition):
        if isinstance(part, Quantifier) or (isinstance(part, Test) and not part.of_item):
            found.add(part.path)
        if isinstance(part, Test) and isinstance(part.operand, Reference):
            found.add(part.operand.path)
    return frozenset(found)


def rewrite(condition: Condition, change: Callable[[Condition], Condition]) -> Condition:
    """The condition with every part replaced by what `change` makes of it, innermost first."""
    if isinstance(condition, Every | Some):
        return change(type(condition)(tuple(rewrite(part, change) for part in condition.parts)))
    if isinstance(condition, Negation):
        return change(Negation(rewrite(condition.part, change)))
    if isinstance(condition, Quantifier):
        where, asks = rewrite(condition.where, change), rewrite(condition.asks, change)
        return change(replace(condition, where=where, asks=asks))
    return change(condition)


def folded(condition: Condition) -> Condition:
    """A condition whose parts that hold always or never are gone, where its own truth does not hang on them any more.

    Unknown parts keep their say: what is false with one false part, or true with one true one, is so whatever they are.
    """
    if isinstance(condition, Every):
        return _folded(condition.parts, Every, decides=False)
    if isinstance(condition, Some):
        return _folded(condition.parts, Some, decides=True)
    if isinstance(condition, Negation) and isinstance(condition.part, Always):
        return Always(not condition.part.holds)
    if isinstance(condition, Quantifier) and (
        condition.asks == Always(False) or (condition.is_any and condition.where == Always(False))
    ):
        return Always(False)
    return condition


def _folded(parts: Sequence[Condition], kind: type[Every | Some], *, decides: bool) -> Condition:
    if Always(decides) in parts:
        return Always(decides)
    left = tuple(part for part in parts if not isinstance(part, Always))
    if not left:
        return Always(not decides)
    return left[0] if len(left) == 1 else kind(left)
