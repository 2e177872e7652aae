"""What a clinician wants around visits, and what their newest change of hours replaced, so that it can be undone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLE = "provider_hours"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("limits", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column(TABLE, sa.Column("before", sa.JSON(), nullable=True))


def downgrade() -> None:
    for column in ("before", "limits"):
        op.drop_column(TABLE, column)
