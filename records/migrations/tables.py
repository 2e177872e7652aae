"""Creates and drops what a migration lists: tables in order, their indexes, and what keeps some append-only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from alembic import op
from sqlalchemy.schema import SchemaItem

from records.migrations.append_only import forbid, permit

Tables = Mapping[str, Callable[[], list[SchemaItem]]]
Indexes = Sequence[tuple[str, str, tuple[str, ...]]]
"""Each: the index's name, its table, its columns."""


def create(tables: Tables, indexes: Indexes, append_only: Sequence[str] = ()) -> None:
    """Creates the tables, then their indexes; rows of the append-only ones can only be added."""
    for table, items in tables.items():
        op.create_table(table, *items())
    for name, table, columns in indexes:
        op.create_index(name, table, list(columns))
    for table in append_only:
        for statement in forbid(op.get_context().dialect.name, table):
            op.execute(statement)


def drop(tables: Tables, indexes: Indexes, append_only: Sequence[str] = ()) -> None:
    """Undoes `create`, last things first."""
    for table in append_only:
        for statement in permit(op.get_context().dialect.name, table):
            op.execute(statement)
    for name, table, _columns in reversed(indexes):
        op.drop_index(name, table)
    for table in reversed(tuple(tables)):
        op.drop_table(table)
