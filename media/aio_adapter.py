"""How DTLS-SRTP of aiortc is driven without its ICE, its peer connection or its decoders.

The one module that touches what aiortc and pylibsrtp keep private; ``tests/media/test_aio_adapter.py`` is the
contract that fails when a new version changes any of it. Used: ``RTCDtlsTransport`` with a duck-typed transport
(``_recv``, ``_send``, ``role``, ``state``), its ``_set_role``, and after the handshake ``_rx_srtp`` and ``_tx_srtp``.
Of pylibsrtp's sessions: the context, the buffer, and the library itself, because its own calls take a new length
pointer and three Python frames for every packet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pylibsrtp
from aioice import stun
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceTransport
from pylibsrtp._binding import ffi, lib

from media.rtp import BadPacket

HANDSHAKE_SECONDS = 20.0
_QUEUE = 64
Operation = Callable[[bytes | bytearray], bytes]
# What protection may add to a packet: tag and key identifier, and for control packets an index.
_TRAILER, _CONTROL_TRAILER = 16 + 128, 16 + 128 + 4


class DtlsFailed(ConnectionError):
    """The handshake did not complete: time-out, wrong fingerprint or no common profile. Carries a code."""


class _Port:
    """What aiortc takes for its ICE transport: a bounded queue in, a function out."""

    state = "completed"

    def __init__(self, send: Callable[[bytes], object], role: str) -> None:
        self.role = role
        self._out = send
        self._in: asyncio.Queue[bytes | None] = asyncio.Queue(_QUEUE)

    async def _recv(self) -> bytes:
        data = await self._in.get()
        if data is None:
            raise ConnectionError("closed")
        return data

    async def _send(self, data: bytes) -> None:
        self._out(data)

    def put(self, data: bytes | None) -> bool:
        if self._in.full():
            return False
        self._in.put_nowait(data)
        return True


class DtlsSession:
    """One DTLS-SRTP association. Datagrams go in by :meth:`feed` and come out by the ``send`` function given.

    ``server`` is true for the side that waits for the other's ClientHello. The certificate is new for every session.
    """

    def __init__(self, send: Callable[[bytes], object], *, server: bool) -> None:
        self._port = _Port(send, "controlling" if server else "controlled")
        self._certificate = RTCCertificate.generateCertificate()
        self._dtls = RTCDtlsTransport(cast(RTCIceTransport, self._port), [self._certificate])
        self._dtls._set_role("server" if server else "client")
        self._dtls.on("statechange", self._changed)
        self._closed: Callable[[], None] | None = None
        self.connected = False
        self.protect: Operation = _refuse
        self.unprotect: Operation = _refuse
        self.protect_rtcp: Operation = _refuse
        self.unprotect_rtcp: Operation = _refuse

    def _changed(self) -> None:
        """Sets the four operations once there are keys; before and after, every packet is a bad one.

        ``protect`` and ``protect_rtcp`` take a packet in the clear, ``unprotect`` and ``unprotect_rtcp`` one off the
        wire. They raise `BadPacket` for what cannot be sent in a datagram, is forged, or was there before.
        """
        dtls = self._dtls
        self.connected = dtls.state == "connected"
        if self.connected:
            self.protect = _operation(dtls._tx_srtp, lib.srtp_protect, _TRAILER)
            self.protect_rtcp = _operation(dtls._tx_srtp, lib.srtp_protect_rtcp, _CONTROL_TRAILER)
            self.unprotect = _operation(dtls._rx_srtp, lib.srtp_unprotect, 0)
            self.unprotect_rtcp = _operation(dtls._rx_srtp, lib.srtp_unprotect_rtcp, 0)
        elif dtls.state == "closed" and self._closed is not None:
            self._closed()

    @property
    def fingerprint(self) -> str:
        """Our certificate's fingerprint as SDP writes it: ``sha-256 AA:BB:...``."""
        found = next(f for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        return f"{found.algorithm} {found.value}"

    @property
    def profile(self) -> str:
        """The SRTP protection profile agreed, empty before the handshake."""
        chosen = self._dtls._ssl.get_selected_srtp_profile() if self.connected and self._dtls._ssl else b""
        return chosen.decode("ascii")

    def feed(self, data: bytes) -> bool:
        """Takes a DTLS datagram; False when the queue is full and it was dropped."""
        return bool(data) and self._port.put(data)

    async def connect(self, algorithm: str, fingerprint: str) -> None:
        """Completes the handshake with a peer whose certificate has this fingerprint. Raises `DtlsFailed`."""
        wanted = RTCDtlsParameters([RTCDtlsFingerprint(algorithm, fingerprint)])
        try:
            await asyncio.wait_for(self._dtls.start(wanted), HANDSHAKE_SECONDS)
        except TimeoutError as error:
            raise DtlsFailed("dtls_timeout") from error
        if not self.connected:
            raise DtlsFailed("dtls_failed")

    def on_closed(self, call: Callable[[], None]) -> None:
        """Calls back once the other side has closed the association."""
        self._closed = call

    async def close(self) -> None:
        """Says goodbye and frees everything; safe to call twice."""
        self._dtls.remove_all_listeners()
        self.connected = False
        self.protect = self.unprotect = self.protect_rtcp = self.unprotect_rtcp = _refuse
        await self._dtls.stop()
        self._port.put(None)


def _refuse(_: bytes | bytearray) -> bytes:
    raise BadPacket("srtp")


def _operation(session: pylibsrtp.Session, call: Callable[[object, object, object], int], trailer: int) -> Operation:
    """One of the library's four operations on a session, in place in the session's own buffer."""
    context, cdata, buffer = session._srtp[0], session._cdata, session._buffer
    length = ffi.new("int *")
    most = len(cdata) - trailer

    def operate(packet: bytes | bytearray) -> bytes:
        size = len(packet)
        if size > most:
            raise BadPacket("srtp")
        buffer[0:size] = packet
        length[0] = size
        if call(context, cdata, length):
            raise BadPacket("srtp")
        done: bytes = buffer[0 : length[0]]
        return done

    # The session frees its context when it goes: it stays as long as the operation does.
    operate.session = session  # type: ignore[attr-defined]
    return operate


async def relay_opens(link: Any, address: tuple[str, int]) -> bool:
    """Whether a relay lets a TURN transport of aioice send to an address: its channel is bound, or that is refused."""
    try:
        await link._TurnTransport__inner_protocol.channel_bind(0x4002, address)
    except (stun.TransactionFailed, stun.TransactionTimeout):
        return False
    return True
