"""Tables of what was asked of a state's prescription monitoring program, and what it reported; the report is sealed."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.tables.base import Base, Clinic, Code, Digest, Id, Key, MaybeSealed, MaybeWhen, When


class MonitoringRow(Base):
    """One question to a program: who asked when about a visit's patient, in which state, and what came of it.

    ``outcome`` is a code (`engine.monitoring`); ``content`` the rows once there are some; ``digest`` is that of them.
    """

    __tablename__ = "monitoring_reports"
    __table_args__ = (UniqueConstraint("visit", "client_key"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"))
    patient: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    client_key: Mapped[str] = mapped_column(String(80))
    state: Mapped[Code]
    asked_by: Mapped[Id]
    asked_at: Mapped[When]
    outcome: Mapped[Code]
    answered_at: Mapped[MaybeWhen]
    sender: Mapped[Code]
    simulated: Mapped[bool]
    digest: Mapped[Digest]
    content: Mapped[MaybeSealed]
