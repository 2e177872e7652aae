"""How a file comes in: read as it arrives, handed on piece by piece, never kept whole and never asked for its name.

A form with a file is ``multipart/form-data`` (RFC 7578). The parts that are no file are a few short fields; the page's
token is the first of them, so that it can be judged before anything is taken in.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.types import Message, Receive

LONGEST_LEAD = 8192  # the token's part and the line of a browser before it
_LONGEST_FIELD = 4000
_MOST_PARTS = 8
_HEAR_SECONDS = 60
_TOKEN = re.compile(
    rb'\A(?:\r\n)?--([^\r\n]{1,200})\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n([0-9a-f]{64})\r\n', re.I
)


class BadUpload(Exception):
    """What came is no form with a file; nothing of it is repeated."""


async def leading_token(receive: Receive) -> tuple[str, Receive]:
    """The token that a form with a file begins with, empty when it does not; and the body, from its beginning."""
    messages: list[Message] = []
    lead, found = b"", None
    while found is None and len(lead) < LONGEST_LEAD:
        message = await receive()
        messages.append(message)
        if message["type"] != "http.request":
            break
        lead += message.get("body", b"")[:LONGEST_LEAD]
        found = _TOKEN.match(lead)
        if not message.get("more_body", False):
            break

    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    return (found[2].decode() if found else ""), again


class TooLong(BadUpload):
    """More came than a form with a file can have."""


class FileForm:
    """Reads a form with one file field; ``taken`` gets each piece of the file, ``fields`` hold the rest."""

    def __init__(self, content_type: str, name: str, longest: int = _LONGEST_FIELD) -> None:
        """``longest`` is how many bytes a field may have that is no file.

        Raises `BadUpload` when the body cannot be such a form.
        """
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary or len(boundary) > 200:
            raise BadUpload
        self.fields: dict[str, str] = {}
        self._name = name.encode()
        self._header, self._value = bytearray(), bytearray()
        self._part: bytes | None = None
        self._text = bytearray()
        self._pieces: list[bytes] = []
        self._parts = 0
        self._ended = False
        self._longest = longest
        self._parser = MultipartParser(boundary, self._callbacks())  # type: ignore[arg-type]

    def _callbacks(self) -> dict[str, Callable[..., None]]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": partial(_collect, self._header),
            "on_header_value": partial(_collect, self._value),
            "on_header_end": self._header_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._all,
        }

    def read(self, data: bytes) -> list[bytes]:
        """The pieces of the file in what has just come. Raises `BadUpload`."""
        try:
            self._parser.write(data)
        except FormParserError:
            raise BadUpload from None
        pieces, self._pieces = self._pieces, []
        return pieces

    def finish(self) -> None:
        """Raises `BadUpload` when the form ended too early."""
        if not self._ended:
            raise BadUpload

    def _begin(self) -> None:
        self._part = None
        self._text.clear()
        self._parts += 1  # whatever they are called: a name may be missing, or the same again
        if self._parts > _MOST_PARTS:
            raise FormParserError("too many parts")

    def _header_end(self) -> None:
        """Only the field's name counts; what the file is called is not looked at."""
        if bytes(self._header).lower() == b"content-disposition":
            self._part = parse_options_header(bytes(self._value))[1].get(b"name")
        self._header.clear()
        self._value.clear()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part == self._name:
            self._pieces.append(data[start:end])
            return
        _collect(self._text, data, start, end, self._longest)

    def _end(self) -> None:
        if self._part is not None and self._part != self._name:
            self.fields[self._part.decode("utf-8", "replace")] = self._text.decode("utf-8", "replace")

    def _all(self) -> None:
        self._ended = True


def _collect(text: bytearray, data: bytes, start: int, end: int, longest: int = _LONGEST_FIELD) -> None:
    text.extend(data[start:end])
    if len(text) > longest:
        raise FormParserError("too long")


async def take_file(
    stream: AsyncIterator[bytes], form: FileForm, take: Callable[[bytes], Awaitable[Any]], most: int
) -> None:
    """Hands every piece of the file on. ``most`` is how many bytes the form may have, all of it.

    Raises `BadUpload` (`TooLong` for more than that), and whatever ``take`` raises.
    """
    left = most
    async for data in stream:
        left -= len(data)
        if left < 0:
            raise TooLong
        for piece in form.read(data):
            await take(piece)
    form.finish()


async def drain(stream: AsyncIterator[bytes], most: int) -> None:
    """Hears a refused body out, so far and so long: a browser that has not sent it all shows no answer."""
    left = most
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_HEAR_SECONDS):
            async for data in stream:
                left -= len(data)
                if left < 0:
                    return
