"""Whether a stated place makes sense: state codes known to the catalogue, and a ZIP code that lies in the state."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.zones import ZipPlace
from portals.base.i18n import catalogue, collated, translator

STATE_KEY = "state."
FIVE_DIGITS = re.compile(r"[0-9]{5}(-[0-9]{4})?")
STATES: tuple[str, ...] = tuple(
    sorted(key.removeprefix(STATE_KEY) for key in catalogue("en") if key.startswith(STATE_KEY))
)


def place_problems(values: Mapping[str, str], located: ZipPlace | None) -> tuple[tuple[str, str], ...]:
    """Each problem as (field, message key)."""
    problems = []
    if values["state"] not in STATES:
        problems.append(("state", "place.error.state"))
    if located is None:
        typed = FIVE_DIGITS.fullmatch(values["postal_code"].strip())
        problems.append(("postal_code", f"place.error.{'postal_unknown' if typed else 'postal_code'}"))
    elif values["state"] in STATES and located.state != values["state"]:
        problems.append(("postal_code", "place.error.mismatch"))
    return tuple(problems)


def state_options(language: str) -> tuple[tuple[str, str], ...]:
    """The states to choose from, by name, with the invitation to choose first."""
    t = translator(language)
    named = sorted(((code, t(STATE_KEY + code)) for code in STATES), key=lambda pair: collated(pair[1]))
    return (("", t("common.choose")), *named)
