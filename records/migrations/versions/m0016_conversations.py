"""Conversations of patients with their care team, files sent in them, and notices that wait for the morning."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

from records.migrations.tables import create, drop

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# A guardian acts fully for their child, so those that are there may write for it, too.
GUARDIAN, SCOPE = "guardian", "write"
RELATIONSHIPS = sa.table("relationships", sa.column("id"), sa.column("kind"), sa.column("scopes"))


def upgrade() -> None:
    create(TABLES, INDEXES, ("conversation_messages",))
    op.add_column("blobs", sa.Column("conversation", sa.String(40), nullable=True))
    op.create_index("ix_blobs_conversation", "blobs", ["conversation"])
    op.add_column("messages", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
    _rewrite(lambda scopes: sorted({*scopes, SCOPE}))


def downgrade() -> None:
    _rewrite(lambda scopes: [one for one in scopes if one != SCOPE])
    op.drop_column("messages", "not_before")
    op.drop_index("ix_blobs_conversation", "blobs")
    op.drop_column("blobs", "conversation")
    drop(TABLES, INDEXES, ("conversation_messages",))


def _rewrite(change: object) -> None:
    if op.get_context().as_sql:  # what a script for later would have to read first
        return
    connection = op.get_bind()
    rows = connection.execute(sa.select(RELATIONSHIPS).where(RELATIONSHIPS.c.kind == GUARDIAN)).all()
    for row in rows:
        scopes = json.loads(row.scopes) if isinstance(row.scopes, str) else row.scopes
        kept = sa.bindparam("kept", change(scopes), type_=sa.JSON())  # type: ignore[operator]
        connection.execute(sa.update(RELATIONSHIPS).where(RELATIONSHIPS.c.id == row.id).values(scopes=kept))


def _id(name: str, *more: SchemaItem, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.String(40), *more, **{"nullable": False, **options})  # type: ignore[arg-type]


def _code(name: str, length: int = 64) -> sa.Column[object]:
    return sa.Column(name, sa.String(length), nullable=False)


def _when(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _sealed() -> sa.Column[object]:
    return sa.Column("content", sa.LargeBinary(), nullable=False)


def _foreign(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=f"fk_{table}_{column}")


def _conversations() -> list[SchemaItem]:
    table = "conversations"
    return [
        _id("id"),
        _code("clinic"),
        _id("patient"),
        _id("visit"),
        sa.Column("about_visit", sa.Boolean(), nullable=False),
        _id("clinician"),
        _id("begun_by"),
        _id("relationship", nullable=True),
        _code("state"),
        _sealed(),
        _when("began_at"),
        _when("changed_at"),
        _when("waiting_since", nullable=True),
        _when("due_at", nullable=True),
        _when("closed_at", nullable=True),
        _id("closed_by", nullable=True),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _foreign(table, "patient", "persons.id"),
        _foreign(table, "visit", "visits.id"),
        _foreign(table, "clinician", "providers.person"),
    ]


def _messages() -> list[SchemaItem]:
    table = "conversation_messages"
    return [
        _id("id"),
        _code("clinic"),
        _id("conversation"),
        sa.Column("number", sa.Integer(), nullable=False),
        _code("side"),
        _id("author"),
        _id("relationship", nullable=True),
        _code("client_key", 80),
        _sealed(),
        _when("at"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _foreign(table, "conversation", "conversations.id"),
        sa.UniqueConstraint("conversation", "number", name=f"uq_{table}_conversation_number"),
        sa.UniqueConstraint("conversation", "client_key", name=f"uq_{table}_conversation_client_key"),
    ]


def _reads() -> list[SchemaItem]:
    table = "conversation_reads"
    return [
        _id("conversation"),
        _id("person"),
        _code("clinic"),
        _code("side"),
        sa.Column("number", sa.Integer(), nullable=False),
        _when("at"),
        sa.PrimaryKeyConstraint("conversation", "person", name=f"pk_{table}"),
        _foreign(table, "conversation", "conversations.id"),
    ]


def _drafts() -> list[SchemaItem]:
    table = "conversation_drafts"
    return [
        _id("id"),
        _id("conversation"),
        _id("person"),
        _code("clinic"),
        _sealed(),
        _when("at"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("conversation", "person", name=f"uq_{table}_conversation_person"),
        _foreign(table, "conversation", "conversations.id"),
    ]


TABLES = {
    "conversations": _conversations,
    "conversation_messages": _messages,
    "conversation_reads": _reads,
    "conversation_drafts": _drafts,
}
INDEXES = (
    ("ix_conversations_clinic", "conversations", ("clinic",)),
    ("ix_conversations_visit", "conversations", ("visit",)),
    ("ix_conversations_clinic_patient", "conversations", ("clinic", "patient")),
    ("ix_conversations_clinic_clinician", "conversations", ("clinic", "clinician")),
    ("ix_conversation_messages_clinic", "conversation_messages", ("clinic",)),
    ("ix_conversation_reads_clinic", "conversation_reads", ("clinic",)),
    ("ix_conversation_drafts_clinic", "conversation_drafts", ("clinic",)),
)
