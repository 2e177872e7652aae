import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from admin_ui.cli.typed_settings import settings_with
from engine.settings import HOME
from records.database import Database, PayloadKeys
from records.key_ring import Purpose
from records.keys import FileKeyProvider
from tests.admin_ui.helpers_cli import Cli

pytestmark = pytest.mark.slow


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


def lines_of(cli: Cli, data: Path, *words: str) -> list[dict[str, str]]:
    said = cli("audit", "search", "--as", "olga", "--data", str(data), "--clinic", "marigold", "--json", *words)
    assert said.status == 0
    return [json.loads(line) for line in said.out.splitlines()]


def test_a_search_finds_by_who_what_and_when_and_is_itself_found(cli: Cli, data: Path) -> None:
    assert {line["act"].rpartition(":")[2] for line in lines_of(cli, data, "--act", "created")} == {"created"}
    assert lines_of(cli, data, "--actor", "nobody") == []
    assert lines_of(cli, data, "--until", "2020-01-01") == []
    (own,) = lines_of(cli, data, "--actor", "olga", "--limit", "1")
    assert (own["act"], own["clinic"]) == ("audit:entries:viewed", "marigold")


@pytest.mark.parametrize("words", [["--since", "yesterday"], ["--actor", "Ana Reyes"]])
def test_a_search_for_what_cannot_be_is_wrong_input(cli: Cli, data: Path, words: list[str]) -> None:
    said = cli("audit", "search", "--as", "olga", "--data", str(data), *words)
    assert (said.status, said.out) == (2, "")


@pytest.fixture
def exported(cli: Cli, data: Path, tmp_path: Path) -> Path:
    file = tmp_path / "audit.ndjson"
    said = cli("audit", "export", "--as", "olga", "--data", str(data), "--clinic", "marigold", "--to", str(file))
    assert said.status == 0
    return file


def check(cli: Cli, file: Path) -> tuple[int, str]:
    said = cli("audit", "verify", "--as", "somebody", "--to", str(file))
    return said.status, said.out


def test_an_export_is_checked_without_database_or_keys_and_is_in_the_audit(
    cli: Cli, data: Path, exported: Path
) -> None:
    status, out = check(cli, exported)
    assert status == 0 and "marigold: whole" in out
    assert "audit:entries:exported" in [line["act"] for line in lines_of(cli, data, "--act", "exported")]
    again = cli("audit", "export", "--as", "olga", "--data", str(data), "--clinic", "marigold", "--to", str(exported))
    assert again.status == 2  # never over a file that is there


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda lines: [*lines[:2], lines[2].replace("created", "viewed"), *lines[3:]], "was changed"),
        (lambda lines: [*lines[:2], *lines[3:]], "is missing"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "is missing"),
        (lambda lines: lines[:-1], "the end was cut off"),
        (lambda lines: [*lines[:-2], lines[-1]], "not the newest entry"),
        (lambda lines: [*lines[:-1], lines[-1].replace('"signature":"', '"signature":"00')], "not by its key"),
        (lambda lines: [*lines[:2], "[]", *lines[2:]], "no line of an export"),
        (lambda lines: ["{}", *lines[1:]], "no whole export"),
    ],
)
def test_an_export_that_was_changed_is_told(
    cli: Cli, exported: Path, change: Callable[[list[str]], list[str]], problem: str
) -> None:
    exported.chmod(0o600)
    exported.write_text("\n".join(change(exported.read_text(encoding="utf-8").splitlines())), encoding="utf-8")
    status, out = check(cli, exported)
    assert status == 1 and problem in out


def test_an_export_is_checked_as_the_guide_says(exported: Path) -> None:
    """The few lines of the guide, with nothing of ours."""
    guide = (HOME / "docs" / "guides" / "checking-an-audit-export.md").read_text(encoding="utf-8")
    program = guide.partition("```python\n")[2].partition("```")[0]
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, str(exported)],
        cwd=exported.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("marigold: every entry follows")
    signed = (exported.parent / "signed.txt").read_bytes()
    public = load_der_public_key((exported.parent / "key.der").read_bytes())
    assert isinstance(public, Ed25519PublicKey)
    public.verify((exported.parent / "signature.bin").read_bytes(), signed)
