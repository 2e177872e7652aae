"""Tables of people, their accounts and sessions: a person, an account and a part in a visit are different things."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, String, UniqueConstraint
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
    Words,
)


class Person(Base):
    """Somebody the clinic knows. ``seed_key`` is the name they had in the clinic file they were first loaded from."""

    __tablename__ = "persons"
    __table_args__ = (UniqueConstraint("clinic", "seed_key"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    seed_key: Mapped[str | None] = mapped_column(String(80))
    contact: Mapped[Sealed]
    version: Mapped[int]
    created_at: Mapped[When]
    updated_at: Mapped[When]


class TextWishRow(Base):
    """Whether a person wants text messages, at which number (its blind index), and how they last said so."""

    __tablename__ = "text_wishes"
    person: Mapped[str] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    clinic: Mapped[Clinic]
    phone_index: Mapped[str] = mapped_column(String(80), index=True)
    wanted: Mapped[bool]
    how: Mapped[Code]
    changed_at: Mapped[When]


class Patient(Base):
    """A person's chart head, sealed under the person's own key: birth date, sex, residence, address."""

    __tablename__ = "patients"
    person: Mapped[str] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    clinic: Mapped[Clinic]
    profile: Mapped[Sealed]


class Provider(Base):
    """A clinician as the public may know them; none of it is a patient's."""

    __tablename__ = "providers"
    person: Mapped[str] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    clinic: Mapped[Clinic]
    display_name: Mapped[str] = mapped_column(String(200))
    profession: Mapped[Code]
    npi: Mapped[str] = mapped_column(String(20))
    home_state: Mapped[str | None] = mapped_column(String(8))
    place: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    languages: Mapped[CodeList]
    visit_types: Mapped[CodeList]
    availability: Mapped[CodeList]
    extra: Mapped[Codes]
    active: Mapped[bool]


class LicenseRow(Base):
    """One version of a licence; ``expires`` is its last valid day, the newest version has no ``replaced_at``.

    ``verified_at`` is the instant that its ``source`` last said exactly this of; ``attested_by`` who of the clinic did.
    """

    __tablename__ = "licenses"
    __table_args__ = (Index("ix_licenses_credential_version", "credential", "version", unique=True),)
    id: Mapped[Key]
    credential: Mapped[Id]
    version: Mapped[int]
    source: Mapped[str] = mapped_column(String(64))
    verified_at: Mapped[MaybeWhen]
    disciplined: Mapped[bool | None]
    attested_by: Mapped[str | None] = mapped_column(String(40))
    recorded_at: Mapped[When]
    replaced_at: Mapped[MaybeWhen]
    clinic: Mapped[Clinic]
    person: Mapped[str] = mapped_column(ForeignKey("providers.person"), index=True)
    state: Mapped[Code]
    profession: Mapped[Code]
    kind: Mapped[Code]
    status: Mapped[Code]
    issued: Mapped[date | None] = mapped_column(Date)
    expires: Mapped[date | None] = mapped_column(Date)
    number: Mapped[str | None] = mapped_column(String(64))


class DeaRow(Base):
    """One version of a DEA registration, as with a licence: a state and the schedules it covers."""

    __tablename__ = "dea_registrations"
    __table_args__ = (Index("ix_dea_registrations_credential_version", "credential", "version", unique=True),)
    id: Mapped[Key]
    credential: Mapped[Id]
    version: Mapped[int]
    source: Mapped[str] = mapped_column(String(64))
    status: Mapped[Code]
    number: Mapped[str | None] = mapped_column(String(64))
    issued: Mapped[date | None] = mapped_column(Date)
    verified_at: Mapped[MaybeWhen]
    attested_by: Mapped[str | None] = mapped_column(String(40))
    disciplined: Mapped[bool | None]
    recorded_at: Mapped[When]
    replaced_at: Mapped[MaybeWhen]
    clinic: Mapped[Clinic]
    person: Mapped[str] = mapped_column(ForeignKey("providers.person"), index=True)
    state: Mapped[Code]
    schedules: Mapped[CodeList]
    expires: Mapped[date | None] = mapped_column(Date)


class Account(Base):
    """A login. The e-mail address is found by its blind index only; ``password`` is an Argon2id hash."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("clinic", "email_index"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    person: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    email_index: Mapped[Digest]
    password: Mapped[Words]
    roles: Mapped[CodeList]
    disabled: Mapped[bool]
    created_at: Mapped[When]
    address_proved_at: Mapped[MaybeWhen]


class SignInAttempt(Base):
    """Failures of one e-mail (or account) from one origin or known device, both as blind indexes.

    So a stranger elsewhere never locks the owner out.
    """

    __tablename__ = "sign_in_attempts"
    clinic: Mapped[str] = mapped_column(String(64), primary_key=True)
    email_index: Mapped[str] = mapped_column(String(80), primary_key=True)
    origin_index: Mapped[str] = mapped_column(String(80), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[When]
    blocked_until: Mapped[MaybeWhen]


class SessionRow(Base):
    """A signed-in browser: only the token's hash is kept. ``portal`` is patient or staff, each with its own cookie.

    ``browser`` is a rough code (``firefox/linux``), ``method`` how it signed in, ``proved_at`` the last fresh factor.
    """

    __tablename__ = "sessions"
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    token_hash: Mapped[str] = mapped_column(String(80), unique=True)
    account: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    person: Mapped[Id]
    role: Mapped[Code]
    portal: Mapped[Code]
    created_at: Mapped[When]
    seen_at: Mapped[When]
    expires_at: Mapped[When]
    closed_at: Mapped[MaybeWhen]
    browser: Mapped[str | None] = mapped_column(String(64))
    method: Mapped[str | None] = mapped_column(String(64))
    idle_seconds: Mapped[int | None]
    proved_at: Mapped[MaybeWhen]


class SeedMark(Base):
    """A clinic file's people were loaded; what it said then is history, records own them since."""

    __tablename__ = "seed_marks"
    clinic: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    at: Mapped[When]
