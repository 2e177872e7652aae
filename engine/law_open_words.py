"""Do the names in a condition name something: a drug, a class of drugs, a country, a state's law, a time zone?"""

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from zoneinfo import available_timezones

from engine.diagnostics import Problems, listed, nearest
from engine.drugs import Drug
from engine.law import LawFile
from engine.reading import Node, Sort
from engine.remembered import read_once
from engine.vocabulary import Vocabulary

Names = Mapping[str, frozenset[str]]
"""Paths whose values are open words, with the words that mean something; an empty set is not known."""


def names_of(vocabulary: Vocabulary, drugs: Mapping[str, Drug], files: Iterable[LawFile]) -> Names:
    """The words that mean something, by path: those of the drug base, and of the places that there are."""
    countries = {file.jurisdiction.partition("/")[0] for file in files}
    kind = vocabulary.type_of("patient.location.state")
    states = {f"{country}/{state.lower()}" for country in countries for state in (kind.choices if kind else ())}
    return _same(
        (
            ("drug.name", frozenset(drugs)),
            ("drug.classes", frozenset(name for drug in drugs.values() for name in drug.classes)),
            ("patient.jurisdiction", frozenset(countries | states)),
            ("patient.location.country", frozenset(countries)),
            ("patient.location.time_zone", _time_zones()),
        )
    )


@lru_cache(maxsize=4)
def _same(names: tuple[tuple[str, frozenset[str]], ...]) -> Names:
    """The very same object for the same names, so that rules that were checked with them are not checked again."""
    return MappingProxyType(dict(names))


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@read_once(most=1024)
def check_names(rules: Node | tuple[()], names: Names, problems: Problems) -> None:
    """Report every word that a rule compares with such a path and that means nothing; its cases may ask anything."""
    for rule in rules:
        for key, part in rule.items():
            if key != "cases":
                _check(part, names, problems)


def _check(node: Node, names: Names, problems: Problems) -> None:
    for part in node.parts:
        _check(part, names, problems)
    for key, part in node.items():
        known = names.get(key)
        if known is None:
            _check(part, names, problems)
            continue
        for word in _words(part):
            if known and word.raw not in known:
                reason = f"there is none of that name{nearest(word.raw, known)}"
                fix = f"use one of: {listed(known, 20)}"
                problems.report("COND004", word.at, value=word.raw, path=key, reason=reason, fix=fix)


def _words(node: Node) -> Iterable[Node]:
    """The texts that a path is compared with; what is taken from another fact is no text of this one."""
    if node.sort is Sort.TEXT:
        yield node
    elif "fact" not in node:
        for part in (*node.parts, *(value for _, value in node.items())):
            yield from _words(part)
