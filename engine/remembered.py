"""How can a deep tree of frozen data be looked up at no cost? What follows from a node alone is kept beside it."""

import operator
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, TypeVar, TypeVarTuple, cast

from engine.diagnostics import Diagnostic, Problems

Class = TypeVar("Class", bound=type)
Kept = TypeVar("Kept")
Node = TypeVar("Node")
Things = TypeVarTuple("Things")


class Remembered:
    """Room for what is kept; inherited by frozen dataclasses with slots, whose copies and pickles leave it behind."""

    __slots__ = ("_closure", "_hash", "_lacks", "_paths")

    _hash: int
    _closure: Any
    _lacks: Any
    _paths: Any


def remembers_hash(cls: Class) -> Class:
    """A frozen dataclass that inherits `Remembered`: hashing it again costs one look."""
    worked_out = cast("Callable[[object], int]", cls.__hash__)

    def remembered(self: Remembered) -> int:
        try:
            return self._hash
        except AttributeError:
            object.__setattr__(self, "_hash", worked_out(self))
            return self._hash

    cls.__hash__ = remembered  # type: ignore[method-assign, assignment]
    return cls


def kept_in(slot: str) -> Callable[[Callable[[Node], Kept]], Callable[[Node], Kept]]:
    """A function of one node, worked out once for each: it is kept in this slot of a `Remembered` one."""

    def keeping(work: Callable[[Node], Kept]) -> Callable[[Node], Kept]:
        def look(node: Node) -> Kept:
            found = getattr(node, slot, None)
            if found is None:
                found = work(node)
                if isinstance(node, Remembered):
                    object.__setattr__(node, slot, found)
            return cast("Kept", found)

        return look

    return keeping


class Same:
    """A few objects as one key: equal only to the very same ones, which it keeps alive."""

    __slots__ = ("things",)

    def __init__(self, *things: object) -> None:
        self.things = things

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and all(map(operator.is_, self.things, other.things))

    def __hash__(self) -> int:
        return hash(tuple(map(id, self.things)))


def read_once(
    most: int,
) -> Callable[[Callable[[*Things, Problems], Kept]], Callable[[*Things, Problems], Kept]]:
    """A reader of frozen objects, worked out once for the very same ones: what it reported is reported again.

    A reload reads all files of an installation again, and all but one say what they said before. Beyond `most` results
    the oldest goes first.
    """

    def keeping(read: Callable[[*Things, Problems], Kept]) -> Callable[[*Things, Problems], Kept]:
        @lru_cache(maxsize=most)
        def look(same: Same) -> tuple[Kept, tuple[Diagnostic, ...]]:
            problems = Problems()
            return read(*cast("Any", same.things), problems), tuple(problems.found)

        @wraps(read)
        def reading(*given: *tuple[*Things, Problems]) -> Kept:
            *things, problems = cast("tuple[Any, ...]", given)
            kept, found = look(Same(*things))
            problems.found.extend(found)
            return kept

        return reading

    return keeping
