"""What a row of the queue says of a visit's answers, already in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Told:
    """``reason`` in the words of the forms' choices, ``words`` the patient's own, shortened; ``flags`` the answers that
    raised one, in words, those that stop a visit first; ``more`` flags are beyond those shown."""

    reason: str = ""
    words: str = ""
    flags: tuple[str, ...] = ()
    more: int = 0


NOTHING_TOLD = Told()
