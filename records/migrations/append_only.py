"""Triggers that let rows of a table be added but never changed or deleted, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator


def forbid(dialect: str, table: str) -> Iterator[str]:
    """The statements that make the table append-only."""
    if dialect == "postgresql":
        yield (
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
        yield (
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for event in ("UPDATE", "DELETE"):
        yield (
            f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def permit(dialect: str, table: str) -> Iterator[str]:
    """The statements that undo it."""
    if dialect == "postgresql":
        yield f"DROP TRIGGER {table}_append_only ON {table}"
        return
    for event in ("UPDATE", "DELETE"):
        yield f"DROP TRIGGER {table}_no_{event.lower()}"
