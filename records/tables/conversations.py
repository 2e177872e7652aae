"""Tables of what patients and the care team write to each other: what was said, read, and not yet sent."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.tables.base import Base, Clinic, Code, Id, Key, MaybeWhen, Sealed, When


class ConversationRow(Base):
    """A conversation: whose, about which visit, who answers. ``content`` holds its subject.

    ``about_visit`` is false of one that is about the specialty in general; its visit then only says which team it is.
    ``waiting_since`` is when the patient wrote first what nobody has answered, ``due_at`` when they were told to expect
    an answer; both None while nothing waits. ``relationship`` is whom the patient let begin it, if it was not them.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        Index("ix_conversations_clinic_patient", "clinic", "patient"),
        Index("ix_conversations_clinic_clinician", "clinic", "clinician"),
    )
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    patient: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), index=True)
    about_visit: Mapped[bool]
    clinician: Mapped[str] = mapped_column(ForeignKey("providers.person"))
    begun_by: Mapped[Id]
    relationship: Mapped[str | None] = mapped_column(String(40))
    state: Mapped[Code]
    content: Mapped[Sealed]
    began_at: Mapped[When]
    changed_at: Mapped[When]
    waiting_since: Mapped[MaybeWhen]
    due_at: Mapped[MaybeWhen]
    closed_at: Mapped[MaybeWhen]
    closed_by: Mapped[str | None] = mapped_column(String(40))


class ConversationMessageRow(Base):
    """One message; append-only. ``side`` is patient or team; ``content`` its words and the ids of its files."""

    __tablename__ = "conversation_messages"
    __table_args__ = (
        UniqueConstraint("conversation", "number"),
        UniqueConstraint("conversation", "client_key"),
    )
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    conversation: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    number: Mapped[int]
    side: Mapped[Code]
    author: Mapped[Id]
    relationship: Mapped[str | None] = mapped_column(String(40))
    client_key: Mapped[str] = mapped_column(String(80))
    content: Mapped[Sealed]
    at: Mapped[When]


class ConversationReadRow(Base):
    """How far a person has read a conversation: the number of the newest message they were shown."""

    __tablename__ = "conversation_reads"
    conversation: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    person: Mapped[Key]
    clinic: Mapped[Clinic]
    side: Mapped[Code]
    number: Mapped[int]
    at: Mapped[When]


class ConversationDraftRow(Base):
    """What a person has typed and not sent; gone once it is sent."""

    __tablename__ = "conversation_drafts"
    __table_args__ = (UniqueConstraint("conversation", "person"),)
    id: Mapped[Key]
    conversation: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    person: Mapped[Id]
    clinic: Mapped[Clinic]
    content: Mapped[Sealed]
    at: Mapped[When]
