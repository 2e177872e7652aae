"""Which datagram on the node's one UDP port belongs to whom (RFC 7983), and how ours leave it.

STUN is answered here; DTLS and SRTP go to the participant that owns the sender's address; everything else is counted
and forgotten, no state is kept for strangers.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter

from media.ice import Address, IceRefused, IceTable

SOCKET_BUFFER = 4 << 20
SEND_BACKLOG = 512 << 10
MAX_DATAGRAM = 1500


class MediaPort(asyncio.DatagramProtocol):
    """The UDP port of one node."""

    def __init__(self) -> None:
        self.table = IceTable()
        self.refused: Counter[str] = Counter()
        self.dropped = 0
        self.host = ""
        self.port = 0
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self, host: str, port: int) -> None:
        """Binds the port; 0 takes a free one. Raises `OSError` when it is taken."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        udp = socket.socket(family, socket.SOCK_DGRAM)
        try:
            udp.setblocking(False)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
            udp.bind((host, port))
            await self._loop.create_datagram_endpoint(lambda: self, sock=udp)
        except BaseException:
            udp.close()
            raise
        self.host, self.port = udp.getsockname()[:2]

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def send(self, data: bytes, address: Address) -> bool:
        """Sends now, or drops and says False: a socket that does not drain must delay nobody and fill no memory."""
        transport = self._transport
        if transport is None or transport.get_write_buffer_size() > SEND_BACKLOG:  # type: ignore[attr-defined]
            self.dropped += 1
            return False
        transport.sendto(data, address)
        return True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        address = addr[:2]
        if not data or len(data) > MAX_DATAGRAM:
            self.refused["datagram_size"] += 1
        elif data[0] < 4:
            self._stun(data, address)  # type: ignore[arg-type]
        elif 20 <= data[0] < 64 or 128 <= data[0] < 192:
            self._media(data, address)  # type: ignore[arg-type]
        else:
            self.refused["datagram_kind"] += 1

    def error_received(self, exc: Exception) -> None:
        # An ICMP error for some address that went away: the consent time-out decides, not a forgeable message.
        self.refused["icmp"] += 1

    def _stun(self, data: bytes, address: Address) -> None:
        try:
            reply = self.table.answer(data, address, self._loop.time())
        except IceRefused as refusal:
            self.refused[str(refusal)] += 1
            return
        self.send(reply, address)

    def _media(self, data: bytes, address: Address) -> None:
        peer = self.table.owner(address)
        if peer is None:
            self.refused["stranger"] += 1
            return
        peer.on_datagram(data, address)
