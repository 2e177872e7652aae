"""The table of files that lie sealed beside the database: whose, of which visit, how far they were checked."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from records.tables.base import Base, Clinic, Code, Digest, Id, Key, MaybeWhen, Sealed, When


class BlobRow(Base):
    """One file. ``digest`` is keyed and of what was sent, ``file`` the name of what is kept, empty when nothing is.

    One that was sent in a conversation names it; it is no file of its visit.

    ``key`` holds the file's own key and its length, sealed under its person's; empty once there is no file.
    """

    __tablename__ = "blobs"
    __table_args__ = (
        Index("ix_blobs_clinic_person", "clinic", "person"),
        Index("ix_blobs_state", "state"),
        Index("ix_blobs_file", "file"),
    )
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    person: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), index=True)
    kind: Mapped[Code]
    state: Mapped[Code]
    media_type: Mapped[Code]
    size: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int]
    height: Mapped[int]
    digest: Mapped[Digest]
    file: Mapped[str] = mapped_column(String(80))
    key: Mapped[Sealed]
    reason: Mapped[Code]
    at: Mapped[When]
    actor: Mapped[Id]
    settled_at: Mapped[MaybeWhen]
    conversation: Mapped[str | None] = mapped_column(String(40), index=True)
