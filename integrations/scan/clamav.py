"""Asks ClamAV's daemon about a file, by its own socket protocol (`man clamd`, INSTREAM): nothing is written anywhere.

The command ``zINSTREAM\\0`` is followed by pieces, each after its length as four bytes in network order, and by a
length of zero. The daemon answers ``stream: OK``, ``stream: NAME FOUND`` or ``... ERROR``, ended by a zero byte.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterable, Iterator

from engine.ports import PortUnavailable

SECONDS = 60.0
_LONGEST_ANSWER = 4096
_PIECE = 1 << 16


class ClamAv:
    """A daemon at ``address``: the path of its socket, or host and port on this machine (it speaks no TLS)."""

    def __init__(self, address: str, seconds: float = SECONDS) -> None:
        self._address = address
        self._seconds = seconds

    def is_harmful(self, pieces: Iterable[bytes]) -> bool:
        """Whether the daemon knows something harmful in the content.

        Raises:
            PortUnavailable: it cannot be reached, did not answer in time, or could not say.
        """
        try:
            with self._connected() as connection:
                return _verdict(_asked(connection, pieces))
        except OSError:
            raise PortUnavailable("scan: no answer") from None

    @contextlib.contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        """A connection that ends by itself after the time allowed, however slowly the daemon goes on."""
        if self._address.startswith("/"):
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            target: str | tuple[str, int] = self._address
        else:
            host, _, port = self._address.rpartition(":")
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            connection, target = socket.socket(family, socket.SOCK_STREAM), (host.strip("[]"), int(port))
        with connection:
            connection.settimeout(self._seconds)
            late = threading.Timer(self._seconds, _cut, (connection,))
            late.daemon = True
            late.start()
            try:
                connection.connect(target)
                yield connection
            finally:
                late.cancel()


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _asked(connection: socket.socket, pieces: Iterable[bytes]) -> bytes:
    """What the daemon answers. It may answer and hang up in the midst of a file that is longer than it takes."""
    whole = False
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(b"zINSTREAM\0")
        for piece in pieces:
            for at in range(0, len(piece), _PIECE):
                part = piece[at : at + _PIECE]
                connection.sendall(len(part).to_bytes(4, "big") + part)
        connection.sendall(bytes(4))
        whole = True
    answer = bytearray()
    while not answer.endswith(b"\0") and len(answer) < _LONGEST_ANSWER:
        part = connection.recv(_LONGEST_ANSWER)
        if not part:
            break
        answer += part
    return bytes(answer) if whole or b"FOUND" in answer else b""


def _verdict(answer: bytes) -> bool:
    words = answer.rstrip(b"\0\n")
    if words.endswith(b" FOUND"):
        return True
    if words == b"stream: OK":
        return False
    raise PortUnavailable("scan: no verdict")
