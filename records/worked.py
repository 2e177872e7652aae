"""What has a clinician of this clinic worked, and what is reserved with them, as law that counts work asks of it?

Each visit has the little that counting asks of its place beside the place itself, under the clinic's own key: opening
the place of every visit of two years would ask for the key of every patient (docs/decisions/0091).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import or_, select, update

from engine.counters import Encounter, is_counted, with_own_work
from engine.dossier import Place
from engine.questions import HOME_COUNTRY
from engine.zones import zip_place
from records.errors import Unreadable
from records.places import place_from_json
from records.stages import DRAFT, FINAL
from records.tables.people import Provider
from records.tables.vault import DataKey
from records.tables.visits import Visit
from records.work import Work

_TABLE, _COLUMN = "visits", "counted_place"
_NOT_HELD = (DRAFT, *sorted(FINAL - {"completed"}))


def counted_facts(work: Work, provider: Provider, but: str = "") -> Mapping[str, Any]:
    """The clinic's further facts of a clinician; counts of work that it states are raised to its own rows' counts.

    `but` is the visit that is asked about: what the law counts is the work besides.
    """
    if not is_counted(provider.extra):
        return provider.extra
    return with_own_work(provider.extra, tuple(_encounters(work, provider.person, but)))


def counted_place(work: Work, visit: str, place: Place) -> bytes:
    """What counting asks of a visit's place, sealed by the clinic's own key; it says nothing where that is abroad."""
    counted = _counted(place)
    return work.seal((_TABLE, _COLUMN, visit), list(counted) if counted else None)


def forget_counted(work: Work, person: str) -> None:
    """Nobody can tell any more where the patient's visits were: their own keys are being destroyed."""
    theirs = (Visit.clinic == work.clinic, Visit.patient == person)
    work.session.execute(update(Visit).where(*theirs).values(counted_place=None))


def _counted(place: Place) -> tuple[str | None, str | None] | None:
    """State and time zone of a place in the country whose law counts work."""
    if place.country != HOME_COUNTRY:
        return None
    found = zip_place(place.postal_code) if place.postal_code else None
    return place.state, place.time_zone or (found.time_zone if found and found.state == place.state else None)


def _encounters(work: Work, provider: str, but: str) -> Iterator[Encounter]:
    """Held, or reserved: of the last calendar year, this one and whatever is ahead.

    A patient whose key was destroyed may have been in any state.
    """
    since = datetime(work.at.year - 1, 1, 1, tzinfo=UTC)
    query = select(Visit.id, Visit.patient, Visit.encounter_at, Visit.starts_at, Visit.counted_place).where(
        Visit.clinic == work.clinic,
        Visit.provider == provider,
        Visit.starts_at >= since,
        Visit.id != but,
        or_(Visit.encounter_at.is_not(None), Visit.stage.not_in(_NOT_HELD)),
    )
    erased = select(DataKey.person).where(DataKey.clinic == work.clinic, DataKey.shredded_at.is_not(None))
    gone, opened = frozenset(work.session.scalars(erased)), work.opening(_TABLE, _COLUMN)
    for row in work.session.execute(query.order_by(Visit.starts_at, Visit.id)):
        at = row.encounter_at or row.starts_at
        counted: Sequence[str | None] | None = (None, None)
        if row.patient not in gone:
            counted = opened(row.id, row.counted_place) if row.counted_place else _looked_up(work, row.id)
        if counted is not None:
            yield Encounter(at=at, patient=row.patient, state=counted[0], time_zone=counted[1])


def _looked_up(work: Work, visit: str) -> Sequence[str | None] | None:
    """Where the patient said they were, else where they meant to be; no state where nobody can read it any more."""
    row = work.row(Visit, visit)
    column = "attested_place" if row.attested_place else "booked_place"
    try:
        return _counted(place_from_json(work.open((_TABLE, column, visit), getattr(row, column))))
    except Unreadable:
        return None, None
