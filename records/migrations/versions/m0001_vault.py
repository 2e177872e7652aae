"""Keys and the audit chain."""

from __future__ import annotations

import sqlalchemy as sa

from records.migrations.tables import Indexes, Tables, create, drop

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create(TABLES, INDEXES, APPEND_ONLY)


def downgrade() -> None:
    drop(TABLES, INDEXES, APPEND_ONLY)


def _audit_entries() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(40), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("session", sa.String(40), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("act", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(80), nullable=False),
        sa.Column("hash", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("clinic", "sequence", name="pk_audit_entries"),
    ]


def _audit_heads() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(80), nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("clinic", name="pk_audit_heads"),
    ]


def _data_keys() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("parent", sa.String(40), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shredded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_data_keys"),
        sa.UniqueConstraint(
            "clinic", "person", "purpose", "generation", name="uq_data_keys_clinic_person_purpose_generation"
        ),
    ]


TABLES: Tables = {
    "audit_entries": _audit_entries,
    "audit_heads": _audit_heads,
    "data_keys": _data_keys,
}
INDEXES: Indexes = (
    ("ix_audit_entries_visit", "audit_entries", ("visit",)),
    ("ix_data_keys_clinic", "data_keys", ("clinic",)),
)
APPEND_ONLY: tuple[str, ...] = ("audit_entries",)
