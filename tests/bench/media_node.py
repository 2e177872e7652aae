"""A media node by itself for a measurement: prints its endpoint, holds rooms ``0`` to ``N - 1``, believes everybody.

A token is ``room:participant``. It ends with its input.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta

import uvloop

from engine.rooms import RoomClaims, RoomRole, RoomSpec
from media.node import MediaConfig, MediaNode, NodePorts

ORIGIN = "http://bench.localhost"
CLINIC, VISIT = "bench", "visit"


def believe(token: str) -> RoomClaims:
    """Everybody is a clinician of the room they name."""
    room, participant = token.split(":")
    return RoomClaims(
        clinic=CLINIC,
        visit_id=VISIT,
        room_id=room,
        participant_id=participant,
        role=RoomRole.PROVIDER,
        expires_at=datetime.now(UTC) + timedelta(minutes=60),
    )


async def main(rooms: int) -> None:
    node = MediaNode(MediaConfig(allowed_origins=(ORIGIN,), max_rooms=rooms), NodePorts(verify=believe))
    await node.start()
    for number in range(rooms):
        await node.open_room(RoomSpec(room_id=str(number), clinic=CLINIC, visit_id=VISIT))
    sys.stdout.write(node.endpoint + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await node.stop()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
