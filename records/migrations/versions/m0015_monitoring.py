"""What was asked of a state's prescription monitoring program, and what it reported."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLE = "monitoring_reports"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("patient", sa.String(40), nullable=False),
        sa.Column("client_key", sa.String(80), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("asked_by", sa.String(40), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sender", sa.String(64), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(80), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_monitoring_reports"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_monitoring_reports_visit"),
        sa.ForeignKeyConstraint(["patient"], ["persons.id"], name="fk_monitoring_reports_patient"),
        sa.UniqueConstraint("visit", "client_key", name="uq_monitoring_reports_visit_client_key"),
    )
    op.create_index("ix_monitoring_reports_clinic", TABLE, ["clinic"])
    op.create_index("ix_monitoring_reports_patient", TABLE, ["patient"])


def downgrade() -> None:
    for column in ("patient", "clinic"):
        op.drop_index(f"ix_monitoring_reports_{column}", TABLE)
    op.drop_table(TABLE)
