"""How can a deep tree of frozen data be looked up at no cost? What follows from a node alone is kept beside it."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

Class = TypeVar("Class", bound=type)
Kept = TypeVar("Kept")
Node = TypeVar("Node")


class Remembered:
    """Room for what is kept; inherited by frozen dataclasses with slots, whose copies and pickles leave it behind."""

    __slots__ = ("_closure", "_hash", "_lacks")

    _hash: int
    _closure: Any
    _lacks: Any


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
