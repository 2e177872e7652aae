"""How DTLS-SRTP of aiortc is driven without its ICE, its peer connection or its decoders.

The one module that touches what aiortc and pylibsrtp keep private; ``tests/media/test_aio_adapter.py`` is the
contract that fails when a new version changes any of it. Used: ``RTCDtlsTransport`` with a duck-typed transport
(``_recv``, ``_send``, ``role``, ``state``), its ``_set_role``, and after the handshake ``_rx_srtp`` and ``_tx_srtp``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import pylibsrtp
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceTransport

from media.rtp import BadPacket

HANDSHAKE_SECONDS = 20.0
_QUEUE = 64


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

    @property
    def fingerprint(self) -> str:
        """Our certificate's fingerprint as SDP writes it: ``sha-256 AA:BB:...``."""
        found = next(f for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        return f"{found.algorithm} {found.value}"

    @property
    def connected(self) -> bool:
        return self._dtls.state == "connected"

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

        def changed() -> None:
            if self._dtls.state == "closed":
                call()

        self._dtls.on("statechange", changed)

    async def close(self) -> None:
        """Says goodbye and frees everything; safe to call twice."""
        self._dtls.remove_all_listeners()
        await self._dtls.stop()
        self._port.put(None)

    def protect(self, packet: bytes) -> bytes:
        """SRTP of an RTP packet. Raises `BadPacket` when it cannot be sent (too long for a datagram)."""
        return _guarded(self._dtls._tx_srtp.protect, packet)

    def protect_rtcp(self, packet: bytes) -> bytes:
        """SRTCP of a compound control packet. Raises `BadPacket`."""
        return _guarded(self._dtls._tx_srtp.protect_rtcp, packet)

    def unprotect(self, data: bytes) -> bytes:
        """The RTP packet in an SRTP datagram. Raises `BadPacket` for forgeries and replays."""
        return _guarded(self._dtls._rx_srtp.unprotect, data)

    def unprotect_rtcp(self, data: bytes) -> bytes:
        """The compound control packet in an SRTCP datagram. Raises `BadPacket` for forgeries and replays."""
        return _guarded(self._dtls._rx_srtp.unprotect_rtcp, data)


def _guarded(operation: Callable[[bytes], bytes], data: bytes) -> bytes:
    try:
        return operation(data)
    except (pylibsrtp.Error, ValueError) as error:
        raise BadPacket("srtp") from error
