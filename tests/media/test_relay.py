"""The own relay lets in who has credentials of now, over UDP and TCP, and sends to the node's address alone."""

from __future__ import annotations

import asyncio
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aioice import stun

from admin_ui.cli import turn_server
from engine.relays import LIFE, password
from engine.settings import parse_settings
from media.aio_adapter import relay_opens
from tests.media.helpers_relay import OwnRelay, allocate, own_relay

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("turnserver") is None, reason="coturn is not installed (clinic test all does)"),
]


def credentials(relay: OwnRelay, at: datetime) -> tuple[str, str]:
    (server,) = relay.relay().ice_servers(at, "ab12")
    return str(server["username"]), str(server["credential"])


async def test_credentials_of_now_are_taken_over_udp_and_tcp_and_expired_or_forged_ones_refused(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    async with own_relay(tmp_path) as relay:
        for transport in ("udp", "tcp"):
            link, _ = await allocate(relay.port, *credentials(relay, now), transport)
            assert link.get_extra_info("sockname")[0] == "127.0.0.1"
            link.close()
        name, word = credentials(relay, now)
        later = f"{int(name.split(':')[0]) + 3600}:ab12"
        expired = credentials(relay, now - LIFE - timedelta(minutes=1))
        for wrong in (expired, (name, password("another", name)), (later, word)):
            with pytest.raises(stun.TransactionFailed) as refused:
                await allocate(relay.port, *wrong)
            assert refused.value.response.attributes["ERROR-CODE"][0] == 401


async def test_it_sends_to_the_nodes_address_and_to_no_other(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with own_relay(tmp_path) as relay:
        arrived: asyncio.Queue[bytes] = asyncio.Queue()

        class Node(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                arrived.put_nowait(data)

        node, _ = await loop.create_datagram_endpoint(Node, ("127.0.0.1", 0))
        link, _ = await allocate(relay.port, *credentials(relay, datetime.now(UTC)))
        link.sendto(b"to the node", node.get_extra_info("sockname"))
        async with asyncio.timeout(10):
            assert await arrived.get() == b"to the node"
        for other in (("127.0.0.2", 9), ("192.0.2.1", 9), ("10.0.0.1", 80)):
            assert not await relay_opens(link, other)
        link.close()
        node.close()


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
