"""Which drugs a search finds: the specialty's formulary first with its usual directions, then the whole drug base."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.texts import text_in
from engine.visits import Formulary, FormularyDrug
from portals.provider.views import DrugChoice

MOST_FOUND = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseDrug:
    """A drug of the drug base: its name, its DEA schedule (``II`` .. ``V`` or empty) and its classes."""

    name: str
    schedule: str
    classes: tuple[str, ...] = ()
    strengths: tuple[tuple[str, str], ...] = ()


def formulary_choices(formulary: Formulary | None, base: Mapping[str, BaseDrug], language: str) -> list[DrugChoice]:
    """One choice for each usual direction of each drug that the specialty lists, in the specialty's order."""
    drugs = formulary.drugs if formulary else ()
    return [
        choice
        for number, drug in enumerate(drugs)
        for choice in _choices(number, drug, base.get(drug.name.lower()), language)
    ]


def search(query: str, listed: Sequence[DrugChoice], base: Mapping[str, BaseDrug]) -> tuple[DrugChoice, ...]:
    """What a query finds: names that start with it before names that hold it; nothing typed shows the formulary."""
    wanted = query.strip().lower()
    if not wanted:
        return tuple(listed[:MOST_FOUND])
    on_list = {choice.name.lower() for choice in listed}
    others = [_base_choice(drug) for name, drug in sorted(base.items()) if name not in on_list]
    found = [choice for choice in [*listed, *others] if wanted in choice.title.lower()]
    return tuple(sorted(found, key=lambda choice: not choice.name.lower().startswith(wanted))[:MOST_FOUND])


def pick(key: str, listed: Sequence[DrugChoice], base: Mapping[str, BaseDrug]) -> DrugChoice | None:
    """The choice that a key names; None when there is no such drug any more."""
    for choice in listed:
        if choice.key == key:
            return choice
    drug = base.get(key.removeprefix("base:")) if key.startswith("base:") else None
    return _base_choice(drug) if drug else None


def _choices(number: int, drug: FormularyDrug, base: BaseDrug | None, language: str) -> Iterable[DrugChoice]:
    for index, sig in enumerate(drug.sigs):
        yield DrugChoice(
            key=f"list:{number}:{index}",
            name=drug.name,
            strength=drug.strength,
            dose_form=drug.dose_form,
            schedule=base.schedule if base else "",
            on_formulary=True,
            sig=text_in(sig.text, language),
            quantity=_number(sig.quantity),
            unit=str(sig.unit),
            days=int(sig.days_supply),
            refills_most=int(drug.refills_most),
            purpose=drug.purpose or "",
        )


def _base_choice(drug: BaseDrug) -> DrugChoice:
    form, strength = drug.strengths[0] if drug.strengths else ("", "")
    return DrugChoice(
        key=f"base:{drug.name.lower()}",
        name=drug.name,
        strength=strength,
        dose_form=form,
        schedule=drug.schedule,
        on_formulary=False,
    )


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
