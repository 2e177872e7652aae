"""Tables of a visit's course: its row, events, effects, slot, gates, money, room and what waits to be told."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.tables.base import (
    Base,
    Clinic,
    Code,
    Codes,
    Digest,
    Id,
    Key,
    MaybeSealed,
    MaybeWhen,
    Sealed,
    When,
)


class PackRow(Base):
    """A visit's plan, or a form or specialty that a plan names, by its digest; kept as long as a visit names it."""

    __tablename__ = "packs"
    clinic: Mapped[str] = mapped_column(String(64), primary_key=True)
    digest: Mapped[str] = mapped_column(String(80), primary_key=True)
    kind: Mapped[Code]
    canonical: Mapped[str] = mapped_column(Text)
    kept_at: Mapped[When]


class Visit(Base):
    """One run of a visit type; what a person said about it is sealed under the patient's key.

    ``relationship`` is the one under which somebody else booked it for the patient. ``counted_place`` is the state and
    time zone of its place alone, under the clinic's key, for counts of a clinician's work; empty where they must be
    looked up in the place itself.
    """

    __tablename__ = "visits"
    __table_args__ = (
        Index("ix_visits_clinic_patient", "clinic", "patient"),
        Index("ix_visits_clinic_provider_starts_at", "clinic", "provider", "starts_at"),
    )
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    patient: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    provider: Mapped[str] = mapped_column(ForeignKey("providers.person"))
    specialty: Mapped[Code]
    visit_type: Mapped[Code]
    modality: Mapped[Code]
    encounter_kind: Mapped[Code]
    payer: Mapped[Code]
    recording: Mapped[bool]
    stage: Mapped[Code]
    starts_at: Mapped[When]
    ends_at: Mapped[When]
    plan_digest: Mapped[Digest]
    price_cents: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[MaybeSealed]
    booked_place: Mapped[Sealed]
    attested_place: Mapped[MaybeSealed]
    counted_place: Mapped[MaybeSealed]
    payment_method: Mapped[MaybeSealed]
    payment_state: Mapped[Code]
    payment_reference: Mapped[str | None] = mapped_column(String(80))
    arrived_at: Mapped[MaybeWhen]
    encounter_at: Mapped[MaybeWhen]
    room: Mapped[str | None] = mapped_column(String(80))
    node: Mapped[str | None] = mapped_column(String(80))
    endpoint: Mapped[str | None] = mapped_column(String(200))
    version: Mapped[int]
    created_at: Mapped[When]
    relationship: Mapped[str | None] = mapped_column(String(40))


class ParticipantRow(Base):
    """A person's part in a visit; its id, never the person's, is what a media room sees."""

    __tablename__ = "participants"
    __table_args__ = (UniqueConstraint("visit", "person"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"))
    person: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    role: Mapped[Code]


class VisitEventRow(Base):
    """One thing that happened to a visit; append-only."""

    __tablename__ = "visit_events"
    __table_args__ = (UniqueConstraint("visit", "sequence"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"))
    sequence: Mapped[int]
    at: Mapped[When]
    event: Mapped[Code]
    stage: Mapped[str | None] = mapped_column(String(64))
    actor: Mapped[Id]
    detail: Mapped[Codes]


class EffectRow(Base):
    """A change made once: one visit, one step, one key, one kind; ``result`` is what the first call returned.

    ``attempt`` is how often it had been tried when it was made.
    """

    __tablename__ = "effects"
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), primary_key=True)
    step: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    clinic: Mapped[Clinic]
    result: Mapped[Codes]
    at: Mapped[When]
    attempt: Mapped[int] = mapped_column(default=1, server_default="1")


class SlotCell(Base):
    """Five minutes of a provider's time taken by a visit; the key makes a second taker impossible on any database."""

    __tablename__ = "slot_cells"
    clinic: Mapped[str] = mapped_column(String(64), primary_key=True)
    provider: Mapped[str] = mapped_column(ForeignKey("providers.person"), primary_key=True)
    cell: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), index=True)
    held_until: Mapped[MaybeWhen]


