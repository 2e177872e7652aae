"""Every table, for migrations and tests: the metadata, and the tables whose rows may only ever be added."""

from records.tables import (
    blobs,
    clinical,
    conversations,
    credentials,
    emergency,
    identity,
    law,
    lists,
    monitoring,
    people,
    relationships,
    restorations,
    reviews,
    vault,
    visits,
)
from records.tables.base import Base

METADATA = Base.metadata
APPEND_ONLY = (
    "audit_entries",
    "visit_events",
    "answers",
    "submissions",
    "gate_records",
    "payments",
    "note_versions",
    "addenda",
    "order_events",
    "conversation_messages",
    "duty_statements",
    "credential_checks",
    "expiry_notices",
    "review_entries",
    "list_entries",
    "law_attestations",
)
PARTS = (
    blobs,
    clinical,
    conversations,
    credentials,
    emergency,
    identity,
    law,
    lists,
    monitoring,
    people,
    relationships,
    restorations,
    reviews,
    vault,
    visits,
)
