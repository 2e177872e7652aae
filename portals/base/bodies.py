"""How much of a request's body is taken, and for how long: a browser that sends for ever is answered all the same."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

SECONDS = 300.0  # for the largest file over a slow line
_CLOSE = {"connection": "close"}  # whoever was cut off has more to say, and nobody hears it


def bounded(receive: Receive, most: int, seconds: float | None = None) -> Receive:
    """The same body within one deadline and one size for all of it, whatever its parts are called.

    What is received raises `HTTPException`: 408 when the deadline is over, 413 when more than ``most`` bytes came.
    """
    left, until, whole = most, None, False

    async def within() -> Message:
        nonlocal left, until, whole
        if whole:
            return await receive()
        until = until or asyncio.get_running_loop().time() + (SECONDS if seconds is None else seconds)
        message = await _before(until, receive)
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413, headers=_CLOSE)
        whole = not message.get("more_body", False)
        return message

    return within


async def _before(until: float, receive: Receive) -> Message:
    try:
        async with asyncio.timeout_at(until):
            return await receive()
    except TimeoutError:
        raise HTTPException(408, headers=_CLOSE) from None
