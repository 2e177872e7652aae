"""What of a clinic's file is right and still would disappoint its patients?

Asked of a clinic that compiled: nothing here makes it broken, except a brand that no repair would leave recognisable.
"""

from collections.abc import Collection, Iterable, Mapping

from engine.brand import WHITE, contrast, too_pale
from engine.clinics import ClinicFile, SeedProvider
from engine.diagnostics import Problems, listed, nearest
from engine.reading import Node
from engine.visits import Specialty, VisitType

# The sentences of a clinic that its pages show; a sentence by another name is shown nowhere.
SHOWN_TEXTS = ("welcome", "promise", "cancel_policy")
# What the head of a phone's page has room for beside its buttons.
LONGEST_MARK = 28


def lint_clinic(
    node: Node, clinic: ClinicFile, specialties: Mapping[str, Specialty], carried: Collection[str], problems: Problems
) -> None:
    """Report what nobody could book, read or see; `carried` are the states whose law is (none: nobody knows)."""
    _brand(node["brand"], clinic, problems)
    _texts(node, problems)
    _states(node, clinic, carried, problems)
    _directions(node, clinic, specialties, problems)
    _pharmacies(node, clinic, specialties, problems)
    if clinic.people.providers:
        offered = [kind for name in clinic.specialties if name in specialties for kind in _kinds(specialties[name])]
        _practised(node, clinic, offered, problems)
        _idle(node["people"]["providers"], clinic, problems)


def _kinds(specialty: Specialty) -> Iterable[VisitType]:
    return specialty.visit_types.values()


def _brand(node: Node, clinic: ClinicFile, problems: Problems) -> None:
    written = clinic.brand.written
    if too_pale(written):
        ratio = f"{contrast(written, WHITE):.2f}"
        problems.report("CLINIC012", node["colour"].at, colour=written, ratio=ratio)
    if len(clinic.brand.logo_text) > LONGEST_MARK:
        problems.report("CLINIC013", node["logo_text"].at, letters=len(clinic.brand.logo_text), most=LONGEST_MARK)


def _texts(node: Node, problems: Problems) -> None:
    texts = node.get("texts")
    for name, entry in texts.entries.items() if texts is not None else ():
        if name not in SHOWN_TEXTS:
            hint, allowed = nearest(name, SHOWN_TEXTS), listed(SHOWN_TEXTS)
            problems.report("CLINIC014", entry.key_at, name=name, hint=hint, allowed=allowed)


def _states(node: Node, clinic: ClinicFile, carried: Collection[str], problems: Problems) -> None:
    served = {pharmacy.state for pharmacy in clinic.pharmacies}
    for part in node["states"]:
        if carried and part.raw not in carried:
            problems.report("CLINIC015", part.at, state=part.raw, carried=listed(sorted(carried)))
        if served and part.raw not in served:
            problems.report("CLINIC016", part.at, state=part.raw)


def _directions(node: Node, clinic: ClinicFile, specialties: Mapping[str, Specialty], problems: Problems) -> None:
    """A patient takes a medicine as they read it: every language of the clinic needs its directions."""
    offered = [specialties[name] for name in clinic.specialties if name in specialties]
    drugs = [(one.id, drug) for one in offered if one.formulary is not None for drug in one.formulary.drugs]
    for language in clinic.languages:
        for specialty, drug in drugs:
            if any(language not in sig.text for sig in drug.sigs):
                at = node["specialties"].at
                problems.report("CLINIC022", at, specialty=specialty, drug=drug.name, language=language)


def _pharmacies(node: Node, clinic: ClinicFile, specialties: Mapping[str, Specialty], problems: Problems) -> None:
    """Who prescribes sends to a pharmacy that the patient chose: where there is none, nothing can be sent."""
    for part in node["specialties"]:
        specialty = specialties.get(part.raw)
        if not clinic.pharmacies and specialty is not None and specialty.formulary is not None:
            problems.report("CLINIC023", part.at, specialty=part.raw)


def _practised(node: Node, clinic: ClinicFile, offered: Iterable[VisitType], problems: Problems) -> None:
    """A visit type that no clinician of the clinic could hold in any of its states is sold in vain."""
    for kind in offered:
        able = [one for one in clinic.people.providers if _may_hold(one, kind, clinic.states)]
        if not able:
            wanted = listed(kind.plan.professions)
            problems.report("CLINIC017", node["specialties"].at, id=kind.id, professions=wanted)


def _may_hold(provider: SeedProvider, kind: VisitType, states: Collection[str]) -> bool:
    fits = not kind.plan.professions or provider.profession in kind.plan.professions
    practised = not provider.visit_types or kind.id in provider.visit_types
    return fits and practised and _licensed(provider, states)


def _licensed(provider: SeedProvider, states: Collection[str]) -> bool:
    return any(licence.state in states for licence in provider.licenses)


def _idle(nodes: Node, clinic: ClinicFile, problems: Problems) -> None:
    for node, provider in zip(nodes, clinic.people.providers, strict=True):
        if not _licensed(provider, clinic.states):
            problems.report("CLINIC018", node["licenses"].at, id=provider.id, states=listed(clinic.states))
