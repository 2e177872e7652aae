"""When is an item of a Questionnaire enabled: `enableWhen` where R4 can say it, else a FHIRPath expression?

FHIR knows no third truth value: an item is enabled or it is not. Conditions are brought to a form in which only single
tests are denied; then "surely true" is plain logic over tests that are surely true, and no meaning is lost.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.conditions import Always, Condition, Every, Negation, Reference, Some, Test, rewrite
from engine.forms import BAND_SUFFIX, Code, Form, Score
from integrations.fhir.elements import SDC, Json, choice_code, code_system, expression, value_kind, whole

_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_SIGNS: Mapping[str, str] = {
    "is": "=",
    "less": "<",
    "at_most": "<=",
    "greater": ">",
    "at_least": ">=",
    "before": "<",
    "on_or_before": "<=",
    "after": ">",
    "on_or_after": ">=",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question that conditions may read: its linkId, its answer's kind of element, its choices' codes."""

    link: str
    kind: str
    many: bool = False
    codes: Mapping[str, Code] = field(default_factory=dict)

    @property
    def values(self) -> str:
        """FHIRPath of what its answers are compared by."""
        answers = f"%resource.item.where(linkId='{self.link}').answer.value"
        return f"{answers}.code" if self.kind == "Coding" else answers

    def named(self, value: Any) -> Any:
        """A value as its answers are compared: a choice by its code."""
        code = self.codes.get(value) if isinstance(value, str) else None
        return code.code if code is not None else value


class Enabling:
    """The conditions of one form in FHIR."""

    def __init__(self, form: Form, base: str) -> None:
        self._bands = {score.band_path: score for score in form.scores if score.bands}
        self._asked = {
            item.path: Asked(
                link=item.id,
                kind=value_kind(item),
                many=item.type == "multi_choice",
                codes={choice.id: choice_code(form, item, choice, base) for choice in item.choices},
            )
            for item in form.items
            if item.type != "info"
        }
        for score in form.scores:
            name = score.id + BAND_SUFFIX
            self._asked[score.path] = Asked(link=score.id, kind="Integer")
            system = code_system(form, name, base)
            bands = {band.id: Code(system=system, code=band.id) for band in score.bands}
            self._asked[score.band_path] = Asked(link=name, kind="Coding", codes=bands)

    def enabled(self, condition: Condition | None) -> Json:
        """What an item says of when it is shown: `enableWhen`, an `extension`, or nothing."""
        if condition is None:
            return {}
        plain = self._plain(condition)
        found = self._clauses(plain)
        if found is None:
            boolean = f"iif({self._path(plain)}, true, false)"  # what cannot be told yet is false
            return {"extension": [expression(f"{SDC}/sdc-questionnaire-enableWhenExpression", boolean)]}
        behavior, clauses = found
        return {"enableWhen": clauses, **({"enableBehavior": behavior} if len(clauses) > 1 else {})}

    def path(self, condition: Condition) -> str:
        """A condition as FHIRPath over the QuestionnaireResponse; true exactly where the condition surely holds."""
        return self._path(self._plain(condition))

    def _plain(self, condition: Condition) -> Condition:
        return _denied(rewrite(condition, self._banded), False)

    def _banded(self, part: Condition) -> Condition:
        """A test of a score's band as one of its sum."""
        score = self._bands.get(part.path) if isinstance(part, Test) else None
        if score is None or not isinstance(part, Test) or isinstance(part.operand, Reference):
            return part
        if part.operator in ("told", "exists"):
            return Test(score.path, part.operator, part.operand)
        named = part.operand if isinstance(part.operand, tuple) else (part.operand,)
        ranges = tuple(_within(score, str(name)) for name in named)
        return ranges[0] if len(ranges) == 1 else Some(ranges)

    def _clauses(self, condition: Condition) -> tuple[str, list[Json]] | None:
        """Behaviour and clauses of `enableWhen`; None where one flat list cannot say it."""
        if isinstance(condition, Every | Some):
            behavior = "all" if isinstance(condition, Every) else "any"
            clauses: list[Json] = []
            for part in condition.parts:
                found = self._clauses(part)
                if found is None or (len(found[1]) > 1 and found[0] != behavior):
                    return None
                clauses += found[1]
            return behavior, clauses
        denied = isinstance(condition, Negation)
        test = condition.part if isinstance(condition, Negation) else condition
        return self._test_clauses(test, denied) if isinstance(test, Test) else None

    def _test_clauses(self, test: Test, denied: bool) -> tuple[str, list[Json]] | None:
        asked = self._asked[test.path]
        if test.operator in ("told", "exists"):
            clause = {"question": asked.link, "operator": "exists", "answerBoolean": not denied}
            return None if denied and test.operator == "exists" else ("all", [clause])
        values = test.operand if isinstance(test.operand, tuple) else (test.operand,)
        sign = _SIGNS.get(test.operator, "=")
        if isinstance(test.operand, Reference) or not all(_is_said_by(asked, sign, value) for value in values):
            return None
        if not denied:
            behavior = "all" if test.operator == "has_all" else "any"
            return behavior, [_clause(asked, sign, value) for value in values]
        if asked.many or test.operator == "in":
            return None if asked.many else ("all", [_told(asked), *(_clause(asked, "!=", value) for value in values)])
        clause = _clause(asked, _OPPOSITE[sign], values[0])
        return "all", [_told(asked), clause] if sign == "=" else [clause]

    def _path(self, condition: Condition) -> str:
        if isinstance(condition, Always):
            return "true" if condition.holds else "false"
        if isinstance(condition, Every | Some):
            word = " and " if isinstance(condition, Every) else " or "
            return f"({word.join(self._path(part) for part in condition.parts)})"
        denied = isinstance(condition, Negation)
        test = condition.part if isinstance(condition, Negation) else condition
        if not isinstance(test, Test):
            raise ValueError("forms hold no records")
        return self._test_path(test, denied)

    def _test_path(self, test: Test, denied: bool) -> str:
        asked = self._asked[test.path]
        if test.operator == "told":
            return f"{asked.values}.empty()" if denied else f"{asked.values}.exists()"
        if test.operator == "exists":
            return "false" if denied else f"{asked.values}.exists()"  # whatever is told here is not nothing
        if isinstance(test.operand, Reference):
            return self._compared(asked, test, test.operand, denied)
        values = test.operand if isinstance(test.operand, tuple) else (test.operand,)
        if asked.kind == "Coding" or test.operator == "in":
            one = [f"({_literal(asked.named(value), asked.kind)} in {asked.values})" for value in values]
            either = "(" + (" and " if test.operator == "has_all" else " or ").join(one) + ")"
            return f"({asked.values}.exists() and {either}.not())" if denied else either
        sign = _SIGNS[test.operator]
        return f"({asked.values} {_OPPOSITE[sign] if denied else sign} {_literal(values[0], asked.kind)})"

    def _compared(self, asked: Asked, test: Test, to: Reference, denied: bool) -> str:
        other = self._asked[to.path].values
        if to.by is not None:
            other = f"({other} {'+' if to.sign > 0 else '-'} {to.by})"
        if test.operator in _SIGNS:
            sign = _SIGNS[test.operator]
            return f"({asked.values} {_OPPOSITE[sign] if denied else sign} {other})"
        among = {
            "has": f"({other} in {asked.values})",
            "has_all": f"{other}.subsetOf({asked.values})",
            "has_any": f"{asked.values}.intersect({other}).exists()",
            "in": f"({asked.values} in {other})",
        }[test.operator]
        return f"({asked.values}.exists() and {other}.exists() and {among}{'.not()' if denied else ''})"


