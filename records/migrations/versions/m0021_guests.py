"""Guests of a visit's call, who have no account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLE = "guests"
INDEXED = ("clinic", "visit", "holder")


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("token_hash", sa.String(80), nullable=False),
        sa.Column("invited_by", sa.String(40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.Column("holder", sa.String(80)),
        sa.Column("name", sa.LargeBinary()),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("admitted_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_guests"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_guests_visit"),
        sa.UniqueConstraint("token_hash", name="uq_guests_token_hash"),
    )
    for column in INDEXED:
        op.create_index(f"ix_guests_{column}", TABLE, [column])


def downgrade() -> None:
    for column in reversed(INDEXED):
        op.drop_index(f"ix_guests_{column}", TABLE)
    op.drop_table(TABLE)
