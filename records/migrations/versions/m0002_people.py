"""People, accounts and sessions."""

from __future__ import annotations

import sqlalchemy as sa

from records.migrations.tables import Indexes, Tables, create, drop

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create(TABLES, INDEXES, APPEND_ONLY)


def downgrade() -> None:
    drop(TABLES, INDEXES, APPEND_ONLY)


def _persons() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("seed_key", sa.String(80), nullable=True),
        sa.Column("contact", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_persons"),
        sa.UniqueConstraint("clinic", "seed_key", name="uq_persons_clinic_seed_key"),
    ]


def _seed_marks() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("clinic", "key", name="pk_seed_marks"),
    ]


def _sign_in_attempts() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("email_index", sa.String(80), nullable=False),
        sa.Column("origin_index", sa.String(80), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("clinic", "email_index", "origin_index", name="pk_sign_in_attempts"),
    ]


def _accounts() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("email_index", sa.String(80), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_accounts_person"),
        sa.UniqueConstraint("clinic", "email_index", name="uq_accounts_clinic_email_index"),
    ]


def _patients() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("profile", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_patients"),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_patients_person"),
    ]


def _providers() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("display_name", sa.String(200), nullable=False),
        sa.Column("profession", sa.String(64), nullable=False),
        sa.Column("npi", sa.String(20), nullable=False),
        sa.Column("home_state", sa.String(8), nullable=True),
        sa.Column("place", sa.JSON(), nullable=True),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("visit_types", sa.JSON(), nullable=False),
        sa.Column("availability", sa.JSON(), nullable=False),
        sa.Column("extra", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_providers"),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_providers_person"),
    ]


def _dea_registrations() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("schedules", sa.JSON(), nullable=False),
        sa.Column("expires", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_dea_registrations"),
        sa.ForeignKeyConstraint(["person"], ["providers.person"], name="fk_dea_registrations_person"),
    ]


def _licenses() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("profession", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("issued", sa.Date(), nullable=True),
        sa.Column("expires", sa.Date(), nullable=True),
        sa.Column("number", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_licenses"),
        sa.ForeignKeyConstraint(["person"], ["providers.person"], name="fk_licenses_person"),
    ]


def _sessions() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("token_hash", sa.String(80), nullable=False),
        sa.Column("account", sa.String(40), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("portal", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_sessions_account"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
    ]


TABLES: Tables = {
    "persons": _persons,
    "seed_marks": _seed_marks,
    "sign_in_attempts": _sign_in_attempts,
    "accounts": _accounts,
    "patients": _patients,
    "providers": _providers,
    "dea_registrations": _dea_registrations,
    "licenses": _licenses,
    "sessions": _sessions,
}
INDEXES: Indexes = (
    ("ix_persons_clinic", "persons", ("clinic",)),
    ("ix_accounts_clinic", "accounts", ("clinic",)),
    ("ix_accounts_person", "accounts", ("person",)),
    ("ix_patients_clinic", "patients", ("clinic",)),
    ("ix_providers_clinic", "providers", ("clinic",)),
    ("ix_dea_registrations_clinic", "dea_registrations", ("clinic",)),
    ("ix_dea_registrations_person", "dea_registrations", ("person",)),
    ("ix_licenses_clinic", "licenses", ("clinic",)),
    ("ix_licenses_person", "licenses", ("person",)),
    ("ix_sessions_account", "sessions", ("account",)),
    ("ix_sessions_clinic", "sessions", ("clinic",)),
)
APPEND_ONLY: tuple[str, ...] = ()
