"""Does what a duty says of itself agree with what meets it? Both lists are in the words of one vocabulary."""

from collections.abc import Iterable

from engine.conditions import Condition, Quantifier, Test, walk
from engine.diagnostics import Problems, listed, nearest
from engine.reading import Node, Sort
from engine.values import Kind
from engine.vocabulary import Vocabulary

_WHOLE = "has_all"
_OF_CONSENTS = {"consent": "kind", "form": "form"}


def check_detail(detail: Node | None, met_by: Condition | None, vocabulary: Vocabulary, problems: Problems) -> None:
    """Report the words of a detail's list that its records do not know, and those that only one of the lists has.

    A list is one of words where the records that meet the duty have a field of choices of its name; a word that the
    condition itself asks for in another field is one as well.
    """
    records = [part for part in walk(met_by) if isinstance(part, Quantifier)] if met_by is not None else []
    if detail is not None and "consent" in detail:
        _check_consent(detail, vocabulary, problems)
    for key, node in detail.items() if detail is not None else ():
        for part in records if node.sort is Sort.LIST else ():
            kind = vocabulary.facts[part.path].type.fields.get(key) if part.path in vocabulary.facts else None
            if kind is not None and kind.kind is Kind.CHOICES:
                _check_list(key, node, part, kind.choices, problems)


def _check_consent(detail: Node, vocabulary: Vocabulary, problems: Problems) -> None:
    """What kind of consent a duty asks for, in which form: words of the consents that are kept."""
    consents = vocabulary.type_of("consents")
    for key, name in _OF_CONSENTS.items():
        node, kind = detail.get(key), consents.fields.get(name) if consents else None
        if node is not None and node.sort is Sort.TEXT and kind is not None and node.raw not in kind.choices:
            hint, fix = nearest(node.raw, kind.choices), f"use one of: {listed(kind.choices)}"
            reason = f"it is none of the known words{hint}"
            problems.report("COND004", node.at, value=node.raw, path=f"detail {key}", reason=reason, fix=fix)


def _check_list(key: str, node: Node, records: Quantifier, choices: Iterable[str], problems: Problems) -> None:
    tests = [part for part in walk(records.where) if isinstance(part, Test)]
    known = {*choices, *(str(one) for test in tests for one in _literals(test))}
    for part in node:
        if part.raw not in known:
            hint = nearest(part.raw, known)
            reason, fix = f"it is none of the known words{hint}", "use a word of the vocabulary"
            problems.report("COND004", part.at, value=part.raw, path=f"detail {key}", reason=reason, fix=fix)
    asked = {one for test in tests if test.path == key and test.operator == _WHOLE for one in _literals(test)}
    told = {part.raw for part in node if part.raw in set(choices)}
    if asked and asked <= set(choices) and all(part.raw in known for part in node) and asked != told:
        problems.report("LAW034", node.at, key=key, names=", ".join(sorted(map(str, asked ^ told))))


def _literals(test: Test) -> tuple[object, ...]:
    """The values that a comparison is written with; none for a fact or a law value."""
    if isinstance(test.operand, tuple):
        return test.operand
    return (test.operand,) if isinstance(test.operand, str) else ()
