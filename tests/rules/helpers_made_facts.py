"""Questions made by chance over the whole vocabulary, which name some states and no others; a seed makes them again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from engine.decisions import Question
from engine.law_cases import nested
from engine.law_ordinary import Ordinary, moved
from engine.questions import STATE, ZONE
from engine.rulebook import Rulebook
from engine.values import FactType, Kind

NOON = "T18:00:00+00:00"
KEPT = (STATE, ZONE, "patient.location.country")  # where the patient is stays as it is, so that some law is asked
_FIRST_DAY, _DAYS = date(2024, 1, 1), 1400
_NUMBERS = (0, 1, 2, 3, 5, 7, 9, 10, 14, 18, 30, 45, 90, 100, 365)
_MOST_CHANGED = 12


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes questions: an ordinary visit in a state, some of its facts told anew and some left out."""

    rulebook: Rulebook
    visits: Sequence[Ordinary]
    chance: Random

    def question(self, home: str, states: Sequence[str], topic: str) -> Question:
        """One question of a patient in a state that names only these states."""
        day = self._day()
        zone = self.rulebook.law.zones.of(home)[0]
        facts = moved(self.chance.choice(self.visits).facts, home, zone, day)
        free = [path for path in self.rulebook.vocabulary.tellable() if path not in KEPT]
        for path in self.chance.sample(sorted(free), self.chance.randint(0, _MOST_CHANGED)):
            facts.pop(path, None)
            if self.chance.random() < 0.8:
                facts[path] = self._value(self.rulebook.vocabulary.facts[path].type, (home, *states))
        return Question(topic=topic, on=f"{day}{NOON}", facts=nested(facts))

    def _value(self, kind: FactType, states: Sequence[str]) -> Any:
        if kind.nullable and self.chance.random() < 0.15:
            return None
        if kind.kind is Kind.RECORDS:
            return [self._record(kind.fields, states) for _ in range(self.chance.randint(0, 3))]
        if kind.kind is Kind.CHOICES:
            known = self._choices(kind, states)
            return self.chance.sample(known, self.chance.randint(0, min(3, len(known))))
        return self._plain(kind, states)

    def _plain(self, kind: FactType, states: Sequence[str]) -> Any:
        if kind.kind is Kind.FLAG:
            return self.chance.random() < 0.5
        if kind.kind is Kind.NUMBER:
            return self.chance.choice(_NUMBERS)
        if kind.kind is Kind.DATE:
            return self._day()
        if kind.kind is Kind.INSTANT:
            return f"{self._day()}{NOON}"
        return self.chance.choice(self._choices(kind, states) or [f"us/{state.lower()}" for state in states])

    def _choices(self, kind: FactType, states: Sequence[str]) -> list[str]:
        places = kind.choices == self.rulebook.vocabulary.lists["states"]
        return list(dict.fromkeys(states)) if places else list(kind.choices)

    def _record(self, fields: Mapping[str, FactType], states: Sequence[str]) -> dict[str, Any]:
        told = (name for name in fields if self.chance.random() < 0.9)
        return {name: self._value(fields[name], states) for name in told}

    def _day(self) -> str:
        return (_FIRST_DAY + timedelta(days=self.chance.randrange(_DAYS))).isoformat()
