"""Who of the clinic attested a version of a licence or of a DEA registration; nobody for what a source said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

HELD = ("licenses", "dea_registrations")


def upgrade() -> None:
    for table in HELD:
        op.add_column(table, sa.Column("attested_by", sa.String(40), nullable=True))


def downgrade() -> None:
    for table in HELD:
        op.drop_column(table, "attested_by")
