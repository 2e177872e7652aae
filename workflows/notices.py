"""Sends the notices that wait: one short text that says nothing but that the clinic has news.

What the news is stands behind the sign-in; mail and text messages are read by others. At least once: a notice is
noted as sent after it went out, and its id goes along so that a sender can tell a repeat.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol, TypeVar

from engine.ports import NoticeRefused, Notifier, PortUnavailable

log = logging.getLogger(__name__)

BATCH = 20
IDLE_SECONDS = 2.0
DOWN = 3
TROUBLE_SECONDS = 20.0  # each look at an address is audited, so a network that is down is not asked all the time

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


OneNotice = TypeVar("OneNotice", bound=Notice)


class NoticeQueue(Protocol[OneNotice]):
    """The notices that wait, oldest first."""

    def pending(self, limit: int) -> Sequence[OneNotice]: ...
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
    while True:
        pause = TROUBLE_SECONDS
        try:
            tried = await asyncio.to_thread(send_pending, queue, notifier, words)
            pause = 0 if tried == BATCH else IDLE_SECONDS
        except PortUnavailable:
            log.info("notices: wait for their network")
        except Exception as fault:  # a notice must never stop the program that carries visits
            log.error("notices: %s", type(fault).__name__)
        await asyncio.sleep(pause)


def send_pending(
    queue: NoticeQueue[OneNotice], notifier: Notifier, words: Callable[[OneNotice], tuple[str, str]] = news
) -> int:
    """Tries one batch in order; returns how many need no more trying.

    A notice without an address is noted as sent: it stays readable. One that its network will never take is noted
    as refused. One that it does not take now (a greylisted address) waits and holds up no other.

    Raises:
        PortUnavailable: something waits; three in a row, and the network is taken to be down.
    """
    done = waiting = in_a_row = 0
    for notice in queue.pending(BATCH):
        if _is_settled(queue, notifier, notice, words):
            done, in_a_row = done + 1, 0
            continue
        waiting, in_a_row = waiting + 1, in_a_row + 1
        if in_a_row == DOWN:
            break
    if waiting:
        raise PortUnavailable("notify")
    return done


def _is_settled(
    queue: NoticeQueue[OneNotice], notifier: Notifier, notice: OneNotice, words: Callable[[OneNotice], tuple[str, str]]
) -> bool:
    try:
        if notice.address:
            notifier.send(notice.id, notice.channel, notice.address, *words(notice))
    except NoticeRefused as refused:
        log.error("notice %s: %s", notice.id, refused)
        queue.refused(notice)
    except PortUnavailable:
        return False
    else:
        queue.sent(notice)
    return True
