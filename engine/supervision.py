"""Does somebody supervise this clinician, or work with them by agreement, for this visit and this prescription?

The agreements that a clinic keeps decide it, each with its state, its days, its scope and its supervisor's own licence.
A clinic that never kept one for a clinician says so itself in its file (`supervision.agreement` among the facts).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from engine.credential_ages import ACTIVE
from engine.dossier import Agreement, Dossier, License, Place

FACT = "supervision.agreement"
_ENDS_OF_THE_EARTH = (timezone(timedelta(hours=-12)), UTC, timezone(timedelta(hours=14)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What an agreement is asked about: when it is, when it is asked, and how old an answer about a licence may be.

    ``schedule`` is that of the drug to be prescribed, empty for one that is not controlled or for none at all.
    """

    on: datetime
    asked: datetime
    age: timedelta | None
    schedule: str = ""


def with_supervision(dossier: Dossier, occasion: Occasion) -> Dossier:
    """The dossier with what the agreements say; without a place it stays untold."""
    provider = dossier.provider
    if provider.agreements is None:
        return dossier
    place = dossier.patient.attested_place or dossier.patient.booked_place
    told = {path: value for path, value in provider.extra.items() if not path.endswith(FACT)}
    if place is not None and place.state is not None:
        told[FACT] = any(_covers(one, dossier.specialty, place, occasion) for one in provider.agreements)
    return replace(dossier, provider=replace(provider, extra=told))


def _covers(agreement: Agreement, specialty: str, place: Place, occasion: Occasion) -> bool:
    days = _days(occasion.on, place)
    return (
        agreement.state == place.state
        and all(agreement.since <= day and (agreement.until is None or day <= agreement.until) for day in days)
        and (not agreement.specialties or specialty in agreement.specialties)
        and (not occasion.schedule or occasion.schedule in agreement.schedules)
        and any(_holds(one, agreement.state, days, occasion) for one in agreement.licenses)
    )


def _holds(license: License, state: str, days: Iterable[date], occasion: Occasion) -> bool:
    """Whether a supervisor's licence is active there on these days, by an answer that is young enough."""
    seen = license.verified_at
    young = occasion.age is None or (seen is not None and occasion.asked - seen <= occasion.age)
    valid = all(license.expires is None or day <= license.expires for day in days)
    return license.state == state and license.status == ACTIVE and young and valid


def _days(at: datetime, place: Place) -> tuple[date, ...]:
    """The patient's day; where their zone is not known, every day that it may be somewhere."""
    zones = (ZoneInfo(place.time_zone),) if place.time_zone else _ENDS_OF_THE_EARTH
    return tuple(at.astimezone(zone).date() for zone in zones)
