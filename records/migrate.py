"""Brings a database's schema to the version this program needs; safe to call by several programs at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config

from records.engines import open_engine, writer
from records.turns import take_turn, turns_for

_SCRIPTS = Path(__file__).resolve().parent / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Upgrades to the newest schema (or a revision), all steps in one transaction; nothing to do is quick."""
    _run(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Goes back to an earlier schema. What only the newer one could hold is lost."""
    _run(url, lambda config: command.downgrade(config, revision))


def _run(url: str, run: Callable[[Config], None]) -> None:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
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
