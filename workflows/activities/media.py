"""A visit's call as activities: a node takes the room, then leads its session on a queue of its own."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from temporalio import activity
from temporalio.exceptions import ApplicationError

from engine.room_places import NoNode, RoomDesk
from engine.rooms import RoomHost, RoomReport, RoomsFull, RoomSpec, RoomTimers
from workflows.activities.common import instant
from workflows.contracts import RoomAllocation, RoomInput, RoomOutcome

HEARTBEAT_SECONDS = 1.0


class MediaActivities:
    """One node's door: ``allocate`` is polled by every node, ``media_session`` by the one that took the room.

    With a desk that nodes share, whoever polls places the room with the least loaded of them; without one it takes it.
    """

    def __init__(self, host: RoomHost, node: str, queue: str, desk: RoomDesk | None = None) -> None:
        self._desk = desk
        self._host = host
        self._node = node
        self._queue = queue

    @activity.defn
    async def allocate(self, room: RoomInput) -> RoomAllocation:
        """Opens the room, so that browsers find it before the session's activity has begun.

        A room that browsers have already found again elsewhere, after its node had died, stays where it is now.
        """
        spec = _spec(room)
        try:
            if self._desk is not None:
                lease = await asyncio.to_thread(self._desk.place, spec)
                if (lease.node, lease.room) != (self._node, spec.room_id):
                    return RoomAllocation(node=lease.node, queue=lease.queue, endpoint=lease.endpoint)
                held = await asyncio.to_thread(self._desk.held, spec.room_id, self._node)
                spec = spec if held is None else held
            await self._host.open_room(spec)
        except (RoomsFull, NoNode):
            raise ApplicationError("node is full", type="RoomsFull") from None
        return RoomAllocation(node=self._node, queue=self._queue, endpoint=self._host.endpoint)

    @activity.defn
    async def media_session(self, room: RoomInput) -> RoomOutcome:
        """Leads the room until it closes; heartbeats what is seen of it; a cancelled session closes the room.

        A node that is being stopped closes its rooms itself, in a way that sends browsers to where they open next.
        """
        await self._open(_spec(room))
        closed = asyncio.ensure_future(self._host.wait_closed(room.room))
        try:
            while not closed.done():
                activity.heartbeat(_snapshot(self._host, room.room))
                await asyncio.wait({closed}, timeout=HEARTBEAT_SECONDS)
            return _outcome(closed.result())
        except asyncio.CancelledError:
            if not activity.is_worker_shutdown():
                await self._host.close_room(room.room, "closed")
            raise
        finally:
            closed.cancel()

    async def _open(self, spec: RoomSpec) -> None:
        """Attaches to the room, opening it if nobody has; one that another node holds by now is led there."""
        if self._desk is not None and not self._is_known(spec.room_id):
            held = await asyncio.to_thread(self._desk.held, spec.room_id, self._node)
            if held is None:
                raise ApplicationError("held elsewhere", type="RoomMoved", non_retryable=True)
            spec = held  # with what an earlier node left of it
        await self._host.open_room(spec)

    def _is_known(self, room: str) -> bool:
        try:
            self._host.snapshot(room)
        except LookupError:
            return False
        return True


def _spec(room: RoomInput) -> RoomSpec:
    return RoomSpec(
        room_id=room.room,
        clinic=room.effect.clinic,
        visit_id=room.effect.visit,
        closes_at=instant(room.closes_at) if room.closes_at else None,
        max_participants=room.max_participants,
        ends_at=instant(room.ends_at) if room.ends_at else None,
        timers=RoomTimers(**room.timers),
    )


def _snapshot(host: RoomHost, room_id: str) -> dict[str, object]:
    """Numbers only: who is in the room is no matter of the heartbeat."""
    state = host.snapshot(room_id)
    connected = sum(1 for one in state.participants if one.connected)
    return {"participants": len(state.participants), "connected": connected, "packets_in": state.packets_in}


def _outcome(report: RoomReport) -> RoomOutcome:
    return RoomOutcome(reason=report.reason, seconds=dict(asdict(report)["seconds"]))
