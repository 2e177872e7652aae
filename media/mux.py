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
MAX_DATAGRAM = 1500
# How many datagrams are taken in a row before others of the loop have their turn.
AT_ONCE = 32


class MediaPort:
    """The UDP port of one node.

    It reads and writes its socket itself: the loop's own datagram transport wakes up for every single packet, and
    queues what cannot leave at once, where a call must drop it.
    """

    def __init__(self) -> None:
        self.table = IceTable()
        self.refused: Counter[str] = Counter()
        self.dropped = 0
        self.host = ""
        self.port = 0
        self._at_once = 1
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None

    async def open(self, host: str, port: int) -> None:
        """Binds the port; 0 takes a free one. Raises `OSError` when it is taken."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        udp = socket.socket(family, socket.SOCK_DGRAM)
        try:
            udp.setblocking(False)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
            udp.bind((host, port))
            self._loop.add_reader(udp.fileno(), self._readable)
        except BaseException:
            udp.close()
            raise
        self._socket = udp
        self.host, self.port = udp.getsockname()[:2]

    def close(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def send(self, data: bytes, address: Address) -> bool:
        """Sends now, or drops and says False: a socket that does not drain must delay nobody and fill no memory."""
        try:
            if self._socket is not None:
                self._socket.sendto(data, address)
                return True
        except BlockingIOError:
            pass
        except OSError:
            # An address that cannot be reached just now: the consent time-out decides.
            self.refused["unreachable"] += 1
            return True
        self.dropped += 1
        return False

    def _readable(self) -> None:
        """Takes as many as came together lately, and more while they do: asking in vain costs as much as a packet."""
        for count in range(self._at_once):
            if self._socket is None:
                return
            try:
                data, address = self._socket.recvfrom(MAX_DATAGRAM + 1)
            except BlockingIOError:
                self._at_once = max(1, count)
                return
            except OSError:
                # An ICMP error for some address that went away: no reason to believe a forgeable message.
                self.refused["icmp"] += 1
                continue
            self._received(data, address[:2])
        self._at_once = min(AT_ONCE, self._at_once * 2)

    def _received(self, data: bytes, address: Address) -> None:
        if not data or len(data) > MAX_DATAGRAM:
            self.refused["datagram_size"] += 1
            return
        first = data[0]
        if 128 <= first < 192 or 20 <= first < 64:
            self._media(data, address)
        elif first < 4:
            self._stun(data, address)
        else:
            self.refused["datagram_kind"] += 1

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
