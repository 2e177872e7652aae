"""The doctor finds a node and a relay well, and tells of each thing that is wrong which one it is."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from admin_ui.cli.media import SAYS
from media.doctor import examine
from tests.media.helpers_bot import Bench
from tests.media.helpers_relay import own_relay

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("turnserver") is None, reason="coturn is not installed (clinic test all does)"),
]


async def told(**asked: Any) -> list[tuple[str, str, str]]:
    given = {"nodes": [], "advertise": "127.0.0.1", "urls": [], "secret": ""} | asked
    found = [finding async for finding in examine(given)]
    assert all((one.part, one.code) in SAYS for one in found), "each has its sentence"
    assert all(SAYS[one.part, one.code][1] for one in found if one.state != "ok"), "and what to do"
    return [(one.part, one.state, one.code) for one in found]


async def test_a_node_and_its_relay_are_well(bench: Bench, tmp_path: Path) -> None:
    async with own_relay(tmp_path) as relay:
        found = await told(nodes=[bench.node.endpoint], urls=relay.settings.turn_urls, secret=relay.secret)
    by_relay = [("relay", "ok", "takes"), ("relay", "ok", "through"), ("relay", "ok", "nodes_only")]
    well = [("signalling", "ok", "answers"), ("clock", "ok", "agrees"), ("media", "ok", "answers")]
    assert found == [*well, *by_relay, *by_relay]


async def test_another_secret_and_ports_where_nobody_listens_are_told(bench: Bench, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = probe.getsockname()[1]
    assert await told() == [("node", "fail", "no_node"), ("relay", "warn", "no_relay")]
    gone = await told(
        nodes=[f"ws://127.0.0.1:{nobody}/room"], urls=[f"turn:127.0.0.1:{nobody}?transport=tcp"], secret="x"
    )
    assert gone == [("signalling", "fail", "unreachable"), ("relay", "fail", "unreachable")]
    async with own_relay(tmp_path, certified="127.0.0.1") as relay:
        unproven = await told(nodes=[bench.node.endpoint], urls=relay.settings.turn_urls[2:], secret=relay.secret)
        found = await told(nodes=[bench.node.endpoint], urls=relay.settings.turn_urls[:1], secret="another")
    assert unproven[-1] == ("relay", "fail", "certificate"), "it signs itself"
    assert found[-1] == ("relay", "fail", "refused")
