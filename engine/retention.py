"""May what is kept of a patient be destroyed? What the law of every state they were served in is asked, and together.

A place that cannot be told, or whose law says nothing certain, is for people to decide: that is no permission.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from engine.decide import decide
from engine.decisions import Decision
from engine.evaluators import Evaluator
from engine.rulebook import Rulebook

TOPIC = "retention"
PERMITTED, FORBIDDEN, REVIEW = "permitted", "forbidden", "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The last service that a state's law on keeping records is about; ``state`` is empty when it cannot be told."""

    country: str
    state: str
    time_zone: str
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of a patient, as far as the law asks: where and when they were last served, how old they are."""

    person: str
    birth_date: date | None = field(repr=False)
    services: tuple[Service, ...]
    visits: int
    erased_at: datetime | None


class KeepingBook(Protocol):
    """What records know of recordings whose time may be over (`records.recording_keeping`); synchronous."""

    def now(self) -> datetime: ...
    def due(self, clinic: str, before: datetime) -> tuple[str, ...]: ...
    def about(self, clinic: str, recording: str) -> Kept: ...
    def ask_again(self, clinic: str, recording: str, at: datetime) -> None: ...
    def destroy(self, clinic: str, recording: str, grounds: Mapping[str, str]) -> int: ...


def decisions_on(
    rulebook: Rulebook, kept: Kept, now: datetime, evaluator: Evaluator
) -> tuple[tuple[Service, Decision], ...]:
    """What the law of each state says; one whose state cannot be told is not among them."""
    return tuple(
        (service, decide(rulebook, question(kept, service, now), evaluator))
        for service in kept.services
        if service.state
    )


def together(outcomes: Collection[str], untold: int) -> str:
    """The outcome of all of them: one that forbids is enough, and what is not certain is for a person.

    >>> together({"permitted"}, 0), together({"permitted", "review"}, 0), together({"permitted"}, 1)
    ('permitted', 'review', 'review')
    >>> together({"forbidden", "review"}, 1)
    'forbidden'
    """
    if FORBIDDEN in outcomes:
        return FORBIDDEN
    return PERMITTED if set(outcomes) <= {PERMITTED} and not untold else REVIEW


def question(kept: Kept, service: Service, now: datetime) -> Mapping[str, Any]:
    """What is asked about one state's law."""
    patient: dict[str, Any] = {"location": {"country": service.country, "state": service.state}}
    if service.time_zone:
        patient["location"]["time_zone"] = service.time_zone
    if kept.birth_date is not None:
        patient["birth_date"] = kept.birth_date.isoformat()
    facts = {"patient": patient, "record": {"years_since_service": _whole_years(service, now)}}
    return {"topic": TOPIC, "on": now.isoformat(timespec="seconds"), "known_at": None, "clinic": None, "facts": facts}


def _whole_years(service: Service, now: datetime) -> int:
    """Completed years by the calendar where the patient was."""
    zone = ZoneInfo(service.time_zone) if service.time_zone else UTC
    last, today = service.last.astimezone(zone).date(), now.astimezone(zone).date()
    return today.year - last.year - ((today.month, today.day) < (last.month, last.day))
