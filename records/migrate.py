"""Brings a database's schema to the version this program needs; safe to call by several programs at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, select

from records.engines import open_engine, writer
from records.tables.restorations import RestorationRow
from records.turns import take_turn, turns_for

_UNSETTLED = select(RestorationRow.id).where(RestorationRow.settled_at.is_(None)).limit(1)
_SCRIPTS = Path(__file__).resolve().parent / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Upgrades to the newest schema (or a revision), all steps in one transaction; nothing to do is quick."""
    _run(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Goes back to an earlier schema. What only the newer one could hold is lost."""
    _run(url, lambda config: command.downgrade(config, revision))


def revisions() -> tuple[str, ...]:
    """Every step that this program knows, the first one first."""
    scripts = ScriptDirectory(str(_SCRIPTS))
    return tuple(reversed([script.revision for script in scripts.walk_revisions()]))


def steps_after(revision: str) -> tuple[tuple[str, str], ...]:
    """The steps from a schema to the newest, the first one first: each with what it brought, in a sentence."""
    scripts = ScriptDirectory(str(_SCRIPTS))
    newer = [(one.revision, (one.doc or "").strip()) for one in scripts.iterate_revisions("head", revision)]
    return tuple(reversed(newer))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Which kind of database it is, its schema and this program's newest, and whether a restore is to be settled."""

    database: str
    schema: str
    newest: str
    unsettled: bool


def standing(url: str) -> Standing:
    """How the database stands; it is looked at and not changed, nor made where there is none."""
    newest = revisions()[-1]
    file = make_url(url)
    if file.get_backend_name() == "sqlite" and not Path(str(file.database)).exists():
        return Standing(database="sqlite", schema="", newest=newest, unsettled=False)
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            schema = MigrationContext.configure(connection).get_current_revision() or ""
            marked = connection.dialect.has_table(connection, RestorationRow.__tablename__)
            unsettled = marked and connection.execute(_UNSETTLED).first() is not None
            return Standing(database=connection.dialect.name, schema=schema, newest=newest, unsettled=unsettled)
    finally:
        engine.dispose()


def on(connection: Connection, *steps: tuple[str, str]) -> None:
    """Goes up or down on a connection whose transaction is the caller's: ``("upgrade", "head")`` and the like."""
    config = _config()
    config.attributes["connection"] = connection
    for direction, revision in steps:
        (command.upgrade if direction == "upgrade" else command.downgrade)(config, revision)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config


def _run(url: str, run: Callable[[Config], None]) -> None:
    config = _config()
    engine = open_engine(url)
    turns = turns_for(engine)
    try:
        with turns.turn(), writer(engine).begin() as connection:
            take_turn(connection, "migrations")
            config.attributes["connection"] = connection
            run(config)
    finally:
        engine.dispose()
        turns.close()
