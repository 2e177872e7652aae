"""What does the law answer to a question without anybody in it, on its day or on another?

What was told is put into facts for each day anew: a patient of 34 is 34 on every day that is asked about, and an
examination half a year ago is half a year ago. The answer that is shown comes from both engines; everything that is
only looked at beside it (other days, single changes) from the closures alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from engine.decide import decide
from engine.decisions import Decision, Question
from engine.evaluators import ClosuresOnly, Evaluator
from engine.law import Limit
from engine.law_cases import nested
from engine.questions import ATTESTED, STATE, ZONE
from engine.rulebook import Plan, Rulebook
from engine.schedules import DRUG
from engine.values import FactType, Kind
from engine.vocabulary import Vocabulary
from portals.law.link import Asked
from portals.law.parts import AGE, FROM_THE_DRUG, Part, Sort, parts_of

BORN = "patient.birth_date"
HOME = "us"
_PLACE_OF_LAW = "jurisdiction"  # the field of a record that names the law it was made for
_SEARCH = ClosuresOnly()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """A clinic's rulebook and the engines that answer from it; `known_at` where it is what was known at an instant."""

    rulebook: Rulebook
    evaluator: Evaluator
    known_at: str | None = None

    def decide(self, asked: Asked) -> Decision:
        """The answer of both engines; raises `BrokenInput` when what was told contradicts itself."""
        return decide(self.rulebook, self._question(asked, asked.day), self.evaluator)

    def search(self, asked: Asked, day: str = "") -> Decision:
        """The answer of the closures alone, on this or another day; it is never shown as the verdict."""
        return decide(self.rulebook, self._question(asked, day or asked.day), _SEARCH)

    def plan(self, asked: Asked) -> Plan:
        """What the rules of the topic look at in that place on that day."""
        return self.rulebook.plan(asked.topic, jurisdiction(asked.state), asked.day)

    def _question(self, asked: Asked, day: str) -> Question:
        facts = facts_on(asked, day, self.rulebook.vocabulary)
        moment = instant(asked, day)
        on = moment.isoformat() if moment else day
        return Question(topic=asked.topic, on=on, facts=facts, known_at=self.known_at)


def jurisdiction(state: str) -> str:
    """The law of a state, such as `us/fl`."""
    return f"{HOME}/{state.lower()}"


def instant(asked: Asked, day: str) -> datetime | None:
    """The moment of the day that is asked about; None where the whole day is."""
    if not asked.time:
        return None
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(asked.time), ZoneInfo(asked.zone))


def facts_on(asked: Asked, day: str, vocabulary: Vocabulary) -> dict[str, Any]:
    """The question's nested facts for a day. The page asks about a patient who said that they are in the state."""
    parts = parts_of(vocabulary)
    facts: dict[str, Any] = {STATE: asked.state, **({ZONE: asked.zone} if asked.time else {})}
    if ATTESTED in vocabulary.facts:
        facts[ATTESTED] = True
    for path, value in asked.told.items():
        if path == AGE:
            facts[BORN] = f"{int(day[:4]) - value:04}-01-01"
        elif parts[path].sort is Sort.RECORDS:
            kind = vocabulary.facts[path].type
            facts[path] = [_record(row, parts[path], kind, asked, day) for row in value]
        else:
            facts[path] = list(value) if isinstance(value, tuple) else value
    return nested(facts)


def _record(row: Mapping[str, Any], part: Part, kind: FactType, asked: Asked, day: str) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, value in row.items():
        if part.fields[name].sort is Sort.AGO and value is not None:
            record[name] = _before(asked, day, int(value), kind.fields[name].kind)
        else:
            record[name] = list(value) if isinstance(value, tuple) else value
    if _PLACE_OF_LAW in kind.fields and _PLACE_OF_LAW not in part.fields:
        record[_PLACE_OF_LAW] = jurisdiction(asked.state)
    return record


def _before(asked: Asked, day: str, days: int, kind: Kind) -> str:
    """So many days before a day, or before the moment asked about; else as an instant its noon in UTC, which is on
    that day in every state.
    """
    moment = instant(asked, day)
    if moment and kind is Kind.INSTANT:
        return (moment - timedelta(days=days)).isoformat()
    found = (date.fromisoformat(day) - timedelta(days=days)).isoformat()
    return f"{found}T12:00:00+00:00" if kind is Kind.INSTANT else found


def paths_asked(asker: Asker, asked: Asked) -> tuple[str, ...]:
    """The facts that the rules of the topic look at in that place, as they may be told, in the vocabulary's order."""
    plan, topic = asker.plan(asked), asker.rulebook.topics.topics[asked.topic]
    found = set(plan.program.paths)
    limits = {one.name for each in plan.standing for one in each.instance.effects if isinstance(one, Limit)}
    found |= {topic.limits[name].fact for name in limits}
    if found & FROM_THE_DRUG:
        found.add(DRUG)
    return tuple(path for path in parts_of(asker.rulebook.vocabulary) if path in found)


def shown_path(path: str) -> str:
    """The path under which the page asks for a fact that an answer names as missing."""
    if path == BORN:
        return AGE
    return DRUG if path in FROM_THE_DRUG else path
