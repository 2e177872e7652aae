"""Which drugs the rulebook knows: names, schedules and classes, as the prescribing search shows them."""

from __future__ import annotations

from collections.abc import Mapping

from engine.rulebook import Rulebook
from portals.provider.formulary import BaseDrug


def drugs_of(rulebook: Rulebook) -> Mapping[str, BaseDrug]:
    """The drug base by lower-case name."""
    return {
        name: BaseDrug(
            name=drug.name,
            schedule=drug.schedule or "",
            classes=drug.classes,
            strengths=tuple((form.form, strength) for form in drug.forms for strength in form.strengths),
        )
        for name, drug in rulebook.law.drugs.items()
    }
