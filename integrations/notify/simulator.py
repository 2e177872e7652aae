"""Mail and text messages that leave no machine: the demo's outbox page shows them, this adapter only lets them go."""

from __future__ import annotations

import logging

from engine.ports import MailLetter

logger = logging.getLogger(__name__)


class SimulatedNotifier:
    """``engine.ports.Notifier`` that notes the key of what it would have sent; records keep the message itself."""

    def send(self, key: str, channel: str, address: str, subject: str, body: str) -> None:
        logger.info("simulated notice %s by %s", key, channel)

    def send_letter(self, key: str, address: str, letter: MailLetter) -> None:
        logger.info("simulated notice %s by mail with what goes beside its words", key)
