"""Whether notices go out, in order, saying nothing, and wait while the network is down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.ports import PortUnavailable
from workflows.notices import send_pending, written


@dataclass(frozen=True)
class Waiting:
    """A notice in memory."""

    id: str
    address: str = "ana@example.org"
    channel: str = "mail"
    language: str = "es"


@dataclass
class MemoryQueue:
    """Notices that wait until they are sent."""

    waiting: list[Waiting]

    def pending(self, limit: int) -> Sequence[Waiting]:
        return tuple(self.waiting[:limit])

    def sent(self, message: Waiting) -> None:
        self.waiting.remove(message)


@dataclass
class Mailbox:
    """Takes so many messages, then is down."""

    room: int = 100
    sent: list[tuple[str, str]] = field(default_factory=list)

    def send(self, key: str, channel: str, address: str, subject: str, body: str) -> None:
        if len(self.sent) >= self.room:
            raise PortUnavailable("notify: down")
        self.sent.append((key, subject))


def test_notices_go_out_in_order_in_the_reader_s_language() -> None:
    queue, mailbox = MemoryQueue([Waiting("m1"), Waiting("m2", language="en"), Waiting("m3", language="xx")]), Mailbox()
    assert send_pending(queue, mailbox) == 3
    assert mailbox.sent == [
        ("m1", "Novedades de su clínica"),
        ("m2", "News from your clinic"),
        ("m3", "News from your clinic"),
    ]
    assert queue.waiting == []


def test_what_cannot_be_sent_waits() -> None:
    queue, mailbox = MemoryQueue([Waiting("m1"), Waiting("m2")]), Mailbox(room=1)
    assert send_pending(queue, mailbox) == 1
    assert [notice.id for notice in queue.waiting] == ["m2"]


def test_a_notice_without_an_address_is_not_sent_and_waits_no_longer() -> None:
    queue, mailbox = MemoryQueue([Waiting("m1", address="")]), Mailbox()
    assert send_pending(queue, mailbox) == 1
    assert (mailbox.sent, queue.waiting) == ([], [])


@dataclass(frozen=True)
class WrittenOut(Waiting):
    """A letter in memory."""

    subject: str = "Choose a new password"
    body: str = "Open the link."


def test_a_letter_goes_out_in_its_own_words() -> None:
    heard: list[tuple[str, str]] = []

    class Listening(Mailbox):
        def send(self, key: str, channel: str, address: str, subject: str, body: str) -> None:
            heard.append((subject, body))

    queue: MemoryQueue = MemoryQueue([WrittenOut(id="m1")])
    assert (
        send_pending(queue, Listening(), lambda letter: written(letter) if isinstance(letter, WrittenOut) else ("", ""))
        == 1
    )
    assert heard == [("Choose a new password", "Open the link.")]
