"""What speaks against a drug for this patient: interactions, allergies that reach further, the same thing twice?

A pure question: a drug, what the patient takes, what they are allergic to, and a base (`rules/*/safety.yaml`).
It decides nothing about the law. Which severity asks for what is the house's rule (decision 0056): contraindicated is
refused, serious needs a reason, moderate is shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.drugs import Drug
from engine.medicine_words import ingredients
from engine.texts import Texts

CONTRAINDICATED, SERIOUS, MODERATE = "contraindicated", "serious", "moderate"
SEVERITIES = (CONTRAINDICATED, SERIOUS, MODERATE)
INTERACTION, ALLERGY, DUPLICATE = "interaction", "allergy", "duplicate"
DOUBLED = "doubled"
RISKS = ("negligible", "low", "moderate", "high")
CLASS = "class:"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two things that do not go together: drugs by name, ``class:`` and a class, or something else taken."""

    a: str
    b: str
    severity: str
    effect: str
    mechanism: str = ""
    action: str = ""

    @property
    def named(self) -> int:
        """How many of the two are drugs by name: what is said of a drug goes before what is said of its class."""
        return (not self.a.startswith(CLASS)) + (not self.b.startswith(CLASS))


@dataclass(frozen=True, slots=True, kw_only=True)
class AllergyClass:
    """A family of the facts: its members, what may cross-react by how likely (negligible to high), why, what to do.

    A term is a drug by name, ``class:`` and a class, or another family by its id.
    """

    id: str
    members: tuple[str, ...]
    reaches: Mapping[str, str]
    basis: str
    action: str


@dataclass(frozen=True, slots=True)
class Reach:
    """What an allergy reaches: its own family, and beyond it what may cross-react; drugs, or ``class:`` and a class.

    ``members`` are drugs of the family that an allergy to one of them reaches only as far as the rest says; ``names``
    are what people call the allergy besides its code.
    """

    serious: tuple[str, ...] = ()
    moderate: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    members: tuple[str, ...] = ()

    def is_of(self, drug: Drug) -> bool:
        """Whether an allergy to the drug is one of this family."""
        return any(_is(term, drug.name, drug.classes) for term in self.members)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Allergy:
    """An allergy as it was told, the drugs of the base that it names, and the families it belongs to."""

    told: str
    drugs: tuple[Drug, ...] = ()
    families: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyBase:
    """The knowledge: pairs, kinds of medicine by their possible classes, classes of which one is enough, allergies.

    ``allergy_classes`` are the families of the facts by id, the reason of what ``allergies`` warns of; ``beside`` is
    what is taken beside drugs. ``spared`` are two that go together whatever their classes say (rescue naloxone beside
    an opioid), ``brands`` the generic names by what else a drug is called. ``effects``, ``mechanisms``, ``actions`` and
    ``bases`` are words by code; ``source`` the title of where it is from
    and ``checked`` the day it was read.
    """

    pairs: tuple[Pair, ...] = ()
    effects: Mapping[str, Texts] = field(default_factory=dict)
    mechanisms: Mapping[str, Texts] = field(default_factory=dict)
    actions: Mapping[str, Texts] = field(default_factory=dict)
    bases: Mapping[str, Texts] = field(default_factory=dict)
    allergy_classes: Mapping[str, AllergyClass] = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    duplicates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    allergies: Mapping[str, Reach] = field(default_factory=dict)
    spared: tuple[tuple[str, str], ...] = ()
    brands: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    checked: str = ""


