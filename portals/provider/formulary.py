"""Which drugs a search finds: the specialty's formulary first with its usual directions, then the whole drug base."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.texts import text_in
from engine.visits import Formulary, FormularyDrug
from portals.provider.drug_choice import DrugChoice

MOST_FOUND = 16
LEAST_TYPED = 4  # letters, from which on a search is for one drug and shows each of its strengths
BASE = "base:"
PHARMACIES_READ = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseDrug:
    """A drug of the drug base: its name, its DEA schedule (``II`` .. ``V`` or empty), its classes.

    ``strengths`` are every usual form with its strength.
    """

    name: str
    schedule: str
    classes: tuple[str, ...] = ()
    strengths: tuple[tuple[str, str], ...] = ()


def formulary_choices(formulary: Formulary | None, base: Mapping[str, BaseDrug]) -> list[DrugChoice]:
    """One choice for each usual direction of each drug that the specialty lists, in the specialty's order."""
    drugs = formulary.drugs if formulary else ()
    return [
        choice for number, drug in enumerate(drugs) for choice in _choices(number, drug, base.get(drug.name.lower()))
    ]


def search(query: str, listed: Sequence[DrugChoice], base: Mapping[str, BaseDrug]) -> tuple[DrugChoice, ...]:
    """What a query finds: names that start with it before names that hold it; nothing typed shows the formulary."""
    wanted = query.strip().lower()
    if not wanted:
        return tuple(listed[:MOST_FOUND])
    on_list = {choice.name.lower() for choice in listed}
    others = [one for name, drug in sorted(base.items()) for one in _others(name, drug, name in on_list, wanted)]
    shown = {(choice.name, choice.strength, choice.dose_form) for choice in listed}
    more = [_as_listed(one, listed) for one in others if (one.name, one.strength, one.dose_form) not in shown]
    found = [choice for choice in [*listed, *more] if wanted in choice.title.lower()]
    return tuple(sorted(found, key=lambda choice: not choice.name.lower().startswith(wanted))[:MOST_FOUND])


def pick(key: str, listed: Sequence[DrugChoice], base: Mapping[str, BaseDrug]) -> DrugChoice | None:
    """The choice that a key names; None when there is no such drug any more."""
    for choice in listed:
        if choice.key == key:
            return choice
    if not key.startswith(BASE):
        return None
    choices = base_choices(base.get(key.removeprefix(BASE).partition(":")[0]))
    found = next((one for one in choices if one.key == key), None)
    return _as_listed(found, listed) if found else None


def base_choices(drug: BaseDrug | None) -> tuple[DrugChoice, ...]:
    """One choice for each usual form and strength of a drug of the base; one without, where none is known."""
    if drug is None:
        return ()
    return tuple(_base_choice(drug, number) for number in range(max(1, len(drug.strengths))))


def _others(name: str, drug: BaseDrug, listed: bool, wanted: str) -> tuple[DrugChoice, ...]:
    """A drug's choices beyond the list: every strength of one that is asked for by name, else the first alone."""
    choices = base_choices(drug)
    if name.startswith(wanted) and len(wanted) >= LEAST_TYPED:
        return choices
    return () if listed else choices[:1]


def _as_listed(choice: DrugChoice, listed: Sequence[DrugChoice]) -> DrugChoice:
    """Another strength of a drug that the specialty lists is under the list's limit of refills."""
    same = next((one for one in listed if one.name.lower() == choice.name.lower()), None)
    if same is None:
        return choice
    return replace(choice, on_formulary=True, refills_most=same.refills_most, purpose=same.purpose)


def _choices(number: int, drug: FormularyDrug, base: BaseDrug | None) -> Iterable[DrugChoice]:
    for index, sig in enumerate(drug.sigs):
        yield DrugChoice(
            key=f"list:{number}:{index}",
            name=drug.name,
            strength=drug.strength,
            dose_form=drug.dose_form,
            schedule=base.schedule if base else "",
            on_formulary=True,
            sig=text_in(sig.text, PHARMACIES_READ),
            directions={name: text for name, text in sig.text.items() if name != PHARMACIES_READ},
            quantity=_number(sig.quantity),
            unit=str(sig.unit),
            days=int(sig.days_supply),
            refills_most=int(drug.refills_most),
            purpose=drug.purpose or "",
        )


def _base_choice(drug: BaseDrug, number: int) -> DrugChoice:
    form, strength = drug.strengths[number] if drug.strengths else ("", "")
    return DrugChoice(
        key=f"{BASE}{drug.name.lower()}" + (f":{number}" if number else ""),
        name=drug.name,
        strength=strength,
        dose_form=form,
        schedule=drug.schedule,
        on_formulary=False,
    )


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
