"""Tables of identity: single-use tokens, mails, second factors, passkeys, ceremonies, known devices, invitations."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.tables.base import Base, Clinic, Code, Digest, Id, Key, MaybeWhen, Sealed, When


class IdentityToken(Base):
    """A single-use token of a mail; only its hash is kept. Without ``account`` it was asked for an unknown address."""

    __tablename__ = "identity_tokens"
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    kind: Mapped[Code]
    token_hash: Mapped[str] = mapped_column(String(80), unique=True)
    account: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    created_at: Mapped[When]
    expires_at: Mapped[When]
    used_at: Mapped[MaybeWhen]


class MailRow(Base):
    """A mail to be sent: address, subject and words are sealed together; ``address_index`` limits how many go there."""

    __tablename__ = "mails"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    clinic: Mapped[Clinic]
    address_index: Mapped[str] = mapped_column(String(80), index=True)
    template: Mapped[Code]
    language: Mapped[Code]
    content: Mapped[Sealed]
    state: Mapped[Code]
    at: Mapped[When]
    sent_at: Mapped[MaybeWhen]


class SecondFactor(Base):
    """An account's TOTP secret, sealed; it counts once confirmed. ``last_step`` is the newest 30-second step used."""

    __tablename__ = "second_factors"
    account: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    clinic: Mapped[Clinic]
    secret: Mapped[Sealed]
    last_step: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[When]
    confirmed_at: Mapped[MaybeWhen]


class RecoveryCode(Base):
    """One recovery code, kept as an HMAC under the clinic's own key; it is used once."""

    __tablename__ = "recovery_codes"
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    account: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    code_hash: Mapped[Digest]
    created_at: Mapped[When]
    used_at: Mapped[MaybeWhen]


class Passkey(Base):
    """A WebAuthn credential; its id, public key and the name its owner gave it are sealed together."""

    __tablename__ = "passkeys"
    __table_args__ = (UniqueConstraint("clinic", "credential_hash"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    account: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    credential_hash: Mapped[Digest]
    content: Mapped[Sealed]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[When]
    used_at: Mapped[MaybeWhen]


class Ceremony(Base):
    """One thing under way in one browser (a factor awaited, a passkey's challenge), found by its cookie's hash."""

    __tablename__ = "ceremonies"
    clinic: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80), primary_key=True)
    account: Mapped[Id]
    portal: Mapped[Code]
    challenge: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[When]
    expires_at: Mapped[When]


class KnownDevice(Base):
    """A browser that an account has signed in from; strangers' wrong passwords do not slow it down."""

    __tablename__ = "known_devices"
    clinic: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    device_hash: Mapped[str] = mapped_column(String(80), primary_key=True)
    created_at: Mapped[When]
    used_at: Mapped[When]


class Invitation(Base):
    """An invitation to work for the clinic in a role: whom, sealed; the mail's token as a hash."""

    __tablename__ = "invitations"
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    token_hash: Mapped[str] = mapped_column(String(80), unique=True)
    email_index: Mapped[str] = mapped_column(String(80), index=True)
    contact: Mapped[Sealed]
    role: Mapped[Code]
    person: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    invited_by: Mapped[Id]
    created_at: Mapped[When]
    expires_at: Mapped[When]
    accepted_at: Mapped[MaybeWhen]
    revoked_at: Mapped[MaybeWhen]
