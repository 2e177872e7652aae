"""Where a prescription's directions, quantity and days do not agree, in sentences with their arithmetic, by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.directions import DAYS, Disagreement, disagreements, read_directions
from portals.base.dose_units import counted, dose_units, unit_code
from portals.base.i18n import translator
from portals.provider.prescription_form import TypedPrescription, read_prescription


def amount_warnings(typed: TypedPrescription, language: str) -> dict[str, str]:
    """A sentence for each of the fields ``days`` and ``quantity`` that does not agree with the directions."""
    return {one.field: _words(one, language) for one in _found(typed)}


def form_warnings(form: Mapping[str, str], language: str) -> tuple[str, ...]:
    """The same of a form as it stands; nothing of one that cannot be read yet."""
    typed = read_prescription(form).typed
    return tuple(amount_warnings(typed, language).values()) if typed else ()


def amounts_acknowledged(typed: TypedPrescription) -> dict[str, Any]:
    """What an order keeps of such warnings: which they were, and why it is meant so."""
    kinds = [one.kind for one in _found(typed)]
    return {"amounts": kinds, "amounts_reason": typed.amounts_reason} if kinds else {}


def _found(typed: TypedPrescription) -> tuple[Disagreement, ...]:
    read = read_directions(typed.sig, dose_units())
    return disagreements(read, typed.quantity, unit_code(typed.unit), typed.days)


def _words(one: Disagreement, language: str) -> str:
    t = translator(language)
    if one.kind == DAYS:
        said, given = (counted("days", int(days), language) for days in (one.said, one.given))
        return t("rx_amounts.days", said=said, given=given)
    lasting = counted("days", int(one.days), language)
    sums = {"each": one.each, "per_day": one.per_day, "days": lasting, "said": one.said, "given": one.given}
    return t(f"rx_amounts.{one.kind}", **sums)
