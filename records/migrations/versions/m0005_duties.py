"""What clinicians marked as done of what the law asks for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from records.migrations.append_only import forbid, permit

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLE = "duty_statements"
INDEX = "ix_duty_statements_clinic"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("client_key", sa.String(80), nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("duty", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(120), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_duty_statements"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_duty_statements_visit"),
        sa.UniqueConstraint("visit", "client_key", name="uq_duty_statements_visit_client_key"),
    )
    op.create_index(INDEX, TABLE, ["clinic"])
    for statement in forbid(op.get_context().dialect.name, TABLE):
        op.execute(statement)


def downgrade() -> None:
    for statement in permit(op.get_context().dialect.name, TABLE):
        op.execute(statement)
    op.drop_index(INDEX, TABLE)
    op.drop_table(TABLE)
