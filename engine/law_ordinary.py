"""How does an ordinary visit end at each gate in each state, and which rule or value stops it where it does not pass?

The visits are examples of `rules/<country>/examples.yaml`, named under `ordinary`. Each is moved to every state: place,
residence, licence and consents, its consents given the day before and its licences running a year longer.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.conditions_closures import missing
from engine.decisions import Decision, Json, Outcome, Question
from engine.diagnostics import Location, Problems, listed, nearest
from engine.evaluators import ClosuresOnly, Evaluator
from engine.gates import GateQuestion, gate
from engine.instances import Instance, law_names
from engine.law import CONFIDENCES, Cited, LawFile, Rule
from engine.law_cases import nested, started
from engine.law_examples import read_examples
from engine.periods import Certainty
from engine.questions import STAGE, STATE, ZONE, read_question
from engine.reading import read_file
from engine.rulebook import Rulebook
from engine.values import Duration, shift

PROFESSION = "provider.profession"
PASSING = (Outcome.PERMITTED, Outcome.PERMITTED_WITH_DUTIES)
WEAK = ("unknown", "low")
_NOON = "T18:00:00+00:00"  # the same day in every state of the country
_MOST_REASONS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordinary:
    """An ordinary visit: the example it starts from with its facts by path, and the gates it comes to."""

    name: str
    facts: Json
    gates: tuple[str, ...]

    @property
    def profession(self) -> str:
        """Who sees the patient, by code."""
        return str(self.facts[PROFESSION])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a reason stands on: a law value (`name`) or the rule itself, how sure it is and whether its date is."""

    name: str
    value: str
    law: str
    cite: tuple[str, ...]
    confidence: str
    dated: bool

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        told = {"law": self.law, "cite": list(self.cite), "confidence": self.confidence, "dated": self.dated}
        return {"name": self.name, "value": self.value, **told}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a topic does not pass: a code, the rule with its sentence, and what of it is unsure or untold."""

    why: str
    rule: str = ""
    title: str = ""
    law: str = ""
    cite: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    grounds: tuple[Ground, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain JSON; what is empty is left out."""
        told = {"why": self.why, "rule": self.rule, "title": self.title, "law": self.law}
        more = {"cite": list(self.cite), "lacks": list(self.lacks), "grounds": [one.as_json() for one in self.grounds]}
        return {key: value for key, value in {**told, **more}.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How one topic of a gate ends, how sure the answer is, and why where it does not pass."""

    topic: str
    outcome: Outcome
    confidence: str
    reasons: tuple[Reason, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        told: dict[str, Any] = {"topic": self.topic, "outcome": self.outcome.value, "confidence": self.confidence}
        return {**told, "reasons": [reason.as_json() for reason in self.reasons]} if self.reasons else told


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """An ordinary visit at a gate in a state."""

    visit: str
    profession: str
    state: str
    gate: str
    topics: tuple[Asked, ...]

    @property
    def outcome(self) -> Outcome:
        """The outcome of all topics together: the first that applies, as a decision's."""
        order = list(_ORDER)
        return min((one.outcome for one in self.topics), key=order.index, default=Outcome.PERMITTED)

    @property
    def passes(self) -> bool:
        """Whether nothing but duties is left."""
        return self.outcome in PASSING

    @property
    def stopped(self) -> tuple[Asked, ...]:
        """The topics that do not pass."""
        return tuple(one for one in self.topics if one.outcome not in PASSING)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        told = {"visit": self.visit, "profession": self.profession, "state": self.state, "gate": self.gate}
        return {**told, "outcome": self.outcome.value, "topics": [one.as_json() for one in self.topics]}


_ORDER = (Outcome.FORBIDDEN, Outcome.INCOMPLETE, Outcome.REVIEW, Outcome.PERMITTED_WITH_DUTIES, Outcome.PERMITTED)


def read_ordinary(root: Path, gates: Iterable[str], problems: Problems, country: str = "us") -> tuple[Ordinary, ...]:
    """The ordinary visits of a country; none where its examples name none, or cannot be read."""
    path = root / "rules" / country / "examples.yaml"
    node = read_file(path, root, problems) if path.exists() else None
    if node is None:
        return ()
    known, gates = read_examples(node, problems), list(gates)
    found = []
    for part in node.get("ordinary") or ():
        name = part.text("start")
        for word, among in [(name, known), *((each, gates) for each in part.texts("gates"))]:
            if word not in among:
                reason = f"there is no `{word}`{nearest(word, among)}; use one of {listed(among)}"
                problems.report("LAW033", part.at, name="ordinary", reason=reason)
        if name in known:
            found.append(Ordinary(name=name, facts=started(name, known), gates=part.texts("gates")))
    return tuple(found)


def check_ordinary(root: Path, gates: Iterable[str], problems: Problems) -> None:
    """Report ordinary visits that start from no example, come to no gate, or leave out who sees the patient."""
    for one in read_ordinary(root, gates, problems):
        if PROFESSION not in one.facts or STATE not in one.facts:
            at, reason = Location("rules/us/examples.yaml", 1, 1), f"`{one.name}` names no {PROFESSION} or {STATE}"
            problems.report("LAW033", at, name="ordinary", reason=reason)


def moved(facts: Json, state: str, zone: str, day: str) -> dict[str, Any]:
    """The facts of a visit as they are in a state on a day."""
    home = str(facts[STATE])
    places = {home: state, f"us/{home.lower()}": f"us/{state.lower()}"}
    dates = {"at": f"{shift(day, Duration(days=1), -1)}T12:00:00Z", "expires": shift(day, Duration(months=12), 1)}
    return {path: _moved(value, places, dates) for path, value in facts.items()} | {ZONE: zone}


def _moved(value: Any, places: Mapping[str, str], dates: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_moved(part, places, dates) for part in value]
    if isinstance(value, Mapping):
        return {key: dates[key] if key in dates else _moved(part, places, dates) for key, part in value.items()}
    return places.get(value, value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Traveller:
    """Asks ordinary visits of a rulebook on a day; the closures alone are asked unless another evaluator is given."""

    rulebook: Rulebook
    day: str
    evaluator: Evaluator = field(default_factory=ClosuresOnly)

    def passages(self, visits: Sequence[Ordinary], states: Iterable[str]) -> Iterator[Passage]:
        """Every visit at each of its gates in each state, in order."""
        for state in states:
            for visit in visits:
                for name in visit.gates:
                    yield self.passage(visit, state, name)

    def passage(self, visit: Ordinary, state: str, name: str) -> Passage:
        """One visit at one gate of a state."""
        facts = moved(visit.facts, state, self.rulebook.law.zones.of(state)[0], self.day)
        facts = nested({**facts, STAGE: name})
        question = GateQuestion(facts=facts, now=f"{self.day}{_NOON}")
        decisions = gate(self.rulebook, name, question, self.evaluator).decisions
        asked = tuple(self._asked(decision, facts, state) for decision in decisions.values())
        return Passage(visit=visit.name, profession=visit.profession, state=state, gate=name, topics=asked)

    def _asked(self, decision: Decision, facts: Json, state: str) -> Asked:
        reasons = () if decision.outcome in PASSING else tuple(self._reasons(decision, facts, f"us/{state.lower()}"))
        entries = (*decision.permits, *decision.duties, *decision.limits)
        sure = min((e.get("confidence", "high") for e in entries), key=CONFIDENCES.index, default="high")
        return Asked(topic=decision.topic, outcome=decision.outcome, confidence=sure, reasons=reasons)

    def _reasons(self, decision: Decision, facts: Json, place: str) -> Iterator[Reason]:
        if decision.outcome is Outcome.FORBIDDEN:
            tried = decision.tried[:1] if not decision.forbids else ()
            yield from (self._said("forbidden", entry, place, decision) for entry in decision.forbids)
            yield from (self._said("no_authority", entry, place, decision) for entry in tried)
            return
        if decision.outcome is Outcome.INCOMPLETE and decision.missing:
            yield from self._untold(decision, facts, place)
            return
        seen = set()
        for entry in decision.review:
            if (key := (entry["why"], entry["rule"])) not in seen:
                seen.add(key)
                yield self._said(entry["why"], entry, place, decision)

    def _said(self, why: str, entry: Json, place: str, decision: Decision) -> Reason:
        rule, lacks = str(entry["rule"]), str(entry.get("lacks", ""))
        return Reason(
            why=why,
            rule=rule,
            title=str(entry.get("title", "")),
            law=str(entry.get("law", "")),
            cite=tuple(entry.get("cite", ())),
            lacks=tuple(lacks.split(", ")) if lacks else tuple(entry.get("failed", ()))[:_MOST_REASONS],
            grounds=tuple(self.grounds(decision.topic, rule, place)) if rule else (),
        )

    def _untold(self, decision: Decision, facts: Json, place: str) -> Iterator[Reason]:
        """The rules that what is missing keeps open; what no rule's condition asks is told by itself."""
        asked = read_question(self.rulebook, Question(topic=decision.topic, on=f"{self.day}{_NOON}", facts=facts))
        told, left, count = asked.on(asked.days[0]), set(decision.missing), 0
        for standing in self.rulebook.plan(decision.topic, place, self.day).standing:
            instance = standing.instance
            lacks = missing(instance.condition, told) & set(decision.missing)
            if lacks and count < _MOST_REASONS:
                left, count = left - lacks, count + 1
                yield replace(self._said("incomplete", _words(instance), place, decision), lacks=tuple(sorted(lacks)))
        if left:
            yield Reason(why="incomplete", lacks=tuple(sorted(left)))

    def grounds(self, topic: str, rule: str, place: str) -> Iterator[Ground]:
        """What makes a rule unsure on the day: itself or a law value it stands on, of low confidence or unsure date."""
        files = [file for file in self.rulebook.law.files if file.topic == topic and file.jurisdiction in ("us", place)]
        found = next((one for one in self._rules(topic) if one.id == rule.split("@")[0]), None)
        if found is None:
            return
        if found.cited.sources and (ground := self._ground("", "", found.period.on(self.day), found.cited)):
            yield ground
        names = law_names(found)
        for value in (value for file in files for value in file.values if value.name in names):
            ground = self._ground(value.name, str(value.value), value.period.on(self.day), value.cited)
            if ground:
                yield ground

    def _rules(self, topic: str) -> Iterator[Rule]:
        files: Iterable[LawFile] = self.rulebook.law.files
        yield from (rule for file in files if file.topic == topic for rule in file.rules)

    def _ground(self, name: str, value: str, certainty: Certainty, cited: Cited) -> Ground | None:
        if certainty is Certainty.NO or (certainty is Certainty.SURE and cited.confidence not in WEAK):
            return None
        dated = certainty is Certainty.SURE
        return Ground(
            name=name, value=value, law=cited.law, cite=cited.sources, confidence=cited.confidence, dated=dated
        )


def _words(instance: Instance) -> dict[str, Any]:
    known = instance.cited
    return {"rule": instance.id, "title": instance.title, "law": known.law, "cite": list(known.sources)}
