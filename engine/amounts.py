"""What does a prescription come to in all? Worked out from what was told of it, where enough was told."""

from collections.abc import Mapping

from engine.values import Value

TOTAL_DAYS = "prescription.total_days"
MME_TOTAL = "prescription.mme_total"
_DAYS, _REFILLS, _MME = "prescription.days_supply", "prescription.refills", "prescription.mme_per_day"


def amounts(facts: Mapping[str, Value]) -> dict[str, Value]:
    """Days that a prescription and its refills last together, and its morphine milligram equivalents.

    Nothing where days, refills or equivalents are untold: an amount is never guessed.
    """
    days, refills, daily = facts.get(_DAYS), facts.get(_REFILLS), facts.get(_MME)
    found: dict[str, Value] = {}
    if isinstance(days, int) and isinstance(refills, int):
        found[TOTAL_DAYS] = days * (refills + 1)
    if isinstance(days, int) and isinstance(daily, int | float):
        found[MME_TOTAL] = days * daily
    return found
