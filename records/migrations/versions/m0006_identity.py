"""Tokens of mails, second factors, passkeys, known devices, invitations; what a session remembers of its start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

Items = list[sa.schema.SchemaItem]


def upgrade() -> None:
    for table, items in TABLES.items():
        op.create_table(table, *items())
    for table, column in INDEXES:
        op.create_index(f"ix_{table}_{column}", table, [column])
    for table, name, kind in COLUMNS:
        op.add_column(table, sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for table, name, _kind in reversed(COLUMNS):
        op.drop_column(table, name)
    for table, column in reversed(INDEXES):
        op.drop_index(f"ix_{table}_{column}", table)
    for table in reversed(TABLES):
        op.drop_table(table)


def _text(name: str, length: int, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _when(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _sealed(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=f"fk_{table}_account")


def _identity_tokens() -> Items:
    return [
        _text("id", 40),
        _text("clinic", 64),
        _text("kind", 64),
        _text("token_hash", 80),
        _text("account", 40, nullable=True),
        _when("created_at"),
        _when("expires_at"),
        _when("used_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_identity_tokens"),
        _of_account("identity_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_identity_tokens_token_hash"),
    ]


def _mails() -> Items:
    return [
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        _text("id", 40),
        _text("clinic", 64),
        _text("address_index", 80),
        _text("template", 64),
        _text("language", 64),
        _sealed("content"),
        _text("state", 64),
        _when("at"),
        _when("sent_at", nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_mails"),
        sa.UniqueConstraint("id", name="uq_mails_id"),
    ]


def _second_factors() -> Items:
    return [
        _text("account", 40),
        _text("clinic", 64),
        _sealed("secret"),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        _when("created_at"),
        _when("confirmed_at", nullable=True),
        sa.PrimaryKeyConstraint("account", name="pk_second_factors"),
        _of_account("second_factors"),
    ]


def _recovery_codes() -> Items:
    return [
        _text("id", 40),
        _text("clinic", 64),
        _text("account", 40),
        _text("code_hash", 80),
        _when("created_at"),
        _when("used_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_codes"),
        _of_account("recovery_codes"),
    ]


def _passkeys() -> Items:
    return [
        _text("id", 40),
        _text("clinic", 64),
        _text("account", 40),
        _text("credential_hash", 80),
        _sealed("content"),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        _when("created_at"),
        _when("used_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        _of_account("passkeys"),
        sa.UniqueConstraint("clinic", "credential_hash", name="uq_passkeys_clinic_credential_hash"),
    ]


def _ceremonies() -> Items:
    return [
        _text("clinic", 64),
        _text("kind", 64),
        _text("holder", 80),
        _text("account", 40),
        _text("portal", 64),
        _text("challenge", 200),
        _when("created_at"),
        _when("expires_at"),
        sa.PrimaryKeyConstraint("clinic", "kind", "holder", name="pk_ceremonies"),
    ]


def _known_devices() -> Items:
    return [
        _text("clinic", 64),
        _text("account", 40),
        _text("device_hash", 80),
        _when("created_at"),
        _when("used_at"),
        sa.PrimaryKeyConstraint("clinic", "account", "device_hash", name="pk_known_devices"),
        _of_account("known_devices"),
    ]


def _invitations() -> Items:
    return [
        _text("id", 40),
        _text("clinic", 64),
        _text("token_hash", 80),
        _text("email_index", 80),
        _sealed("contact"),
        _text("role", 64),
        _text("person", 40, nullable=True),
        _text("invited_by", 40),
        _when("created_at"),
        _when("expires_at"),
        _when("accepted_at", nullable=True),
        _when("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_invitations_person"),
        sa.UniqueConstraint("token_hash", name="uq_invitations_token_hash"),
    ]


TABLES: dict[str, Callable[[], Items]] = {
    "identity_tokens": _identity_tokens,
    "mails": _mails,
    "second_factors": _second_factors,
    "recovery_codes": _recovery_codes,
    "passkeys": _passkeys,
    "ceremonies": _ceremonies,
    "known_devices": _known_devices,
    "invitations": _invitations,
}
INDEXES: tuple[tuple[str, str], ...] = (
    ("identity_tokens", "clinic"),
    ("identity_tokens", "account"),
    ("mails", "clinic"),
    ("mails", "address_index"),
    ("second_factors", "clinic"),
    ("recovery_codes", "clinic"),
    ("recovery_codes", "account"),
    ("passkeys", "clinic"),
    ("passkeys", "account"),
    ("invitations", "clinic"),
    ("invitations", "email_index"),
)
COLUMNS: tuple[tuple[str, str, sa.types.TypeEngine[Any]], ...] = (
    ("accounts", "address_proved_at", sa.DateTime(timezone=True)),
    ("sessions", "browser", sa.String(64)),
    ("sessions", "method", sa.String(64)),
    ("sessions", "idle_seconds", sa.Integer()),
    ("sessions", "proved_at", sa.DateTime(timezone=True)),
)
