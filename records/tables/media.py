"""Tables of the media nodes: who is there, which visit's room is where, and who stayed how long in it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from records.tables.base import Base, Clinic, Code, Codes, Key, MaybeWhen, When


class MediaNodeRow(Base):
    """A media node while it runs; it is no clinic's. ``load`` in thousandths of a core."""

    __tablename__ = "media_nodes"
    id: Mapped[Key]
    queue: Mapped[str] = mapped_column(String(80))
    endpoint: Mapped[str] = mapped_column(String(200), index=True)
    load: Mapped[int]
    rooms: Mapped[int]
    participants: Mapped[int]
    takes: Mapped[bool]
    draining: Mapped[bool]
    seen_at: Mapped[When]


class RoomLeaseRow(Base):
    """Which node holds a visit's room now; ``over`` once the room has closed for good."""

    __tablename__ = "room_leases"
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), primary_key=True)
    clinic: Mapped[Clinic]
    room: Mapped[str] = mapped_column(String(80), index=True)
    node: Mapped[str] = mapped_column(String(40), index=True)
    queue: Mapped[str] = mapped_column(String(80))
    endpoint: Mapped[str] = mapped_column(String(200))
    closes_at: Mapped[MaybeWhen]
    max_participants: Mapped[int]
    taken_at: Mapped[When]
    over: Mapped[bool]
    # When it was booked to end and its timers; what of the room outlives its node. Ids, codes and numbers.
    terms: Mapped[Codes]
    kept: Mapped[Codes]


class RoomStayRow(Base):
    """A participant's presence in one room of a visit: for its bill, and for who helps people to connect."""

    __tablename__ = "room_stays"
    __table_args__ = (Index("ix_room_stays_visit", "visit"),)
    room: Mapped[str] = mapped_column(String(80), primary_key=True)
    participant: Mapped[str] = mapped_column(String(40), primary_key=True)
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"))
    role: Mapped[Code]
    first_at: Mapped[When]
    last_at: Mapped[When]
    seconds: Mapped[int]
    media_seconds: Mapped[int]
    joins: Mapped[int]
    figures: Mapped[Codes]
