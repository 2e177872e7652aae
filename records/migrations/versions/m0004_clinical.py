"""What people said and wrote."""

from __future__ import annotations

import sqlalchemy as sa

from records.migrations.tables import Indexes, Tables, create, drop

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create(TABLES, INDEXES, APPEND_ONLY)


def downgrade() -> None:
    drop(TABLES, INDEXES, APPEND_ONLY)


def _answers() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("form", sa.String(120), nullable=False),
        sa.Column("item", sa.String(120), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("client_key", sa.String(80), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_answers"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_answers_visit"),
        sa.UniqueConstraint("visit", "client_key", name="uq_answers_visit_client_key"),
        sa.UniqueConstraint("visit", "form", "item", "version", name="uq_answers_visit_form_item_version"),
    ]


def _consents() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("patient", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("form", sa.String(64), nullable=False),
        sa.Column("jurisdiction", sa.String(64), nullable=False),
        sa.Column("clauses", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(64), nullable=False),
        sa.Column("text_digest", sa.String(80), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_by", sa.String(40), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        sa.ForeignKeyConstraint(["patient"], ["persons.id"], name="fk_consents_patient"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_consents_visit"),
    ]


def _documents() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("patient", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sa.ForeignKeyConstraint(["patient"], ["persons.id"], name="fk_documents_patient"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_documents_visit"),
    ]


def _notes() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("template", sa.String(120), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.String(40), nullable=True),
        sa.Column("gate", sa.String(40), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_notes_visit"),
        sa.UniqueConstraint("visit", name="uq_notes_visit"),
    ]


def _orders() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("message_id", sa.String(80), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_orders_visit"),
    ]


def _submissions() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("form", sa.String(120), nullable=False),
        sa.Column("form_digest", sa.String(80), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_submissions"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_submissions_visit"),
        sa.UniqueConstraint("visit", "form", name="uq_submissions_visit_form"),
    ]


def _addenda() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("note", sa.String(40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_addenda"),
        sa.ForeignKeyConstraint(["note"], ["notes.id"], name="fk_addenda_note"),
    ]


def _note_versions() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("note", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("client_key", sa.String(80), nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_note_versions"),
        sa.ForeignKeyConstraint(["note"], ["notes.id"], name="fk_note_versions_note"),
        sa.UniqueConstraint("note", "client_key", name="uq_note_versions_note_client_key"),
        sa.UniqueConstraint("note", "version", name="uq_note_versions_note_version"),
    ]


def _order_events() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("order_id", sa.String(40), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("actor", sa.String(40), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_order_events"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_order_events_order_id"),
    ]


TABLES: Tables = {
    "answers": _answers,
    "consents": _consents,
    "documents": _documents,
    "notes": _notes,
    "orders": _orders,
    "submissions": _submissions,
    "addenda": _addenda,
    "note_versions": _note_versions,
    "order_events": _order_events,
}
INDEXES: Indexes = (
    ("ix_answers_clinic", "answers", ("clinic",)),
    ("ix_consents_clinic", "consents", ("clinic",)),
    ("ix_consents_clinic_patient", "consents", ("clinic", "patient")),
    ("ix_consents_visit", "consents", ("visit",)),
    ("ix_documents_clinic", "documents", ("clinic",)),
    ("ix_documents_clinic_patient", "documents", ("clinic", "patient")),
    ("ix_documents_visit", "documents", ("visit",)),
    ("ix_notes_clinic", "notes", ("clinic",)),
    ("ix_orders_clinic", "orders", ("clinic",)),
    ("ix_orders_visit", "orders", ("visit",)),
    ("ix_submissions_clinic", "submissions", ("clinic",)),
    ("ix_addenda_clinic", "addenda", ("clinic",)),
    ("ix_addenda_note", "addenda", ("note",)),
    ("ix_note_versions_clinic", "note_versions", ("clinic",)),
    ("ix_order_events_clinic", "order_events", ("clinic",)),
    ("ix_order_events_order_id", "order_events", ("order_id",)),
)
APPEND_ONLY: tuple[str, ...] = ("answers", "submissions", "addenda", "note_versions", "order_events")
