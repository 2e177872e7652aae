"""The table of what officers attest of the law: each word signed, never changed, a withdrawal a word of its own."""

from __future__ import annotations

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.tables.base import Base, Clinic, Code, Id, Key, Sealed, When


class LawAttestationRow(Base):
    """One word about one attestation: it was `attested`, or `withdrawn`; ``signature`` covers it (Ed25519)."""

    __tablename__ = "law_attestations"
    __table_args__ = (UniqueConstraint("attestation", "act"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    attestation: Mapped[Id]
    act: Mapped[Code]
    content: Mapped[Sealed]
    at: Mapped[When]
    actor: Mapped[Id]
    key: Mapped[Id]
    signature: Mapped[bytes] = mapped_column(LargeBinary)
