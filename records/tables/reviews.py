"""Tables of what waits for somebody of the clinic to decide, and of all that was said and done about it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.tables.base import Base, Clinic, Code, Id, Key, MaybeSealed, MaybeWhen, When


class ReviewRow(Base):
    """One matter: its ``key`` makes it once, ``kind`` says what it is, ``subject`` the id of what it is about.

    ``cause`` is a code of what led to it. ``decided_by`` gave the decision, ``confirmed_by`` is the second person.
    """

    __tablename__ = "reviews"
    __table_args__ = (UniqueConstraint("clinic", "key"), Index("ix_reviews_clinic_state", "clinic", "state"))
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    key: Mapped[str] = mapped_column(String(160))
    kind: Mapped[Code]
    subject: Mapped[str] = mapped_column(String(120))
    cause: Mapped[Code]
    visit: Mapped[str | None] = mapped_column(ForeignKey("visits.id"), index=True)
    person: Mapped[str | None] = mapped_column(String(40))
    raised_at: Mapped[When]
    due_at: Mapped[When]
    state: Mapped[Code]
    owner: Mapped[str | None] = mapped_column(String(40))
    decision: Mapped[str | None] = mapped_column(String(64))
    decided_by: Mapped[str | None] = mapped_column(String(40))
    decided_at: Mapped[MaybeWhen]
    confirmed_by: Mapped[str | None] = mapped_column(String(40))
    closed_at: Mapped[MaybeWhen]
    version: Mapped[int]


class ReviewEntryRow(Base):
    """One thing said or done about a matter; append-only. ``about`` is who it was given to, or the decision's code."""

    __tablename__ = "review_entries"
    __table_args__ = (UniqueConstraint("review", "sequence"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    review: Mapped[str] = mapped_column(ForeignKey("reviews.id"))
    sequence: Mapped[int]
    at: Mapped[When]
    actor: Mapped[Id]
    kind: Mapped[Code]
    about: Mapped[str] = mapped_column(String(64))
    text: Mapped[MaybeSealed]
