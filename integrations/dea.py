"""Whether a DEA registration number is well formed (21 CFR 1301; the check digit is the agency's own)."""

from __future__ import annotations

import re

_SHAPE = re.compile(r"[A-Z][A-Z9](\d{7})")


def is_dea(text: str) -> bool:
    """Two letters (the second may be 9) and seven digits, the last of which checks the other six."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        return False
    *digits, check = (int(digit) for digit in found[1])
    return (sum(digits[0::2]) + 2 * sum(digits[1::2])) % 10 == check
