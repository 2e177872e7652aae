"""Recordings of calls: each run, who agreed to it, and the files it left."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from records.migrations.append_only import forbid, permit

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

RECORDINGS, ANSWERS, PARTS = "recordings", "recording_answers", "recording_parts"
_WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    _recordings()
    _answers()
    _parts()
    for statement in forbid(op.get_context().dialect.name, ANSWERS):
        op.execute(statement)


def downgrade() -> None:
    for statement in permit(op.get_context().dialect.name, ANSWERS):
        op.execute(statement)
    for table in (PARTS, ANSWERS, RECORDINGS):
        op.drop_table(table)


def _recordings() -> None:
    op.create_table(
        RECORDINGS,
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("room", sa.String(80), nullable=False),
        sa.Column("asked_by", sa.String(40), nullable=False),
        sa.Column("gate", sa.String(40), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("asked_at", _WHEN, nullable=False),
        sa.Column("begun_at", _WHEN, nullable=True),
        sa.Column("ended_at", _WHEN, nullable=True),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_recordings_visit"),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_recordings_person"),
        sa.PrimaryKeyConstraint("id", name="pk_recordings"),
    )
    _index(RECORDINGS, "clinic", "visit")


def _answers() -> None:
    op.create_table(
        ANSWERS,
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("recording", sa.String(40), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("participant", sa.String(40), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("agrees", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(64), nullable=False),
        sa.Column("text_digest", sa.String(80), nullable=False),
        sa.Column("at", _WHEN, nullable=False),
        sa.ForeignKeyConstraint(["recording"], ["recordings.id"], name="fk_recording_answers_recording"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_recording_answers_visit"),
        sa.PrimaryKeyConstraint("id", name="pk_recording_answers"),
    )
    _index(ANSWERS, "clinic", "recording")


def _parts() -> None:
    op.create_table(
        PARTS,
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("recording", sa.String(40), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("participant", sa.String(40), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("media_type", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("offset_ms", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.String(80), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("at", _WHEN, nullable=False),
        sa.Column("settled_at", _WHEN, nullable=True),
        sa.ForeignKeyConstraint(["recording"], ["recordings.id"], name="fk_recording_parts_recording"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_recording_parts_visit"),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_recording_parts_person"),
        sa.PrimaryKeyConstraint("id", name="pk_recording_parts"),
    )
    _index(PARTS, "clinic", "recording", "visit", "state", "file")
    op.create_index("ix_recording_parts_clinic_person", PARTS, ["clinic", "person"])


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"ix_{table}_{column}", table, [column])
