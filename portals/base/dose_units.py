"""What is a prescription counted in, by any of a unit's forms in any language, and how does an amount of it read?"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache

from portals.base.i18n import catalogue, languages, translator

_KEY = "dose_unit."
_FORMS = ("one", "other")


@cache
def dose_units() -> Mapping[str, str]:
    """Every way to write a unit, in lower case, and the unit it means: its own code and its forms in all languages."""
    found: dict[str, str] = {}
    for language in languages():
        for name, text in catalogue(language).items():
            if name.startswith(_KEY):
                code = name.split(".")[1]
                found |= {code.casefold(): code, text.casefold(): code}
    return found


def unit_code(typed: str) -> str:
    """The unit that was typed; empty where it is none that is known."""
    return dose_units().get(typed.strip().rstrip(".").casefold(), "")


def amount_words(quantity: str, unit: str, language: str) -> str:
    """``20 capsules``, ``1 capsule``; a unit that nobody knows stands as it was typed."""
    code = unit_code(unit)
    shown = translator(language)(f"{_KEY}{code}.{_form(quantity)}") if code else unit
    return f"{quantity} {shown}".strip()


def counted(kind: str, count: int, language: str) -> str:
    """``10 days`` or ``1 refill``: a count of days or refills of a prescription."""
    form = "none" if not count and kind == "refills" else _form(str(count))
    return translator(language)(f"rx_count.{kind}.{form}", count=count)


def _form(quantity: str) -> str:
    try:
        return _FORMS[Decimal(quantity) != 1]
    except InvalidOperation:
        return _FORMS[1]
