"""In which words do the rules themselves speak of a rule, a duty, a fact, a limit or an act?"""

from engine.rulebook import Rulebook


class LawWords:
    """Sentences by id; None where the rulebook has none. A rule id may carry `@jurisdiction`."""

    def __init__(self, rulebook: Rulebook) -> None:
        rules = [rule for file in rulebook.law.files for rule in file.rules]
        rules += rulebook.overlay.rules if rulebook.overlay else ()
        topics = rulebook.topics.topics.values()
        self._rules = {rule.id: rule.title for rule in rules}
        self._duties = {name: says for topic in topics for name, says in topic.duties.items()}
        self._limits = {name: limit.says for topic in topics for name, limit in topic.limits.items()}
        self._facts = {path: fact.says for path, fact in rulebook.vocabulary.facts.items()}
        self._topics = {topic.name: topic.says for topic in topics}
        self._ways = {(topic.name, duty): one.ways for topic in topics for duty, one in topic.stated.items()}

    def rule_title(self, rule: str) -> str | None:
        """The sentence of a rule."""
        return self._rules.get(rule.partition("@")[0])

    def duty_sentence(self, duty: str) -> str | None:
        """What a duty asks for."""
        return self._duties.get(duty)

    def ways_done(self, topic: str, duty: str) -> tuple[str, ...]:
        """The ways in which a clinician may mark a duty as done; none where that is not theirs to state."""
        return self._ways.get((topic, duty), ())

    def limit_sentence(self, limit: str) -> str | None:
        """What a limit limits."""
        return self._limits.get(limit)

    def fact_sentence(self, path: str) -> str | None:
        """What a fact is; a field of a record speaks for its list."""
        return self._facts.get(path) or self._facts.get(path.rpartition(".")[0])

    def topic_sentence(self, topic: str) -> str | None:
        """What a topic asks."""
        return self._topics.get(topic)
