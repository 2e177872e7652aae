"""No mail and no text messages: nothing is sent, and whoever builds it is warned."""

from __future__ import annotations

import warnings

from engine.ports import MailLetter


class NullNotifierWarning(UserWarning):
    """Notices are switched off."""


class NullNotifier:
    """Drops every notice."""

    def __init__(self) -> None:
        warnings.warn("mail and text messages are switched off", NullNotifierWarning, stacklevel=2)

    def send(self, key: str, channel: str, address: str, subject: str, body: str) -> None:
        return None

    def send_letter(self, key: str, address: str, letter: MailLetter) -> None:
        return None
