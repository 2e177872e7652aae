"""What exactly is being asked? A question is read, typed and completed before any rule sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

from engine.decisions import Question
from engine.diagnostics import Location, Problems, listed, nearest
from engine.local_dates import is_zone, local_date
from engine.rulebook import Rulebook
from engine.values import BadValue, Facts, FactType, Kind, Value, read_instant
from engine.vocabulary import read_facts

STATE = "patient.location.state"
COUNTRY = "patient.location.country"
ZONE = "patient.location.time_zone"
_HOME_COUNTRY = "us"
_KEYS = tuple(part.name for part in fields(Question))
_DERIVED_FROM = {"patient.age": "patient.birth_date"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question ready to be judged. `days` holds one local date, or several where the time zone is untold."""

    topic: str
    facts: Facts
    presumed: Mapping[str, Value]
    jurisdiction: str | None
    days: tuple[str, ...]
    place_missing: str = ""

    def on(self, day: str) -> dict[str, Value]:
        """The facts with those that depend on the day."""
        facts = {**self.facts, "encounter.date": day}
        born = self.facts.get("patient.birth_date")
        if born is not None:
            facts["patient.age"] = age(str(born), day)
        return facts


def age(born: str, day: str) -> int:
    """Completed years on a day; a birthday on 29 February is completed on 1 March in other years."""
    return int(day[:4]) - int(born[:4]) - (day[5:] < born[5:])


def told_path(path: str) -> str:
    """The path that a person can tell, for one that the engine works out."""
    return _DERIVED_FROM.get(path, path)


def read_question(rulebook: Rulebook, question: Question | Mapping[str, Any]) -> Asked:
    """Check and complete a question; raises `BrokenInput` with every problem."""
    problems = Problems()
    given = question if isinstance(question, Question) else _from_json(question, problems)
    problems.stop_if_broken()
    assert given is not None
    if given.topic not in rulebook.topics.topics:
        known = rulebook.topics.topics
        at, hint = Location("question", path="topic"), nearest(given.topic, known)
        problems.report("LAW001", at, topic=given.topic, hint=hint, allowed=listed(known))
    if given.known_at is not None:
        problems.report("ASK004", Location("question", path="known_at"))
    facts = read_facts(rulebook.vocabulary, given.facts, problems)
    _complete_drug(rulebook, facts, problems)
    presumed = {f.path: f.presumed for f in rulebook.vocabulary.presumptions() if f.path not in facts}
    facts.update(presumed)
    state, country = facts.get(STATE), str(facts.get(COUNTRY, _HOME_COUNTRY))
    days = _days(rulebook, given.on, facts, problems)
    problems.stop_if_broken()
    if country != _HOME_COUNTRY:
        return Asked(given.topic, facts, presumed, country, days)
    if state is None:
        return Asked(given.topic, facts, presumed, None, days, STATE)
    jurisdiction = f"{country}/{str(state).lower()}"
    facts[COUNTRY] = country
    facts["patient.jurisdiction"] = jurisdiction
    return Asked(given.topic, facts, presumed, jurisdiction, days)


def _from_json(given: object, problems: Problems) -> Question | None:
    if not isinstance(given, Mapping):
        problems.report("ASK001", Location("question"), found=type(given).__name__)
        return None
    for key in given:
        if key not in _KEYS:
            at, hint = Location("question", path=str(key)), nearest(str(key), _KEYS)
            problems.report("ASK002", at, key=key, hint=hint, allowed=listed(_KEYS))
    expected = {"topic": str, "on": str, "facts": Mapping, "known_at": str | None, "clinic": str | None}
    for key, kind in expected.items():
        if not isinstance(given.get(key), kind):
            reason = "it is missing" if key not in given else "it has the wrong type"
            fix = "see the shape of a question in the docs"
            problems.report("ASK003", Location("question", path=key), key=key, reason=reason, fix=fix)
    if problems.errors:
        return None
    return Question(**cast("dict[str, Any]", dict(given)))


def _complete_drug(rulebook: Rulebook, facts: dict[str, Value], problems: Problems) -> None:
    """Fill schedule and classes of a drug that is told by its name alone; a controlled one cannot be told away."""
    drug = rulebook.law.drugs.get(str(facts.get("drug.name", "")).lower())
    if drug is None:
        return
    if drug.controlled and facts.get("drug.schedule", drug.schedule) is None:
        path, reason = "drug.schedule", "the drug base holds this drug as controlled"
        fix = "leave the schedule out, or give it"
        problems.report("VOC002", Location("facts", path=path), path=path, reason=reason, fix=fix)
    facts.setdefault("drug.schedule", drug.schedule)
    facts.setdefault("drug.classes", drug.classes)
    facts.setdefault("drug.approved_for_oud", drug.approved_for_oud)


def _days(rulebook: Rulebook, on: str, facts: Facts, problems: Problems) -> tuple[str, ...]:
    at = Location("question", path="on")
    try:
        if len(on) == 10:
            return (str(FactType(Kind.DATE).read(on)),)
        instant = read_instant(on)
        zone = facts.get(ZONE)
        if zone is not None and not is_zone(str(zone)):
            problems.report("VOC005", Location("facts", path=ZONE), zone="the one given")
            return ()
        zones = (str(zone),) if zone is not None else rulebook.law.zones.of(str(facts.get(STATE, "")))
        return tuple(sorted({local_date(instant, name) for name in zones}))
    except (BadValue, OverflowError) as error:
        problems.report("ASK003", at, key="on", reason=error, fix="write 2026-03-05T10:00:00-05:00 or a local day")
        return ()