class GateRow(Base):
    """A gate's verdict with its decisions (sealed: they repeat facts); ``outcomes`` holds outcome codes by topic."""

    __tablename__ = "gate_records"
    __table_args__ = (Index("ix_gate_records_clinic_recorded_at", "clinic", "recorded_at", "id"),)
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), index=True)
    gate: Mapped[Code]
    subject: Mapped[str] = mapped_column(String(120))
    open: Mapped[bool]
    asked_at: Mapped[When]
    recorded_at: Mapped[When]
    outcomes: Mapped[Codes]
    decisions: Mapped[Sealed]


class PaymentRow(Base):
    """One answer of the card processor; amounts in cents."""

    __tablename__ = "payments"
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), index=True)
    state: Mapped[Code]
    reference: Mapped[str] = mapped_column(String(80))
    amount_cents: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    code: Mapped[Code]
    simulated: Mapped[bool]
    at: Mapped[When]


class JoinLink(Base):
    """A join link; the token people get is its id and a code under the links key, so this row alone opens nothing."""

    __tablename__ = "join_links"
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), index=True)
    participant: Mapped[str] = mapped_column(ForeignKey("participants.id"))
    issued_at: Mapped[When]
    expires_at: Mapped[When]
    consumed_at: Mapped[MaybeWhen]


class RoomPassRow(Base):
    """A browser session that consumed a join link may enter, and re-enter, the visit's room until ``until``."""

    __tablename__ = "room_passes"
    session: Mapped[str] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), primary_key=True)
    clinic: Mapped[Clinic]
    participant: Mapped[str] = mapped_column(ForeignKey("participants.id"))
    role: Mapped[Code]
    until: Mapped[When]


class OutboxRow(Base):
    """Something said and recorded, to be told to the visit's workflow; ``number`` orders, told rows stay."""

    __tablename__ = "outbox"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"))
    kind: Mapped[Code]
    subject: Mapped[str] = mapped_column(String(120))
    at: Mapped[When]
    told_at: Mapped[MaybeWhen] = mapped_column(index=True)


class AlertRow(Base):
    """A task for the clinicians: a red flag, an overdue signature, a review."""

    __tablename__ = "alerts"
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), index=True)
    kind: Mapped[Code]
    subject: Mapped[str] = mapped_column(String(120))
    state: Mapped[Code]
    at: Mapped[When]
    closed_at: Mapped[MaybeWhen]
    closed_by: Mapped[str | None] = mapped_column(String(40))
    note: Mapped[MaybeSealed]


class MessageRow(Base):
    """A notice to be sent: a template's name for a person; the address is looked up when it is sent.

    ``not_before`` is when its reader's night is over, None when it may go out at once.
    """

    __tablename__ = "messages"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), index=True)
    person: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    audience: Mapped[Code]
    channel: Mapped[Code]
    template: Mapped[str] = mapped_column(String(120))
    state: Mapped[Code]
    at: Mapped[When]
    sent_at: Mapped[MaybeWhen]
    not_before: Mapped[MaybeWhen]


class GuestRow(Base):
    """An invitation of somebody without an account into a visit's call, and the part they take by it.

    The link's token is kept as a hash; ``holder`` is the hash of the one browser that used it. ``name`` is what the
    guest calls themselves, sealed under the patient's key. Its id is what the media room sees.
    """

    __tablename__ = "guests"
    id: Mapped[Key]
    clinic: Mapped[Clinic]
    visit: Mapped[str] = mapped_column(ForeignKey("visits.id"), index=True)
    role: Mapped[Code]
    token_hash: Mapped[str] = mapped_column(String(80), unique=True)
    invited_by: Mapped[Id]
    created_at: Mapped[When]
    opens_at: Mapped[When]
    expires_at: Mapped[When]
    used_at: Mapped[MaybeWhen]
    holder: Mapped[str | None] = mapped_column(String(80), index=True)
    name: Mapped[MaybeSealed]
    until: Mapped[MaybeWhen]
    admitted_at: Mapped[MaybeWhen]
    revoked_at: Mapped[MaybeWhen]
