"""`clinic law attest` lets an officer vouch for what they read; the report then goes by it, until it is withdrawn."""

import json
from pathlib import Path

import pytest

from engine.library import load_library
from engine.settings import HOME
from records.database import Database
from records.keys import FileKeyProvider
from records.migrate import upgrade
from records.seed import seed
from tests.admin_ui.helpers_cli import Cli

pytestmark = pytest.mark.slow
OFFICER = ("--clinic", "marigold", "--as", "compliance")
READ = ("--state", "WY", "--law", "relationship.establish_via", "--source", "Rules, ch. 1", "--name", "Ida Marsh")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the clinic in it."""
    url = f"sqlite:///{tmp_path / 'clinic.sqlite3'}"
    monkeypatch.setenv("CLINIC_DATABASE_URL", url)
    monkeypatch.setenv("CLINIC_KEYS_DIR", str(tmp_path / "keys"))
    upgrade(url)
    database = Database(url, FileKeyProvider(tmp_path / "keys"))
    clinic = load_library(HOME, (HOME / "clinics/marigold.yaml",)).content.clinics["marigold"]
    seed(database, clinic, demo=False)
    database.close()
    return tmp_path


def attest(cli: Cli, data: Path, *more: str) -> str:
    said = cli("law", "attest", *OFFICER, "--data", str(data), *READ, "--on", "2026-11-22", "--json", *more)
    assert said.status == 0, said.err
    return str(json.loads(said.out)["id"])


def passes(cli: Cli, data: Path, *more: str) -> bool:
    part = ("--state", "WY", "--topic", "prescribing", "--on", "2026-12-01", "--json")
    told = json.loads(cli("law", "report", *part, *more).out)
    return bool(told["ordinary_visits"][0]["passes_in"] == ["WY"])


def test_what_is_attested_counts_for_its_clinic_until_it_is_withdrawn(cli: Cli, data: Path) -> None:
    clinic = ("--clinic", "marigold", "--data", str(data))
    assert not passes(cli, data, *clinic)
    made = attest(cli, data)
    assert passes(cli, data, *clinic)
    assert not passes(cli, data)
    listed = cli("law", "attestations", *OFFICER, "--data", str(data)).out
    assert listed.startswith(f"{made} counts: us/wy relationship.establish_via")
    assert cli("law", "withdraw", *OFFICER, "--data", str(data), "--id", made).status == 0
    assert not passes(cli, data, *clinic)
    assert " withdrawn: " in cli("law", "attestations", *OFFICER, "--data", str(data)).out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("attest", "--clinic", "marigold", "--as", "rosalind_achebe", *READ), "is no compliance officer"),
        (("attest", "--clinic", "marigold", *READ), "--as whom"),
        (("attest", *OFFICER, *READ, "--on", "2100-01-01"), "a day to come"),
        (("attest", *OFFICER, "--state", "WY", "--law", "relationship.establish"), "did you mean"),
        (("attest", *OFFICER, *READ, "--on", "2026-11-22", "--until", "2030-01-01"), "LAW022"),
        (("withdraw", *OFFICER, "--id", "att_none"), "there is no attestation"),
    ],
)
def test_what_cannot_be_attested_is_refused(cli: Cli, data: Path, words: tuple[str, ...], told: str) -> None:
    said = cli("law", *words, "--data", str(data))
    assert said.status == 2 and told in said.err, said.err
