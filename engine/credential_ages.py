"""Which licences and registrations may still be told, given how long ago their source last answered?

Bad news has no greatest age: a suspension counts until the source says otherwise. Good news has one. Where it is the
credential that the visit stands on, all of them are untold then, so that the gate names what is missing; elsewhere it
is only left out.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar


class Verified(Protocol):
    """A credential with its state, its status, and when its source last answered."""

    @property
    def state(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def verified_at(self) -> datetime | None: ...


One = TypeVar("One", bound=Verified)
ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Young(Generic[One]):
    """What may be told, and the instant of the oldest answer it stands on; None where one is undated."""

    told: tuple[One, ...]
    as_of: datetime | None


def young(entries: Sequence[One], states: Collection[str | None], at: datetime, age: timedelta | None) -> Young[One]:
    """The entries that count at an instant; ``states`` are those that the visit stands on, ``age`` None means for ever.

    An answer that came after the instant is as good as one of that instant: a question asked again keeps its first one.
    """
    told = tuple(
        entry for entry in entries if entry.status != ACTIVE or entry.state in states or _fresh(entry, at, age)
    )
    return Young(told, _oldest((entry for entry in told if entry.status == ACTIVE and entry.state in states), at))


def _fresh(entry: Verified, at: datetime, age: timedelta | None) -> bool:
    return age is None or (entry.verified_at is not None and at - entry.verified_at <= age)


def _oldest(entries: Iterable[Verified], at: datetime) -> datetime | None:
    """None as soon as one was never verified."""
    oldest = at
    for entry in entries:
        if entry.verified_at is None:
            return None
        oldest = min(oldest, entry.verified_at)
    return oldest
