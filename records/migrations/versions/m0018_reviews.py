"""What waits for somebody of the clinic to decide, and at which attempt an effect was made.

What already waited becomes a matter of its own: open tasks of clinicians that the clinic has to know of, and charts
opened in an emergency that nobody has judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

from records.migrations.tables import create, drop

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

APPEND_ONLY = ("review_entries",)
INDEXES = (
    ("ix_reviews_clinic", "reviews", ("clinic",)),
    ("ix_reviews_visit", "reviews", ("visit",)),
    ("ix_reviews_clinic_state", "reviews", ("clinic", "state")),
    ("ix_review_entries_clinic", "review_entries", ("clinic",)),
)
# Tasks that were open before, and the kind of matter each is now.
KINDS = MappingProxyType(
    {
        "red_flag": "red_flag",
        "review": "stuck",
        "sign_overdue": "note_overdue",
        "sign_gate_shut": "sign_shut",
        "prescription_rejected": "prescription_failed",
        "order_kept": "prescription_failed",
        "not_cancelled": "prescription_failed",
        "answer_overdue": "case_overdue",
        "answer_escalated": "case_escalated",
        "duty_overdue": "duty_overdue",
    }
)
_COLUMNS = "id, clinic, key, kind, subject, cause, visit, raised_at, due_at, state, version"


def upgrade() -> None:
    create(_tables(), INDEXES, APPEND_ONLY)
    op.add_column("effects", sa.Column("attempt", sa.Integer(), nullable=False, server_default="1"))
    for task, kind in KINDS.items():
        op.execute(
            f"INSERT INTO reviews ({_COLUMNS}) SELECT 'rvw' || substr(id, 4), clinic, id, '{kind}', id, 'none', visit,"
            f" at, at, 'open', 1 FROM alerts WHERE state = 'open' AND kind = '{task}'"
        )
    op.execute(
        f"INSERT INTO reviews ({_COLUMNS}) SELECT 'rvw' || substr(id, 4), clinic, id, 'emergency', id, 'none', NULL,"
        " opened_at, until, 'open', 1 FROM emergency_accesses WHERE reviewed_at IS NULL"
    )


def downgrade() -> None:
    op.drop_column("effects", "attempt")
    drop(_tables(), INDEXES, APPEND_ONLY)


def _tables() -> Mapping[str, Callable[[], list[SchemaItem]]]:
    return {"reviews": _reviews, "review_entries": _entries}


def _reviews() -> list[SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(120), nullable=False),
        sa.Column("cause", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=True),
        sa.Column("person", sa.String(40), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(40), nullable=True),
        sa.Column("decision", sa.String(64), nullable=True),
        sa.Column("decided_by", sa.String(40), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.String(40), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reviews"),
        sa.UniqueConstraint("clinic", "key", name="uq_reviews_clinic_key"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_reviews_visit"),
    ]


def _entries() -> list[SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("review", sa.String(40), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("about", sa.String(64), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_review_entries"),
        sa.UniqueConstraint("review", "sequence", name="uq_review_entries_review_sequence"),
        sa.ForeignKeyConstraint(["review"], ["reviews.id"], name="fk_review_entries_review"),
    ]
