"""A state's law on one topic in words: values on a time line, rules of its own, cases, what changed when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from engine.due import read_term
from engine.instances import Instance
from engine.law import Advise, Cited, Effect, Forbid, LawFile, LawValue, Limit, Permit, Require
from engine.law_ordinary import WEAK
from engine.law_report import COUNTRY, Coverage, standing, state_topics
from engine.periods import FIRST_DAY, LAST_DAY, Certainty, Period
from engine.values import read_duration
from portals.law.conditions import Sentences
from portals.law.country import House, place_address
from portals.law.link import PAGE
from portals.provider.law import Statute, statutes
from portals.provider.words import day_in

FORM = "/staff/law/attest"
_START = "ordinary_visit"
_MOST_CASES = 40
_TONES = {"high": "success", "medium": "", "low": "warning", "unknown": "warning"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One dated entry: its days and what it says in words; `standing` on the day that is looked at.

    `attest` is where an officer may vouch for it, where that would change a decision; `note` what a reader should know.
    """

    at: str
    title: str
    kind: str
    sure: str
    tone: str
    standing: bool
    statutes: tuple[Statute, ...]
    text: str = ""
    attest: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueLine:
    """A law value by its sentence, with its entries from the newest to the oldest; `name` as files call it."""

    name: str
    says: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """A rule of the state's own: when it applies (all of it), what it does, since when, how sure.

    Where the country alone carries the topic they are the country's.
    """

    id: str
    title: str
    when: tuple[str, ...]
    effects: tuple[str, ...]
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """A case beside the law."""

    name: str
    day: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicLine:
    """How a topic stands in the state; `href` shows it; `by_country`: by the law of the country alone."""

    topic: str
    name: str
    href: str
    carried: bool
    by_country: bool
    sure: str
    tone: str
    checked: str
    review_by: str
    due: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView:
    """The page of a state and topic."""

    code: str
    name: str
    topic: str
    topic_name: str
    asks: str
    by_country: bool
    topics: tuple[TopicLine, ...]
    values: tuple[ValueLine, ...]
    lacking: tuple[str, ...]
    rules: tuple[RuleLine, ...]
    cases: tuple[CaseLine, ...]
    more_cases: int
    changes: tuple[Entry, ...]
    ask: str
    day: str


