"""Whether a National Provider Identifier is well formed (45 CFR 162.406: ten digits, the last a check digit)."""

from __future__ import annotations

PREFIX = "80840"


def is_npi(text: str) -> bool:
    """Ten digits whose last is the Luhn check digit of the card-style number with the prefix 80840."""
    if len(text) != 10 or not text.isascii() or not text.isdigit():
        return False
    digits = [int(digit) for digit in reversed(PREFIX + text)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0
