"""What does the page show for a question: its controls, its fields, what does not fit, and the answer?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter

from engine.diagnostics import BrokenInput
from engine.local_dates import local_date
from engine.questions import STATE
from engine.rulebook import Rulebook
from portals.law.answers import BadAnswer, fault_of_time, read_day, read_time
from portals.law.asking import Asker, paths_asked
from portals.law.fields import Fields, Groups, grouped
from portals.law.known import NOW, KnownAt
from portals.law.link import CONTROLS, Asked, Link, told_pairs
from portals.law.parts import parts_of
from portals.law.shown import AnswerView
from portals.law.starts import Facts, told_by
from portals.law.view import Answered, answer_view
from portals.law.words import FactWords

Wrong = Mapping[str, str]
CONTRADICTION = "contradiction"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Where a question is asked: rulebook and engines, the clinic's first state and its clock, starts, words, the time.

    `known` is the moment as at which the rulebook was known, where the link tells one, and which sentence says what is
    wrong with it (then the rulebook is that of now, and nothing is answered).
    """

    asker: Asker
    home: str
    zone: str
    starts: Mapping[str, Facts]
    words: FactWords
    now: datetime
    known: KnownAt = NOW

    @property
    def rulebook(self) -> Rulebook:
        return self.asker.rulebook

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that the law or the clinic says anything about."""
        said = {file.topic for file in self.rulebook.law.files}
        said |= {rule.topic for rule in self.rulebook.overlay.rules} if self.rulebook.overlay else set()
        return tuple(topic for topic in self.rulebook.topics.topics if topic in said)

    @property
    def states(self) -> tuple[str, ...]:
        """Every place that may be asked about; where its law is not carried the answer says so."""
        return self.rulebook.vocabulary.facts[STATE].type.choices

    def zones(self, state: str) -> tuple[str, ...]:
        """The time zones of a state."""
        return tuple(self.rulebook.law.zones.of(state))

    def today(self, state: str) -> str:
        """The day it is in a state (in its first zone)."""
        return local_date(self.now, self.rulebook.law.zones.of(state)[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that the template shows. ``hidden`` carries what was told through the forms of the controls."""

    asked: Asked
    topics: tuple[tuple[str, str], ...]
    states: tuple[tuple[str, str], ...]
    starts: tuple[tuple[str, str], ...]
    drugs: tuple[str, ...]
    hidden: tuple[tuple[str, str], ...]
    zones: tuple[tuple[str, str], ...]
    clock: str
    errors: tuple[tuple[str, str], ...]
    wrong: Wrong
    groups: Groups | None = None
    answer: AnswerView | None = None


def asked_by(house: House, link: Link) -> tuple[Asked, Wrong]:
    """The question of a link, and by field which sentence says what does not fit."""
    wrong = dict(link.wrong)
    topic, state, day = (link.controls[name] for name in ("topic", "state", "on"))
    if topic not in house.topics:
        topic, wrong["topic"] = house.topics[0], "choice"
    if state not in ("", *house.states):
        wrong["state"] = "choice"
    state = state if state in house.states else house.home
    try:
        day = read_day(day) if day else house.today(state)
    except BadAnswer as bad:
        day, wrong["on"] = house.today(state), str(bad)
    if house.known.wrong:
        wrong["known"] = house.known.wrong
    question = Asked(topic=topic, state=state, day=day, told=link.told, known=house.known.text)
    asked = _timed(house, question, link, wrong)
    start = link.controls["start"]
    return (_started(house, asked, start) if start else asked), wrong


def _timed(house: House, asked: Asked, link: Link, wrong: dict[str, str]) -> Asked:
    """The question about a moment, where the link tells a time: in the zone told, else in the state's first."""
    text, zones = link.controls["time"], house.zones(asked.state)
    if not text:
        return asked
    try:
        told = read_time(text)
    except BadAnswer as bad:
        wrong["time"] = str(bad)
        return asked
    zone = link.controls["zone"] or zones[0]
    if zone not in zones:
        wrong["zone"], zone = "choice", zones[0]
    if (fault := fault_of_time(asked.day, told, zone)) is not None:
        wrong["time"] = fault
    return replace(asked, time=told, zone=zone)


def _started(house: House, asked: Asked, start: str) -> Asked:
    """The question with what its start tells, so far as the topic's rules look at it; an unknown one tells nothing."""
    paths = paths_asked(house.asker, asked)
    told = told_by(house.starts.get(start, {}), house.rulebook, asked)
    return replace(asked, told={path: value for path, value in told.items() if path in paths})


def first_page(house: House, link: Link) -> Page:
    """The page before anything was asked; about the state that the address names, else the clinic's own."""
    topic, state = house.topics[0], link.controls["state"].upper()
    state = state if state in house.rulebook.law.zones.by_state else house.home
    asked = Asked(topic=topic, state=state, day=house.today(state), told=link.told, known=house.known.text)
    return _page(house, asked, {"known": house.known.wrong} if house.known.wrong else {})


def page_to_mend(house: House, asked: Asked, wrong: Wrong) -> Page:
    """The page of a question with values that do not fit: nothing is answered until they are mended."""
    page = _page(house, asked, wrong)
    fields = Fields(vocabulary=house.rulebook.vocabulary, words=house.words, told=asked.told, wrong=wrong)
    return replace(page, groups=grouped(fields, paths_asked(house.asker, asked), ()))


def answered_page(house: House, asked: Asked) -> Page:
    """The page of a question with its answer by both engines. Looks at a lot: call it in a thread."""
    try:
        decision = house.asker.decide(asked)
    except BrokenInput:
        return page_to_mend(house, asked, {"topic": CONTRADICTION})
    answered = Answered(
        asker=house.asker, asked=asked, decision=decision, today=house.today(asked.state), zone=house.zone
    )
    fields = Fields(vocabulary=house.rulebook.vocabulary, words=house.words, told=asked.told, wrong={})
    return replace(
        _page(house, asked, {}),
        groups=grouped(fields, paths_asked(house.asker, asked), decision.missing),
        answer=answer_view(answered, house.words),
    )


def _page(house: House, asked: Asked, wrong: Wrong) -> Page:
    words = house.words
    named = ((name, words.say(f"ask.start.{name}", otherwise="")) for name in house.starts)
    return Page(
        asked=asked,
        topics=tuple((name, words.topic(name)) for name in house.topics),
        states=tuple(sorted(((code, words.state(code)) for code in house.states), key=itemgetter(1))),
        starts=tuple((name, text) for name, text in named if text),
        drugs=tuple(sorted(house.rulebook.law.drugs)),
        hidden=tuple(told_pairs(asked.told)),
        zones=tuple((zone, words.zone(zone)) for zone in house.zones(asked.state)),
        clock=words.fmt.zone_and_place(house.zone),
        errors=tuple((key, _error(house, key, code)) for key, code in wrong.items()),
        wrong={key: words.say(f"ask.wrong.{code}") for key, code in wrong.items()},
    )


def _error(house: House, key: str, code: str) -> str:
    words = house.words
    path = next((p for p in parts_of(house.rulebook.vocabulary) if key == p or key.startswith(f"{p}.")), "")
    label = words.say(f"ask.{key}") if key in CONTROLS else words.label(path)
    return words.say("ask.wrong.of", label=label, what=words.say(f"ask.wrong.{code}"))
