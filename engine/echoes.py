"""What a room that only plays back is to the rest of the house: the single-use ticket into it, and how good a link is.

Before a call a browser tries the real way there: a media node takes its packets and sends them back. Nobody is let into
a visit by that, and nobody else is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# What a ticket begins with, so that a node knows it from a room's token before anything is asked of a database.
TICKET = "check."
LIFE = timedelta(seconds=60)


class Grade(StrEnum):
    """How a link, or a whole technical check, came out."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


# The same bounds as the word that a call itself shows (room_numbers.js): shares of packets, seconds there and back.
FAIR_LOSS, POOR_LOSS = 0.02, 0.08
FAIR_SECONDS, POOR_SECONDS = 0.3, 0.6
# Lines of picture from which nobody misses anything in a visit (the ladder's second step).
CLEAR_LINES = 480


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoClaims:
    """What a ticket says: who may try which node until when, once. ``who`` is the id of a visit or of a guest, and one
    of them tries at a time; ``endpoint`` is the node's address, so that no other node takes the ticket too."""

    id: str
    clinic: str
    who: str
    endpoint: str
    expires_at: datetime


EchoVerifier = Callable[[str], EchoClaims | None]


def grade_of(height: int, loss: float, round_trip: float) -> Grade:
    """How good a link is that carries a picture of ``height`` lines (0: sound alone).

    >>> grade_of(720, 0.0, 0.04), grade_of(360, 0.0, 0.04), grade_of(720, 0.1, 0.04)
    (<Grade.GOOD: 'good'>, <Grade.FAIR: 'fair'>, <Grade.POOR: 'poor'>)
    """
    if height <= 0 or loss > POOR_LOSS or round_trip > POOR_SECONDS:
        return Grade.POOR
    if height < CLEAR_LINES or loss > FAIR_LOSS or round_trip > FAIR_SECONDS:
        return Grade.FAIR
    return Grade.GOOD
