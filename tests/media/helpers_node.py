"""A media node as a process to be killed: prints its endpoint, has one room, believes ``participant:role``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import uvloop

from engine.rooms import RoomClaims, RoomRole
from media.node import MediaConfig, MediaNode, NodePorts
from tests.media.helpers_bot import STEADY, spec


def believe(token: str) -> RoomClaims:
    participant, role = token.split(":")
    return RoomClaims(
        clinic="lakeside",
        visit_id="visit-1",
        room_id="room-1",
        participant_id=participant,
        role=RoomRole(role),
        expires_at=datetime.now(UTC) + timedelta(minutes=5),
    )


async def main(origin: str) -> None:
    node = MediaNode(MediaConfig(allowed_origins=(origin,), ladder=STEADY), NodePorts(verify=believe))
    await node.start()
    await node.open_room(spec())
    sys.stdout.write(node.endpoint + "\n")
    sys.stdout.flush()
    await node.wait_closed("room-1")


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
