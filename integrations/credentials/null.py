"""No primary source: nothing can be verified, and whoever builds it is warned."""

from __future__ import annotations

import warnings

from engine.credentials import Claim, SourceAnswer
from engine.ports import PortUnavailable


class NullPrimarySourceWarning(UserWarning):
    """Credentials are not verified."""


class NullPrimarySource:
    """Answers every question with ``PortUnavailable``: gates shut once the newest verified answer is too old."""

    def __init__(self) -> None:
        warnings.warn("credentials are not verified", NullPrimarySourceWarning, stacklevel=2)

    def ask(self, claim: Claim) -> SourceAnswer:
        raise PortUnavailable("credentials: switched off")
