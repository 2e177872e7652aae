"""The country at a glance: a map of how ordinary visits end, how sure and how fresh the law is, and what stops it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlencode

from engine.decisions import Outcome
from engine.diagnostics import Problems
from engine.law_ordinary import Ground, Ordinary, Passage, Reason, Traveller, read_ordinary
from engine.law_report import COUNTRY, Coverage, coverage, standing, state_topics, states_of
from engine.rulebook import Rulebook
from portals.base.tile_map import Answer, Tile, tile_map
from portals.law.words import FactWords
from portals.provider.law import Statute, statutes
from portals.provider.words import day_in

PLACES = "/staff/law/states"
ALL, VISIT, SURE, FRESH, DUE = "all", "visit", "sure", "fresh", "due"
WAYS = (VISIT, SURE, FRESH, DUE)
SOON = timedelta(days=60)  # a file that is read again within these days is shown as due soon
_AGES = (("open", timedelta(days=91)), ("duties", timedelta(days=183)), ("review", timedelta(days=366)))
_OF_SURE = {"high": "open", "medium": "duties", "low": "review", "unknown": "review", "": "duties"}
_OF_OUTCOME = {
    Outcome.PERMITTED: "open",
    Outcome.PERMITTED_WITH_DUTIES: "duties",
    Outcome.REVIEW: "review",
    Outcome.INCOMPLETE: "untold",
    Outcome.FORBIDDEN: "shut",
}
_KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        VISIT: ("open", "duties", "review", "untold", "shut", "none"),
        SURE: ("open", "duties", "review", "none"),
        FRESH: ("open", "duties", "review", "shut", "none"),
        DUE: ("open", "review", "shut", "none"),
    }
)
_WORST = ("shut", "untold", "review", "duties", "open")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the map shows: of one topic or all, by which way, and for an ordinary visit of which profession."""

    topic: str
    way: str
    visit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A state in the table beside the map."""

    code: str
    name: str
    href: str
    kind: str
    words: str
    checked: str
    review_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MapView:
    """The page of the map, everything in words; `counts` has in how many states each sentence of the legend holds."""

    choice: Choice
    topics: tuple[tuple[str, str], ...]
    ways: tuple[tuple[str, str], ...]
    visits: tuple[tuple[str, str], ...]
    legend: tuple[tuple[str, str], ...]
    counts: tuple[tuple[str, int], ...]
    tiles: tuple[Tile, ...]
    lines: tuple[Line, ...]
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Whose rulebook is looked at, on which day, in which words; `root` has the ordinary visits."""

    rulebook: Rulebook
    root: Path
    day: str
    words: FactWords

    @property
    def visits(self) -> tuple[Ordinary, ...]:
        """The ordinary visits."""
        return _visits(self.rulebook, self.root)


@lru_cache(maxsize=8)
def _visits(rulebook: Rulebook, root: Path) -> tuple[Ordinary, ...]:
    return read_ordinary(root, rulebook.topics.gates, Problems())


@lru_cache(maxsize=4096)
def _passages(rulebook: Rulebook, root: Path, day: str, visit: str, state: str) -> tuple[Passage, ...]:
    wanted = [one for one in _visits(rulebook, root) if one.name == visit]
    return tuple(Traveller(rulebook, day).passages(wanted, [state]))


def passages(house: House, visit: str) -> tuple[Passage, ...]:
    """How an ordinary visit ends in every state; kept, for asking takes seconds at first. Call it in a thread."""
    rulebook = house.rulebook
    every = (_passages(rulebook, house.root, house.day, visit, state) for state in states_of(rulebook))
    return tuple(passage for one in every for passage in one)


def ask_before(rulebook: Rulebook, root: Path, day: str) -> Iterator[str]:
    """Asks state by state what the map shows first, so that it is there when somebody opens it; gives each state."""
    visits = _visits(rulebook, root)
    for state in states_of(rulebook) if visits else ():
        _passages(rulebook, root, day, visits[0].name, state)
        yield state


def chosen(house: House, asked: Mapping[str, str]) -> Choice:
    """What an address asks for; what it does not know is the first."""
    topic, way, visit = (asked.get(name, "") for name in ("topic", "by", "visit"))
    names = [one.name for one in house.visits]
    return Choice(
        topic=topic if topic in state_topics(house.rulebook) else ALL,
        way=way if way in WAYS else VISIT,
        visit=visit if visit in names else next(iter(names), ""),
    )


