"""The table of charts opened in an emergency: who, whose, until when, and what another person made of it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from records.tables.base import Base, Clinic, Id, Key, MaybeSealed, MaybeWhen, Sealed, When


class EmergencyRow(Base):
    """One emergency access. The reason is sealed under the patient's key, as what it speaks of is."""

    __tablename__ = "emergency_accesses"
    __table_args__ = (Index("ix_emergency_accesses_clinic_person", "clinic", "person"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    person: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    patient: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    session: Mapped[Id]
    reason: Mapped[Sealed]
    opened_at: Mapped[When]
    until: Mapped[When]
    ended_at: Mapped[MaybeWhen]
    reviewed_at: Mapped[MaybeWhen]
    reviewed_by: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    verdict: Mapped[str | None] = mapped_column(String(64))
    finding: Mapped[MaybeSealed]
