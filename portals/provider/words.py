"""Where the law panel's words come from: the clinic's rulebook for its own ids, the message catalogue for the rest."""

from __future__ import annotations

from datetime import date

from engine.rulebook import Rulebook
from portals.base.formats import Formats
from portals.base.i18n import Translate, has_message, translator
from portals.provider.law import Day, LawWords, Say


def say_in(language: str) -> Say:
    """The catalogue as the law panel asks it: a message that may be missing comes with words to use instead."""
    t: Translate = translator(language)

    def say(key: str, otherwise: str | None = None, **values: object) -> str:
        if otherwise is not None and not has_message(language, key):
            return otherwise
        return t(key, **values)

    return say


def day_in(fmt: Formats) -> Day:
    """ISO dates as a person reads them; anything else stays as it is."""

    def day(text: str) -> str:
        try:
            return fmt.date(date.fromisoformat(text))
        except ValueError:
            return text

    return day


class RulebookWords:
    """The sentences that vocabulary and topics give for facts, duties and limits; decisions bring titles of rules."""

    def __init__(self, rulebook: Rulebook) -> None:
        topics = rulebook.topics.topics.values()
        self._facts = rulebook.vocabulary.facts
        self._duties = {duty: says for topic in topics for duty, says in topic.duties.items()}
        self._limits = {limit: kind.says for topic in topics for limit, kind in topic.limits.items()}

    def rule_title(self, rule: str) -> str | None:
        return None

    def duty_sentence(self, duty: str) -> str | None:
        return self._duties.get(duty)

    def limit_sentence(self, limit: str) -> str | None:
        return self._limits.get(limit)

    def fact_sentence(self, path: str) -> str | None:
        fact = self._facts.get(path)
        return fact.says if fact else None


def words_of(rulebook: Rulebook) -> LawWords:
    """The words of a clinic's rulebook."""
    return RulebookWords(rulebook)
