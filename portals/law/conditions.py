"""How does the page say a condition? From its syntax tree, in the catalogue's words for facts, values and comparisons.

A decision names conditions in the engine's own words. Those are looked up among the parts of the conditions that were
asked, and each is said anew in the reader's language; what is not found there is said in the engine's words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.conditions import Always, Condition, Every, Negation, Quantifier, Reference, Some, Test
from engine.conditions_closures import describe
from engine.conditions_tree import AT_LEAST_ONE, walk
from engine.law import Limit
from engine.rulebook import Plan
from engine.topics import Topic
from engine.values import Duration, FactType, Kind
from engine.vocabulary import Vocabulary
from portals.law.words import FactWords

_AND, _NOT_TOLD = " and ", " (not told)"  # as the engine joins and marks the parts of what fails
_DATED = frozenset({Kind.DATE, Kind.INSTANT})


@dataclass(frozen=True, slots=True)
class Sentences:
    """Conditions in one language."""

    words: FactWords
    vocabulary: Vocabulary

    def of(self, condition: Condition, fields: Mapping[str, FactType] | None = None) -> str:
        """A condition as a part of a sentence; `fields` are those of the record it is about."""
        if isinstance(condition, Always):
            return self._say("always" if condition.holds else "never")
        if isinstance(condition, Every | Some):
            return self._joined(condition, fields)
        if isinstance(condition, Negation):
            return self._denied(condition.part, fields)
        if isinstance(condition, Quantifier):
            return self._records(condition)
        return self._test(condition, fields) if isinstance(condition, Test) else describe(condition)

    def parts_of(self, condition: Condition) -> tuple[str, ...]:
        """A condition as a list: everything in it that must hold."""
        if not isinstance(condition, Every):
            return (self.of(condition),)
        return tuple(self._bracketed(part, condition, None) for part in condition.parts)

    def _say(self, name: str, **values: object) -> str:
        return self.words.say(f"ask.if.{name}", **values)

    def _joined(self, condition: Every | Some, fields: Mapping[str, FactType] | None) -> str:
        lacking = _if_any(condition)
        if lacking is not None:
            return self._test(lacking, fields, "if_any")
        said = (self._bracketed(part, condition, fields) for part in condition.parts)
        return self._say("and" if isinstance(condition, Every) else "or").join(said)

    def _bracketed(self, part: Condition, outer: Every | Some, fields: Mapping[str, FactType] | None) -> str:
        """A part of a whole; one of several parts of its own, joined otherwise, stands in brackets."""
        said = self.of(part, fields)
        plain = not isinstance(part, Every | Some) or isinstance(part, type(outer)) or len(part.parts) == 1
        return said if plain or _if_any(part) is not None else f"({said})"

    def _denied(self, part: Condition, fields: Mapping[str, FactType] | None) -> str:
        if isinstance(part, Quantifier) and part.asks == AT_LEAST_ONE:
            if isinstance(part.where, Negation):
                return self._say("every", list=self._list(part), where=self._where(part.where.part, part))
            return self._of_list("none", part)
        if isinstance(part, Test) and part.operator in ("exists", "told"):
            return self._say(f"not_{part.operator}", fact=self._fact(part, fields))
        return self._say("not", what=self.of(part, fields))

    def _records(self, quantifier: Quantifier) -> str:
        asks = quantifier.asks
        if asks == AT_LEAST_ONE:
            return self._of_list("any", quantifier)
        fields = self._fields(quantifier)
        field = self.words.part_label(quantifier.of).lower() if quantifier.of else ""
        subject = self._of_list(f"measure.{quantifier.measure}", quantifier, field=field)
        if quantifier.of_record:
            return self._say("picked", subject=subject, what=self.of(asks, fields))
        kind = fields.get(quantifier.of, FactType(Kind.NUMBER))
        return self._compared(asks, subject, kind) if isinstance(asks, Test) else describe(quantifier)

    def _of_list(self, name: str, quantifier: Quantifier, **more: object) -> str:
        """A sentence about records, with what they are to fulfil or without."""
        if quantifier.where == Always(True):
            return self._say(f"{name}_at_all", list=self._list(quantifier), **more)
        where = self._where(quantifier.where, quantifier)
        return self._say(name, list=self._list(quantifier), where=where, **more)

    def _list(self, quantifier: Quantifier) -> str:
        return _quoted(self.words.label(quantifier.path))

    def _where(self, where: Condition, quantifier: Quantifier) -> str:
        return self.of(where, self._fields(quantifier))

    def _fields(self, quantifier: Quantifier) -> Mapping[str, FactType]:
        found = self.vocabulary.type_of(quantifier.path)
        return found.fields if found else {}

    def _test(self, test: Test, fields: Mapping[str, FactType] | None, more: str = "") -> str:
        known = (fields or {}).get(test.path) if test.of_item else self.vocabulary.type_of(test.path)
        said = self._compared(test, self._fact(test, fields), known or FactType(Kind.TEXT))
        return self._say(more, what=said) if more else said

    def _fact(self, test: Test, fields: Mapping[str, FactType] | None) -> str:
        return self.words.part_label(test.path).lower() if test.of_item else _quoted(self.words.label(test.path))

    def _compared(self, test: Test, fact: str, kind: FactType) -> str:
        operand = test.operand
        if isinstance(operand, bool) and test.operator == "is":
            return self._say("yes" if operand else "no", fact=fact)
        if test.operator in ("exists", "told"):
            return self._say(test.operator, fact=fact)
        return self._say(test.operator, fact=fact, value=self._operand(operand, kind))

    def _operand(self, operand: Any, kind: FactType) -> str:
        if isinstance(operand, tuple):
            return ", ".join(self._value(one, kind) for one in operand)
        if not isinstance(operand, Reference):
            return self._value(operand, kind)
        other = f"“{self.words.label(operand.path)}”"
        if operand.by is None:
            return other
        return self._say("plus" if operand.sign > 0 else "minus", fact=other, by=self.span(operand.by))

    def _value(self, value: Any, kind: FactType) -> str:
        if isinstance(value, int | float):
            unit = self.words.say(f"ask.unit.{kind.unit}", otherwise="") if kind.unit else ""
            return f"{value} {unit}".strip()
        if kind.kind in _DATED:
            return self.words.fmt.iso_day(str(value)[:10])
        if self.words.law.of_states(kind):
            return self.words.state(str(value))
        return self.words.say(f"ask.value.{value}", otherwise=str(value).replace("_", " "))

    def span(self, by: Duration) -> str:
        """A length of time."""
        counts = {"months": by.months, "days": by.days, "hours": by.seconds // 3600}
        named = ((name if count != 1 else name[:-1], count) for name, count in counts.items() if count)
        return " ".join(self._say(f"span.{name}", count=count) for name, count in named)


def _if_any(condition: Condition) -> Test | None:
    """The test of "there is none, or it is ...", as rules say of what a record may lack."""
    last = condition.parts[-1] if isinstance(condition, Some) else None
    if not isinstance(condition, Some) or not isinstance(last, Test) or len(condition.parts) == 1:
        return None
    return last if all(_lacks(part, last) for part in condition.parts[:-1]) else None


def _lacks(part: Condition, test: Test) -> bool:
    """Whether a part says that there is nothing of what a test is about, or nothing told of it."""
    inner = part.part if isinstance(part, Negation) else None
    return isinstance(inner, Test) and inner.operator in ("exists", "told") and inner.path == test.path


def _quoted(label: str) -> str:
    return f"“{label}”" if " " in label else label


class Conditions:
    """Every part of the conditions that were asked, by the engine's own words for it."""

    def __init__(self, plan: Plan, topic: Topic, sentences: Sentences) -> None:
        self._sentences = sentences
        asked = (part for condition in plan.program.conditions for part in walk(condition))
        self._known = {describe(part): part for part in (*asked, *_limits(plan, topic))}

    def say(self, text: str) -> str:
        """What the engine says of one or several parts, in the words of the page."""
        pieces = text.split(_AND)
        return self._sentences.words.say("ask.if.and").join(self._found(pieces))

    def _found(self, pieces: list[str]) -> Iterator[str]:
        """The longest parts that are known, from the left; one that is not known as the engine says it."""
        while pieces:
            lengths = range(len(pieces), 0, -1)
            taken = next((n for n in lengths if _bare(_AND.join(pieces[:n])) in self._known), 0)
            yield self._said(_AND.join(pieces[: taken or 1]), known=taken > 0)
            pieces = pieces[taken or 1 :]

    def _said(self, text: str, *, known: bool) -> str:
        if not known:
            return self._sentences.words.condition(text)
        said = self._sentences.of(self._known[_bare(text)])
        return self._sentences.words.say("ask.if.untold", what=said) if text.endswith(_NOT_TOLD) else said


def _bare(text: str) -> str:
    return text.removesuffix(_NOT_TOLD)


def _limits(plan: Plan, topic: Topic) -> Iterable[Condition]:
    """What a limit leaves, as the comparison by which the engine names it."""
    for standing in plan.standing:
        for effect in standing.instance.effects:
            path = topic.limits[effect.name].fact if isinstance(effect, Limit) else ""
            if isinstance(effect, Limit) and path:
                numbered = isinstance(effect.most, int | float)
                yield Test(path, "at_most", effect.most) if numbered else Test(path, "in", tuple(effect.allowed or ()))  # type: ignore[arg-type]
