"""Tables beside licences and registrations: what their sources answered, agreements, reminders, and hours of work."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.tables.base import Base, Clinic, Code, CodeList, Codes, Id, Key, MaybeWhen, When


class CredentialCheck(Base):
    """One question to a primary source: ``same``, ``changed``, ``unknown`` to it, or ``silent`` with a code of why."""

    __tablename__ = "credential_checks"
    __table_args__ = (Index("ix_credential_checks_credential_asked_at", "credential", "asked_at"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    person: Mapped[Id]
    credential: Mapped[Id]
    kind: Mapped[Code]
    asked_at: Mapped[When]
    outcome: Mapped[Code]
    code: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(64))
    as_of: Mapped[MaybeWhen]


class AgreementRow(Base):
    """One version of a supervision agreement; the newest has no ``replaced_at``. Days are valid ones."""

    __tablename__ = "supervision_agreements"
    __table_args__ = (UniqueConstraint("agreement", "version"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    agreement: Mapped[Id]
    version: Mapped[int]
    supervisee: Mapped[str] = mapped_column(ForeignKey("providers.person"), index=True)
    supervisor: Mapped[str] = mapped_column(ForeignKey("providers.person"))
    state: Mapped[Code]
    kind: Mapped[Code]
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date | None] = mapped_column(Date)
    specialties: Mapped[CodeList]
    schedules: Mapped[CodeList]
    written_by: Mapped[Id]
    written_at: Mapped[When]
    replaced_at: Mapped[MaybeWhen]


class ExpiryNotice(Base):
    """Somebody was told that a credential runs out; once for each credential, last day, threshold and reader."""

    __tablename__ = "expiry_notices"
    clinic: Mapped[str] = mapped_column(String(64), primary_key=True)
    credential: Mapped[str] = mapped_column(String(40), primary_key=True)
    expires: Mapped[date] = mapped_column(Date, primary_key=True)
    threshold: Mapped[int] = mapped_column(primary_key=True)
    reader: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[When]


class HoursRow(Base):
    """When a clinician works in a week, in a zone of their own; without a row the clinic file's word stands.

    ``before`` is what the newest change replaced: empty for the seed, null where nothing can be undone.
    """

    __tablename__ = "provider_hours"
    person: Mapped[str] = mapped_column(ForeignKey("providers.person"), primary_key=True)
    clinic: Mapped[Clinic]
    time_zone: Mapped[str] = mapped_column(String(64))
    week: Mapped[CodeList]
    version: Mapped[int]
    changed_by: Mapped[Id]
    changed_at: Mapped[When]
    limits: Mapped[Codes] = mapped_column(JSON, default=dict, server_default="{}")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class HoursException(Base):
    """Time off, extra or changed hours: from a day to a day, all day or between two times; ``removed_at`` ends it."""

    __tablename__ = "hours_exceptions"
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    person: Mapped[str] = mapped_column(ForeignKey("providers.person"), index=True)
    kind: Mapped[Code]
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    since: Mapped[str] = mapped_column(String(5))
    until: Mapped[str] = mapped_column(String(5))
    written_by: Mapped[Id]
    written_at: Mapped[When]
    removed_at: Mapped[MaybeWhen]
