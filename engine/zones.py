"""Which state and time zone does a ZIP code lie in?

The table is the one that the `zipcodes` package carries (42,789 codes, mid 2026). Fourteen states have more than one
time zone, so the zone goes by ZIP code, never by state. Read once, at the first question (about half a second).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import zipcodes

_FIVE_DIGITS = re.compile(r" *([0-9]{5})(?:-?[0-9]{4})? *\Z")  # the package panics at digits of other scripts

_APOSTROPHES = {
    "Bois D Arc": "Bois D'Arc",
    "Coeur D Alene": "Coeur d'Alene",
    "D Hanis": "D'Hanis",
    "D LO": "D'Lo",
    "Land O Lakes": "Land O' Lakes",
    "O Brien": "O'Brien",
    "O Fallon": "O'Fallon",
    "O Kean": "O'Kean",
    "O Neals": "O'Neals",
    "Port O Connor": "Port O'Connor",
}
"""Every city of the table whose name has an apostrophe, which the table leaves out, as people write it."""
_MC = re.compile(r"\bMc (?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipPlace:
    """Where a ZIP code lies: USPS state code, city, IANA time zone."""

    state: str
    city: str
    time_zone: str


def zip_place(postal_code: str) -> ZipPlace | None:
    """The place of a five- or nine-digit ZIP code, or None where there is no such code."""
    match = _FIVE_DIGITS.match(postal_code)
    return _look_up(match[1]) if match else None


def some_place_in(state: str) -> tuple[str, ZipPlace] | None:
    """A five-digit ZIP code of a state that letters are delivered to, and its place; None for an unknown state."""
    found = zipcodes.filter_by(state=state, zip_code_type="STANDARD", active=True)  # type: ignore[no-untyped-call]
    code = str(found[0]["zip_code"]) if found else ""
    place = zip_place(code)
    return (code, place) if place is not None else None


@lru_cache(maxsize=4096)
def _look_up(five_digits: str) -> ZipPlace | None:
    found = zipcodes.matching(five_digits)  # type: ignore[no-untyped-call]
    if not found or not found[0].get("timezone"):
        return None
    first = found[0]
    return ZipPlace(state=str(first["state"]), city=_as_written(str(first["city"])), time_zone=str(first["timezone"]))


def _as_written(city: str) -> str:
    """A city's name as people write it: the table has `Coeur D Alene` and `Mc Lean`."""
    return _APOSTROPHES.get(city) or _MC.sub("Mc", city)
