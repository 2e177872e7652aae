"""Runs migrations on the connection that `records.migrate` hands over; its transaction is the caller's."""

from __future__ import annotations

from alembic import context

from records.tables.all import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    compare_type=True,
    transaction_per_migration=False,
)
context.run_migrations()
