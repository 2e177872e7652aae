"""Tables of keys and of the audit: what makes the rest readable, and what proves who read it."""

from __future__ import annotations

from sqlalchemy import Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.tables.base import Base, Clinic, Code, Digest, Id, Key, MaybeWhen, Sealed, When


class DataKey(Base):
    """A wrapped data key. ``person`` is empty for a clinic's own; ``parent`` is empty when the master key wraps it.

    A person's ``wrapped`` also says where the key's second half lies, apart from the database (`records.key_ring`).
    Crypto-shredding a person empties the share and ``wrapped`` and sets ``shredded_at``; the row stays to say so.
    """

    __tablename__ = "data_keys"
    __table_args__ = (UniqueConstraint("clinic", "person", "purpose", "generation"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    person: Mapped[Id]
    purpose: Mapped[Code]
    generation: Mapped[int]
    parent: Mapped[Id]
    wrapped: Mapped[Sealed]
    created_at: Mapped[When]
    shredded_at: Mapped[MaybeWhen]


class AuditEntry(Base):
    """One access. ``hash`` covers every other column and the hash before it; triggers forbid change and deletion."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_subject", "clinic", "subject"),
        Index("ix_audit_entries_actor", "clinic", "actor"),
    )
    clinic: Mapped[str] = mapped_column(String(64), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(String(40))
    actor: Mapped[Id]
    role: Mapped[Code]
    session: Mapped[Id]
    origin: Mapped[str] = mapped_column(Text)
    act: Mapped[Code]
    subject: Mapped[str] = mapped_column(String(80))
    visit: Mapped[str] = mapped_column(String(40), index=True)
    detail: Mapped[str] = mapped_column(Text)
    previous: Mapped[Digest]
    hash: Mapped[Digest]


class AuditHead(Base):
    """The newest entry of a clinic's chain, signed (Ed25519) so that a shortened chain does not match it."""

    __tablename__ = "audit_heads"
    clinic: Mapped[str] = mapped_column(String(64), primary_key=True)
    sequence: Mapped[int]
    hash: Mapped[Digest]
    key: Mapped[Id]
    signature: Mapped[bytes] = mapped_column(LargeBinary)
