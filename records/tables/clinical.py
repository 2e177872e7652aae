"""Tables of what people said and wrote: answers, consents, notes, orders, documents; all of it sealed."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.tables.base import (
    Base,
    Clinic,
    Code,
    CodeList,
    Codes,
    Digest,
    Id,
    Key,
    MaybeWhen,
    Sealed,
    When,
)


class AnswerRow(Base):
    """One version of an answer; append-only, the highest version counts, earlier ones stay for the audit."""

    __tablename__ = "answers"
    __table_args__ = (
        UniqueConstraint("visit", "form", "item", "version"),
        UniqueConstraint("visit", "client_key"),
    )
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"))
    form: Mapped[str] = mapped_column(String(120))
    item: Mapped[str] = mapped_column(String(120))
    version: Mapped[int]
    client_key: Mapped[str] = mapped_column(String(80))
    value: Mapped[Sealed]
    at: Mapped[When]
    actor: Mapped[Id]


class SubmissionRow(Base):
    """A form handed in: the answers that were shown, and the facts they fill, as they stood."""

    __tablename__ = "submissions"
    __table_args__ = (UniqueConstraint("visit", "form"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"))
    form: Mapped[str] = mapped_column(String(120))
    form_digest: Mapped[Digest]
    content: Mapped[Sealed]
    at: Mapped[When]


class ConsentRow(Base):
    """A consent as signed: what for, under which law, which clauses, the text's digest, and when it was withdrawn."""

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_clinic_patient", "clinic", "patient"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), index=True)
    patient: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    kind: Mapped[Code]
    form: Mapped[Code]
    jurisdiction: Mapped[Code]
    clauses: Mapped[CodeList]
    language: Mapped[Code]
    text_digest: Mapped[Digest]
    content: Mapped[Sealed]
    at: Mapped[When]
    signed_by: Mapped[Id]
    revoked_at: Mapped[MaybeWhen]
    relationship: Mapped[str | None] = mapped_column(String(40))


class NoteRow(Base):
    """A visit's note: its newest version's number and, once signed, by whom, when and which version."""

    __tablename__ = "notes"
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), unique=True)
    template: Mapped[str] = mapped_column(String(120))
    state: Mapped[Code]
    version: Mapped[int]
    signed_at: Mapped[MaybeWhen]
    signed_by: Mapped[str | None] = mapped_column(String(40))
    gate: Mapped[str | None] = mapped_column(String(40))


class NoteVersionRow(Base):
    """One saved version of a note; append-only."""

    __tablename__ = "note_versions"
    __table_args__ = (
        UniqueConstraint("note", "version"),
        UniqueConstraint("note", "client_key"),
    )
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    note: Mapped[str] = mapped_column(ForeignKey("notes.id"))
    version: Mapped[int]
    client_key: Mapped[str] = mapped_column(String(80))
    fields: Mapped[Sealed]
    at: Mapped[When]
    author: Mapped[Id]


class AddendumRow(Base):
    """What was added to a signed note; append-only."""

    __tablename__ = "addenda"
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    note: Mapped[str] = mapped_column(ForeignKey("notes.id"), index=True)
    content: Mapped[Sealed]
    at: Mapped[When]
    author: Mapped[Id]


class OrderRow(Base):
    """An order (a prescription): what was written is sealed; where it stands with the network is codes."""

    __tablename__ = "orders"
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), index=True)
    kind: Mapped[Code]
    state: Mapped[Code]
    version: Mapped[int]
    content: Mapped[Sealed]
    message_id: Mapped[str] = mapped_column(String(80))
    code: Mapped[Code]
    simulated: Mapped[bool]
    written_at: Mapped[When]


class OrderEventRow(Base):
    """One state an order reached; append-only."""

    __tablename__ = "order_events"
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    order: Mapped[str] = mapped_column("order_id", ForeignKey("orders.id"), index=True)
    sequence: Mapped[int]
    at: Mapped[When]
    state: Mapped[Code]
    actor: Mapped[Id]
    detail: Mapped[Codes]


class DocumentRow(Base):
    """A finished paper of a visit (the after-visit summary), sealed as structured content; pages render it."""

    __tablename__ = "documents"
    __table_args__ = (Index("ix_documents_clinic_patient", "clinic", "patient"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), index=True)
    patient: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    kind: Mapped[Code]
    content: Mapped[Sealed]
    at: Mapped[When]


class DutyRow(Base):
    """A duty of the law that a clinician marked as done; append-only. ``content`` says in which way, and when."""

    __tablename__ = "duty_statements"
    __table_args__ = (UniqueConstraint("visit", "client_key"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"))
    client_key: Mapped[str] = mapped_column(String(80))
    topic: Mapped[Code]
    duty: Mapped[Code]
    subject: Mapped[str] = mapped_column(String(120))
    content: Mapped[Sealed]
    at: Mapped[When]
    actor: Mapped[Id]
