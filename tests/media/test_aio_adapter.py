"""The contract with aiortc and pylibsrtp: everything private that ``media/aio_adapter.py`` leans on.

A failure here after an upgrade means: read the adapter against the new version before anything else.
"""

from __future__ import annotations

import asyncio
import inspect
from importlib.metadata import version

import aiortc
import pylibsrtp
import pytest
from aiortc import RTCCertificate, RTCDtlsTransport
from aiortc.rtcdtlstransport import SRTP_PROFILES
from pylibsrtp._binding import ffi, lib

from media.aio_adapter import _CONTROL_TRAILER, _TRAILER, DtlsFailed, DtlsSession
from media.rtp import BadPacket, build


def pair() -> tuple[DtlsSession, DtlsSession]:
    """A client and a server whose datagrams go straight to each other."""
    ends: list[DtlsSession] = []
    ends.append(DtlsSession(lambda data: _feed(ends[1], data), server=False))
    ends.append(DtlsSession(lambda data: _feed(ends[0], data), server=True))
    return ends[0], ends[1]


def _feed(end: DtlsSession, data: bytes) -> None:
    end.feed(data)


async def shake(client: DtlsSession, server: DtlsSession) -> None:
    await asyncio.gather(client.connect(*server.fingerprint.split(" ")), server.connect(*client.fingerprint.split(" ")))


def test_the_versions_are_the_ones_the_adapter_was_read_against() -> None:
    assert version("aiortc").startswith("1.16.")
    assert version("pylibsrtp").startswith("1.0.")


def test_what_is_private_and_used_is_still_there() -> None:
    assert {"_recv_next", "_do_handshake", "_setup_srtp", "_set_role", "start", "stop"} <= set(dir(RTCDtlsTransport))
    assert list(inspect.signature(RTCDtlsTransport.__init__).parameters) == ["self", "transport", "certificates"]
    source = inspect.getsource(aiortc.rtcdtlstransport.RTCDtlsTransport)
    for name in (
        "self._rx_srtp = Session",
        "self._tx_srtp = Session",
        "self.transport._recv()",
        "self.transport._send(",
    ):
        assert name in source
    used = {part.split("(")[0].split(".")[0] for part in source.split("self.transport.")[1:]}
    assert {name.split()[0].strip(",):") for name in used} <= {"_recv", "_send", "role"}
    assert {"protect", "protect_rtcp", "unprotect", "unprotect_rtcp"} <= set(dir(pylibsrtp.Session))
    assert "generateCertificate" in dir(RTCCertificate)


def test_what_is_private_and_used_of_the_protecting_library_is_still_there() -> None:
    session = pylibsrtp.Session()
    assert len(session._cdata) == len(session._buffer) == 1500
    assert session._srtp[0] != ffi.NULL
    assert {"srtp_protect", "srtp_protect_rtcp", "srtp_unprotect", "srtp_unprotect_rtcp"} <= set(dir(lib))
    process = inspect.getsource(pylibsrtp.Session)
    assert "func(self._srtp[0], self._cdata, len_p)" in process and 'ffi.new("int *")' in process
    assert lib.srtp_err_status_ok == 0
    assert (pylibsrtp.SRTP_MAX_TRAILER_LEN, pylibsrtp.SRTP_MAX_SRTCP_TRAILER_LEN) == (_TRAILER, _CONTROL_TRAILER)


async def test_without_keys_nothing_can_be_protected_or_read() -> None:
    client, server = pair()
    with pytest.raises(BadPacket):
        client.protect(build(111, 7, 9, 11, b"sound"))
    await shake(client, server)
    assert client.protect(build(111, 7, 9, 11, b"sound"))
    await client.close()
    assert not client.connected
    for operation in (client.protect, client.unprotect, client.protect_rtcp, client.unprotect_rtcp):
        with pytest.raises(BadPacket):
            operation(build(111, 7, 9, 11, b"sound"))
    await server.close()


def test_both_profiles_that_browsers_need_are_offered() -> None:
    names = [profile.openssl_profile for profile in SRTP_PROFILES]
    assert names[0] == b"SRTP_AEAD_AES_256_GCM"
    assert b"SRTP_AES128_CM_SHA1_80" in names


async def test_a_handshake_gives_both_ends_working_protection() -> None:
    client, server = pair()
    await shake(client, server)
    packet = build(111, 7, 9, 11, b"sound")
    protected = client.protect(packet)
    assert packet not in protected and len(protected) == len(packet) + 16
    assert server.unprotect(protected) == packet
    assert client.unprotect_rtcp(server.protect_rtcp(b"\x80\xc9\x00\x01\x00\x00\x00\x01"))[1] == 201
    assert client.profile == server.profile == "SRTP_AEAD_AES_256_GCM"
    await client.close()
    await server.close()


async def test_forged_replayed_and_oversized_packets_are_bad_packets() -> None:
    client, server = pair()
    await shake(client, server)
    protected = client.protect(build(111, 7, 9, 11, b"sound"))
    server.unprotect(protected)
    for data in (protected, protected[:-1] + b"x", b"\x80", b""):
        with pytest.raises(BadPacket):
            server.unprotect(data)
    with pytest.raises(BadPacket):
        client.protect(build(111, 8, 9, 11, bytes(2000)))
    await client.close()
    await server.close()


async def test_a_wrong_fingerprint_ends_the_handshake() -> None:
    client, server = pair()
    wrong = "sha-256", ":".join(["AB"] * 32)
    results = await asyncio.gather(
        client.connect(*server.fingerprint.split(" ")), server.connect(*wrong), return_exceptions=True
    )
    assert isinstance(results[1], DtlsFailed)
    assert not server.connected
    await client.close()
    await server.close()


async def test_the_other_side_closing_is_told_once() -> None:
    client, server = pair()
    await shake(client, server)
    told: list[int] = []
    server.on_closed(lambda: told.append(1))
    await client.close()
    await asyncio.sleep(0.05)
    assert told == [1]
    await server.close()
    assert told == [1]


async def test_a_queue_that_nobody_reads_takes_no_more() -> None:
    session = DtlsSession(lambda _: None, server=True)
    assert all(session.feed(b"\x16") for _ in range(64))
    assert not session.feed(b"\x16")
    assert not session.feed(b"")
    await session.close()
