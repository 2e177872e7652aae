"""The table of relationships: who acts for which patient, within which scopes, since when, and how it ended."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from records.tables.base import Base, Clinic, Code, CodeList, Id, Key, MaybeWhen, Sealed, When


class RelationshipRow(Base):
    """One relationship. Names, address and how they are related are sealed under the patient's key.

    Until it is accepted there is no ``person``, only the hash of the token that the mail carries and the address's
    blind index. ``for_minor`` says that it began while the patient was a minor, and ends when they no longer are.
    """

    __tablename__ = "relationships"
    __table_args__ = (Index("ix_relationships_clinic_person", "clinic", "person"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    patient: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    person: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    kind: Mapped[Code]
    scopes: Mapped[CodeList]
    for_minor: Mapped[bool]
    content: Mapped[Sealed]
    granted_by: Mapped[Id]
    granted_at: Mapped[When]
    valid_from: Mapped[When]
    until: Mapped[MaybeWhen]
    accepted_at: Mapped[MaybeWhen]
    revoked_at: Mapped[MaybeWhen]
    revoked_by: Mapped[str | None] = mapped_column(String(40))
    token_hash: Mapped[str | None] = mapped_column(String(80), unique=True)
    address_index: Mapped[str | None] = mapped_column(String(80))
    expires_at: Mapped[MaybeWhen]
