"""The table of what clinicians said of a patient's medicines and allergies: added, stopped, verified."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.tables.base import Base, Clinic, Code, Id, Key, Sealed, When


class ListEntryRow(Base):
    """One word of a clinician about one medicine or allergy of a patient; append-only, the newest counts."""

    __tablename__ = "list_entries"
    __table_args__ = (UniqueConstraint("visit", "client_key"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    patient: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"))
    client_key: Mapped[str] = mapped_column(String(80))
    kind: Mapped[Code]
    act: Mapped[Code]
    content: Mapped[Sealed]
    at: Mapped[When]
    actor: Mapped[Id]
