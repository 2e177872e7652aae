"""Credentials in versions with what their sources answered, supervision agreements, reminders, hours of work.

What the clinic held before counts as its own credentialing, said at the moment of this step: an upgrade shuts no gate,
and the first answer of a primary source replaces it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from records.migrations.append_only import forbid, permit

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

Items = list[sa.schema.SchemaItem]
HELD = ("licenses", "dea_registrations")
APPEND_ONLY = ("credential_checks", "expiry_notices")
_LONG_AGO = "2000-01-01 00:00:00+00:00"


def upgrade() -> None:
    for table in HELD:
        _add_versions(table)
    for name, kind, default in (("status", 64, "active"), ("number", 64, None)):
        op.add_column("dea_registrations", _text(name, kind, nullable=default is None, default=default))
    op.add_column("dea_registrations", sa.Column("issued", sa.Date(), nullable=True))
    for table, items in TABLES.items():
        op.create_table(table, *items())
    for table, columns in INDEXES:
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
    for table in APPEND_ONLY:
        for statement in forbid(op.get_context().dialect.name, table):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(APPEND_ONLY):
        for statement in permit(op.get_context().dialect.name, table):
            op.execute(statement)
    for table, columns in reversed(INDEXES):
        op.drop_index(f"ix_{table}_{'_'.join(columns)}", table)
    for table in reversed(TABLES):
        op.drop_table(table)
    for name in ("issued", "number", "status"):
        op.drop_column("dea_registrations", name)
    for table in HELD:
        _drop_versions(table)


def _add_versions(table: str) -> None:
    for column in _versions():
        op.add_column(table, column)
    held = sa.table(
        table,
        sa.column("id"),
        sa.column("credential"),
        sa.column("verified_at", sa.DateTime(timezone=True)),
        sa.column("recorded_at", sa.DateTime(timezone=True)),
    )
    now = datetime.now(UTC)
    now = now.replace(tzinfo=None) if op.get_context().dialect.name == "sqlite" else now
    op.execute(held.update().values(credential=held.c.id, verified_at=now, recorded_at=now))
    op.create_index(f"ix_{table}_credential_version", table, ["credential", "version"], unique=True)


def _drop_versions(table: str) -> None:
    """Only what holds now is left: the older program takes every row for a credential."""
    op.execute(sa.text(f"DELETE FROM {table} WHERE replaced_at IS NOT NULL"))
    op.drop_index(f"ix_{table}_credential_version", table)
    for column in reversed(_versions()):
        op.drop_column(table, column.name)


def _versions() -> list[sa.Column[object]]:
    return [
        _text("credential", 40, default=""),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        _text("source", 64, default="clinic_file"),
        _when("verified_at", nullable=True),
        sa.Column("disciplined", sa.Boolean(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, server_default=_LONG_AGO),
        _when("replaced_at", nullable=True),
    ]


def _text(name: str, length: int, nullable: bool = False, default: str | None = None) -> sa.Column[object]:
    return sa.Column(name, sa.String(length), nullable=nullable, server_default=default)


def _when(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _of_provider(table: str, column: str = "person") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["providers.person"], name=f"fk_{table}_{column}")


def _checks() -> Items:
    return [
        _text("id", 40),
        _text("clinic", 64),
        _text("person", 40),
        _text("credential", 40),
        _text("kind", 64),
        _when("asked_at"),
        _text("outcome", 64),
        _text("code", 64),
        _text("source", 64),
        _when("as_of", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_credential_checks"),
    ]


def _agreements() -> Items:
    table = "supervision_agreements"
    return [
        _text("id", 40),
        _text("clinic", 64),
        _text("agreement", 40),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("supervisee", 40),
        _text("supervisor", 40),
        _text("state", 64),
        _text("kind", 64),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("specialties", sa.JSON(), nullable=False),
        sa.Column("schedules", sa.JSON(), nullable=False),
        _text("written_by", 40),
        _when("written_at"),
        _when("replaced_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _of_provider(table, "supervisee"),
        _of_provider(table, "supervisor"),
        sa.UniqueConstraint("agreement", "version", name=f"uq_{table}_agreement_version"),
    ]


def _notices() -> Items:
    return [
        _text("clinic", 64),
        _text("credential", 40),
        sa.Column("expires", sa.Date(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        _text("reader", 40),
        _when("at"),
        sa.PrimaryKeyConstraint("clinic", "credential", "expires", "threshold", "reader", name="pk_expiry_notices"),
    ]


def _hours() -> Items:
    return [
        _text("person", 40),
        _text("clinic", 64),
        _text("time_zone", 64),
        sa.Column("week", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("changed_by", 40),
        _when("changed_at"),
        sa.PrimaryKeyConstraint("person", name="pk_provider_hours"),
        _of_provider("provider_hours"),
    ]


def _exceptions() -> Items:
    return [
        _text("id", 40),
        _text("clinic", 64),
        _text("person", 40),
        _text("kind", 64),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        _text("since", 5),
        _text("until", 5),
        _text("written_by", 40),
        _when("written_at"),
        _when("removed_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_hours_exceptions"),
        _of_provider("hours_exceptions"),
    ]


TABLES: dict[str, Callable[[], Items]] = {
    "credential_checks": _checks,
    "supervision_agreements": _agreements,
    "expiry_notices": _notices,
    "provider_hours": _hours,
    "hours_exceptions": _exceptions,
}
INDEXES = (
    ("credential_checks", ("clinic",)),
    ("credential_checks", ("credential", "asked_at")),
    ("supervision_agreements", ("clinic",)),
    ("supervision_agreements", ("supervisee",)),
    ("provider_hours", ("clinic",)),
    ("hours_exceptions", ("clinic",)),
    ("hours_exceptions", ("person",)),
)
