"""Which pages may speak with a node."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\[\]:-]{1,255}", re.ASCII)


def origin_allowed(origin: str, patterns: Iterable[str]) -> bool:
    """Whether a page of ``origin`` may join. A pattern is an origin; ``*.`` before its host stands for one label.

    >>> origin_allowed("http://lakeside.localhost:8080", ["http://*.localhost:8080"])
    True
    """
    if not _ORIGIN.fullmatch(origin):
        return False
    scheme, _, host = origin.lower().partition("://")
    label, dot, parent = host.partition(".")
    choices = {f"{scheme}://{host}"} | ({f"{scheme}://*.{parent}"} if label and dot else set())
    return any(pattern.lower().rstrip("/") in choices for pattern in patterns)
