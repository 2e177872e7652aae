"""A daemon that speaks ClamAV's socket protocol (`man clamd`) and knows the harmless test file of EICAR only."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The standard test file of the European Institute for Computer Antivirus Research, in two halves so that no scanner
# stumbles over this very file.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class FakeClamd:
    """Answers each connection once; ``longest`` is its StreamMaxLength, ``says`` an answer given whatever comes."""

    def __init__(self, longest: int = 1 << 20, says: bytes | None = None, silent: bool = False) -> None:
        self.longest = longest
        self.says = says
        self.silent = silent
        self.received: list[bytes] = []
        self.pieces: list[int] = []

    def serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as told:
            command = told.read(len(b"zINSTREAM\0"))
            assert command == b"zINSTREAM\0"
            if self.silent:
                told.read()
                return
            answer = self._answer(told)  # all of it is heard first: who hangs up early loses what it said
            connection.sendall(answer if self.says is None else self.says)

    def _answer(self, told: object) -> bytes:
        content = bytearray()
        while length := int.from_bytes(told.read(4), "big"):  # type: ignore[attr-defined]
            self.pieces.append(length)
            content += told.read(length)  # type: ignore[attr-defined]
            if len(content) > self.longest:
                return b"INSTREAM size limit exceeded. ERROR\0"
        self.received.append(bytes(content))
        return b"stream: Win.Test.EICAR_HDB-1 FOUND\0" if EICAR in content else b"stream: OK\0"


@contextmanager
def clamd_at(daemon: FakeClamd, folder: Path | None = None) -> Iterator[str]:
    """The daemon's address: a socket in the folder, else a port of this machine."""
    if folder is not None:
        listener, address = socket.socket(socket.AF_UNIX), str(folder / "clamd.sock")
        listener.bind(address)
    else:
        listener = socket.create_server(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    listener.listen()
    thread = threading.Thread(target=_accept, args=(listener, daemon))
    thread.start()
    try:
        yield address
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _accept(listener: socket.socket, daemon: FakeClamd) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        daemon.serve(connection)
