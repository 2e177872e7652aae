"""What is known of the law, how sure, how old, due for review; and how an ordinary visit ends in every state?

A pure function of a rulebook, a day and the ordinary visits: the same inputs give the same report.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.decisions import Outcome
from engine.law import CONFIDENCES, Cap, LawFile, LawValue, Rule
from engine.law_freshness import is_due
from engine.law_ordinary import WEAK, Ordinary, Passage, Traveller
from engine.periods import Certainty
from engine.rulebook import Rulebook

COUNTRY = "us"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a jurisdiction's file on a topic holds on a day; without a file nothing is `carried`.

    Where a state has none and needs none, for the country's law alone carries the topic there, it is `by_country`.
    `sure` counts the values and rules in force by confidence; `undated` those whose first day no source gives or that
    are only perhaps in force; `lacking` are the laws that it says there are none of. `attested` counts those that the
    clinic vouches for.
    """

    jurisdiction: str
    topic: str
    carried: bool
    by_country: bool = False
    values: int = 0
    rules: int = 0
    sure: Mapping[str, int]
    undated: int = 0
    background: int = 0
    lacking: tuple[str, ...] = ()
    attested: int = 0
    checked: str = ""
    review_by: str = ""
    due: bool = False

    @property
    def least(self) -> str:
        """The confidence of the least sure entry; empty where there is none."""
        return min(self.sure, key=CONFIDENCES.index, default="")

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        told: dict[str, Any] = {"jurisdiction": self.jurisdiction, "topic": self.topic, "carried": self.carried}
        if not self.carried:
            return {**told, "by_country": self.by_country}
        counts = {"values": self.values, "rules": self.rules, "confidence": dict(self.sure), "least_sure": self.least}
        more = {"undated": self.undated, "background": self.background, "without": list(self.lacking)}
        dates = {"checked": self.checked, "review_by": self.review_by, "due": self.due}
        return {**told, **counts, **more, "attested": self.attested, **dates}


@dataclass(frozen=True, slots=True, kw_only=True)
class LawReport:
    """The whole report of a day; `law` and `rulebook` are the digests of what it is about.

    `known_time` is the instant of the release that it is about, None for files with changes that nobody released.
    """

    day: str
    law: str
    known_time: str | None
    rulebook: str
    states: tuple[str, ...]
    topics: tuple[str, ...]
    coverage: tuple[Coverage, ...]
    passages: tuple[Passage, ...]

    @property
    def due(self) -> tuple[Coverage, ...]:
        """The files that should have been read again."""
        return tuple(one for one in self.coverage if one.carried and one.due)

    def of(self, jurisdiction: str) -> tuple[Coverage, ...]:
        """The coverage of one jurisdiction, topic by topic."""
        return tuple(one for one in self.coverage if one.jurisdiction == jurisdiction)

    def ordinary(self, visit: str) -> tuple[str, ...]:
        """The states in which an ordinary visit passes every gate it comes to."""
        stopped = {one.state for one in self.passages if one.visit == visit and not one.passes}
        return tuple(state for state in self.states if state not in stopped)

    @property
    def visits(self) -> Mapping[str, str]:
        """The ordinary visits by name with the profession of each, in order."""
        return {one.visit: one.profession for one in self.passages}

    def counts(self, visit: str) -> Mapping[str, Counter[Outcome]]:
        """By gate, in how many states a visit ends how."""
        found: dict[str, Counter[Outcome]] = {}
        for one in self.passages:
            if one.visit == visit:
                found.setdefault(one.gate, Counter())[one.outcome] += 1
        return found

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        visits = [self._visit(name, profession) for name, profession in self.visits.items()]
        return {
            "day": self.day,
            "law": self.law,
            "known_time": self.known_time,
            "rulebook": self.rulebook,
            "states": list(self.states),
            "coverage": [one.as_json() for one in self.coverage],
            "due": [f"{one.jurisdiction}/{one.topic}" for one in self.due],
            "ordinary_visits": visits,
            "passages": [one.as_json() for one in self.passages],
        }

    def _visit(self, name: str, profession: str) -> dict[str, Any]:
        gates = {
            gate: {outcome.value: count for outcome, count in sorted(counts.items())}
            for gate, counts in self.counts(name).items()
        }
        passes = list(self.ordinary(name))
        return {"visit": name, "profession": profession, "passes": len(passes), "passes_in": passes, "gates": gates}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which part of a report: empty means all."""

    states: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()


def report(rulebook: Rulebook, day: str, visits: Sequence[Ordinary], wanted: Wanted | None = None) -> LawReport:
    """The report of a day."""
    part = wanted or Wanted()
    topics = tuple(topic for topic in state_topics(rulebook) if not part.topics or topic in part.topics)
    states = tuple(state for state in states_of(rulebook) if not part.states or state in part.states)
    passages = Traveller(rulebook, day).passages(visits, states)
    places = (*((COUNTRY,) if not part.states else ()), *(f"{COUNTRY}/{state.lower()}" for state in states))
    return LawReport(
        day=day,
        law=rulebook.law.digest,
        known_time=rulebook.law.known.at if rulebook.law.known else None,
        rulebook=rulebook.digest,
        states=states,
        topics=topics,
        coverage=tuple(coverage(rulebook, place, topic, day) for place in places for topic in topics),
        passages=tuple(one for one in passages if not part.topics or {each.topic for each in one.topics} & part.topics),
    )


def state_topics(rulebook: Rulebook) -> tuple[str, ...]:
    """The topics that the country or its states have files on, in the order of the topics file."""
    carried = {file.topic for file in rulebook.law.files}
    return tuple(name for name in rulebook.topics.topics if name in carried)


def states_of(rulebook: Rulebook) -> tuple[str, ...]:
    """The codes of all states with law files, in order."""
    places = (place.split("/") for place in rulebook.jurisdictions())
    return tuple(sorted(part[1].upper() for part in places if len(part) > 1))


def coverage(rulebook: Rulebook, jurisdiction: str, topic: str, day: str) -> Coverage:
    """What is known of a topic in a jurisdiction on a day."""
    for file in rulebook.law.files:
        if file.jurisdiction == jurisdiction and file.topic == topic:
            return _coverage(rulebook, file, day)
    by_country = rulebook.carries(topic, jurisdiction)
    return Coverage(jurisdiction=jurisdiction, topic=topic, carried=False, by_country=by_country, sure={})


def standing(rulebook: Rulebook, jurisdiction: str, topic: str, day: str) -> Coverage:
    """The coverage that counts in a jurisdiction: its own, or the country's where that alone carries the topic."""
    own = coverage(rulebook, jurisdiction, topic, day)
    return coverage(rulebook, COUNTRY, topic, day) if own.by_country else own


