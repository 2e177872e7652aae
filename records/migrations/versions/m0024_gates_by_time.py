"""A clinic's decisions are found by when they were kept, without reading all of them."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TABLE, INDEX = "gate_records", "ix_gate_records_clinic_recorded_at"


def upgrade() -> None:
    op.create_index(INDEX, TABLE, ["clinic", "recorded_at", "id"])


def downgrade() -> None:
    op.drop_index(INDEX, TABLE)
