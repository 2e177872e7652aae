"""What officers attest of the law, signed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from records.migrations.append_only import forbid, permit

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLE = "law_attestations"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("attestation", sa.String(40), nullable=False),
        sa.Column("act", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(40), nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_law_attestations"),
        sa.UniqueConstraint("attestation", "act", name="uq_law_attestations_attestation_act"),
    )
    op.create_index("ix_law_attestations_clinic", TABLE, ["clinic"])
    for statement in forbid(op.get_context().dialect.name, TABLE):
        op.execute(statement)


def downgrade() -> None:
    for statement in permit(op.get_context().dialect.name, TABLE):
        op.execute(statement)
    op.drop_index("ix_law_attestations_clinic", TABLE)
    op.drop_table(TABLE)
