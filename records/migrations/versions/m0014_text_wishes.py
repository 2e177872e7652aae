"""Who wants text messages, at which number: by a blind index, never the number itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLE = "text_wishes"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("phone_index", sa.String(80), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("how", sa.String(64), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_text_wishes"),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_text_wishes_person"),
    )
    op.create_index("ix_text_wishes_clinic", TABLE, ["clinic"])
    op.create_index("ix_text_wishes_phone_index", TABLE, ["phone_index"])


def downgrade() -> None:
    for column in ("phone_index", "clinic"):
        op.drop_index(f"ix_text_wishes_{column}", TABLE)
    op.drop_table(TABLE)
