"""In which words do the rules themselves speak of a rule, a duty, a fact, a limit or an act?"""

from typing import Any

from engine.decisions import Json
from engine.rulebook import Rulebook
from engine.texts import FIRST_LANGUAGE
from engine.values import FactType
from engine.vocabulary import STATES

_PARTS = ("permits", "forbids", "duties", "limits", "advice", "review", "tried")


class LawWords:
    """Sentences by id; None where the rulebook has none. A rule id may carry `@jurisdiction`.

    In another language than the law's own they are those of its words file, and the law's own where that has none.
    """

    def __init__(self, rulebook: Rulebook, language: str = FIRST_LANGUAGE) -> None:
        self._words = rulebook.law.translations.get(language, {})
        rules = [rule for file in rulebook.law.files for rule in file.rules]
        rules += rulebook.overlay.rules if rulebook.overlay else ()
        topics = rulebook.topics.topics.values()
        self._rules = {rule.id: rule.title for rule in rules}
        self._duties = {name: says for topic in topics for name, says in topic.duties.items()}
        self._limits = {name: limit.says for topic in topics for name, limit in topic.limits.items()}
        self._facts = {path: fact.says for path, fact in rulebook.vocabulary.facts.items()}
        self._topics = {topic.name: topic.says for topic in topics}
        self._values = {name: kind for topic in topics for name, kind in topic.values.items()}
        self._states = rulebook.vocabulary.lists.get(STATES, ())
        self._places = frozenset(path for path, fact in rulebook.vocabulary.facts.items() if fact.place)
        self._ways = {(topic.name, duty): one.ways for topic in topics for duty, one in topic.stated.items()}

    def sentence(self, text: str) -> str:
        """A sentence of the law in the language of these words, else as it stands."""
        return self._words.get(text, text)

    def value_type(self, name: str) -> FactType | None:
        """The type of a law value."""
        return self._values.get(name)

    def is_place(self, path: str) -> bool:
        """Whether the value of a fact is a state's code; the same letters may stand for a profession elsewhere."""
        return path in self._places

    def of_states(self, kind: FactType) -> bool:
        """Whether the codes of a type are states'."""
        return bool(kind.choices) and kind.choices == self._states

    def knows(self, text: str) -> bool:
        """Whether a sentence has words of its own in this language."""
        return text in self._words

    def of_decision(self, decision: Json) -> dict[str, Any]:
        """A decision (JSON) to be shown: its titles in the language of these words, all else as it is."""
        return {key: [self._titled(e) for e in value] if key in _PARTS else value for key, value in decision.items()}

    def _titled(self, entry: Json) -> Json:
        return {**entry, "title": self.sentence(entry["title"])} if entry.get("title") else entry

    def _said(self, text: str | None) -> str | None:
        return None if text is None else self.sentence(text)

    def rule_title(self, rule: str) -> str | None:
        """The sentence of a rule."""
        return self._said(self._rules.get(rule.partition("@")[0]))

    def duty_sentence(self, duty: str) -> str | None:
        """What a duty asks for."""
        return self._said(self._duties.get(duty))

    def ways_done(self, topic: str, duty: str) -> tuple[str, ...]:
        """The ways in which a clinician may mark a duty as done; none where that is not theirs to state."""
        return self._ways.get((topic, duty), ())

    def limit_sentence(self, limit: str) -> str | None:
        """What a limit limits."""
        return self._said(self._limits.get(limit))

    def fact_sentence(self, path: str) -> str | None:
        """What a fact is; a field of a record speaks for its list."""
        return self._facts.get(path) or self._facts.get(path.rpartition(".")[0])

    def topic_sentence(self, topic: str) -> str | None:
        """What a topic asks."""
        return self._said(self._topics.get(topic))