def _coverage(rulebook: Rulebook, file: LawFile, day: str) -> Coverage:
    values, rules = _as_vouched(rulebook, file)
    entries: list[LawValue | Rule | Cap] = [*values, *rules, *file.schedules, *file.caps]
    standing = [one for one in entries if one.period.on(day) is not Certainty.NO]
    sure = Counter(one.cited.confidence for one in standing if one.cited.sources)
    known = {name for name, source in file.sources.items() if source.background}
    return Coverage(
        jurisdiction=file.jurisdiction,
        topic=file.topic,
        carried=True,
        values=len({one.name for one in standing if isinstance(one, LawValue)}),
        rules=len({one.id for one in standing if isinstance(one, Rule)}),
        sure={name: sure[name] for name in reversed(CONFIDENCES) if sure[name]},
        undated=sum(1 for one in standing if one.period.on(day) is Certainty.PERHAPS),
        background=sum(1 for one in standing if one.cited.sources and set(one.cited.sources) <= known),
        lacking=tuple(sorted(file.without)),
        attested=sum(1 for one in standing if any(name.startswith("attested/") for name in one.cited.sources)),
        checked=file.checked,
        review_by=file.review_by,
        due=is_due(file, day),
    )


def _as_vouched(rulebook: Rulebook, file: LawFile) -> tuple[list[LawValue], list[Rule]]:
    """The values and rules of a file as they are for the clinic of the rulebook."""
    if rulebook.overlay is None:
        return list(file.values), list(file.rules)
    own = {rule.id for rule in rulebook.overlay.rules}
    rules = [rule for rule in rulebook.overlay.rules_of(file.topic, file.rules) if rule.id not in own]
    return list(rulebook.overlay.values_of(file.jurisdiction, file.values)), rules


def unsure(one: Coverage) -> bool:
    """Whether anything of it is of low confidence, or only perhaps in force."""
    return one.least in WEAK or one.undated > 0


def reasons_by_code(passages: Iterable[Passage]) -> Iterator[tuple[Passage, str, str]]:
    """Every passage that does not pass, with the topic and the code of each of its reasons."""
    for one in passages:
        for asked in one.stopped:
            for code in dict.fromkeys(reason.why for reason in asked.reasons):
                yield one, asked.topic, code
