"""In which words is a decision shown anywhere but on the law page? The rules' titles, and conditions as there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.conditions import Always
from engine.conditions_closures import describe
from engine.decisions import Json
from engine.diagnostics import BrokenInput
from engine.law_words import LawWords
from engine.rulebook import Rulebook
from portals.base.formats import Formats
from portals.law.conditions import Conditions, Sentences
from portals.law.words import FactWords
from portals.provider.law import place_of
from portals.provider.words import say_in

_SAID = ("forbids", "tried", "permits", "duties", "review", "limits")
_CLOSED = describe(Always(False))


class PlainLaw(LawWords):
    """The words of a rulebook in one language, those of its conditions among them."""

    def __init__(self, rulebook: Rulebook, language: str) -> None:
        super().__init__(rulebook, language)
        self._rulebook, self._known = rulebook, dict[tuple[str, str, str], Conditions]()
        words = FactWords(say_in(language), Formats(language), LawWords(rulebook, language))
        self._sentences = Sentences(words, rulebook.vocabulary)

    def of_decision(self, decision: Json) -> dict[str, Any]:
        """A decision (JSON) with titles and conditions in words; `closed` marks a path that is open to nobody."""
        titled = super().of_decision(decision)
        if not titled.get("tried"):
            return titled
        conditions = self._conditions(decision)
        return {**titled, "tried": [self._tried(entry, conditions) for entry in titled["tried"]]}

    def _tried(self, entry: Json, conditions: Conditions | None) -> Json:
        failed = [str(part) for part in entry.get("failed", ())]
        said = [conditions.say(part) if conditions else self._sentences.words.condition(part) for part in failed]
        return {**entry, "closed": _CLOSED in failed, "failed": said}

    def _conditions(self, decision: Json) -> Conditions | None:
        """Those of the law in force in that place on that day; None where the answer names no place or no such law."""
        topic, day = str(decision.get("topic", "")), str(decision.get("law_time") or "")
        place = next(_places(decision), "")
        if topic not in self._rulebook.topics.topics or not (place and day):
            return None
        key = (topic, place, day)
        if key not in self._known:
            try:
                plan = self._rulebook.plan(*key)
            except BrokenInput:
                return None
            self._known[key] = Conditions(plan, self._rulebook.topics.topics[topic], self._sentences)
        return self._known[key]


def _places(decision: Json) -> Iterator[str]:
    """The jurisdictions that the answer's rules name, such as `us/fl`."""
    entries = (entry for part in _SAID for entry in decision.get(part, ()))
    return (place for place in (place_of(str(entry.get("rule", ""))) for entry in entries) if place)
