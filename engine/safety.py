"""What speaks against a drug for this patient: interactions, allergies that reach further, the same thing twice?

A pure question: a drug, what the patient takes, what they are allergic to, and a base (`rules/*/safety.yaml`).
It decides nothing about the law. Which severity asks for what is the house's rule (decision 0056): contraindicated is
refused, serious needs a reason, moderate is shown.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.drugs import Drug, DrugNames
from engine.texts import Texts

CONTRAINDICATED, SERIOUS, MODERATE = "contraindicated", "serious", "moderate"
SEVERITIES = (CONTRAINDICATED, SERIOUS, MODERATE)
INTERACTION, ALLERGY, DUPLICATE = "interaction", "allergy", "duplicate"
DOUBLED = "doubled"
CLASS = "class:"
_LONGEST_NAME = 5  # words


@dataclass(frozen=True, slots=True)
class Pair:
    """Two things that do not go together: drugs by name, ``class:`` and a class, or something else taken."""

    a: str
    b: str
    severity: str
    effect: str


@dataclass(frozen=True, slots=True)
class Reach:
    """What may react with an allergy beyond its own class: drugs by name or ``class:`` and a class."""

    serious: tuple[str, ...] = ()
    moderate: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyBase:
    """The knowledge: pairs, kinds of medicine by their possible classes, classes of which one is enough, allergies.

    ``effects`` are words by code; ``source`` the title of where it is from and ``checked`` the day it was read.
    """

    pairs: tuple[Pair, ...] = ()
    effects: Mapping[str, Texts] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    duplicates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    allergies: Mapping[str, Reach] = field(default_factory=dict)
    source: str = ""
    checked: str = ""


EMPTY = SafetyBase()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Taken:
    """Something the patient takes: a drug of the base, or only a kind of medicine (``known`` False: not which one).

    ``origin`` says who says so: patient, clinic (prescribed here), program (a monitoring program), chart.
    """

    name: str
    classes: tuple[str, ...]
    origin: str
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that speaks against the drug; ``code`` is the same each time it is found, ``other`` what it is about.

    ``known`` is False where only the kind of the other medicine is known.
    """

    code: str
    kind: str
    severity: str
    effect: str
    other: str = field(repr=False)
    origin: str
    known: bool = True


def findings(drug: Drug, taken: Sequence[Taken], allergies: Collection[str], base: SafetyBase) -> tuple[Finding, ...]:
    """Everything that speaks against the drug, the gravest first, each thing once."""
    found: dict[str, Finding] = {}
    for one in (*_together(drug, taken, base), *_twice(drug, taken, base), *_reaches(drug, allergies, base)):
        known = found.get(one.code)
        if known is None or _rank(one) < _rank(known):
            found[one.code] = one
    return tuple(sorted(found.values(), key=lambda one: (_rank(one), one.kind, one.code)))


def taken_by_words(text: str, names: DrugNames) -> tuple[Drug, ...]:
    """The drugs of the base that a free text names, each once: what else it says is for a person to read."""
    words = [word.lower() for word in re.split(r"[\s,;/.()]+", text) if word]
    found: dict[str, Drug] = {}
    for start in range(len(words)):
        for length in range(min(_LONGEST_NAME, len(words) - start), 0, -1):
            drug = names.drugs.get(" ".join(words[start : start + length]))
            if drug is not None:
                found[drug.name] = drug
                break
    return tuple(found.values())


def _rank(one: Finding) -> int:
    return SEVERITIES.index(one.severity)


def _together(drug: Drug, taken: Sequence[Taken], base: SafetyBase) -> Iterable[Finding]:
    for other in taken:
        if other.known and other.name == drug.name:
            continue
        for pair in base.pairs:
            forward = _is(pair.a, drug.name, drug.classes) and _is(pair.b, other.name, other.classes)
            backward = _is(pair.b, drug.name, drug.classes) and _is(pair.a, other.name, other.classes)
            if forward or backward:
                yield Finding(
                    code=f"{INTERACTION}:{other.name}:{pair.effect}",
                    kind=INTERACTION,
                    severity=_softened(pair.severity, other),
                    effect=pair.effect,
                    other=other.name,
                    origin=other.origin,
                    known=other.known,
                )


def _twice(drug: Drug, taken: Sequence[Taken], base: SafetyBase) -> Iterable[Finding]:
    for other in taken:
        severity = _same(drug, other, base)
        if severity:
            yield Finding(
                code=f"{DUPLICATE}:{other.name}",
                kind=DUPLICATE,
                severity=severity,
                effect=DOUBLED,
                other=other.name,
                origin=other.origin,
                known=other.known,
            )


def _same(drug: Drug, other: Taken, base: SafetyBase) -> str:
    """How grave it is to take both as the same thing: an ingredient in common, or a class of which one is enough."""
    if other.known and _ingredients(drug.name) & _ingredients(other.name):
        return SERIOUS
    shared = set(drug.classes) & set(other.classes)
    for severity in (SERIOUS, MODERATE):
        if shared & set(base.duplicates.get(severity, ())):
            return severity
    return ""


def _ingredients(name: str) -> frozenset[str]:
    """The ingredients of a drug by its name: a combination's are joined by hyphens."""
    return frozenset(part for part in name.lower().split("-") if len(part) > 1)


def _reaches(drug: Drug, allergies: Collection[str], base: SafetyBase) -> Iterable[Finding]:
    for code in allergies:
        reach = base.allergies.get(code, Reach())
        for severity, members in ((SERIOUS, reach.serious), (MODERATE, reach.moderate)):
            if any(_is(member, drug.name, drug.classes) for member in members):
                yield Finding(
                    code=f"{ALLERGY}:{code}",
                    kind=ALLERGY,
                    severity=severity,
                    effect="rash",
                    other=code,
                    origin="patient",
                )


def _is(term: str, name: str, classes: Collection[str]) -> bool:
    return term.removeprefix(CLASS) in classes if term.startswith(CLASS) else term == name


def _softened(severity: str, other: Taken) -> str:
    """Where only the kind is known nothing is sure enough to refuse: it is asked for a reason."""
    return SERIOUS if severity == CONTRAINDICATED and not other.known else severity
