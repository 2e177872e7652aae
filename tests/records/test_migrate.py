"""The schema comes from migrations alone, agrees with the models, and goes up and down with data in it."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from records import migrate
from records.audit import verify
from records.database import Database
from records.engines import open_engine
from records.errors import RecordsError
from records.keys import FileKeyProvider
from records.migrate import downgrade, upgrade
from records.tables.all import APPEND_ONLY, METADATA
from tests.records.helpers_journey import walk


@pytest.fixture
def url(empty_url: str) -> str:
    return empty_url


def tables(url: str) -> set[str]:
    engine = open_engine(url)
    try:
        return set(inspect(engine).get_table_names()) - {"alembic_version"}
    finally:
        engine.dispose()


@pytest.mark.slow
def test_migrations_make_exactly_the_models(url: str) -> None:
    upgrade(url)
    engine = open_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_upgrading_again_changes_nothing(url: str) -> None:
    upgrade(url)
    upgrade(url)
    assert tables(url) == set(METADATA.tables)


def test_the_schema_goes_down_step_by_step_and_up_again(url: str) -> None:
    upgrade(url)
    downgrade(url, "0002")
    assert "visits" not in tables(url)
    assert "accounts" in tables(url)
    downgrade(url, "base")
    assert tables(url) == set()
    upgrade(url)
    assert tables(url) == set(METADATA.tables)


@pytest.mark.slow
def test_with_data_the_older_part_survives_a_step_down_and_up(tmp_path: Path, database: Database) -> None:
    walked = walk(database, "palmetto", "Aaa")
    database.close()
    downgrade(database.url, "0003")
    upgrade(database.url)
    again = Database(database.url, FileKeyProvider(tmp_path / "keys"))
    with again.scope("palmetto", walked.world.as_system) as scope:
        assert scope.people.patient(walked.world.patient).given == "Aaagiven"
        assert scope.visits.get(walked.world.visit).stage == "in_call"
        assert scope.notes.current(walked.world.visit) is None
    assert verify(again, "palmetto").ok
    again.close()


def test_the_migrations_are_one_chain() -> None:
    scripts = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    chain = [script.revision for script in scripts.walk_revisions()]
    assert len(scripts.get_heads()) == 1
    assert chain == [f"{number:04}" for number in range(len(chain), 0, -1)]


@pytest.mark.slow
def test_each_step_goes_down_and_up_again_with_rows_in_every_older_table(database: Database) -> None:
    walk(database, "palmetto", "Aaa")
    database.close()
    scripts = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    for script in scripts.walk_revisions():
        upper, lower = script.revision, script.down_revision or "base"
        downgrade(database.url, str(lower))
        older = counts(database.url)
        upgrade(database.url, upper)
        assert {table: rows for table, rows in counts(database.url).items() if table in older} == older
        downgrade(database.url, str(lower))
    assert tables(database.url) == set()


def counts(url: str) -> dict[str, int]:
    """How many rows each table has."""
    engine = open_engine(url)
    with engine.connect() as connection:
        found = {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in inspect(connection).get_table_names()
            if table != "alembic_version"
        }
    engine.dispose()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_rows_that_are_history_can_be_neither_changed_nor_deleted(database: Database, table: str) -> None:
    walk(database, "palmetto", "Aaa")
    for statement in (f"UPDATE {table} SET clinic = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(Exception, match="append-only"), database.engine.begin() as connection:
            connection.execute(text(statement))


def test_programs_that_start_together_upgrade_once(url: str) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            upgrade(url)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert tables(url) == set(METADATA.tables)


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(RecordsError):
        open_engine("sqlite://")


def test_every_connection_to_sqlite_syncs_fully_and_keeps_foreign_keys(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'fresh.sqlite3'}")
    with engine.connect() as connection:
        wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
        for pragma, value in wanted.items():
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() == value
    engine.dispose()


def test_the_same_migrations_can_be_written_for_postgresql() -> None:
    """Without a server: every table, and a trigger for every table that is history."""
    written = io.StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written})
    scripts = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    with Operations.context(context):
        for script in reversed(list(scripts.walk_revisions())):
            script.module.upgrade()
    statements = written.getvalue()
    assert [name for name in METADATA.tables if f"CREATE TABLE {name} " not in statements] == []
    assert [name for name in APPEND_ONLY if f"CREATE TRIGGER {name}_append_only" not in statements] == []
    assert "BYTEA" in statements
    assert "TIMESTAMP WITH TIME ZONE" in statements
