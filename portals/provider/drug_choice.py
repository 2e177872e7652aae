"""What is there to pick when a drug is searched for?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DrugChoice:
    """A drug to pick: from the formulary with usual directions, or from the drug base with its schedule alone.

    ``sig`` is what a pharmacy reads, always in English; ``directions`` the same in other languages, for patients.
    """

    key: str
    name: str
    strength: str
    dose_form: str
    schedule: str
    on_formulary: bool
    sig: str = ""
    directions: Mapping[str, str] = field(default_factory=dict)
    quantity: str = ""
    unit: str = ""
    days: int = 0
    refills_most: int = 0
    purpose: str = ""

    @property
    def title(self) -> str:
        return " ".join(part for part in (self.name, self.strength, self.dose_form) if part)
