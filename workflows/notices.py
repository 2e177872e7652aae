"""Sends the notices that wait: one short text that says nothing but that the clinic has news.

What the news is stands behind the sign-in; mail and text messages are read by others. At least once: a notice is
noted as sent after it went out, and its id goes along so that a sender can tell a repeat. One address that takes
nothing, or that breaks whoever sends, holds up no other: its notice waits on its own and is given up after days.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from engine.ports import NoticeRefused, Notifier, PortUnavailable

log = logging.getLogger(__name__)

BATCH = 20
IDLE_SECONDS = 2.0
TROUBLE_SECONDS = 20.0  # each look at an address is audited, so a network that is down is not asked all the time
LATER_SECONDS = 600.0
GIVEN_UP = timedelta(days=4)  # RFC 5321, section 4.5.4.1

# Subject and body by language; no clinic, no person, no reason.
TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "en": ("News from your clinic", "There is news about your visit. Please sign in to your clinic to read it."),
        "es": ("Novedades de su clínica", "Hay novedades sobre su consulta. Inicie sesión en su clínica para verlas."),
    }
)


class Notice(Protocol):
    """What a sender needs to know of a notice."""

    @property
    def id(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def at(self) -> datetime: ...


OneNotice = TypeVar("OneNotice", bound=Notice)


class NoticeQueue(Protocol[OneNotice]):
    """The notices that wait, oldest first, without those that are named."""

    def pending(self, limit: int, without: Sequence[str] = ()) -> Sequence[OneNotice]: ...
    def sent(self, message: OneNotice) -> None: ...
    def refused(self, message: OneNotice) -> None: ...


class Letter(Notice, Protocol):
    """A notice that was written out by whoever caused it: a proof of an address, a reset, an invitation."""

    @property
    def subject(self) -> str: ...
    @property
    def body(self) -> str: ...


def news(notice: Notice) -> tuple[str, str]:
    """Subject and body of a notice about a visit."""
    return TEXTS.get(notice.language, TEXTS["en"])


def written(letter: Letter) -> tuple[str, str]:
    """Subject and body of a letter."""
    return letter.subject, letter.body


async def send_notices(
    queue: NoticeQueue[OneNotice], notifier: Notifier, words: Callable[[OneNotice], tuple[str, str]] = news
) -> None:
    """Sends until it is cancelled; what cannot be sent now waits."""
    sender = Sender(queue, notifier, words)
    while True:
        pause = TROUBLE_SECONDS
        try:
            tried = await asyncio.to_thread(sender.send_pending)
            pause = 0 if tried == BATCH else IDLE_SECONDS
        except PortUnavailable:
            log.info("notices: wait for their network")
        except Exception as fault:  # a notice must never stop the program that carries visits
            log.error("notices: %s", type(fault).__name__)
        await asyncio.sleep(pause)


class Sender(Generic[OneNotice]):
    """Sends batch after batch, and remembers which notices are to be tried again later, and when."""

    def __init__(
        self,
        queue: NoticeQueue[OneNotice],
        notifier: Notifier,
        words: Callable[[OneNotice], tuple[str, str]] = news,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._notifier = notifier
        self._words = words
        self._clock = clock
        self._later: dict[str, float] = {}

    def send_pending(self) -> int:
        """Tries one batch in order; returns how many it looked at.

        A notice without an address is noted as sent: it stays readable. One that its network will never take, or has
        not taken for days, is noted as refused.

        Raises:
            PortUnavailable: the network is down; what is left waits.
        """
        self._later = {notice: until for notice, until in self._later.items() if until > self._clock()}
        notices = self._queue.pending(BATCH, tuple(self._later))
        for notice in notices:
            if self._is_sent(notice):
                self._queue.sent(notice)
        return len(notices)

    def _is_sent(self, notice: OneNotice) -> bool:
        try:
            if notice.address:
                self._notifier.send(notice.id, notice.channel, notice.address, *self._words(notice))
        except PortUnavailable:
            raise
        except NoticeRefused as refused:
            log.error("notice %s: %s", notice.id, refused)
            self._queue.refused(notice)
        except Exception as fault:  # whatever it is, it is this notice's trouble only
            log.warning("notice %s waits: %s", notice.id, type(fault).__name__)
            self._put_off(notice)
        else:
            return True
        return False

    def _put_off(self, notice: OneNotice) -> None:
        if datetime.now(UTC) - notice.at > GIVEN_UP:
            self._queue.refused(notice)
        else:
            self._later[notice.id] = self._clock() + LATER_SECONDS
