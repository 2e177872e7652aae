"""How many packets a node forwards with a second of processor time, beside Janus and aiortc's own relay in one run.

Every server gets the same load in turns: rooms of bots that send 720p VP8 and Opus, or Opus alone, from one process
over real sockets. Processor time is the server's own, of all its threads; transit is from a bot's send to another's
receive.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import uvloop

from admin_ui.cli.debian import SetupError, require
from tests.bench.measuring import held_megabytes
from tests.bench.media_servers import Party, Server, janus_is_here, janus_server, node_server, relay_server
from tests.media.helpers_load import Clip, make_clip, talk

FLOOR = 0.75
# Less than this much of what should arrive, and a server without time is measured, not one that forwards.
CARRIED = 0.95
WARM_UP = 1.5
TURNS = 2
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Load:
    """Rooms of so many parties, with picture or sound alone; a ``heavy`` one is too much for a decoding relay."""

    name: str
    rooms: int
    parties: int
    video: bool = True
    heavy: bool = True


LOADS = (
    Load("1 room of 2", 1, 2, heavy=False),
    Load("1 room of 4", 1, 4, heavy=False),
    Load("4 rooms of 4", 4, 4),
    Load("8 rooms of 4", 8, 4),
    Load("14 rooms of 4", 14, 4),
    Load("20 rooms of 2", 20, 2),
    Load("sound, 16 rooms of 4", 16, 4, video=False),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One server under one load: what it forwarded and what that took."""

    load: str
    server: str
    packets_per_second: float
    cores: float
    packets_per_core: float
    expected_share: float
    waited: float
    transit_p50_ms: float | None
    transit_p95_ms: float | None
    megabytes_per_party: float


def processor_seconds(pid: int) -> float:
    """What a process and its threads have taken of the processor so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def waiting_seconds(pid: int) -> float:
    """How long the threads of a process have waited for a processor so far, while others had it."""
    files = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(file.read_text(encoding="ascii").split()[1]) for file in files) / 1e9


async def measure(server: Server, load: Load, clip: Clip, seconds: float) -> Measured:
    """Fills the rooms, lets everybody talk, and empties them."""
    before = held_megabytes(server.pid)
    parties: list[Party] = []
    try:
        for room in range(load.rooms):
            inside = [await server.party(room, who, clip, video=load.video) for who in range(load.parties)]
            parties += inside
            # Whoever decodes wants packets before it has tracks to give.
            await talk([party.voice for party in inside], 0.3)
            await asyncio.gather(*(party.receive(load.parties) for party in inside))
        return await _talked(server, load, parties, seconds, before)
    finally:
        await asyncio.gather(*(party.close() for party in parties), return_exceptions=True)


async def _talked(server: Server, load: Load, parties: Sequence[Party], seconds: float, before: float) -> Measured:
    voices, legs = [party.voice for party in parties], [leg for party in parties for leg in party.legs()]
    await talk(voices, WARM_UP)
    for leg in legs:
        leg.forget()
    sent = sum(voice.sent for voice in voices)
    waited = waiting_seconds(server.pid)
    used, at = processor_seconds(server.pid), asyncio.get_running_loop().time()
    await talk(voices, seconds)
    took = asyncio.get_running_loop().time() - at
    cores = (processor_seconds(server.pid) - used) / took
    packets = sum(leg.packets for leg in legs)
    expected = (sum(voice.sent for voice in voices) - sent) * (load.parties - 1)
    transits = sorted(one * 1000 for leg in legs for one in leg.latencies)
    return Measured(
        load=load.name,
        server=server.name,
        packets_per_second=round(packets / took),
        cores=round(cores, 3),
        packets_per_core=round(packets / took / max(cores, 0.001)),
        expected_share=round(packets / max(expected, 1), 3),
        waited=round(max(0.0, waiting_seconds(server.pid) - waited) / took, 3),
        transit_p50_ms=round(statistics.median(transits), 2) if transits else None,
        transit_p95_ms=round(transits[int(len(transits) * 0.95)], 2) if transits else None,
        megabytes_per_party=round((held_megabytes(server.pid) - before) / len(parties), 2),
    )


def _middle(turns: Sequence[Measured]) -> Measured:
    """The mean of every number over the turns; memory is the first turn's, the others find it taken."""
    numbers = {name: [asdict(one)[name] for one in turns] for name in list(asdict(turns[0]))[2:]}
    means: dict[str, Any] = {
        name: round(statistics.fmean(values), 3) for name, values in numbers.items() if None not in values
    }
    return replace(turns[0], **{**means, "megabytes_per_party": turns[0].megabytes_per_party})


