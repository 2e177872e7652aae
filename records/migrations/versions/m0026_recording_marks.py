"""What is decided about a recording after the call: held, released to its patient, kept by the law for now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TABLE = "recording_marks"
_WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("recording", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("made_by", sa.String(40), nullable=False),
        sa.Column("at", _WHEN, nullable=False),
        sa.Column("until", _WHEN, nullable=True),
        sa.Column("ended_at", _WHEN, nullable=True),
        sa.ForeignKeyConstraint(["recording"], ["recordings.id"], name="fk_recording_marks_recording"),
        sa.PrimaryKeyConstraint("id", name="pk_recording_marks"),
    )
    for column in ("clinic", "recording"):
        op.create_index(f"ix_{TABLE}_{column}", TABLE, [column])


def downgrade() -> None:
    op.drop_table(TABLE)
