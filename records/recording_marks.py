"""What is decided about a recording after the call: that it is held, released to its patient, or kept by the law.

A hold keeps it from being destroyed, whatever any rule says. A release lets the patient play it until it is over.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, or_, select

from records.acts import Act
from records.codes import new_id
from records.errors import AlreadyDone, NotFound
from records.tables.recordings import RecordingMarkRow, RecordingRow
from records.work import Work

HOLD, RELEASE, KEPT_BY_LAW = "hold", "release", "kept_by_law"


def live_marks(work: Work, recordings: tuple[str, ...]) -> dict[tuple[str, str], RecordingMarkRow]:
    """The marks that hold now, by recording and kind; the newest where there are several."""
    query = select(RecordingMarkRow).where(
        RecordingMarkRow.clinic == work.clinic, RecordingMarkRow.recording.in_(recordings), *holds_at(work.at)
    )
    rows = work.session.scalars(query.order_by(RecordingMarkRow.at, RecordingMarkRow.id))
    return {(row.recording, row.kind): row for row in rows}


def holds_at(at: datetime) -> tuple[ColumnElement[bool], ...]:
    """What is true of a mark that holds at an instant."""
    return (
        RecordingMarkRow.ended_at.is_(None),
        or_(RecordingMarkRow.until.is_(None), RecordingMarkRow.until > at),
    )


def release(work: Work, visit: str, recording: str, until: datetime) -> None:
    """Lets the patient play the recording until then. Raises `NotFound`, also for another visit's."""
    _recording_of(work, visit, recording, Act.RECORDING_RELEASED)
    mark(work, recording, RELEASE, until)
    work.note(Act.RECORDING_RELEASED, recording, visit, until=until.isoformat())


def end_release(work: Work, visit: str, recording: str) -> None:
    """Takes it back; what the clinic's own rule gives the patient stays."""
    _recording_of(work, visit, recording, Act.RECORDING_RELEASE_ENDED)
    _end(work, recording, RELEASE)
    work.note(Act.RECORDING_RELEASE_ENDED, recording, visit)


def hold(work: Work, visit: str, recording: str, on: bool) -> None:
    """Keeps the recording from being destroyed until that is ended. Raises `AlreadyDone`."""
    _recording_of(work, visit, recording, Act.RECORDING_HELD)
    if on:
        if (recording, HOLD) in live_marks(work, (recording,)):
            raise AlreadyDone("hold")
        mark(work, recording, HOLD, None)
    elif not _end(work, recording, HOLD):
        raise AlreadyDone("hold")
    work.note(Act.RECORDING_HELD, recording, visit, held=on)


def held_of(work: Work, person: str) -> str:
    """A recording of the patient's that is held; empty when none is."""
    query = (
        select(RecordingRow.id)
        .join(RecordingMarkRow, RecordingMarkRow.recording == RecordingRow.id)
        .where(RecordingRow.clinic == work.clinic, RecordingRow.person == person, RecordingMarkRow.kind == HOLD)
    )
    return work.session.scalar(query.where(*holds_at(work.at)).limit(1)) or ""


def mark(work: Work, recording: str, kind: str, until: datetime | None) -> None:
    """Adds a mark from now on."""
    row = RecordingMarkRow(
        id=new_id("rmk"),
        clinic=work.clinic,
        recording=recording,
        kind=kind,
        made_by=work.actor.person[:40],
        at=work.at,
        until=until,
        ended_at=None,
    )
    work.session.add(row)
    work.session.flush()


def _end(work: Work, recording: str, kind: str) -> bool:
    """Ends the marks of a kind; whether there were any."""
    query = select(RecordingMarkRow).where(
        RecordingMarkRow.clinic == work.clinic,
        RecordingMarkRow.recording == recording,
        RecordingMarkRow.kind == kind,
        *holds_at(work.at),
    )
    rows = work.session.scalars(query).all()
    for row in rows:
        row.ended_at = work.at
    work.session.flush()
    return bool(rows)


def _recording_of(work: Work, visit: str, recording: str, act: Act) -> RecordingRow:
    work.visit(visit, act, audited=False)
    row = work.row(RecordingRow, recording)
    if row.visit != visit:
        raise NotFound(f"recordings {recording[:40]}")
    return row
