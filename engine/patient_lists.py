"""What does a patient take, and what are they allergic to, once clinicians have corrected what was told?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A clinician's word about one entry of a list: added or stopped; ``here`` when it was said at this visit."""

    name: str = field(repr=False)
    added: bool
    here: bool


def corrected(told: Iterable[str], said: Sequence[Said]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is left of what was told for this visit, and what clinicians added and nobody stopped.

    A stop takes away what the patient told for the visit at which it was said, and no later telling: somebody who takes
    a medicine again and says so is heard. An addition holds at every visit until it is stopped.
    """
    newest = {one.name.casefold(): one for one in said}
    kept = tuple(one for one in told if not _is_stopped_here(newest.get(one.casefold())))
    names = {one.casefold() for one in kept}
    added = tuple(one.name for key, one in newest.items() if one.added and key not in names)
    return kept, added


def _is_stopped_here(word: Said | None) -> bool:
    return word is not None and not word.added and word.here
