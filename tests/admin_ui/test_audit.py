import json
import sqlite3
from pathlib import Path

import pytest

from admin_ui.cli.typed_settings import settings_with
from records.database import Database, PayloadKeys
from records.key_ring import Purpose
from records.keys import FileKeyProvider
from tests.admin_ui.helpers_cli import Cli


def change(data: Path, statement: str) -> None:
    """What somebody with the database in their hands would do."""
    with sqlite3.connect(data / "records.sqlite3") as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
    connection.close()


def test_a_whole_chain_is_verified_and_the_verification_noted(cli: Cli, data: Path) -> None:
    first, second = (
        json.loads(cli("audit", "verify", "--as", "dana", "--data", str(data), "--json").out)["clinics"][0]
        for _ in range(2)
    )
    assert first["ok"] and second["ok"]
    assert (first["signature"], second["entries"]) == ("valid", first["entries"] + 1)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE audit_entries SET actor = 'somebody' WHERE sequence = 2", "entry 2 was changed"),
        ("DELETE FROM audit_entries WHERE sequence = 2", "entry 2 is missing"),
        (
            "DELETE FROM audit_entries WHERE sequence = (SELECT max(sequence) FROM audit_entries)",
            "are missing at the end",
        ),
    ],
)
def test_a_chain_that_was_tampered_with_is_told(cli: Cli, data: Path, statement: str, problem: str) -> None:
    change(data, statement)
    said = cli("audit", "verify", "--as", "dana", "--data", str(data))
    assert said.status == 1
    assert "NOT WHOLE" in said.out and problem in said.out


def test_a_clinic_that_was_wiped_from_the_database_is_told_and_stays_told(cli: Cli, data: Path) -> None:
    for table in ("audit_entries", "audit_heads", "data_keys"):
        change(data, f"DELETE FROM {table}")
    for _ in range(2):
        said = cli("audit", "verify", "--as", "reviewer", "--data", str(data))
        assert said.status == 1
        assert "marigold: NOT WHOLE, 0 entries" in said.out
        assert "are missing: the anchor beside the keys has them" in said.out


def test_nothing_to_verify_is_wrong_input(cli: Cli, data: Path) -> None:
    for table in ("audit_entries", "audit_heads", "data_keys"):
        change(data, f"DELETE FROM {table}")
    for anchor in data.with_name("data.keys").glob("anchors/*.json"):
        anchor.unlink()
    said = cli("audit", "verify", "--as", "reviewer", "--data", str(data))
    assert (said.status, said.out) == (2, "")
    assert "no audit chain" in said.err


def as_first_start(data: Path, *, unnamed: bool) -> None:
    """The keys an installation makes for itself; the first versions kept them under no name."""
    settings = settings_with(data=data)
    database = Database(settings.database_url, FileKeyProvider(settings.keys_dir))
    if unnamed:
        database._prepare("")
    database.secret("", Purpose.SESSIONS)
    PayloadKeys(database).current()
    database.close()


@pytest.mark.parametrize("unnamed", [False, True])
def test_the_installations_own_chains_are_verified_by_name(cli: Cli, data: Path, unnamed: bool) -> None:
    as_first_start(data, unnamed=unnamed)
    for _ in range(2):
        said = cli("audit", "--as", "reviewer", "--data", str(data), "verify")
        assert (said.status, said.err) == (0, "")
        names = [line.partition(":")[0] for line in said.out.splitlines()]
        own = ["installation-sessions", "installation"] if unnamed else ["installation"]
        assert names == [*own, "marigold"]
    assert cli("audit", "verify", "--as", "reviewer", "--data", str(data), "--clinic", "installation").status == 0


@pytest.mark.parametrize("unnamed", [False, True])
def test_a_change_to_the_installations_own_chain_is_told(cli: Cli, data: Path, unnamed: bool) -> None:
    as_first_start(data, unnamed=unnamed)
    owner = "" if unnamed else "_installation"
    change(data, f"UPDATE audit_entries SET actor = 'somebody' WHERE clinic = '{owner}'")
    said = cli("audit", "verify", "--as", "reviewer", "--data", str(data))
    assert said.status == 1
    assert "installation" in next(line for line in said.out.splitlines() if "NOT WHOLE" in line)


def test_an_old_installation_keeps_the_keys_it_has(data: Path) -> None:
    settings = settings_with(data=data)
    database = Database(settings.database_url, FileKeyProvider(settings.keys_dir))
    database._prepare("")
    with database.reading() as session:
        kept = database.ring.current(session, "", Purpose.SESSIONS)
    assert database.secret("", Purpose.SESSIONS) == kept
    database.close()


def test_an_action_without_its_command_is_told_where_it_belongs(cli: Cli) -> None:
    said = cli("verify", "--as", "reviewer")
    assert said.status == 2
    assert said.err == "clinic: there is no command `verify`; did you mean `clinic audit verify`?\n"


def test_nobody_verifies_without_a_name(cli: Cli, data: Path) -> None:
    assert cli("audit", "verify", "--data", str(data)).status == 2


def test_a_folder_or_clinic_that_is_not_there_is_wrong_input(cli: Cli, data: Path, tmp_path: Path) -> None:
    missing = cli("audit", "verify", "--as", "dana", "--data", str(tmp_path / "nowhere"))
    unknown = cli("audit", "verify", "--as", "dana", "--data", str(data), "--clinic", "nobody")
    assert (missing.status, unknown.status) == (2, 2)
    assert not (tmp_path / "nowhere.keys").exists()
