"""A node on an IPv6 address: its signalling, its media port and the address in its answers."""

from __future__ import annotations

import socket

import pytest

from engine.rooms import RoomRole
from tests.media.helpers_bot import new_bench, spec
from tests.media.helpers_call import close, until


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
async def test_two_people_talk_over_ipv6() -> None:
    bench = new_bench(host="::1")
    await bench.node.start()
    await bench.node.open_room(spec())
    assert bench.node.endpoint.startswith("ws://[::1]:")
    patient, provider = bench.bot("p1"), bench.bot("d1", RoomRole.PROVIDER)
    await patient.connect()
    await provider.connect()
    await until(lambda: len(patient.publications) == 2)
    await patient.renegotiate()
    await provider.talk(0.3)
    await until(lambda: bench.node.snapshot("room-1").packets_out > 0)
    (address, *_), *_ = (peer.addresses for peer in bench.node._started.port.table._by_ufrag.values())
    assert address[0] == "::1"
    await close(patient, provider)
    await bench.node.stop()
