"""Which of a visit's moments are looks only, and how are they put aside so that what happened can be read?

A page of the product looks at a dozen things at once, and each look is audited. Between two things that happened the
looks become one line, and what somebody did several times one line with its number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from records.acts import Act
from records.replays import Moment

LOOK = "look"
ACT = "act"
EVENT = "event"
PAYMENT = "payment"
_VIEWED = "viewed"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Piece:
    """A moment, or the looks between two moments: then the first of them, with all of them ``inside``."""

    moment: Moment
    inside: tuple[Moment, ...] = ()


def sort_of(moment: Moment) -> str:
    """The sort of a moment as its readers choose by: a look is one of its own."""
    return LOOK if moment.sort == ACT and _is_look(moment) else moment.sort


def one_by_one(moments: Iterable[Moment]) -> tuple[Piece, ...]:
    """Every moment by itself."""
    return tuple(Piece(moment=one) for one in moments)


def folded(moments: Iterable[Moment]) -> tuple[Piece, ...]:
    """The same with the looks of each stretch of acts in one piece, equal acts of one person there counted, and what
    two books tell of one thing told once."""
    return tuple(_pieces(_told_once(tuple(moments))))


def _pieces(moments: Iterable[Moment]) -> Iterator[Piece]:
    for are_acts, found in groupby(moments, key=lambda one: one.sort == ACT):
        stretch = tuple(found)
        if not are_acts:
            yield from one_by_one(stretch)
            continue
        looks = tuple(one for one in stretch if _is_look(one))
        pieces = [*_counted([one for one in stretch if not _is_look(one)])]
        if looks:
            pieces.append(Piece(moment=looks[0], inside=looks))
        yield from sorted(pieces, key=lambda one: one.moment.at)


def _told_once(moments: Sequence[Moment]) -> Iterator[Moment]:
    """A payment is a step of the visit too, and is told with its money alone; equal steps in a row become one."""
    paid = {one.name for one in moments if one.sort == PAYMENT}
    apart = (one for one in moments if one.sort != EVENT or one.name.removeprefix("payment_") not in paid)
    for _, found in groupby(apart, key=_sameness):
        same = tuple(found)
        yield replace(same[0], count=len(same), until=same[-1].at) if len(same) > 1 else same[0]


def _sameness(moment: Moment) -> object:
    """Equal for steps that read alike; each other moment is alike to itself alone."""
    told = (moment.name, moment.stage, moment.step, moment.actor, moment.role, tuple(moment.detail.items()))
    return told if moment.sort == EVENT else id(moment)


def _counted(acts: Sequence[Moment]) -> Iterator[Piece]:
    """What one person did several times, where they did it first."""
    kept: dict[tuple[str, str, str], Moment] = {}
    for one in acts:
        key = (one.name, one.actor, one.role)
        before = kept.get(key)
        kept[key] = one if before is None else replace(before, count=before.count + one.count, until=one.until)
    yield from one_by_one(kept.values())


def _is_look(moment: Moment) -> bool:
    return moment.name.rpartition(":")[2] == _VIEWED and moment.name != Act.PASSKEY_USED