async def run(loads: Sequence[Load], seconds: float) -> list[Measured]:
    """Every load on every server, in turns."""
    clip = make_clip(seconds=3.0)
    results: list[Measured] = []
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            ours = await stack.enter_async_context(node_server(max(load.rooms for load in loads)))
            peer = await stack.enter_async_context(janus_server(Path(folder)))
            relay = await stack.enter_async_context(relay_server())
            for load in loads:
                servers = [ours, peer] if load.heavy else [ours, peer, relay]
                turns = [[await measure(one, load, clip, seconds) for one in servers] for _ in range(TURNS)]
                results += [_middle(column) for column in zip(*turns, strict=True)]
                for result in results[-len(servers) :]:
                    sys.stderr.write(f"{result}\n")
    return results


def ratios(results: Sequence[Measured]) -> dict[str, float]:
    """Our packets per core beside Janus's, by load, where both had the time to carry it."""
    by = {(one.load, one.server): one for one in results}
    pairs = [(by[load, "clinicwright"], by[load, "janus"]) for load, server in by if server == "janus"]
    return {
        ours.load: round(ours.packets_per_core / peer.packets_per_core, 2)
        for ours, peer in pairs
        if min(ours.expected_share, peer.expected_share) >= CARRIED
    }


def table(results: Sequence[Measured], beside: dict[str, float], busy: float) -> str:
    """Results and ratios as text columns."""
    columns: tuple[tuple[str, int], ...] = (
        ("", 21),
        ("", 13),
        ("pkt/s", 8),
        ("cores", 8),
        ("pkt/s/core", 12),
        ("arrived", 9),
        ("waited", 8),
    )
    columns += (("p50 ms", 8), ("p95 ms", 8), ("MB/party", 10))
    lines = ["".join(f"{name:>{width}}" for name, width in columns)]
    for one in results:
        ratio = f"   {_ratio(beside.get(one.load))}" if one.server == "clinicwright" else ""
        lines.append(
            f"{one.load:<21}{one.server:<13}{one.packets_per_second:>8.0f}{one.cores:>8.3f}{one.packets_per_core:>12.0f}"
            f"{one.expected_share:>9.3f}{one.waited:>8.2f}{_milliseconds(one.transit_p50_ms)}{_milliseconds(one.transit_p95_ms)}"
            f"{one.megabytes_per_party:>10.2f}{ratio}"
        )
    lines.append(f"load of the machine before: {busy:.2f}; waited: seconds in one that threads waited for a processor")
    return "\n".join(lines) + "\n"


def _ratio(value: float | None) -> str:
    return "not compared: not everything arrived" if value is None else f"{value:.2f} of Janus"


def _milliseconds(value: float | None) -> str:
    return f"{'-':>8}" if value is None else f"{value:>8.2f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="about how long each load takes on each server")
    parser.add_argument("--loads", default="", help="only loads whose name contains this")
    arguments = parser.parse_args()
    if not janus_is_here():
        try:
            require(["janus"], "the peer that forwarding is measured beside")
        except SetupError as error:
            sys.stderr.write(f"clinic: {error}\n")
            return 1
    busy = os.getloadavg()[0]
    loads = [load for load in LOADS if arguments.loads in load.name]
    results = uvloop.run(run(loads, max(3.0, arguments.seconds / 4)))
    beside = ratios(results)
    misses = [f"{load}: {ratio:.2f} of Janus" for load, ratio in beside.items() if ratio < FLOOR]
    found: dict[str, Any] = {"results": [asdict(one) for one in results], "ratios": beside, "load": busy}
    sys.stdout.write(json.dumps({**found, "misses": misses, "table": table(results, beside, busy)}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
