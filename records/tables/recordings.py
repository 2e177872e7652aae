"""The tables of recorded calls: each run of a recording, who agreed to it, the files it left, what is decided later."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from records.tables.base import Base, Clinic, Code, Digest, Id, Key, MaybeWhen, Sealed, When


class RecordingRow(Base):
    """One recording of a visit's call: from a clinician's asking to its end; ``reason`` says why it ended."""

    __tablename__ = "recordings"
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), index=True)
    person: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    room: Mapped[str] = mapped_column(String(80))
    asked_by: Mapped[Id]
    gate: Mapped[Id]
    state: Mapped[Code]
    reason: Mapped[Code]
    asked_at: Mapped[When]
    begun_at: Mapped[MaybeWhen]
    ended_at: Mapped[MaybeWhen]


class RecordingAnswerRow(Base):
    """What one participant answered to being recorded; append-only. ``text_digest`` is of the words they were asked."""

    __tablename__ = "recording_answers"
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    recording: Mapped[str] = mapped_column(ForeignKey("recordings.id"), index=True)
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"))
    participant: Mapped[Id]
    role: Mapped[Code]
    agrees: Mapped[bool]
    language: Mapped[Code]
    text_digest: Mapped[Digest]
    at: Mapped[When]


class RecordingPartRow(Base):
    """One file of a recording: a tape while it is written, then a file that can be sought.

    ``key`` holds the file's own key, sealed under the clinic's key for recordings and again under its patient's, with
    the length of its content; empty once there is no file.
    """

    __tablename__ = "recording_parts"
    __table_args__ = (
        Index("ix_recording_parts_clinic_person", "clinic", "person"),
        Index("ix_recording_parts_state", "state"),
        Index("ix_recording_parts_file", "file"),
    )
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    recording: Mapped[str] = mapped_column(ForeignKey("recordings.id"), index=True)
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), index=True)
    person: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    participant: Mapped[Id]
    role: Mapped[Code]
    label: Mapped[Code]
    state: Mapped[Code]
    whole: Mapped[bool]
    media_type: Mapped[Code]
    size: Mapped[int] = mapped_column(BigInteger)
    offset_ms: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int] = mapped_column(BigInteger)
    file: Mapped[str] = mapped_column(String(80))
    key: Mapped[Sealed]
    at: Mapped[When]
    settled_at: Mapped[MaybeWhen]


class RecordingMarkRow(Base):
    """What is decided about a recording after the call, by ``kind`` (`records.recording_marks`), while it holds."""

    __tablename__ = "recording_marks"
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    recording: Mapped[str] = mapped_column(ForeignKey("recordings.id"), index=True)
    kind: Mapped[Code]
    made_by: Mapped[Id]
    at: Mapped[When]
    until: Mapped[MaybeWhen]
    ended_at: Mapped[MaybeWhen]
