"""Recordings of a visit, as who looks at them sees them: when, who agreed, which parts can be played."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from records.acts import Act
from records.recording_rows import KEPT
from records.tables.recordings import RecordingAnswerRow, RecordingPartRow, RecordingRow
from records.work import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """A part: whose, what of theirs, from when in the recording, how long (milliseconds); ``whole`` unless cut off."""

    id: str
    participant: str
    role: str
    label: str
    state: str
    whole: bool
    media_type: str
    size: int
    offset_ms: int
    duration_ms: int

    @property
    def plays(self) -> bool:
        return self.state == KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """What a participant answered to being recorded, and when."""

    participant: str
    role: str
    agrees: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingView:
    """One recording with its answers and parts, in the order of time."""

    id: str
    visit: str
    state: str
    reason: str = field(repr=False)
    asked_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    answers: tuple[AnswerView, ...] = field(repr=False)
    parts: tuple[PartView, ...]

    @property
    def plays(self) -> bool:
        """Whether there is anything to be played."""
        return any(part.plays for part in self.parts)


class Recordings(Repository):
    """The recordings of the clinic's visits; `records.recording_store` keeps and opens their files."""

    def for_visit(self, visit: str) -> tuple[RecordingView, ...]:
        """Every recording that anybody asked for at the visit, the oldest first."""
        self._work.visit(visit, Act.RECORDINGS_LISTED)
        query = select(RecordingRow).where(RecordingRow.visit == visit)
        rows = self._session.scalars(query.order_by(RecordingRow.asked_at, RecordingRow.id)).all()
        return tuple(self._view(row) for row in rows)

    def _view(self, row: RecordingRow) -> RecordingView:
        answers = select(RecordingAnswerRow).where(RecordingAnswerRow.recording == row.id)
        parts = select(RecordingPartRow).where(RecordingPartRow.recording == row.id)
        said = self._session.scalars(answers.order_by(RecordingAnswerRow.at, RecordingAnswerRow.id))
        found = self._session.scalars(parts.order_by(RecordingPartRow.offset_ms, RecordingPartRow.id))
        return RecordingView(
            id=row.id,
            visit=row.visit,
            state=row.state,
            reason=row.reason,
            asked_at=row.asked_at,
            begun_at=row.begun_at,
            ended_at=row.ended_at,
            answers=tuple(
                AnswerView(participant=one.participant, role=one.role, agrees=one.agrees, at=one.at) for one in said
            ),
            parts=tuple(_part(one) for one in found),
        )


def _part(row: RecordingPartRow) -> PartView:
    return PartView(
        id=row.id,
        participant=row.participant,
        role=row.role,
        label=row.label,
        state=row.state,
        whole=row.whole,
        media_type=row.media_type,
        size=row.size,
        offset_ms=row.offset_ms,
        duration_ms=row.duration_ms,
    )
