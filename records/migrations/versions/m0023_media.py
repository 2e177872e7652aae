"""Media nodes, where each visit's room is, and who stayed how long in it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

INDEXED = (
    ("media_nodes", "endpoint"),
    ("room_leases", "clinic"),
    ("room_leases", "room"),
    ("room_leases", "node"),
    ("room_stays", "clinic"),
    ("room_stays", "visit"),
)


def upgrade() -> None:
    _nodes()
    _leases()
    _stays()
    for table, column in INDEXED:
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table, column in reversed(INDEXED):
        op.drop_index(f"ix_{table}_{column}", table)
    for table in ("room_stays", "room_leases", "media_nodes"):
        op.drop_table(table)


def _nodes() -> None:
    op.create_table(
        "media_nodes",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("queue", sa.String(80), nullable=False),
        sa.Column("endpoint", sa.String(200), nullable=False),
        sa.Column("load", sa.Integer(), nullable=False),
        sa.Column("rooms", sa.Integer(), nullable=False),
        sa.Column("participants", sa.Integer(), nullable=False),
        sa.Column("takes", sa.Boolean(), nullable=False),
        sa.Column("draining", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_media_nodes"),
    )


def _leases() -> None:
    op.create_table(
        "room_leases",
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("room", sa.String(80), nullable=False),
        sa.Column("node", sa.String(40), nullable=False),
        sa.Column("queue", sa.String(80), nullable=False),
        sa.Column("endpoint", sa.String(200), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True)),
        sa.Column("max_participants", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("visit", name="pk_room_leases"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_room_leases_visit_visits"),
    )


def _stays() -> None:
    op.create_table(
        "room_stays",
        sa.Column("room", sa.String(80), nullable=False),
        sa.Column("participant", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("media_seconds", sa.Integer(), nullable=False),
        sa.Column("joins", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("room", "participant", name="pk_room_stays"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_room_stays_visit_visits"),
    )
