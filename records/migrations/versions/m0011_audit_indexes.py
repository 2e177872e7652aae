"""The audit is found by whom an entry is about and by who acted, without reading the clinic's whole chain."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

COLUMNS = ("subject", "actor")


def upgrade() -> None:
    for column in COLUMNS:
        op.create_index(f"ix_audit_entries_{column}", "audit_entries", ["clinic", column])


def downgrade() -> None:
    for column in COLUMNS:
        op.drop_index(f"ix_audit_entries_{column}", "audit_entries")
