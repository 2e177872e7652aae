"""The own relay lets in who has credentials of now, over UDP, TCP and TLS, and sends to the node's address alone."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import stat
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aioice import stun

from admin_ui.cli import turn_server
from engine.relays import LIFE, password
from engine.settings import parse_settings
from media.aio_adapter import relay_opens
from tests.media.helpers_relay import OwnRelay, allocate, certified_settings, guides_relay, own_relay

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("turnserver") is None, reason="coturn is not installed (clinic test all does)"),
]


def credentials(relay: OwnRelay, at: datetime) -> tuple[str, str]:
    (server,) = relay.relay().ice_servers(at, "ab12")
    return str(server["username"]), str(server["credential"])


TRANSPORTS = ("udp", "tcp", "tls")
# This machine by another name, a cloud's door to its secrets, its neighbours, the world.
OTHERS = (("127.0.0.2", 9), ("169.254.169.254", 80), ("10.0.0.1", 80), ("192.168.0.1", 443), ("192.0.2.1", 9))


async def test_credentials_of_now_are_taken_over_udp_tcp_and_tls_and_expired_or_forged_ones_refused(
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    async with own_relay(tmp_path, certified="127.0.0.1") as relay:
        name, word = credentials(relay, now)
        later = f"{int(name.split(':')[0]) + 3600}:ab12"
        expired = credentials(relay, now - LIFE - timedelta(minutes=1))
        for transport in TRANSPORTS:
            link, _ = await allocate(relay, transport, name, word)
            assert link.get_extra_info("sockname")[0] == "127.0.0.1"
            link.close()
            for wrong in (expired, (name, password("another", name)), (later, word)):
                with pytest.raises(stun.TransactionFailed) as refused:
                    await allocate(relay, transport, *wrong)
                assert refused.value.response.attributes["ERROR-CODE"][0] == 401


async def test_over_tls_it_shows_the_installations_certificate_by_the_name_in_it(tmp_path: Path) -> None:
    async with own_relay(tmp_path, certified="localhost") as relay:
        assert relay.settings.turn_urls[2].startswith("turns:localhost:")
        port, certificate = relay.port_of("tls"), relay.settings.tls_certificate
        trusting = ssl.create_default_context(cafile=certificate)
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="localhost")
        assert writer.get_extra_info("ssl_object").version() in ("TLSv1.2", "TLSv1.3")
        writer.close()


@pytest.mark.parametrize("name", ["clinic.example.org", "*.localhost"])
def test_a_certificate_for_another_place_makes_no_relay_by_tls(name: str, tmp_path: Path) -> None:
    urls = turn_server.with_own_relay(certified_settings(tmp_path, name)).turn_urls
    assert [url.partition(":")[0] for url in urls] == ["turn", "turn"]


Start = Callable[[Path], AbstractAsyncContextManager[OwnRelay]]


def own(folder: Path) -> AbstractAsyncContextManager[OwnRelay]:
    return own_relay(folder, certified="127.0.0.1")


@pytest.mark.parametrize("start", [own, guides_relay])
async def test_it_sends_to_the_nodes_address_and_to_no_other(start: Start, tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with start(tmp_path) as relay:
        arrived: asyncio.Queue[bytes] = asyncio.Queue()

        class Node(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                arrived.put_nowait(data)

        node, _ = await loop.create_datagram_endpoint(Node, ("127.0.0.1", 0))
        for transport in TRANSPORTS:
            link, _ = await allocate(relay, transport, *credentials(relay, datetime.now(UTC)))
            link.sendto(transport.encode(), node.get_extra_info("sockname"))
            async with asyncio.timeout(10):
                assert await arrived.get() == transport.encode()
            link.close()
            for other in OTHERS:
                link, _ = await allocate(relay, transport, *credentials(relay, datetime.now(UTC)))
                assert not await relay_opens(link, other)
                link.close()
        node.close()


def test_the_relay_that_runs_is_found_by_who_looks_for_it(tmp_path: Path) -> None:
    plain = certified_settings(tmp_path, "localhost")
    running = turn_server.with_own_relay(plain)
    assert turn_server.own_relay_urls(plain) == ((), None)
    turn_server.prepare_relay(running)
    assert turn_server.own_relay_urls(plain) == (running.turn_urls, plain.keys_dir / turn_server.SECRET)


def test_its_secret_is_its_owners_alone_and_is_kept_for_the_next_start(tmp_path: Path) -> None:
    given = {"CLINIC_DATA_DIR": str(tmp_path / "data"), "CLINIC_KEYS_DIR": str(tmp_path / "keys")}
    settings = turn_server.with_own_relay(parse_settings(given))
    assert turn_server.prepare_relay(settings)
    secret = (tmp_path / "keys" / turn_server.SECRET).read_text(encoding="ascii")
    assert turn_server.prepare_relay(turn_server.with_own_relay(parse_settings(given)))
    assert (tmp_path / "keys" / turn_server.SECRET).read_text(encoding="ascii") == secret
    for name in (turn_server.SECRET, turn_server.CONFIGURATION):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600
    command = turn_server.relay_program(settings, tmp_path / "log").command
    assert all(secret not in word for word in command)


def test_a_relay_that_was_named_and_a_node_beyond_loopback_get_none_of_ours(tmp_path: Path) -> None:
    named = {"CLINIC_TURN_URLS": "turn:relay.example:3478", "CLINIC_TURN_SECRET_FILE": str(tmp_path / "s")}
    outer = {"CLINIC_MEDIA_ADVERTISE": "192.0.2.1"}
    for given in (named, outer):
        settings = parse_settings(given)
        assert turn_server.with_own_relay(settings) == settings
        assert not turn_server.prepare_relay(settings)
