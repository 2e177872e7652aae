"""What is asked of a state's prescription monitoring program, what it reports, and what stands out in a report?

The values here cross from records through the worker to `integrations.pdmp` and back. They are about a patient: they
never stand in a message, a log or an error.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from engine.ports import VisitRef

ASKED = "asked"
FOUND, NOTHING = "found", "nothing"
NO_MATCH, NOT_CONNECTED = "no_match", "not_connected"
DOWN, SLOW, GARBLED = "down", "slow", "garbled"
LOOKED = frozenset({FOUND, NOTHING})
"""Outcomes that are a look at the program; every other one is none, whatever else is known."""
AWAY = frozenset({DOWN, SLOW, GARBLED})
"""The program could not be asked: an attempt that is on record."""

MANY_PRESCRIBERS = 3
PRESCRIBER_WINDOW = timedelta(days=180)
_OPIOIDS = frozenset({"opioid", "opioid_partial_agonist"})
_BENZODIAZEPINES = frozenset({"benzodiazepine"})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DispensedDrug:
    """One controlled drug that a pharmacy gave out: what, how much, for how many days, on whose prescription."""

    drug: str
    quantity: str
    unit: str
    days_supply: int
    filled_on: date
    prescriber: str
    pharmacy: str
    schedule: str = ""

    @property
    def last_day(self) -> date:
        """The last day it lasts when taken as directed."""
        return self.filled_on + timedelta(days=max(self.days_supply, 1) - 1)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MonitoringQuestion:
    """What a program is asked: by whom (``npi``, ``family``, ``given``), about whom, since which day.

    ``key`` makes the question unique; ``patient`` holds ``family``, ``given``, ``birth_date`` and ``postal_code``.
    """

    key: str
    state: str
    since: date
    until: date
    patient: Mapping[str, str]
    prescriber: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MonitoringReport:
    """A program's answer: ``outcome`` found | nothing | no_match | not_connected, its sender, the rows newest first."""

    outcome: str
    sender: str
    as_of: datetime
    rows: tuple[DispensedDrug, ...] = ()
    simulated: bool = False


class MonitoringNetwork(Protocol):
    """A network of prescription monitoring programs."""

    def ask(self, question: MonitoringQuestion) -> MonitoringReport:
        """Asks once; raises `engine.ports.PortUnavailable` when nobody answers or the answer cannot be read."""
        ...


class MonitoringBook(Protocol):
    """What records keep of questions to a monitoring program."""

    def question(self, ref: VisitRef, report: str) -> MonitoringQuestion | None:
        """What is to be asked; None when it was answered already."""
        ...

    def answered(self, ref: VisitRef, report: str, answer: MonitoringReport) -> str:
        """Keeps the answer, also one that comes late; returns the outcome on record."""
        ...

    def unanswered(self, ref: VisitRef, report: str, code: str) -> str:
        """Keeps that nobody answered (``down``, ``slow``, ``garbled``); an answer on record stays."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """What stands out in a report: ``opioid_benzodiazepine`` or ``prescribers`` with their count."""

    kind: str
    count: int = 0
    drugs: tuple[str, ...] = field(default=(), repr=False)


def concerns(
    rows: Sequence[DispensedDrug], today: date, classes_of: Callable[[str], Collection[str]]
) -> tuple[Concern, ...]:
    """What a careful reader would see at once: an opioid and a benzodiazepine for the same days, many prescribers.

    The CDC guideline of 2022 (87 FR 67070, recommendations 9 and 11) asks prescribers to look for both.
    """
    found = []
    pair = _overlap(rows, classes_of)
    if pair:
        found.append(Concern(kind="opioid_benzodiazepine", drugs=pair))
    recent = {row.prescriber for row in rows if row.prescriber and today - row.filled_on <= PRESCRIBER_WINDOW}
    if len(recent) >= MANY_PRESCRIBERS:
        found.append(Concern(kind="prescribers", count=len(recent)))
    return tuple(found)


def report_digest(rows: Sequence[DispensedDrug]) -> str:
    """The digest of a report's rows, so that what was looked at can be proved to be what is kept."""
    text = json.dumps([row_json(row) for row in rows], sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def row_json(row: DispensedDrug) -> dict[str, Any]:
    """A row as it is kept; `row_from_json` reads it again."""
    return {**asdict(row), "filled_on": row.filled_on.isoformat()}


def row_from_json(told: Mapping[str, Any]) -> DispensedDrug:
    return DispensedDrug(**{**told, "filled_on": date.fromisoformat(told["filled_on"])})


def _overlap(rows: Sequence[DispensedDrug], classes_of: Callable[[str], Collection[str]]) -> tuple[str, ...]:
    """The first opioid and benzodiazepine whose days meet."""
    opioids = [row for row in rows if _OPIOIDS & set(classes_of(row.drug))]
    others = [row for row in rows if _BENZODIAZEPINES & set(classes_of(row.drug))]
    for one in opioids:
        for other in others:
            if one.filled_on <= other.last_day and other.filled_on <= one.last_day:
                return one.drug, other.drug
    return ()