def map_view(house: House, choice: Choice) -> MapView:
    """The map and its table. Looks at every state: call it in a thread."""
    words = house.words
    topics = state_topics(house.rulebook)
    lines = tuple(_lines(house, choice))
    legend = tuple((kind, words.say(f"country.legend.{choice.way}.{kind}")) for kind in _KINDS[choice.way])
    stands = [one.kind for one in lines]
    told = {one.code: Answer(kind=one.kind, words=one.words, href=one.href) for one in lines}
    return MapView(
        choice=choice,
        topics=((ALL, words.say("country.all_topics")), *((name, words.topic(name)) for name in topics)),
        ways=tuple((way, words.say(f"country.by.{way}")) for way in WAYS),
        visits=tuple((one.name, words.option_of(one.profession)) for one in house.visits),
        legend=legend,
        counts=tuple((said, stands.count(kind)) for kind, said in legend if kind in stands),
        tiles=tile_map(told),
        lines=tuple(sorted(lines, key=lambda one: one.name)),
        day=words.fmt.iso_day(house.day),
    )


def _lines(house: House, choice: Choice) -> Iterable[Line]:
    topics = state_topics(house.rulebook) if choice.topic == ALL else (choice.topic,)
    ends = worst_of(passages(house, choice.visit), choice.topic) if choice.way == VISIT else {}
    for code in states_of(house.rulebook):
        rows = [standing(house.rulebook, f"{COUNTRY}/{code.lower()}", topic, house.day) for topic in topics]
        carried = [one for one in rows if one.carried]
        kind = ends.get(code, "none") if choice.way == VISIT else _kind(rows, choice.way, house.day)
        yield Line(
            code=code,
            name=house.words.state(code),
            href=place_address(code, choice.topic),
            kind=kind,
            words=_said(house, kind, choice.way, len(rows) - len(carried)),
            checked=_day(house, min((one.checked for one in carried), default="")),
            review_by=_day(house, min((one.review_by for one in carried), default="")),
        )


def _day(house: House, text: str) -> str:
    return house.words.fmt.iso_day(text) if text else ""


def _said(house: House, kind: str, way: str, absent: int) -> str:
    words = house.words.say(f"country.legend.{way}.{kind}")
    if way == VISIT or not absent or kind == "none":
        return words
    return house.words.say("country.and_absent", what=words, count=absent)


def _kind(rows: Iterable[Coverage], way: str, day: str) -> str:
    """How a state stands in all of some topics: as the worst of those that it carries; none where it carries none."""
    carried = [one for one in rows if one.carried]
    if not carried:
        return "none"
    kinds = {_kind_of(one, way, day) for one in carried}
    return next(kind for kind in _WORST if kind in kinds)


def _kind_of(one: Coverage, way: str, day: str) -> str:
    if way == SURE:
        return _OF_SURE[one.least]
    return _age(one, day) if way == FRESH else _due_at(one, day)


def _age(one: Coverage, day: str) -> str:
    """How long ago the part of a file was checked that was checked longest ago."""
    age = date.fromisoformat(day) - date.fromisoformat(one.checked) if one.checked else timedelta.max
    return next((kind for kind, most in _AGES if age <= most), "shut")


def _due_at(one: Coverage, day: str) -> str:
    if one.due:
        return "shut"
    soon = date.fromisoformat(day) + SOON
    return "review" if one.review_by <= soon.isoformat() else "open"


def worst_of(found: Iterable[Passage], topic: str) -> dict[str, str]:
    """The worst end of a visit at any gate that asks the topic, by state; a state where none does is left out."""
    kinds: dict[str, str] = {}
    for one in found:
        for asked in one.topics:
            if topic in (ALL, asked.topic):
                kinds[one.state] = min(_OF_OUTCOME[asked.outcome], kinds.get(one.state, "open"), key=_WORST.index)
    return kinds


