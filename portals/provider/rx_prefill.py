"""What stands in the prescribing form before anybody typed: a drug's usual directions, or an order to be changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portals.provider.drug_choice import DrugChoice
from portals.provider.prescription_form import CHOICES, FLAGS


def usual_form(drug: DrugChoice, pharmacies: Sequence[Any], place: str) -> dict[str, str]:
    """The usual directions of a drug; the pharmacy too, where there is only one in the patient's state, or at all."""
    near = near_and_far(pharmacies, place)[0] or pharmacies
    return {
        "drug": drug.key,
        "sig": drug.sig,
        "quantity": drug.quantity,
        "unit": drug.unit,
        "days": str(drug.days or ""),
        "refills": "0",
        "purpose": drug.purpose,
        "pharmacy": near[0].id if len(near) == 1 else "",
        "note": "",
        "substitutions": "1",
    }


def near_and_far(pharmacies: Sequence[Any], place: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The pharmacies in the patient's state, and all others; each in the clinic's own order."""
    near = tuple(one for one in pharmacies if one.state == place)
    return near, tuple(one for one in pharmacies if one.state != place)


def changed_form(order: Any, listed: Sequence[DrugChoice]) -> dict[str, str]:
    """An order as the form shows it; what was stated about the monitoring programme is asked anew."""
    draft = order.draft
    stated = draft.statements
    return {
        "drug": _key(draft.drug, listed),
        "replaces": order.order,
        "sig": draft.sig,
        "quantity": draft.quantity,
        "unit": draft.quantity_unit,
        "days": str(draft.days_supply),
        "refills": str(draft.refills),
        "purpose": draft.purpose or "",
        "pharmacy": str(draft.pharmacy.get("id", "")),
        "note": draft.note_to_pharmacy,
        "substitutions": "1" if draft.substitutions_allowed else "",
        "exception": "1" if stated.get("prescription.acute_pain_exception") else "",
        **{name: {True: "yes", False: "no"}.get(stated.get(path), "") for name, path in FLAGS.items()},
        **{name: str(stated.get(path, "")) for name, (path, _) in CHOICES.items()},
        "mme": f"{stated['prescription.mme_per_day']:g}" if "prescription.mme_per_day" in stated else "",
        "doses": str(stated.get("prescription.doses", "")),
        "circumstance": _circumstance(stated.get("treatment.circumstances")),
        "indication": str(stated.get("treatment.indication", "")),
        "allergy_reason": str(draft.acknowledged.get("reason", "")),
        "amounts_reason": str(draft.acknowledged.get("amounts_reason", "")),
        "finding_reason": str(draft.acknowledged.get("findings_reason", "")),
    }


def _circumstance(stated: Sequence[str] | None) -> str:
    """The choice of the form: what was stated, that there was nothing to state, or that nobody said."""
    return "" if stated is None else next(iter(stated), "none")


def _key(drug: Any, listed: Sequence[DrugChoice]) -> str:
    """The choice that the order's drug was picked from; the drug base's where the list no longer has it."""
    parts = tuple(str(drug.get(name, "")) for name in ("name", "strength", "form"))
    found = next((one for one in listed if (one.name, one.strength, one.dose_form) == parts), None)
    return found.key if found else f"base:{parts[0].lower()}"
