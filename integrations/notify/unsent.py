"""No mail server was named: notices wait in the queue instead of being lost."""

from __future__ import annotations

import logging

from engine.ports import MailLetter, PortUnavailable

logger = logging.getLogger(__name__)


class WaitingNotifier:
    """``engine.ports.Notifier`` that sends nothing, so that everything still waits when a server is named."""

    def __init__(self) -> None:
        logger.warning("no mail server: set CLINIC_MAIL_SERVER and CLINIC_MAIL_FROM; notices wait until then")

    def send(self, key: str, channel: str, address: str, subject: str, body: str) -> None:
        raise PortUnavailable("notify: no server")

    def send_letter(self, key: str, address: str, letter: MailLetter) -> None:
        raise PortUnavailable("notify: no server")
