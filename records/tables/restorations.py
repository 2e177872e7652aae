"""What remembers that a backup was put in the place of this database, until everything that follows has been done."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from records.tables.base import Base, Clinic, Id, Key, MaybeWhen, When


class RestorationRow(Base):
    """One restore: of which backup, taken when, by whom; settled once records and workflows were compared after it."""

    __tablename__ = "restorations"
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    backup: Mapped[Id]
    taken_at: Mapped[When]
    restored_at: Mapped[When]
    actor: Mapped[Id]
    settled_at: Mapped[MaybeWhen]
