"""What a typed card is to us: a processor's token and a label; the number itself is forgotten when this returns.

The simulated processor knows a few test numbers only (any other is refused here), so that nobody types a real card.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

# Test number -> the token by which the simulated processor knows how to behave.
TEST_CARDS: Mapping[str, str] = {
    "4242424242424242": "tok_visa",
    "5555555555554444": "tok_mastercard",
    "4000000000000002": "tok_declined",
    "4000000000009995": "tok_insufficient_funds",
    "4000000000000119": "tok_unavailable",
}
BRANDS = {"4": "Visa", "5": "Mastercard"}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CardEntry:
    """A card as read: token and label when there are no errors; ``errors`` are (field, message key)."""

    name: str
    expires: str
    token: str
    label: str
    errors: tuple[tuple[str, str], ...]


def read_card(values: Mapping[str, str], now: datetime) -> CardEntry:
    """Reads the card form; ``now`` decides whether the card is still good."""
    number = re.sub(r"\D", "", values["number"])
    errors = []
    if not values["name"]:
        errors.append(("name", "pay.error.name"))
    if number not in TEST_CARDS:
        errors.append(("number", "pay.error.number"))
    if not _is_good(values["expires"], now):
        errors.append(("expires", "pay.error.expires"))
    if not re.fullmatch(r"\d{3,4}", values["code"]):
        errors.append(("code", "pay.error.code"))
    label = f"{BRANDS.get(number[:1], 'Card')} {number[-4:]}" if number in TEST_CARDS else ""
    return CardEntry(
        name=values["name"],
        expires=values["expires"],
        token=TEST_CARDS.get(number, ""),
        label=label,
        errors=tuple(errors),
    )


def _is_good(text: str, now: datetime) -> bool:
    match = re.fullmatch(r"\s*(\d{1,2})\s*/?\s*(\d{2}|\d{4})\s*", text)
    if match is None:
        return False
    month, year = int(match[1]), int(match[2]) % 100 + 2000
    return 1 <= month <= 12 and (year, month) >= (now.year, now.month)
