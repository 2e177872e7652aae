"""Text messages over the API that text networks share (Twilio's, 2010-04-01), and a network that only acts as one.

A message is a form post to ``/2010-04-01/Accounts/{account}/Messages.json``; 201 with an ``sid`` is a message taken,
an answer of 400 has a ``code``. The simulator answers as the network would and sends nothing.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping

from engine.ports import MailLetter, NoticeRefused, Notifier, PortUnavailable

logger = logging.getLogger(__name__)

TEXT = "text"
LONGEST = 160
INVALID, UNSUBSCRIBED = 21211, 21610
FINAL = frozenset({INVALID, UNSUBSCRIBED})
Transport = Callable[[str, Mapping[str, str]], tuple[int, str]]
"""Posts a form to a path; returns the status and the body. Raises `OSError` when the network cannot be reached."""


class TextNetwork:
    """``engine.ports.Notifier`` for texts; ``sender`` is the clinic's number."""

    def __init__(self, transport: Transport, account: str, sender: str) -> None:
        self._transport = transport
        self._path = f"/2010-04-01/Accounts/{account}/Messages.json"
        self._sender = sender

    def send(self, key: str, channel: str, address: str, subject: str, body: str) -> None:
        """Hands one text in; a text has no subject.

        Raises:
            NoticeRefused: the number takes none, or asked for no more.
            PortUnavailable: the network does not answer, or takes none now.
        """
        form = {"To": address, "From": self._sender, "Body": body[:LONGEST], "Key": key}
        try:
            status, answer = self._transport(self._path, form)
        except OSError as fault:
            raise PortUnavailable(f"texts: {type(fault).__name__}") from None
        if status == 201:
            logger.info("text %s handed in", key)
            return
        code = json.loads(answer).get("code") if status == 400 else None
        if code in FINAL:
            raise NoticeRefused(f"texts: {code}")
        raise PortUnavailable(f"texts: {status}")

    def send_letter(self, key: str, address: str, letter: MailLetter) -> None:
        raise NoticeRefused("texts: no mails")


class SimulatedTextNetwork:
    """Answers as a text network would. Numbers that end in 0000 do not exist; 0001 asked for no more texts."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def post(self, path: str, form: Mapping[str, str]) -> tuple[int, str]:
        """201 with what was taken, or 400 with the network's code."""
        to = form["To"]
        code = {"0000": INVALID, "0001": UNSUBSCRIBED}.get(to[-4:])
        if not to.startswith("+") or code is not None:
            return 400, json.dumps({"code": code or INVALID, "status": 400, "message": "simulated"})
        sid = "SM" + hashlib.sha256(form["Key"].encode()).hexdigest()[:32]
        self.taken.append(sid)
        return 201, json.dumps({"sid": sid, "status": "queued", "num_segments": "1", "simulated": True})


class ByChannel:
    """``engine.ports.Notifier`` that hands texts to one network and everything else to another."""

    def __init__(self, mails: Notifier, texts: Notifier) -> None:
        self._mails = mails
        self._texts = texts

    def send(self, key: str, channel: str, address: str, subject: str, body: str) -> None:
        network = self._texts if channel == TEXT else self._mails
        network.send(key, channel, address, subject, body)

    def send_letter(self, key: str, address: str, letter: MailLetter) -> None:
        self._mails.send_letter(key, address, letter)
