"""What clinicians said of a patient's medicines and allergies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from records.migrations.append_only import forbid, permit

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLE = "list_entries"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("patient", sa.String(40), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("client_key", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("act", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_list_entries"),
        sa.ForeignKeyConstraint(["patient"], ["persons.id"], name="fk_list_entries_patient"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_list_entries_visit"),
        sa.UniqueConstraint("visit", "client_key", name="uq_list_entries_visit_client_key"),
    )
    op.create_index("ix_list_entries_clinic", TABLE, ["clinic"])
    op.create_index("ix_list_entries_patient", TABLE, ["patient"])
    for statement in forbid(op.get_context().dialect.name, TABLE):
        op.execute(statement)


def downgrade() -> None:
    for statement in permit(op.get_context().dialect.name, TABLE):
        op.execute(statement)
    for column in ("patient", "clinic"):
        op.drop_index(f"ix_list_entries_{column}", TABLE)
    op.drop_table(TABLE)
