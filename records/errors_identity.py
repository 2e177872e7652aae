"""How proving who one is can fail: each failure is a class with a short code; none carries what a person typed."""

from __future__ import annotations

from records.errors import RecordsError


class SecondFactorNeeded(RecordsError):
    """The password was right and is not enough: ``needs`` is ``code`` (a factor there is) or ``enrol`` (none yet).

    The browser that asked now has a ceremony of that name under way; nobody is signed in. ``provider``: they have only
    ever come through the clinic's OpenID provider with a second factor, and come that way again.
    """

    code = "second_factor"

    def __init__(self, needs: str) -> None:
        self.needs = needs
        super().__init__(needs)


class FactorRefused(RecordsError):
    """A factor was refused: ``code`` is ``wrong``, ``blocked``, ``expired``, ``counter`` or ``unknown``."""

    def __init__(self, code: str, retry_after_seconds: int = 0) -> None:
        self.code = code
        self.retry_after_seconds = retry_after_seconds
        super().__init__(code)


class TokenRefused(RecordsError):
    """A mail's link was refused: it was used, is too old, was taken back or never was (``code`` ``over``)."""

    code = "over"
