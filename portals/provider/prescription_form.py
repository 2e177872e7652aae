"""What the prescribing form says: the fields as typed, read into a prescription or into problems by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

FIELDS = ("drug", "sig", "quantity", "unit", "days", "refills", "purpose", "pharmacy", "note", "substitutions")
STATEMENTS = (
    "pdmp",
    "exception",
    "indication",
    "exception_asked",
    "weight_loss",
    "mme",
    "doses",
    "circumstance",
    "route",
    "diagnosis",
    "approved",
    "began",
)
CIRCUMSTANCES = (
    "none",
    "after_surgery",
    "fracture_or_trauma",
    "discharge",
    "cancer",
    "palliative",
    "terminal_illness",
    "sickle_cell",
    "chronic_condition",
    "pain_contract",
    "dental_or_refractive",
)
"""What a prescriber may state of an opioid's reason; some states' limits and looks go by it."""
CHOICES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "route": ("prescription.route", ("oral", "topical", "transdermal", "injection", "other")),
    "diagnosis": (
        "treatment.diagnosis",
        (
            "adhd",
            "narcolepsy",
            "hypersomnolence",
            "brain_dysfunction",
            "psychiatric",
            "weight_management",
            "developmental_disability",
            "neurological_disease",
            "autism",
            "brain_injury",
            "other",
        ),
    ),
}
"""What is stated by a choice: the field, its fact, and the fact's values in the order they are offered."""
FLAGS: Mapping[str, str] = {
    "weight_loss": "prescription.for_weight_loss",
    "approved": "prescription.physician_approved",
    "began": "prescription.physician_began",
}
"""What is stated by yes or no: the field and its fact."""
LONGEST_REASON = 300
LONGEST_SIG = 1000  # NCPDP SCRIPT 2017071 and later carry a sig of up to 1,000 characters
LONGEST_NOTE = 210  # and a note to the pharmacist of up to 210
MOST_REFILLS = 99
MOST_DAYS = 999


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TypedPrescription:
    """A prescription as read from the form; ``drug`` is the key of a :class:`DrugChoice`, quantity a plain number."""

    drug: str
    sig: str
    quantity: str
    unit: str
    days: int
    refills: int
    purpose: str
    pharmacy: str
    note: str
    substitutions: bool
    statements: Mapping[str, Any]
    allergy_reason: str = ""
    finding_reason: str = ""
    amounts_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadForm:
    """The outcome: ``typed`` when all is well, else ``problems`` as message keys by field."""

    typed: TypedPrescription | None
    problems: Mapping[str, str]


def read_prescription(form: Mapping[str, str]) -> ReadForm:
    """Reads the form; every problem is named at once, and nothing typed is ever put into a message."""
    values = {name: form.get(name, "").strip() for name in (*FIELDS, *STATEMENTS)}
    problems = {name: key for name, key in _problems(values) if key}
    if problems:
        return ReadForm(typed=None, problems=problems)
    typed = TypedPrescription(
        drug=values["drug"],
        sig=values["sig"],
        quantity=values["quantity"],
        unit=values["unit"],
        days=int(values["days"]),
        refills=int(values["refills"] or 0),
        purpose=values["purpose"],
        pharmacy=values["pharmacy"],
        note=values["note"],
        substitutions=bool(values["substitutions"]),
        statements=_statements(values),
        allergy_reason=form.get("allergy_reason", "").strip() if form.get("allergy_seen") else "",
        finding_reason=_reason(form, "finding"),
        amounts_reason=_reason(form, "amounts"),
    )
    return ReadForm(typed=typed, problems={})


def _reason(form: Mapping[str, str], what: str) -> str:
    """Why a warning does not hold, of one that is said to have been read."""
    return form.get(f"{what}_reason", "").strip()[:LONGEST_REASON] if form.get(f"{what}_seen") else ""


def _statements(values: Mapping[str, str]) -> dict[str, Any]:
    """What the prescriber states, by path of the vocabulary; what was not asked or not said is not told."""
    looked, down = values["pdmp"] == "checked", values["pdmp"] == "unavailable"
    told: dict[str, Any] = {}
    if looked or down:
        told |= {"pdmp.checked": looked, "pdmp.available": looked}
    if down:
        told["pdmp.attempt_documented"] = True  # this very statement documents it
    if values["exception_asked"]:
        told["prescription.acute_pain_exception"] = bool(values["exception"])
    told |= {path: values[name] == "yes" for name, path in FLAGS.items() if values[name] in ("yes", "no")}
    told |= {path: values[name] for name, (path, offered) in CHOICES.items() if values[name] in offered}
    if values["mme"]:
        told["prescription.mme_per_day"] = float(values["mme"])
    if values["doses"]:
        told["prescription.doses"] = int(values["doses"])
    if values["circumstance"] in CIRCUMSTANCES:
        told["treatment.circumstances"] = [one for one in (values["circumstance"],) if one != "none"]
    if values["indication"]:
        told["treatment.indication"] = values["indication"]
    return told


def _problems(values: Mapping[str, str]) -> list[tuple[str, str]]:
    required = [(name, "" if values[name] else "required") for name in ("drug", "sig", "unit", "purpose", "pharmacy")]
    return [
        *required,
        ("quantity", "" if _is_amount(values["quantity"]) else "quantity"),
        ("days", "" if _is_whole(values["days"], 1, MOST_DAYS) else "days"),
        ("refills", "" if _is_whole(values["refills"] or "0", 0, MOST_REFILLS) else "refills"),
        ("mme", "" if not values["mme"] or _is_amount(values["mme"]) else "mme"),
        ("doses", "" if not values["doses"] or _is_whole(values["doses"], 1, MOST_DAYS) else "doses"),
        *([("sig", "too_long")] if len(values["sig"]) > LONGEST_SIG else []),
        *([("note", "too_long")] if len(values["note"]) > LONGEST_NOTE else []),
        *([("indication", "too_long")] if len(values["indication"]) > LONGEST_REASON else []),
    ]


def _is_amount(text: str) -> bool:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return False
    return value.is_finite() and 0 < value <= 100_000


def _is_whole(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdigit() and least <= int(text) <= most
