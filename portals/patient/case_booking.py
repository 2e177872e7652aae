"""Booking without a time: which clinicians may take the case now, and to whom of them it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from engine.ports import GateKeeper, GateRecord
from portals.patient.times import Search, book_gate, nearest_refusal, offers
from records.people import ProviderView

GOOD_FOR = timedelta(hours=12)
"""How long a clinician who was found stays the one; after that the law is asked anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """The clinician a new case goes to, None where the law lets nobody; then the mildest refusal, if there was one."""

    provider: ProviderView | None
    refusal: GateRecord | None = None


def find_taker(search: Search, providers: Sequence[ProviderView], gates: GateKeeper) -> Taker:
    """Asks the book gate for every clinician who offers such a visit, as of now; the lawful ones take turns.

    The turn goes by the minute, so that one clinician does not get every case; how many cases somebody has open is
    nothing that a patient's request may ask.
    """
    asked = [(one, book_gate(search, one, search.now, gates)) for one in providers if offers(search.plan, one)]
    lawful = sorted((one for one, record in asked if record.open), key=lambda one: one.person)
    if lawful:
        return Taker(provider=lawful[int(search.now.timestamp()) // 60 % len(lawful)])
    return Taker(provider=None, refusal=nearest_refusal([record for _, record in asked]))


def at_now(search: Search) -> Search:
    """The search with its instant cut to whole seconds, as a booking under way carries it."""
    return replace(search, now=search.now.replace(microsecond=0))
