"""Is a gate open, and when it is shut, why and who can open it?

Which topics a gate asks, and about which instant, is data (`rules/topics.yaml`). A gate opens when every decision
passes and every duty due by then is met. Nothing else opens it: no answer, no opening.

A duty that a rule makes due right before a gate is met there or the gate stays shut, whatever the topic: where the law
of the patient's place has such a duty in a topic that the gate does not ask, the gate asks that topic too, and goes by
the duties due at this very gate. Those due earlier were judged by the gate that asks the topic.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.decide import decide_together
from engine.decisions import Decision, Json, Outcome, Question
from engine.diagnostics import BrokenInput, Location, Problems, listed, nearest
from engine.due_points import POINTS
from engine.evaluators import Evaluator
from engine.questions import COUNTRY, HOME_COUNTRY, STATE
from engine.rulebook import Rulebook
from engine.topics import Gate


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GateQuestion:
    """Nested facts, and the instants (ISO 8601 with offset): `now`, the slot's start and when the encounter began."""

    facts: Json
    now: str
    slot: str | None = None
    encounter: str | None = None
    clinic: str | None = None

    def instant(self, name: str) -> str:
        """The instant a topic asks about; one that is not known is now."""
        return {"slot": self.slot, "encounter": self.encounter}.get(name) or self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a gate is shut: a code, a sentence, the statutes, and what could still change it."""

    topic: str
    code: str
    sentence: str
    law: str = ""
    cite: tuple[str, ...] = ()
    detail: Json | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "topic": self.topic,
            "code": self.code,
            "sentence": self.sentence,
            "law": self.law,
            "cite": list(self.cite),
            "detail": dict(self.detail or {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class GateVerdict:
    """A gate's decisions by topic; where there is a reason it is shut, and where one does not pass as well.

    `on` is the instant that each topic asked about.
    """

    gate: str
    open: bool
    decisions: Mapping[str, Decision]
    reasons: tuple[Reason, ...]
    shuts: str
    opens: str
    on: Mapping[str, str] = field(default_factory=dict)

    @property
    def needs_review(self) -> bool:
        """Whether a person may decide (never when something is forbidden)."""
        outcomes = {decision.outcome for decision in self.decisions.values()}
        return Outcome.REVIEW in outcomes and Outcome.FORBIDDEN not in outcomes

    def due_later(self) -> tuple[Json, ...]:
        """Unmet duties of these decisions that are not yet due: they become timers and tasks (`engine.due`)."""
        return tuple(duty for _, duty in self.handed_on())

    def handed_on(self) -> Iterator[tuple[str, Json]]:
        """The same duties, each with its topic."""
        shut = {(reason.topic, reason.code) for reason in self.reasons}
        for topic, decision in self.decisions.items():
            for duty in decision.duties:
                if not duty["met"] and (topic, duty["duty"]) not in shut:
                    yield topic, duty


def gate(rulebook: Rulebook, name: str, question: GateQuestion, evaluator: Evaluator) -> GateVerdict:
    """Ask every topic of a gate; raises `BrokenInput` for an unknown gate or unreadable facts."""
    asked, decisions = _known(rulebook, name), dict[str, Decision]()
    asks = asked_topics(rulebook, asked, question.facts)
    for on, topics in _by_instant(asked, asks, question).items():
        single = Question(topic=topics[0], on=on, facts=question.facts, clinic=question.clinic)
        decisions |= decide_together(rulebook, topics, single, evaluator)
    decisions = {topic: decisions[topic] for topic in asks if topic in decisions}
    reasons = tuple(reason for topic, decision in decisions.items() for reason in _reasons(asked, topic, decision))
    return GateVerdict(
        gate=name,
        open=not reasons and all(decision.passes for decision in decisions.values()),
        decisions=decisions,
        reasons=reasons,
        shuts=asked.says,
        opens=asked.opens,
        on={topic: question.instant(asks[topic]) for topic in decisions},
    )


def _known(rulebook: Rulebook, name: str) -> Gate:
    gates = rulebook.topics.gates
    if name not in gates:
        problems = Problems()
        hint, allowed = nearest(name, gates), listed(gates)
        problems.report("ASK005", Location("question", path="gate"), gate=name, hint=hint, allowed=allowed)
        raise BrokenInput(problems)
    return gates[name]


def asked_topics(rulebook: Rulebook, asked: Gate, facts: Json) -> Mapping[str, str]:
    """The topics that a gate asks of the law of the patient's place, each with the instant it asks about."""
    further = [topic for place in _places(rulebook, facts) for topic in rulebook.topics_due(asked.name, place)]
    return {**dict.fromkeys(further, asked.also), **asked.asks}