@dataclass(frozen=True, slots=True)
class Place:
    """Says what the law of one state is, in the words of a house."""

    house: House
    code: str
    topic: str

    @property
    def jurisdiction(self) -> str:
        return f"{COUNTRY}/{self.code.lower()}"

    def view(self) -> PlaceView:
        """Everything that the page shows."""
        house, words = self.house, self.house.words
        file = self._file()
        cases = tuple(self._cases(file)) if file else ()
        return PlaceView(
            code=self.code,
            name=words.state(self.code),
            topic=self.topic,
            topic_name=words.topic(self.topic),
            asks=words.law.topic_sentence(self.topic) or "",
            by_country=self._by_country(),
            topics=tuple(self._topic(topic) for topic in state_topics(house.rulebook)),
            values=tuple(self._values(file)) if file else (),
            lacking=tuple(self._says(name) for name in file.without) if file else (),
            rules=tuple(self._rules()),
            cases=cases[:_MOST_CASES],
            more_cases=max(0, len(cases) - _MOST_CASES),
            changes=tuple(self._changes(file)) if file else (),
            ask=f"{PAGE}?{urlencode({'topic': self.topic, 'state': self.code, 'on': house.day, 'start': _START})}",
            day=words.fmt.iso_day(house.day),
        )

    def _file(self) -> LawFile | None:
        for file in self.house.rulebook.law.files:
            if (file.jurisdiction, file.topic) == (self.jurisdiction, self.topic):
                return file
        return None

    def _by_country(self) -> bool:
        return self._topic(self.topic).by_country

    def _topic(self, topic: str) -> TopicLine:
        one: Coverage = standing(self.house.rulebook, self.jurisdiction, topic, self.house.day)
        words = self.house.words
        return TopicLine(
            topic=topic,
            name=words.topic(topic),
            href=place_address(self.code, topic),
            carried=one.carried,
            by_country=one.carried and one.jurisdiction == COUNTRY,
            sure=words.say(f"country.sure.{one.least}") if one.least else "",
            tone=_TONES.get(one.least, ""),
            checked=words.fmt.iso_day(one.checked) if one.checked else "",
            review_by=words.fmt.iso_day(one.review_by) if one.review_by else "",
            due=one.due,
        )

    def _values(self, file: LawFile) -> Iterator[ValueLine]:
        overlay = self.house.rulebook.overlay
        values = overlay.values_of(file.jurisdiction, file.values) if overlay else file.values
        declared, words = self.house.rulebook.topics.topics[self.topic], self.house.words
        named: dict[str, list[LawValue]] = {}
        for value in values:
            named.setdefault(value.name, []).append(value)
        for name, entries in named.items():
            newest = sorted(entries, key=lambda one: one.period.first, reverse=True)
            kind = declared.values[name]
            told = tuple(
                replace(self._entry(words.law_value(kind, one.value), one.period, one.cited, name=name), note=one.note)
                for one in newest
            )
            yield ValueLine(name=name, says=self._says(name), entries=told)

    def _says(self, name: str) -> str:
        """What a law value is, in the reader's language."""
        return self.house.words.law.sentence(self.house.rulebook.topics.topics[self.topic].value_sentence(name))

    def _entry(self, title: str, period: Period, cited: Cited, text: str = "", name: str = "") -> Entry:
        house, words = self.house, self.house.words
        certainty = period.on(house.day)
        return Entry(
            at=self._days(period),
            title=title,
            kind="" if certainty is Certainty.NO else "success" if certainty is Certainty.SURE else "warning",
            sure=words.say(f"country.sure.{cited.confidence}"),
            tone=_TONES[cited.confidence],
            standing=certainty is not Certainty.NO,
            statutes=sources_of(house, cited),
            text=text,
            attest=form_address(self.code, name) if name and self._unsure(certainty, cited) else "",
        )

    def _unsure(self, certainty: Certainty, cited: Cited) -> bool:
        """Whether vouching for it would change a decision of today."""
        return certainty is Certainty.PERHAPS or (certainty is Certainty.SURE and cited.confidence in WEAK)

    def _days(self, period: Period) -> str:
        say, day = self.house.words.say, self.house.words.fmt.iso_day
        if period.first == FIRST_DAY and period.sure_from > period.last:
            begins = say("country.since_never_known")
        elif period.first == FIRST_DAY:
            begins = say("country.since_unknown", day=day(period.sure_from)) if period.sure_from > FIRST_DAY else ""
        elif period.first == period.sure_from:
            begins = say("country.since", day=day(period.first))
        else:
            begins = say("country.since_between", first=day(period.first), last=day(period.sure_from))
        if period.last == LAST_DAY:
            return begins or say("country.always")
        return f"{begins} {say('country.until', day=day(period.last))}".strip()

    def _rules(self) -> Iterator[RuleLine]:
        place = COUNTRY if self._by_country() else self.jurisdiction
        own = f"{place}/{self.topic}/"
        sentences = Sentences(self.house.words, self.house.rulebook.vocabulary)
        file = self._file()
        notes = {rule.id: rule.note for rule in file.rules} if file else {}
        for instance in self.house.rulebook.instances(self.topic, self.jurisdiction):
            if instance.id.startswith(own):
                name = instance.id if file else ""
                entry = self._entry("", instance.period, instance.cited, name=name)
                yield RuleLine(
                    id=instance.id,
                    title=self.house.words.law.sentence(instance.title),
                    when=sentences.parts_of(instance.condition),
                    effects=tuple(self._effects(instance)),
                    entry=replace(entry, note=notes.get(instance.id, "")),
                )

    def _effects(self, instance: Instance) -> Iterable[str]:
        return (self._effect(effect) for effect in instance.effects)

    def _effect(self, effect: Effect) -> str:
        words, law = self.house.words, self.house.words.law
        if isinstance(effect, Permit):
            return words.say("country.effect.permit")
        if isinstance(effect, Forbid):
            return words.say("country.effect.forbid")
        if isinstance(effect, Require):
            duty = law.duty_sentence(effect.duty) or effect.duty
            return words.say("country.effect.require", duty=duty, due=self._due(effect.due))
        if isinstance(effect, Limit):
            bound: Any = effect.most if effect.most is not None else effect.allowed
            shown = ", ".join(words.option_of(str(one)) for one in bound) if isinstance(bound, tuple) else str(bound)
            return words.say("country.effect.limit", limit=law.limit_sentence(effect.name) or effect.name, most=shown)
        if isinstance(effect, Advise):
            return law.sentence(effect.text)
        return words.say("country.effect.review")

    def _due(self, due: str) -> str:
        """By when: before a gate, or so long after an event."""
        words, term = self.house.words, read_term(due)
        if term is None:
            return words.say(f"country.due.{due}")
        lasts = Sentences(words, self.house.rulebook.vocabulary).span(read_duration(f"{term.count} {term.unit}"))
        return words.say("country.due.within", lasts=lasts, event=words.say(f"country.event.{term.event}"))

    def _cases(self, file: LawFile) -> Iterator[CaseLine]:
        words = self.house.words
        for case in file.cases:
            outcome = case.node["expect"].text("outcome") if "expect" in case.node else ""
            day = words.fmt.iso_day(case.node.text("on")[:10])
            yield CaseLine(name=case.name, day=day, outcome=words.outcome(outcome))

    def _changes(self, file: LawFile) -> list[Entry]:
        """Every known first and last day of a value or rule, the newest first."""
        declared, words = self.house.rulebook.topics.topics[self.topic], self.house.words
        found: list[tuple[str, Entry]] = []
        for value in file.values:
            told = words.law_value(declared.values[value.name], value.value)
            title = f"{self._says(value.name).rstrip('.')}: {told}"
            found += self._borders(title, value.period, value.cited)
        for rule in file.rules:
            found += self._borders(self.house.words.law.sentence(rule.title), rule.period, rule.cited)
        return [entry for _, entry in sorted(found, key=lambda pair: pair[0], reverse=True)]

    def _borders(self, title: str, period: Period, cited: Cited) -> Iterator[tuple[str, Entry]]:
        words = self.house.words
        for name, day in (("begins", period.first), ("ends", period.last)):
            if day not in (FIRST_DAY, LAST_DAY):
                entry = self._entry(title, period, cited, words.say(f"country.change.{name}"))
                yield day, replace(entry, at=words.fmt.iso_day(day))


def sources_of(house: House, cited: Cited) -> tuple[Statute, ...]:
    """What an entry stands on, as links with the day each was checked."""
    known = house.rulebook.sources
    sources = {
        name: {
            "title": known[name].title,
            "url": known[name].url,
            "checked": known[name].checked,
            "confidence": known[name].confidence,
        }
        for name in cited.sources
        if name in known
    }
    return statutes(sources, {"cite": list(cited.sources), "law": cited.law}, day_in(house.words.fmt))


def form_address(state: str, name: str) -> str:
    """Where a value or rule of a state is attested."""
    return f"{FORM}?{urlencode({'state': state, 'law': name})}"
