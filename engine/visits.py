"""What does a specialty offer: its visit types with their compiled plans, its note, its formulary?"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.plans import VisitPlan
from engine.prices import Price
from engine.texts import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteChoice:
    """One entry of a note field that is chosen from."""

    id: str
    text: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteField:
    """One field of a note: `line`, `text`, `choice`, `flag` or `number`; a required one is filled before signing."""

    id: str
    type: str
    label: Texts
    help: Texts
    required: bool
    choices: tuple[NoteChoice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSection:
    """A part of a note under one heading."""

    id: str
    title: Texts
    fields: tuple[NoteField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTemplate:
    """What a clinician writes. Stored fields go by `section.field`; the patient reads `for_patient` in the summary."""

    id: str
    version: int
    sections: tuple[NoteSection, ...]
    for_patient: tuple[str, ...] = ()

    def missing(self, fields: Mapping[str, object]) -> tuple[str, ...]:
        """The required fields, as `section.field`, that hold nothing."""
        return tuple(
            name
            for section in self.sections
            for field_ in section.fields
            for name in (f"{section.id}.{field_.id}",)
            if field_.required and not str(fields.get(name) or "").strip()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sig:
    """A usual direction for use, with what is dispensed and for how many days."""

    text: Texts
    quantity: str
    unit: str
    days_supply: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FormularyDrug:
    """A drug the specialty usually prescribes; `name` is the drug base's, `refills_most` at most."""

    name: str
    strength: str
    dose_form: str
    sigs: tuple[Sig, ...]
    refills_most: int
    purpose: str
    note: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """Drugs the specialty does not prescribe: by name or class, and why."""

    names: tuple[str, ...]
    classes: tuple[str, ...]
    schedules: tuple[str, ...]
    reason: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Formulary:
    """What the specialty prescribes, and what it never does."""

    id: str
    drugs: tuple[FormularyDrug, ...]
    never: tuple[Never, ...]

    def refusal(self, name: str, classes: tuple[str, ...], schedule: str | None) -> Never | None:
        """The entry of `never` that a drug falls under."""
        for entry in self.never:
            if name.lower() in entry.names or set(classes) & set(entry.classes) or schedule in entry.schedules:
                return entry
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitType:
    """One kind of visit. `id` is `specialty/type`; `plan` is what its workflow walks.

    `price` is what it costs where a clinic names no price of its own; None: every clinic must.
    """

    id: str
    title: Texts
    about: Texts
    plan: VisitPlan
    intake_forms: tuple[str, ...]
    price: Price | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Specialty:
    """A specialty as compiled; `texts` are its own sentences for patients by name.

    `source` is what the digest names, its files, as text; a visit keeps it for as long as it runs.
    """

    id: str
    title: Texts
    summary: Texts
    languages: tuple[str, ...]
    visit_types: Mapping[str, VisitType]
    note: NoteTemplate
    formulary: Formulary | None
    digest: str
    texts: Mapping[str, Texts] = field(default_factory=dict)
    source: str = field(default="", compare=False, repr=False)
