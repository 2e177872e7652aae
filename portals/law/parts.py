"""Which facts may stand in a link? Closed values only: never words a person types, a place, a birth date or an id.

What is shared is decided by kind, so that a new fact of the vocabulary is refused until it is closed: flags, numbers
within bounds, choices out of a list. A drug goes by a name that the drug base holds, an age by its years, and of dates
only those of licences and registrations; other dates are told as so long before the day that is asked about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.questions import COUNTRY, POSTAL_CODE, STATE, ZONE
from engine.schedules import DRUG
from engine.values import FactType, Kind
from engine.vocabulary import Fact, Vocabulary

AGE = "patient.age"
OLDEST = 90  # an age beyond it says more about a person than the law asks
AGOS = ("0", "7", "30", "90", "180", "365", "730", "1095")  # days before the day asked about
WORKED_OUT = "engine"
OF_THE_BOARD = "board"
# Told by a control of its own, worked out from the drug's name, or pointing at one person.
NEVER = frozenset({STATE, COUNTRY, POSTAL_CODE, ZONE, "patient.location.ip_state"})
FROM_THE_DRUG = frozenset({"drug.schedule", "drug.state_schedule", "drug.classes", "drug.approved_for_oud"})
_MOST = {"a": OLDEST, "d": 3650, "mo": 600, "h": 99_999}
_MOST_OTHERWISE = 9999


class Sort(StrEnum):
    """How a value is told on the page and written in a link."""

    FLAG = "flag"
    CHOICE = "choice"
    CHOICES = "choices"
    NUMBER = "number"
    DRUG = "drug"
    DATE = "date"
    AGO = "ago"
    RECORDS = "records"


_CLOSED = {Kind.FLAG: Sort.FLAG, Kind.NUMBER: Sort.NUMBER, Kind.CHOICE: Sort.CHOICE, Kind.CHOICES: Sort.CHOICES}
_DATED = frozenset({Kind.DATE, Kind.INSTANT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that may be told: a fact, or a field of a record (`path` is then the field's name)."""

    path: str
    sort: Sort
    options: tuple[str, ...] = ()
    nullable: bool = False
    least: int = 0
    most: int = 0
    unit: str = ""
    place: bool = False
    fields: Mapping[str, Part] = field(default_factory=dict)


def parts_of(vocabulary: Vocabulary) -> Mapping[str, Part]:
    """Every fact of a vocabulary that may stand in a link, in its order; worked out once for the one in force."""
    return _LATEST.of(vocabulary)


class _Latest:
    """The parts of the vocabulary asked about last: a program serves one at a time."""

    def __init__(self) -> None:
        self._kept: tuple[Vocabulary, Mapping[str, Part]] | None = None

    def of(self, vocabulary: Vocabulary) -> Mapping[str, Part]:
        kept = self._kept
        if kept is None or kept[0] is not vocabulary:
            states = vocabulary.facts[STATE].type.choices
            found = ((path, _part(fact, states)) for path, fact in vocabulary.facts.items())
            kept = (vocabulary, {path: part for path, part in found if part is not None})
            self._kept = kept
        return kept[1]


_LATEST = _Latest()


def _part(fact: Fact, states: tuple[str, ...]) -> Part | None:
    if fact.path == DRUG:
        return Part(path=DRUG, sort=Sort.DRUG)
    if fact.path in NEVER | FROM_THE_DRUG or (fact.source == WORKED_OUT and fact.path != AGE):
        return None
    if fact.type.kind is Kind.RECORDS:
        dates = Sort.DATE if fact.source == OF_THE_BOARD else Sort.AGO
        fields = {name: _field(name, kind, dates, states) for name, kind in fact.type.fields.items()}
        shared = {name: part for name, part in fields.items() if part is not None}
        return Part(path=fact.path, sort=Sort.RECORDS, fields=shared) if shared else None
    return _closed(fact.path, fact.type, states)


def _field(name: str, kind: FactType, dates: Sort, states: tuple[str, ...]) -> Part | None:
    if kind.kind in _DATED:
        return Part(path=name, sort=dates, options=AGOS if dates is Sort.AGO else (), nullable=kind.nullable)
    return _closed(name, kind, states)


def _closed(path: str, kind: FactType, states: tuple[str, ...]) -> Part | None:
    sort = _CLOSED.get(kind.kind)
    if sort is None or (sort in (Sort.CHOICE, Sort.CHOICES) and not kind.choices):
        return None
    return Part(
        path=path,
        sort=sort,
        options=kind.choices,
        nullable=kind.nullable,
        least=int(kind.least or 0),
        most=_MOST.get(kind.unit, _MOST_OTHERWISE),
        unit=kind.unit,
        place=kind.choices == states,
    )
