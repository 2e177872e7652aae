"""The rows that media nodes share: who is there, which of them holds a visit's room, who stayed how long.

A node that has been silent for `SILENT`, or that somebody found dead, holds nothing: its rooms are taken over by the
least loaded of the others as soon as a browser asks for one, and it closes them itself should it come back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from engine.room_places import Lease, NodeState, NoNode, Stay, Told, best_of, next_room, number_of
from engine.rooms import RoomKept, RoomSpec, RoomTimers
from records.database import Database
from records.room_stays import stays_of
from records.tables.media import MediaNodeRow, RoomLeaseRow, RoomStayRow
from records.tables.visits import Visit

SILENT = timedelta(seconds=10)
# The room is leased a moment before the visit moves into its call.
ORPHANED_AFTER = timedelta(seconds=60)
IN_CALL = "in_call"


class RecordsRoomDesk:
    """`engine.room_places.RoomDesk` on the records, and what the web and operators ask of the same rows.

    No row holds anything about a person but a participant's id, so nothing here is any one clinic's to be asked for.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- nodes ---------------------------------------------------------------------------------------------------

    def announce(self, state: NodeState) -> Told:
        """Keeps the node's state of now, in place of an earlier process at the same address."""
        now = self._database.now()
        with self._database.writing() as session:
            row = session.get(MediaNodeRow, state.node)
            if row is None:
                gone = delete(MediaNodeRow).where(MediaNodeRow.endpoint == state.endpoint)
                session.execute(gone)
                row = MediaNodeRow(id=state.node, queue=state.queue, endpoint=state.endpoint, draining=False)
                session.add(row)
            row.load, row.rooms, row.participants = round(state.load * 1000), state.rooms, state.participants
            row.takes, row.seen_at = state.takes, now
            row.draining = row.draining or state.draining
            session.flush()
            told = self._told(session, row)
            session.commit()
        return told

    def _told(self, session: Session, row: MediaNodeRow) -> Told:
        query = select(RoomLeaseRow.room, RoomLeaseRow.taken_at, Visit.stage).join(
            Visit, Visit.id == RoomLeaseRow.visit
        )
        late = self._database.now() - ORPHANED_AFTER
        rooms = session.execute(query.where(RoomLeaseRow.node == row.id, RoomLeaseRow.over.is_(False))).all()
        orphans = frozenset(room for room, taken, stage in rooms if stage != IN_CALL and taken < late)
        return Told(draining=row.draining, held=frozenset(room for room, _, _ in rooms), orphans=orphans)

    def withdraw(self, node: str) -> None:
        """The node is gone; its rooms may be taken over at once."""
        with self._database.writing() as session:
            session.execute(delete(MediaNodeRow).where(MediaNodeRow.id == node))
            session.commit()

    def nodes(self) -> tuple[NodeState, ...]:
        """The nodes that were heard of lately."""
        with self._database.reading() as session:
            return self._alive(session)

    def drain(self, node: str, *, on: bool) -> bool:
        """Has the node take no new rooms, or take them again; False when there is none of that id."""
        with self._database.writing() as session:
            row = session.get(MediaNodeRow, node)
            if row is not None:
                row.draining = on
            session.commit()
        return row is not None

    def _alive(self, session: Session) -> tuple[NodeState, ...]:
        query = select(MediaNodeRow).where(MediaNodeRow.seen_at > self._database.now() - SILENT)
        return tuple(_state(row) for row in session.scalars(query.order_by(MediaNodeRow.id)))

    # --- rooms ---------------------------------------------------------------------------------------------------

    def place(self, spec: RoomSpec) -> Lease:
        """The lease of the visit's room: the one there is, while its node lives or the room is over, else a new one.

        Raises:
            NoNode: no node takes a room now.
        """
        with self._database.writing() as session:
            row = self._locked(session, spec.visit_id)
            nodes = self._alive(session)
            known = row is not None and number_of(row.room) >= number_of(spec.room_id)
            if row is not None and known and (row.over or any(node.node == row.node for node in nodes)):
                return _lease(row)
            if row is None:
                row = RoomLeaseRow(visit=spec.visit_id, clinic=spec.clinic, over=False, kept={})
                session.add(row)
            row.room = spec.room_id if not known else next_room(spec.visit_id, row.room)
            row.closes_at, row.max_participants = spec.closes_at, spec.max_participants
            row.terms = _terms(spec)
            return self._given(session, row, nodes)

    def of(self, visit: str) -> Lease | None:
        """The lease of the visit's newest room, None when it has none."""
        with self._database.reading() as session:
            row = session.get(RoomLeaseRow, visit)
            return _lease(row) if row is not None else None

    def device_endpoint(self, visit: str) -> str:
        """Where a device begins: the node of the visit's room, else any, which sends it on; empty without one."""
        lease = self.of(visit)
        if lease is not None and not lease.over:
            return lease.endpoint
        return next((node.endpoint for node in self.nodes()), "")

    def lives(self, lease: Lease) -> bool:
        """Whether the node of a lease has been heard of lately."""
        return any(node.node == lease.node for node in self.nodes())

    def take_over(self, lost: Lease) -> Lease:
        """Gives the room of a dead node to another one; when somebody was quicker, what they made of it.

        Raises:
            NoNode: no node takes a room now.
        """
        with self._database.writing() as session:
            row = self._locked(session, lost.visit)
            if row is None or row.over:
                raise NoNode(lost.visit)
            if (row.node, row.room) != (lost.node, lost.room):
                return _lease(row)
            session.execute(delete(MediaNodeRow).where(MediaNodeRow.id == lost.node))
            row.room = next_room(lost.visit, row.room)
            return self._given(session, row, self._alive(session))

    def _given(self, session: Session, row: RoomLeaseRow, nodes: Sequence[NodeState]) -> Lease:
        best = best_of(nodes)
        if best is None:
            session.rollback()
            raise NoNode(row.visit)
        row.node, row.queue, row.endpoint = best.node, best.queue, best.endpoint
        row.taken_at, row.over = self._database.now(), False
        lease = _lease(row)
        # Counted at once, so that the next room does not go to the same node before it has said so itself.
        session.execute(update(MediaNodeRow).where(MediaNodeRow.id == best.node).values(rooms=MediaNodeRow.rooms + 1))
        session.commit()
        return lease

    def _locked(self, session: Session, visit: str) -> RoomLeaseRow | None:
        """The visit's lease, to itself until the transaction ends; its visit's row stands in while there is none."""
        session.scalars(select(Visit.id).where(Visit.id == visit).with_for_update(key_share=True)).first()
        return session.get(RoomLeaseRow, visit, with_for_update=True)

    def held(self, room: str, node: str) -> RoomSpec | None:
        """The room as the node is to open it; None when the node does not hold it."""
        with self._database.reading() as session:
            query = select(RoomLeaseRow).where(RoomLeaseRow.room == room, RoomLeaseRow.node == node)
            row = session.scalars(query).first()
            if row is None or row.over:
                return None
            return RoomSpec(
                room_id=row.room,
                clinic=row.clinic,
                visit_id=row.visit,
                closes_at=row.closes_at,
                max_participants=row.max_participants,
                ends_at=datetime.fromisoformat(row.terms["ends_at"]) if row.terms.get("ends_at") else None,
                timers=RoomTimers(**row.terms.get("timers", {})),
                kept=RoomKept.from_json(row.kept),
            )

    def keep_rooms(self, kept: Mapping[str, RoomKept]) -> None:
        """Keeps what outlives a node of each room, for the node that has it next."""
        with self._database.writing() as session:
            for room, state in kept.items():
                query = update(RoomLeaseRow).where(RoomLeaseRow.room == room, RoomLeaseRow.over.is_(False))
                session.execute(query.values(kept=state.to_json()))
            session.commit()

    def hand_over(self, room: str, node: str) -> bool:
        """Gives a living node's room to another one; False where no other takes it now, or it is not the node's."""
        with self._database.writing() as session:
            visit = session.scalar(select(RoomLeaseRow.visit).where(RoomLeaseRow.room == room))
            row = self._locked(session, visit) if visit is not None else None
            if row is None or row.over or (row.room, row.node) != (room, node):
                return False
            others = [one for one in self._alive(session) if one.node != node]
            if best_of(others) is None:
                return False
            row.room = next_room(row.visit, room)
            self._given(session, row, others)
            return True

    def finish(self, room: str) -> None:
        """The room has closed for good and moves nowhere."""
        with self._database.writing() as session:
            session.execute(update(RoomLeaseRow).where(RoomLeaseRow.room == room).values(over=True))
            session.commit()

    # --- who stayed how long -------------------------------------------------------------------------------------

    def keep_stays(self, stays: Sequence[Stay]) -> None:
        """Keeps each stay as it is now, in place of what was kept of it before."""
        with self._database.writing() as session:
            for stay in stays:
                session.merge(
                    RoomStayRow(
                        room=stay.room,
                        participant=stay.participant,
                        clinic=stay.clinic,
                        visit=stay.visit,
                        role=str(stay.role),
                        first_at=stay.first_at,
                        last_at=stay.last_at,
                        seconds=stay.seconds,
                        media_seconds=stay.media_seconds,
                        joins=stay.joins,
                        figures=dict(stay.figures),
                    )
                )
            session.commit()

    def stays(self, visit: str) -> tuple[Stay, ...]:
        """What is kept of the visit's stays."""
        with self._database.reading() as session:
            return stays_of(session, visit)


def _terms(spec: RoomSpec) -> dict[str, Any]:
    ends = {"ends_at": spec.ends_at.isoformat()} if spec.ends_at is not None else {}
    return {**ends, "timers": asdict(spec.timers)}


def _state(row: MediaNodeRow) -> NodeState:
    return NodeState(
        node=row.id,
        queue=row.queue,
        endpoint=row.endpoint,
        load=row.load / 1000,
        rooms=row.rooms,
        participants=row.participants,
        takes=row.takes,
        draining=row.draining,
    )


def _lease(row: RoomLeaseRow) -> Lease:
    return Lease(visit=row.visit, room=row.room, node=row.node, queue=row.queue, endpoint=row.endpoint, over=row.over)
