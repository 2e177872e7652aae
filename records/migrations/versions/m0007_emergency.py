"""Charts opened in an emergency, and the verdict of who looked at it afterwards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLE = "emergency_accesses"
INDEXES = {
    "ix_emergency_accesses_clinic": ["clinic"],
    "ix_emergency_accesses_clinic_person": ["clinic", "person"],
    "ix_emergency_accesses_patient": ["patient"],
}


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("patient", sa.String(40), nullable=False),
        sa.Column("session", sa.String(40), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.String(40), nullable=True),
        sa.Column("verdict", sa.String(64), nullable=True),
        sa.Column("finding", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_emergency_accesses"),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_emergency_accesses_person"),
        sa.ForeignKeyConstraint(["patient"], ["persons.id"], name="fk_emergency_accesses_patient"),
        sa.ForeignKeyConstraint(["reviewed_by"], ["persons.id"], name="fk_emergency_accesses_reviewed_by"),
    )
    for index, columns in INDEXES.items():
        op.create_index(index, TABLE, columns)


def downgrade() -> None:
    for index in INDEXES:
        op.drop_index(index, TABLE)
    op.drop_table(TABLE)
