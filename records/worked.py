"""What has a clinician of this clinic worked, and what is reserved with them, as law that counts work asks of it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import or_, select

from engine.counters import Encounter, is_counted, with_own_work
from engine.questions import HOME_COUNTRY
from engine.zones import zip_place
from records.errors import Unreadable
from records.places import place_from_json
from records.stages import DRAFT, FINAL
from records.tables.people import Provider
from records.tables.visits import Visit
from records.work import Work

_NOT_HELD = (DRAFT, *sorted(FINAL - {"completed"}))


def counted_facts(work: Work, provider: Provider, but: str = "") -> Mapping[str, Any]:
    """The clinic's further facts of a clinician; counts of work that it states are raised to its own rows' counts.

    `but` is the visit that is asked about: what the law counts is the work besides.
    """
    if not is_counted(provider.extra):
        return provider.extra
    return with_own_work(provider.extra, tuple(_encounters(work, provider.person, but)))


def _encounters(work: Work, provider: str, but: str) -> Iterator[Encounter]:
    """Held, or reserved: of the last calendar year, this one and whatever is ahead."""
    since = datetime(work.at.year - 1, 1, 1, tzinfo=UTC)
    query = select(Visit).where(
        Visit.clinic == work.clinic,
        Visit.provider == provider,
        Visit.starts_at >= since,
        Visit.id != but,
        or_(Visit.encounter_at.is_not(None), Visit.stage.not_in(_NOT_HELD)),
    )
    for row in work.session.scalars(query.order_by(Visit.starts_at, Visit.id)):
        yield from _encounter(work, row)


def _encounter(work: Work, row: Visit) -> Iterator[Encounter]:
    """Where the patient said they were, else where they meant to be; no state where their key was destroyed."""
    column = "attested_place" if row.attested_place else "booked_place"
    at = row.encounter_at or row.starts_at
    try:
        place = place_from_json(work.open(("visits", column, row.id), getattr(row, column)))
    except Unreadable:
        yield Encounter(at=at, patient=row.patient, state=None, time_zone=None)
        return
    if place.country == HOME_COUNTRY:
        found = zip_place(place.postal_code) if place.postal_code else None
        zone = place.time_zone or (found.time_zone if found and found.state == place.state else None)
        yield Encounter(at=at, patient=row.patient, state=place.state, time_zone=zone)
