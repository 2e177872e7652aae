"""Relationships, and which of them a visit was booked and a consent was signed under."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLE = "relationships"
INDEXES = {
    "ix_relationships_clinic": ["clinic"],
    "ix_relationships_clinic_person": ["clinic", "person"],
    "ix_relationships_patient": ["patient"],
}
UNDER = ("visits", "consents")


def upgrade() -> None:
    op.create_table(TABLE, *_columns(), *_constraints())
    for index, columns in INDEXES.items():
        op.create_index(index, TABLE, columns)
    for table in UNDER:
        op.add_column(table, sa.Column("relationship", sa.String(40), nullable=True))


def downgrade() -> None:
    for table in UNDER:
        op.drop_column(table, "relationship")
    for index in INDEXES:
        op.drop_index(index, TABLE)
    op.drop_table(TABLE)


def _columns() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("patient", sa.String(40), nullable=False),
        sa.Column("person", sa.String(40), nullable=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("for_minor", sa.Boolean(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("granted_by", sa.String(40), nullable=False),
        _when("granted_at", nullable=False),
        _when("valid_from", nullable=False),
        _when("until"),
        _when("accepted_at"),
        _when("revoked_at"),
        sa.Column("revoked_by", sa.String(40), nullable=True),
        sa.Column("token_hash", sa.String(80), nullable=True),
        sa.Column("address_index", sa.String(80), nullable=True),
        _when("expires_at"),
    ]


def _constraints() -> list[sa.Constraint]:
    return [
        sa.PrimaryKeyConstraint("id", name="pk_relationships"),
        sa.ForeignKeyConstraint(["patient"], ["persons.id"], name="fk_relationships_patient"),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_relationships_person"),
        sa.UniqueConstraint("token_hash", name="uq_relationships_token_hash"),
    ]


def _when(name: str, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
