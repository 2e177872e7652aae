"""A visit's state and time zone stand beside its place under the clinic's key, so that a clinician's work is counted
without opening every patient's own key. What stood before is looked up in the place itself.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("visits", sa.Column("counted_place", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("visits", "counted_place")