def _places(rulebook: Rulebook, facts: Json) -> Iterable[str]:
    """The jurisdiction where the patient is; every one while nobody has said."""
    country, state = _told(facts, COUNTRY) or HOME_COUNTRY, _told(facts, STATE)
    if country != HOME_COUNTRY:
        return (str(country),)
    return (f"{country}/{state.lower()}",) if isinstance(state, str) else sorted(rulebook.jurisdictions())


def _by_instant(asked: Gate, asks: Mapping[str, str], question: GateQuestion) -> dict[str, list[str]]:
    """The topics to ask, by the instant they ask about: one round trip to the second engine for each instant."""
    found: dict[str, list[str]] = {}
    for topic, instant in asks.items():
        if _applies(asked, topic, question.facts):
            found.setdefault(question.instant(instant), []).append(topic)
    return found


def _applies(asked: Gate, topic: str, facts: Json) -> bool:
    """A topic with a condition is left out only when its flag is told to be false."""
    path = asked.only_if.get(topic)
    return path is None or _told(facts, path) is not False


def _told(facts: Json, path: str) -> object:
    place: object = facts
    for name in path.split("."):
        place = place.get(name) if isinstance(place, Mapping) else None
    return place


def _reasons(asked: Gate, topic: str, decision: Decision) -> list[Reason]:
    found: list[Reason] = []
    if decision.outcome is Outcome.FORBIDDEN:
        found += [_reason(topic, "forbidden", entry, {"because": entry["because"]}) for entry in decision.forbids]
        if not decision.forbids:
            found.append(_no_path(topic, decision))
    elif decision.outcome is Outcome.INCOMPLETE and decision.missing:
        missing = ", ".join(decision.missing)
        sentence = f"Something is not known yet: {missing}"
        found.append(Reason(topic=topic, code="incomplete", sentence=sentence, detail={"missing": decision.missing}))
    elif not decision.passes:
        found += [_reason(topic, entry["why"], entry, {}) for entry in decision.review]
    found += [
        _reason(topic, duty["duty"], duty, {"due": duty["due"], **duty["detail"]})
        for duty in decision.duties
        if not duty["met"] and _is_due(asked, topic, duty["due"])
    ]
    return found


def _is_due(asked: Gate, topic: str, due: str) -> bool:
    """Whether a duty must be met by now."""
    return due in asked.due if topic in asked.asks else POINTS.get(due) == asked.name


def _reason(topic: str, code: str, entry: Json, detail: Json) -> Reason:
    sentence = entry.get("title") or _SENTENCES.get(code, code)
    cite = tuple(entry.get("cite", ()))
    return Reason(topic=topic, code=code, sentence=sentence, law=entry.get("law", ""), cite=cite, detail=detail)


def _no_path(topic: str, decision: Decision) -> Reason:
    """No path of authority: the nearest one is the best explanation."""
    sentence = "No path of authority allows this."
    if not decision.tried:
        return Reason(topic=topic, code="no_authority", sentence=sentence)
    nearest_path = decision.tried[0]
    return _reason(
        topic, "no_authority", nearest_path, {"path": nearest_path["path"], "failed": nearest_path["failed"]}
    )


_SENTENCES = {
    "engine_fault": "The two rule engines gave no agreed answer, so a person must decide.",
    "unknown_drug": "The drug base does not hold a drug of this name, so a person must decide.",
    "place_not_attested": "The patient has not said that they are in this place.",
    "law_not_carried": "The law of this place is not carried yet, so a person must decide.",
}
