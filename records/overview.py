"""The clinic as those see it who run it and those who help people to connect: times, stages, outcomes, ways in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from engine.room_places import Stay
from records.acts import Act
from records.room_stays import stays_of
from records.stages import DRAFT
from records.tables.visits import JoinLink, ParticipantRow, RoomPassRow, Visit
from records.visits import VisitView, view_of
from records.work import Repository

MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class WayIn:
    """One participant's way into a call: how many links they were given, and when they last used one."""

    role: str
    links: int
    newest_expires_at: datetime | None
    used_at: datetime | None
    may_reenter_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How a visit's call stands: its stage and room, and each participant's way in. Nobody is named."""

    visit: str
    stage: str
    modality: str
    starts_at: datetime
    arrived_at: datetime | None
    encounter_at: datetime | None
    node: str
    ways: tuple[WayIn, ...]
    stays: tuple[Stay, ...]
    now: datetime


class Overview(Repository):
    """What is seen of the clinic's visits without being at any of them."""

    def schedule(self, start: datetime, end: datetime) -> tuple[VisitView, ...]:
        """The visits that start within ``[start, end)``, by time; at most `MOST`. What is withheld comes empty."""
        work = self._work
        work.whole_clinic(Act.SCHEDULE_VIEWED)
        work.note(Act.SCHEDULE_VIEWED, work.clinic)
        query = select(Visit).where(
            Visit.clinic == work.clinic, Visit.stage != DRAFT, Visit.starts_at >= start, Visit.starts_at < end
        )
        rows = self._session.scalars(query.order_by(Visit.starts_at, Visit.id).limit(MOST))
        return tuple(view_of(work, row) for row in rows)

    def connection(self, visit: str) -> Connection:
        """How the visit's call stands, for whoever helps people into it."""
        row = self._work.visit(visit, Act.CONNECTION_VIEWED)
        parts = select(ParticipantRow).where(ParticipantRow.visit == visit).order_by(ParticipantRow.role)
        return Connection(
            visit=row.id,
            stage=row.stage,
            modality=row.modality,
            starts_at=row.starts_at,
            arrived_at=row.arrived_at,
            encounter_at=row.encounter_at,
            node=row.node or "",
            ways=tuple(self._way(part) for part in self._session.scalars(parts)),
            stays=stays_of(self._session, visit),
            now=self._work.now,
        )

    def _way(self, part: ParticipantRow) -> WayIn:
        links = self._session.scalars(select(JoinLink).where(JoinLink.participant == part.id)).all()
        used = [one.consumed_at for one in links if one.consumed_at is not None]
        until = self._session.scalars(select(RoomPassRow.until).where(RoomPassRow.participant == part.id)).all()
        return WayIn(
            role=part.role,
            links=len(links),
            newest_expires_at=max((one.expires_at for one in links), default=None),
            used_at=max(used, default=None),
            may_reenter_until=max(until, default=None),
        )
