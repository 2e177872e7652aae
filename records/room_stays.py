"""How long did who stay in a visit's rooms, and how well did it go? For the bill, and for who helps to connect."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.room_places import Stay
from engine.rooms import RoomRole
from records.tables.media import RoomStayRow


def stays_of(session: Session, visit: str) -> tuple[Stay, ...]:
    """Who stayed how long in the visit's rooms, in order of the rooms and of their coming."""
    query = select(RoomStayRow).where(RoomStayRow.visit == visit)
    rows = session.scalars(query.order_by(RoomStayRow.room, RoomStayRow.first_at, RoomStayRow.participant))
    return tuple(
        Stay(
            clinic=row.clinic,
            visit=row.visit,
            room=row.room,
            participant=row.participant,
            role=RoomRole(row.role),
            first_at=row.first_at,
            last_at=row.last_at,
            seconds=row.seconds,
            media_seconds=row.media_seconds,
            joins=row.joins,
            figures=row.figures,
        )
        for row in rows
    )
