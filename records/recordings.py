"""Recordings of a visit, as who looks at them sees them: when, who agreed, which parts can be played."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import select

from engine.clinic_recordings import USUAL_RULES, RecordingRules
from records.acts import Act
from records.recording_marks import HOLD, RELEASE, end_release, hold, live_marks, release
from records.recording_rows import KEPT, digest_of_part, plays_until
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
    """One recording with its answers and parts, in the order of time.

    ``plays_until`` is until when its patient may play it, None when they may not; ``released`` says that somebody let
    them, and ``held`` that nothing destroys it.
    """

    id: str
    visit: str
    state: str
    reason: str = field(repr=False)
    asked_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    answers: tuple[AnswerView, ...] = field(repr=False)
    parts: tuple[PartView, ...]
    held: bool = False
    plays_until: datetime | None = None
    released: bool = False

    @property
    def plays(self) -> bool:
        """Whether there is anything to be played."""
        return any(part.plays for part in self.parts)


class Recordings(Repository):
    """The recordings of the clinic's visits; `records.recording_store` keeps and opens their files."""

    def for_visit(self, visit: str, rules: RecordingRules = USUAL_RULES) -> tuple[RecordingView, ...]:
        """Every recording that anybody asked for at the visit, the oldest first; the clinic's ``rules`` are for its
        patient."""
        self._work.visit(visit, Act.RECORDINGS_LISTED)
        query = select(RecordingRow).where(RecordingRow.visit == visit)
        rows = self._session.scalars(query.order_by(RecordingRow.asked_at, RecordingRow.id)).all()
        marks = live_marks(self._work, tuple(row.id for row in rows))
        return tuple(
            replace(
                self._view(row),
                held=(row.id, HOLD) in marks,
                released=(row.id, RELEASE) in marks,
                plays_until=plays_until(self._work, row, rules),
            )
            for row in rows
        )

    def release(self, visit: str, recording: str, until: datetime) -> None:
        """Lets the patient play the recording until then. Raises `NotFound`."""
        release(self._work, visit, recording, until)

    def end_release(self, visit: str, recording: str) -> None:
        """Takes that back. Raises `NotFound`."""
        end_release(self._work, visit, recording)

    def hold(self, visit: str, recording: str, *, on: bool) -> None:
        """Keeps the recording from being destroyed, or lets go of it. Raises `NotFound`, `AlreadyDone`."""
        hold(self._work, visit, recording, on)

    def digest(self, visit: str, part: str) -> str:
        """The SHA-256 of a part's content; empty for what was kept before it was counted. Raises `NotFound`."""
        self._work.visit(visit, Act.RECORDINGS_LISTED)
        return digest_of_part(self._work, part, visit)

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