def _denied(condition: Condition, denied: bool) -> Condition:
    """The condition, or its opposite, in which only tests are denied (De Morgan holds for three values as for two)."""
    if isinstance(condition, Negation):
        return _denied(condition.part, not denied)
    if isinstance(condition, Every | Some):
        parts = _flat(type(condition), (_denied(part, denied) for part in condition.parts), denied)
        return Every(parts) if isinstance(condition, Every) is not denied else Some(parts)
    if isinstance(condition, Always):
        return Always(condition.holds is not denied)
    return Negation(condition) if denied else condition


def _flat(kind: type[Every] | type[Some], parts: Iterable[Condition], denied: bool) -> tuple[Condition, ...]:
    """Parts with those of the same kind taken apart."""
    joins = Every if (kind is Every) is not denied else Some
    return tuple(one for part in parts for one in (part.parts if isinstance(part, joins) else (part,)))


def _within(score: Score, band: str) -> Condition:
    place = next(number for number, entry in enumerate(score.bands) if entry.id == band)
    low = Test(score.path, "at_least", score.bands[place].least)
    if place + 1 == len(score.bands):
        return low
    return Every((low, Test(score.path, "less", score.bands[place + 1].least)))


def _is_said_by(asked: Asked, sign: str, value: Any) -> bool:
    """Whether a clause says it: none takes half a whole number, and renderers do not order days in clauses."""
    if asked.kind == "Date":
        return sign == "="
    return asked.kind != "Integer" or isinstance(whole(value), int)


def _told(asked: Asked) -> Json:
    return {"question": asked.link, "operator": "exists", "answerBoolean": True}


def _clause(asked: Asked, sign: str, value: Any) -> Json:
    answer: Any = value
    if asked.kind == "Coding":
        code = asked.codes[str(value)]
        answer = {"system": code.system, "code": code.code}
    elif asked.kind in ("Integer", "Decimal"):
        answer = whole(value)
    return {"question": asked.link, "operator": sign, f"answer{asked.kind}": answer}


def _literal(value: Any, kind: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        plain = f"{Decimal(repr(whole(value))):f}"  # FHIRPath writes no exponents
        return plain if value >= 0 else f"({plain})"
    if kind == "Date":
        return f"@{value}"
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
