"""Files that patients add to a visit: whose, how far they were checked, and the sealed key of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLE = "blobs"
INDEXES = {
    "ix_blobs_clinic": ["clinic"],
    "ix_blobs_clinic_person": ["clinic", "person"],
    "ix_blobs_file": ["file"],
    "ix_blobs_state": ["state"],
    "ix_blobs_visit": ["visit"],
}


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(80), nullable=False),
        sa.Column("file", sa.String(80), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(40), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_blobs"),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_blobs_person"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_blobs_visit"),
    )
    for index, columns in INDEXES.items():
        op.create_index(index, TABLE, columns)


def downgrade() -> None:
    for index in INDEXES:
        op.drop_index(index, TABLE)
    op.drop_table(TABLE)