EMPTY = SafetyBase()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Taken:
    """Something the patient takes: a drug of the base, or only a kind of medicine (``known`` False: not which one).

    ``origin`` says who says so: patient, clinic (prescribed here), program (a monitoring program), chart; ``shown`` how
    they wrote it, with its dose.
    """

    name: str
    classes: tuple[str, ...]
    origin: str
    known: bool = True
    shown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that speaks against the drug; ``code`` is the same each time it is found, ``other`` what it is about.

    ``known`` is False where only the kind of the other medicine is known. ``mechanism`` is how it comes about (of an
    allergy: on what basis it reaches the drug), ``action`` what to do, both by code; empty where the base says nothing.
    """

    code: str
    kind: str
    severity: str
    effect: str
    other: str = field(repr=False)
    origin: str
    known: bool = True
    mechanism: str = ""
    action: str = ""


def findings(
    drug: Drug, taken: Sequence[Taken], allergies: Collection[Allergy], base: SafetyBase
) -> tuple[Finding, ...]:
    """Everything that speaks against the drug, the gravest first, each thing once; allergies to it: `allergic_to`."""
    found: dict[str, Finding] = {}
    beside = [other for other in taken if not _spared(drug, other, base)]
    for one in (*_together(drug, beside, base), *_twice(drug, beside, base), *_reaches(drug, allergies, base)):
        known = found.get(one.code)
        found[one.code] = one if known is None else _graver(known, one)
    return tuple(sorted(found.values(), key=lambda one: (_rank(one), one.kind, one.code)))


def _graver(first: Finding, second: Finding) -> Finding:
    """The graver of two that say the same, the first where they are alike; what it leaves unsaid the other says."""
    graver, other = (second, first) if _rank(second) < _rank(first) else (first, second)
    return graver if graver.action else replace(graver, mechanism=other.mechanism, action=other.action)


def allergy_meant(told: str, drugs: tuple[Drug, ...], base: SafetyBase) -> Allergy:
    """What an allergy means: a code or a usual name of a family, and the families of the drugs that it names."""
    said = told.strip().lower()
    families = (
        code
        for code, reach in base.allergies.items()
        if said == code
        or said in reach.names
        or any(reach.is_of(drug) or _in_family(drug, code, base) for drug in drugs)
    )
    return Allergy(told=told, drugs=drugs, families=tuple(families))


def allergic_to(drug: Drug, allergy: Allergy, base: SafetyBase) -> bool:
    """Whether the allergy is to the drug itself, to one of its ingredients, to its class or to its family."""
    said = allergy.told.strip().lower()
    if said in drug.classes or said == drug.name.lower() or said in ingredients(drug.name):
        return True
    if any(ingredients(one.name) & ingredients(drug.name) for one in allergy.drugs):
        return True
    return any(_in_family(drug, code, base) for code in allergy.families)


def _in_family(drug: Drug, code: str, base: SafetyBase) -> bool:
    reach = base.allergies[code]
    own = reach.own or (() if reach.members else (f"{CLASS}{code}",))
    return any(_is(term, drug.name, drug.classes) for term in own)


def _spared(drug: Drug, other: Taken, base: SafetyBase) -> bool:
    one, two = (drug.name, drug.classes), (other.name, other.classes)
    return any((_is(a, *one) and _is(b, *two)) or (_is(a, *two) and _is(b, *one)) for a, b in base.spared)


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
                    mechanism=pair.mechanism if other.known else "",
                    action=pair.action if other.known else "",
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
    if other.known and ingredients(drug.name) & ingredients(other.name):
        return SERIOUS
    shared = set(drug.classes) & set(other.classes)
    for severity in (SERIOUS, MODERATE):
        if shared & set(base.duplicates.get(severity, ())):
            return severity
    return ""


def _reaches(drug: Drug, allergies: Collection[Allergy], base: SafetyBase) -> Iterable[Finding]:
    for allergy in allergies:
        if allergic_to(drug, allergy, base):
            continue
        reaches = [base.allergies[code] for code in allergy.families]
        for severity in (SERIOUS, MODERATE):
            members = [term for reach in reaches for term in getattr(reach, severity)]
            if any(_is(member, drug.name, drug.classes) for member in members):
                why = _cross_reacts(drug, allergy, base)
                yield Finding(
                    code=f"{ALLERGY}:{allergy.told}",
                    kind=ALLERGY,
                    severity=severity,
                    effect="rash",
                    other=allergy.told,
                    origin="patient",
                    mechanism=why.basis if why else "",
                    action=why.action if why else "",
                )


def _cross_reacts(drug: Drug, allergy: Allergy, base: SafetyBase) -> AllergyClass | None:
    """The family of the facts by which the allergy may reach the drug: the likeliest, then one that names the drug."""
    families = (one for one in base.allergy_classes.values() if _told_of(allergy, one))
    likely = [
        (RISKS.index(risk), drug.name in one.reaches, one) for one in families if (risk := _risk(drug, one, base))
    ]
    return max(likely, key=lambda each: each[:2])[2] if likely else None


def _told_of(allergy: Allergy, family: AllergyClass) -> bool:
    said = {*allergy.families, allergy.told.strip().lower()}
    drugs = any(_is(term, one.name, one.classes) for term in family.members for one in allergy.drugs)
    return drugs or any(term.removeprefix(CLASS) in said for term in family.members)


def _risk(drug: Drug, family: AllergyClass, base: SafetyBase) -> str:
    """How likely the family reaches the drug, by `RISKS`; empty where it does not."""
    found = [risk for term, risk in family.reaches.items() if _belongs(drug, term, base)]
    return max(found, key=RISKS.index, default="")


def _belongs(drug: Drug, term: str, base: SafetyBase) -> bool:
    family = base.allergy_classes.get(term)
    terms = family.members if family is not None and term != drug.name else (term,)
    return any(_is(each, drug.name, drug.classes) for each in terms)


def _is(term: str, name: str, classes: Collection[str]) -> bool:
    return term.removeprefix(CLASS) in classes if term.startswith(CLASS) else term == name


def _softened(severity: str, other: Taken) -> str:
    """Where only the kind is known nothing is sure enough to refuse: it is asked for a reason."""
    return SERIOUS if severity == CONTRAINDICATED and not other.known else severity
