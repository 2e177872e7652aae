"""How can a deep tree of frozen data be looked up at no cost? Its hash is worked out once and kept beside it."""

from collections.abc import Callable
from typing import TypeVar, cast

Class = TypeVar("Class", bound=type)


class Remembered:
    """Room for the hash; inherited by frozen dataclasses with slots, whose copies and pickles leave it behind."""

    __slots__ = ("_hash",)

    _hash: int


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
