"""The database by command: what it says, what it refuses, and the way from a backup to a clinic that runs again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from records.access import Role
from records.database import Database
from records.engines import open_engine
from records.erasure import erase
from records.keys import FileKeyProvider
from records.migrate import downgrade, revisions, upgrade
from records.tables.people import Patient
from records.work import Actor
from tests.admin_ui.helpers_cli import Cli
from tests.records.helpers import PATIENT


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A data folder with one clinic and one patient; its keys lie beside it."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "lock").touch()
    url = f"sqlite:///{folder / 'records.sqlite3'}"
    upgrade(url)
    database = Database(url, FileKeyProvider(tmp_path / "data.keys"))
    with database.scope("palmetto", Actor.system("tests")) as scope:
        scope.people.create_patient(PATIENT)
    database.close()
    return folder


def entries(folder: Path) -> list[str]:
    engine = open_engine(f"sqlite:///{folder / 'records.sqlite3'}")
    with engine.connect() as connection:
        query = "SELECT act FROM audit_entries WHERE clinic = 'palmetto' ORDER BY sequence"
        found = list(connection.exec_driver_sql(query).scalars())
    engine.dispose()
    return found


def test_the_status_says_which_schema_there_is_and_makes_nothing(cli: Cli, tmp_path: Path) -> None:
    said = cli("db", "status", "--data", str(tmp_path / "nowhere"), "--json")
    assert said.status == 1
    told = {"database": "sqlite", "schema": "", "newest": revisions()[-1], "unsettled": False, "files": None}
    assert json.loads(said.out) == told
    assert not (tmp_path / "nowhere").exists()


def test_whoever_copies_everything_says_who_they_are(cli: Cli, installed: Path, tmp_path: Path) -> None:
    said = cli("db", "backup", str(tmp_path / "b"), "--data", str(installed))
    assert said.status == 2
    assert "--as NAME" in said.err
    assert not (tmp_path / "b").exists()


def test_a_backup_without_the_key_folder_is_not_made_with_new_keys(cli: Cli, installed: Path, tmp_path: Path) -> None:
    (tmp_path / "data.keys").rename(tmp_path / "elsewhere")
    said = cli("db", "backup", str(tmp_path / "b"), "--as", "ops", "--data", str(installed))
    assert said.status == 2
    assert "key folder" in said.err
    assert not (tmp_path / "data.keys").exists()


def test_a_migration_is_audited_with_who_did_it_and_from_where(cli: Cli, installed: Path) -> None:
    url = f"sqlite:///{installed / 'records.sqlite3'}"
    *_, before, newest = revisions()
    downgrade(url, before)
    for _ in range(2):  # the second one changes nothing
        assert cli("db", "migrate", "--as", "ops", "--data", str(installed)).status == 0
    engine = open_engine(url)
    with engine.connect() as connection:
        query = "SELECT actor, subject, detail FROM audit_entries WHERE act = 'backups:schema:modified'"
        found = connection.exec_driver_sql(query).all()
    engine.dispose()
    assert [tuple(row) for row in found] == [("ops", newest, f'{{"before":"{before}"}}')]


@pytest.mark.slow
def test_an_installation_comes_back_on_another_machine_from_its_backup_and_its_keys(
    cli: Cli, installed: Path, tmp_path: Path
) -> None:
    backup = tmp_path / "evening.backup"
    told = json.loads(cli("db", "backup", str(backup), "--as", "ops", "--data", str(installed), "--json").out)
    assert told["schema"] == revisions()[-1]
    assert "key" not in told
    other = tmp_path / "other" / "data"
    shutil.copytree(tmp_path / "data.keys", tmp_path / "other" / "data.keys")
    said = cli("db", "restore", str(backup), "--as", "ops", "--data", str(other))
    assert said.status == 0, said.err
    assert entries(other)[: len(entries(installed))] == entries(installed)
    assert cli("db", "status", "--data", str(other)).status == 1  # visits are still to be settled
    assert cli("audit", "verify", "--as", "ops", "--data", str(other)).status == 0


@pytest.mark.slow
def test_a_restore_over_an_installation_keeps_what_was_there_and_says_what_is_lost(
    cli: Cli, installed: Path, tmp_path: Path
) -> None:
    backup = tmp_path / "evening.backup"
    assert cli("db", "backup", str(backup), "--as", "ops", "--data", str(installed)).status == 0
    database = Database(f"sqlite:///{installed / 'records.sqlite3'}", FileKeyProvider(tmp_path / "data.keys"))
    with database.scope("palmetto", Actor(person="c", role=Role.SYSTEM)) as scope:
        scope.people.create_patient(PATIENT)
    database.close()
    words = ("db", "restore", str(backup), "--as", "ops", "--data", str(installed))
    refused = cli(*words)
    assert refused.status == 1
    assert "--replace" in refused.err
    done = cli(*words, "--replace")
    assert done.status == 0, done.err
    assert "are lost; the audit says so" in done.out
    (safety,) = installed.glob("before-restore-*.backup")
    assert str(safety) in done.err
    verified = cli("audit", "verify", "--as", "ops", "--data", str(installed))
    assert verified.status == 0
    assert "known: the chain had come to entry" in verified.out


def test_a_file_that_is_no_backup_touches_nothing(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear clinic")
    said = cli("db", "restore", str(tmp_path / "letter"), "--as", "ops", "--data", str(tmp_path / "data"))
    assert (said.status, said.err) == (1, "clinic: the file is not a backup of this program\n")
    assert [path.name for path in tmp_path.iterdir()] == ["letter"]


@pytest.mark.slow
def test_whoever_was_erased_before_is_erased_again_by_the_restore(cli: Cli, installed: Path, tmp_path: Path) -> None:
    backup = tmp_path / "evening.backup"
    assert cli("db", "backup", str(backup), "--as", "ops", "--data", str(installed)).status == 0
    database = Database(f"sqlite:///{installed / 'records.sqlite3'}", FileKeyProvider(tmp_path / "data.keys"))
    with database.reading() as session:
        patient = session.scalars(select(Patient.person)).one()
    with database.work("palmetto", Actor.system("tests")) as work:
        erase(work, patient, {"reason": "patient_request"})
    database.close()
    done = cli("db", "restore", str(backup), "--as", "ops", "--data", str(installed), "--replace")
    assert done.status == 0, done.err
    assert f"palmetto: {patient} was erased before and is erased again" in done.out
    assert entries(installed)[-1] == "keys:patient:deleted"
