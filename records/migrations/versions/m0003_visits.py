"""The course of visits."""

from __future__ import annotations

import sqlalchemy as sa

from records.migrations.tables import Indexes, Tables, create, drop

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create(TABLES, INDEXES, APPEND_ONLY)


def downgrade() -> None:
    drop(TABLES, INDEXES, APPEND_ONLY)


def _packs() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("clinic", "digest", name="pk_packs"),
    ]


def _visits() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("patient", sa.String(40), nullable=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("specialty", sa.String(64), nullable=False),
        sa.Column("visit_type", sa.String(64), nullable=False),
        sa.Column("modality", sa.String(64), nullable=False),
        sa.Column("encounter_kind", sa.String(64), nullable=False),
        sa.Column("payer", sa.String(64), nullable=False),
        sa.Column("recording", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.String(64), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("plan_digest", sa.String(80), nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("booked_place", sa.LargeBinary(), nullable=False),
        sa.Column("attested_place", sa.LargeBinary(), nullable=True),
        sa.Column("payment_method", sa.LargeBinary(), nullable=True),
        sa.Column("payment_state", sa.String(64), nullable=False),
        sa.Column("payment_reference", sa.String(80), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("encounter_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("room", sa.String(80), nullable=True),
        sa.Column("node", sa.String(80), nullable=True),
        sa.Column("endpoint", sa.String(200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_visits"),
        sa.ForeignKeyConstraint(["patient"], ["persons.id"], name="fk_visits_patient"),
        sa.ForeignKeyConstraint(["provider"], ["providers.person"], name="fk_visits_provider"),
    ]


def _alerts() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(120), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(40), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_alerts_visit"),
    ]


def _effects() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("step", sa.String(80), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("visit", "step", "key", "kind", name="pk_effects"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_effects_visit"),
    ]


def _gate_records() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("gate", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(120), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcomes", sa.JSON(), nullable=False),
        sa.Column("decisions", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gate_records"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_gate_records_visit"),
    ]


def _messages() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("audience", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("template", sa.String(120), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_messages"),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_messages_person"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_messages_visit"),
        sa.UniqueConstraint("id", name="uq_messages_id"),
    ]


def _outbox() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_outbox"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_outbox_visit"),
        sa.UniqueConstraint("id", name="uq_outbox_id"),
    ]


def _participants() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_participants"),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_participants_person"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_participants_visit"),
        sa.UniqueConstraint("visit", "person", name="uq_participants_visit_person"),
    ]


def _payments() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("reference", sa.String(80), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payments"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_payments_visit"),
    ]


def _slot_cells() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("cell", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("clinic", "provider", "cell", name="pk_slot_cells"),
        sa.ForeignKeyConstraint(["provider"], ["providers.person"], name="fk_slot_cells_provider"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_slot_cells_visit"),
    ]


def _visit_events() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("stage", sa.String(64), nullable=True),
        sa.Column("actor", sa.String(40), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_visit_events"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_visit_events_visit"),
        sa.UniqueConstraint("visit", "sequence", name="uq_visit_events_visit_sequence"),
    ]


def _join_links() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("participant", sa.String(40), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_join_links"),
        sa.ForeignKeyConstraint(["participant"], ["participants.id"], name="fk_join_links_participant"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_join_links_visit"),
    ]


def _room_passes() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("session", sa.String(40), nullable=False),
        sa.Column("visit", sa.String(40), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("participant", sa.String(40), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("session", "visit", name="pk_room_passes"),
        sa.ForeignKeyConstraint(["participant"], ["participants.id"], name="fk_room_passes_participant"),
        sa.ForeignKeyConstraint(["session"], ["sessions.id"], name="fk_room_passes_session"),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"], name="fk_room_passes_visit"),
    ]


TABLES: Tables = {
    "packs": _packs,
    "visits": _visits,
    "alerts": _alerts,
    "effects": _effects,
    "gate_records": _gate_records,
    "messages": _messages,
    "outbox": _outbox,
    "participants": _participants,
    "payments": _payments,
    "slot_cells": _slot_cells,
    "visit_events": _visit_events,
    "join_links": _join_links,
    "room_passes": _room_passes,
}
INDEXES: Indexes = (
    ("ix_visits_clinic", "visits", ("clinic",)),
    ("ix_visits_clinic_patient", "visits", ("clinic", "patient")),
    ("ix_visits_clinic_provider_starts_at", "visits", ("clinic", "provider", "starts_at")),
    ("ix_alerts_clinic", "alerts", ("clinic",)),
    ("ix_alerts_visit", "alerts", ("visit",)),
    ("ix_effects_clinic", "effects", ("clinic",)),
    ("ix_gate_records_clinic", "gate_records", ("clinic",)),
    ("ix_gate_records_visit", "gate_records", ("visit",)),
    ("ix_messages_clinic", "messages", ("clinic",)),
    ("ix_messages_visit", "messages", ("visit",)),
    ("ix_outbox_clinic", "outbox", ("clinic",)),
    ("ix_outbox_told_at", "outbox", ("told_at",)),
    ("ix_participants_clinic", "participants", ("clinic",)),
    ("ix_participants_person", "participants", ("person",)),
    ("ix_payments_clinic", "payments", ("clinic",)),
    ("ix_payments_visit", "payments", ("visit",)),
    ("ix_slot_cells_visit", "slot_cells", ("visit",)),
    ("ix_visit_events_clinic", "visit_events", ("clinic",)),
    ("ix_join_links_clinic", "join_links", ("clinic",)),
    ("ix_join_links_visit", "join_links", ("visit",)),
    ("ix_room_passes_clinic", "room_passes", ("clinic",)),
)
APPEND_ONLY: tuple[str, ...] = ("gate_records", "payments", "visit_events")