def place_address(code: str, topic: str = ALL) -> str:
    """The page of a state."""
    query = f"?{urlencode({'topic': topic})}" if topic != ALL else ""
    return f"{PLACES}/{code}{query}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopLine:
    """Why a topic stops an ordinary visit in some states: the reason in words, and what it stands on."""

    state: str
    href: str
    topic: str
    gates: str
    outcome: str
    why: str
    rule: str
    lacks: tuple[str, ...]
    grounds: tuple[str, ...]
    statutes: tuple[Statute, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """How an ordinary visit of one profession ends; `counts` has a row a gate: its name and a number an outcome."""

    visit: str
    visits: tuple[tuple[str, str], ...]
    day: str
    states: int
    passes: tuple[str, ...]
    outcomes: tuple[str, ...]
    counts: tuple[tuple[str, tuple[int, ...]], ...]
    stops: tuple[StopLine, ...]
    absent: tuple[tuple[str, tuple[str, ...]], ...]
    due: tuple[tuple[str, str], ...]
    law: str


def report_view(house: House, visit: str) -> ReportView:
    """The report for one profession. Asks every state: call it in a thread."""
    words, found = house.words, passages(house, visit)
    gates = list(dict.fromkeys(one.gate for one in found))
    order = tuple(_OF_OUTCOME)
    by = {gate: [one.outcome for one in found if one.gate == gate] for gate in gates}
    shut = {one.state for one in found if not one.passes}
    states = states_of(house.rulebook)
    return ReportView(
        visit=visit,
        visits=tuple((one.name, words.option_of(one.profession)) for one in house.visits),
        day=words.fmt.iso_day(house.day),
        states=len(states),
        passes=tuple(words.state(code) for code in states if code not in shut),
        outcomes=tuple(words.outcome(outcome) for outcome in order),
        counts=tuple(
            (words.say(f"country.gate.{gate}"), tuple(by[gate].count(outcome) for outcome in order)) for gate in gates
        ),
        stops=tuple(_stops(house, found)),
        absent=tuple(_absent(house, found)),
        due=tuple(_due(house)),
        law=house.rulebook.law.digest,
    )


def _absent(house: House, found: Iterable[Passage]) -> Iterable[tuple[str, tuple[str, ...]]]:
    """The topics whose law is not carried in some states, with those states."""
    places: dict[str, dict[str, None]] = {}
    for one in found:
        for asked in one.stopped:
            if any(reason.why == "law_not_carried" for reason in asked.reasons):
                places.setdefault(asked.topic, {})[house.words.state(one.state)] = None
    return [(house.words.topic(topic), tuple(names)) for topic, names in places.items()]


def _due(house: House) -> Iterable[tuple[str, str]]:
    """The files that should have been read again."""
    for code in states_of(house.rulebook):
        for topic in state_topics(house.rulebook):
            one = coverage(house.rulebook, f"{COUNTRY}/{code.lower()}", topic, house.day)
            if one.carried and one.due:
                yield f"{house.words.state(code)}: {house.words.topic(topic)}", place_address(code, topic)


def _stops(house: House, found: Iterable[Passage]) -> Iterable[StopLine]:
    """Every reason once for a state and topic, with the gates that it shuts."""
    reasons: dict[tuple[str, str, Outcome, Reason], list[str]] = {}
    for one in found:
        for asked in one.stopped:
            for reason in asked.reasons:
                if reason.why != "law_not_carried":
                    reasons.setdefault((one.state, asked.topic, asked.outcome, reason), []).append(one.gate)
    for (state, topic, outcome, reason), gates in reasons.items():
        yield _stop(house, (state, topic, outcome), reason, gates)


def _stop(house: House, where: tuple[str, str, Outcome], reason: Reason, gates: Iterable[str]) -> StopLine:
    (state, topic, outcome), words = where, house.words
    sources = {name: _as_json(house, name) for name in reason.cite if name in house.rulebook.sources}
    return StopLine(
        state=words.state(state),
        href=place_address(state, topic),
        topic=words.topic(topic),
        gates=", ".join(words.say(f"country.gate.{gate}") for gate in gates),
        outcome=words.outcome(outcome),
        why=words.say(f"country.why.{reason.why}", otherwise=reason.why.replace("_", " ")),
        rule=words.law.sentence(reason.title) if reason.title else "",
        lacks=tuple(words.label(path) if "." in path else words.condition(path) for path in reason.lacks),
        grounds=tuple(_ground(house, topic, one) for one in reason.grounds),
        statutes=statutes(sources, {"cite": list(reason.cite), "law": reason.law}, day_in(words.fmt)),
    )


def _as_json(house: House, name: str) -> dict[str, str]:
    source = house.rulebook.sources[name]
    told = {"title": source.title, "url": source.url, "checked": source.checked}
    return {**told, "confidence": source.confidence}


def _ground(house: House, topic: str, one: Ground) -> str:
    """What is unsure: the value's own sentence, how sure it is, and whether its date is known."""
    declared = house.rulebook.topics.topics[topic]
    says = house.words.law.sentence(declared.value_sentence(one.name)) if one.name in declared.value_words else ""
    sure = house.words.say(f"country.sure.{one.confidence}")
    dated = "" if one.dated else house.words.say("country.undated")
    return " · ".join(part for part in (says.rstrip("."), sure, dated) if part)
