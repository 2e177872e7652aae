"""How does a case travel to the process of the second engine, and its answer back?

A frame is four bytes of length (big endian) and the content. A request is marshalled by this very Python for this very
Python. An answer comes from a process that may be damaged, so it is a line of text and nothing in it is believed: the
request's number, how many rulesets live there, and a letter for each condition; or the number and a fault's code.
"""

import marshal
import os
import re
import select
import time
from collections.abc import Mapping, Sequence
from typing import Any

from engine.faults import EngineFault

Truths = tuple[bool | None, ...]
LARGEST = 8_000_000
HEAD = 4

_PATIENCE = 0.0002
"""Seconds for which a frame is looked for before it is waited for, leaving the core to others meanwhile: the other side
mostly takes less, and to be woken up on an idle virtual core may take longer than that."""
_CHUNK = 65_536

_LETTERS: Mapping[bool | None, str] = {True: "t", False: "f", None: "u"}
_TRUTHS: Mapping[str, bool | None] = {letter: truth for truth, letter in _LETTERS.items()}
_CODE = re.compile(r"[A-Za-z_]{1,60}\Z")


class Incoming:
    """The frames that arrive at a descriptor, which no longer blocks."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._arrives = select.poll()
        self._arrives.register(descriptor, select.POLLIN)

    def next(self, deadline: float | None = None) -> bytes:
        """The content of the one frame that comes next.

        Raises `EOFError` where the other side is gone, `TimeoutError` past a deadline (monotonic seconds), and
        `OverflowError` where a frame is too large.
        """
        data = b""
        patience = time.monotonic() + _PATIENCE
        while len(data) < HEAD or len(data) < HEAD + length(data):
            try:
                part = os.read(self._descriptor, _CHUNK)
            except BlockingIOError:
                if time.monotonic() < patience:
                    os.sched_yield()
                else:
                    self._await(deadline)
                continue
            if not part:
                raise EOFError
            data += part
            if len(data) > LARGEST:
                raise OverflowError
        return data[HEAD:]

    def _await(self, deadline: float | None) -> None:
        left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        if not self._arrives.poll(left):
            raise TimeoutError


def framed(body: bytes) -> bytes:
    """The content with its length before it."""
    return len(body).to_bytes(HEAD, "big") + body


def length(head: bytes) -> int:
    """How long the content is that follows."""
    return int.from_bytes(head[:HEAD], "big")


def request_frame(request: Mapping[str, Any]) -> bytes:
    """A request as it is sent."""
    return framed(marshal.dumps(dict(request)))


def read_request(body: bytes) -> dict[str, Any]:
    """A request as it was sent by the process that started this one."""
    request: dict[str, Any] = marshal.loads(body)
    return request


def answer_frame(number: int, rulesets: int, truths: Sequence[bool | None]) -> bytes:
    """What the second engine says of every condition."""
    return framed(f"{number} {rulesets} {''.join(map(_LETTERS.__getitem__, truths))}".encode())


def fault_frame(number: int, code: str) -> bytes:
    """No answer, and why."""
    return framed(f"{number} {code}".encode("ascii", "replace"))


def read_answer(body: bytes, number: int, count: int) -> tuple[int, Truths]:
    """How many rulesets live there, and the truths, if it is the answer to the request of this number about so many
    conditions; raises `EngineFault` for anything else."""
    try:
        told, *parts = body.decode("ascii").split(" ")
        if int(told) != number:
            raise EngineFault("out_of_step")
        if len(parts) == 1:
            raise EngineFault(parts[0] if _CODE.match(parts[0]) else "frame")
        rulesets, letters = parts
        truths = tuple(map(_TRUTHS.__getitem__, letters))
        if len(truths) != count:
            raise EngineFault("shape")
        return int(rulesets), truths
    except (ValueError, KeyError):
        raise EngineFault("frame") from None
