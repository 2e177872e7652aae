"""What is said to one participant over one WebSocket after another: nothing is said twice, and nothing is left out.

A WebSocket breaks with the network under it; the participant, their media and what the others see of them need not.
Whoever comes back with their resume token says how many messages they heard, and hears the others.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from media import protocol
from media.participant import Channel, Participant, Refused

if TYPE_CHECKING:
    from media.room import Room

KEPT = 256
MOST_USED = 4096


class Line:
    """A `Channel` that outlives its WebSocket."""

    def __init__(self, channel: Channel) -> None:
        self._channel: Channel | None = channel
        self._sent = 0
        self._kept: deque[protocol.Outbound] = deque(maxlen=KEPT)
        self._closed = False

    def send(self, message: protocol.Outbound) -> None:
        if self._closed:
            return
        self._sent += 1
        self._kept.append(message)
        if self._channel is not None:
            self._channel.send(message)

    def close(self, code: int, reason: str) -> None:
        self._closed = True
        if self._channel is not None:
            self._channel.close(code, reason)

    def lost(self, channel: Channel) -> bool:
        """The WebSocket is gone; whether that was the one in use."""
        if self._channel is not channel or self._closed:
            return False
        self._channel = None
        return True

    def take_up(self, channel: Channel, heard: int, first: protocol.Outbound) -> None:
        """Goes on over another WebSocket after ``heard`` messages. Raises `Refused` when too many were missed."""
        missed = self._sent - heard
        if self._closed or not 0 <= missed <= len(self._kept):
            raise Refused(protocol.NO_RESUME, "resume_gap")
        before, self._channel = self._channel, channel
        if before is not None:
            before.close(protocol.REPLACED, "resumed")
        channel.send(first)
        for message in list(self._kept)[len(self._kept) - missed :]:
            channel.send(message)


@dataclass(slots=True)
class Resumes:
    """Whom each resume token takes up again. A token works once, and the next one ends the one before."""

    _live: dict[bytes, tuple[Room, Participant]] = field(default_factory=dict)
    _used: OrderedDict[bytes, tuple[Room, Participant]] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._live)

    def issue(self, room: Room, participant: Participant) -> str:
        """A new token, in place of the one that they had."""
        self._retire(participant.resume)
        token = secrets.token_urlsafe(24)
        participant.resume = _hash(token)
        self._live[participant.resume] = (room, participant)
        return token

    def use(self, token: str) -> tuple[Room, Participant]:
        """Uses it up. Raises `Refused`: it never was or its participant is gone, or it was used before (on record)."""
        key = _hash(token)
        if key in self._used:
            room, participant = self._used[key]
            room.resume_refused(participant)
            raise Refused(protocol.NO_RESUME, "resume_replayed")
        if key not in self._live:
            raise Refused(protocol.NO_RESUME, "resume_unknown")
        found = self._live[key]
        self._retire(key)
        return found

    def forget(self, participant: Participant) -> None:
        """They have left: none of their tokens opens anything, and none is remembered."""
        self._live.pop(participant.resume, None)
        for key in [key for key, (_, one) in self._used.items() if one is participant]:
            del self._used[key]

    def _retire(self, key: bytes) -> None:
        found = self._live.pop(key, None)
        if found is not None:
            self._used[key] = found
            if len(self._used) > MOST_USED:
                self._used.popitem(last=False)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
