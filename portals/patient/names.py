"""Whether a typed name is the name we know: case, accents, spacing and punctuation make no difference."""

from __future__ import annotations

import unicodedata


def same_name(typed: str, known: str) -> bool:
    """Whether two names are the same once written plainly; an empty name is nobody's."""
    return bool(_plain(typed)) and _plain(typed) == _plain(known)


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in letters if char.isalnum())
