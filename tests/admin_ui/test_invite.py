"""The first log-in of a clinic that is no demo: printed once, for somebody of its file, refused for others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from admin_ui.cli.installation import prepare
from engine.library import load_library
from engine.settings import HOME, parse_settings
from records.database import Database
from records.devices import Browser
from records.errors_identity import SecondFactorNeeded
from records.invitation_answers import accept_invitation
from records.keys import FileKeyProvider
from records.second_step import Step
from tests.admin_ui.helpers_cli import Cli

PERSON, CLINIC = "clinic_admin", "marigold"


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A data folder as the first start outside a demo leaves it: people, and nobody who can sign in."""
    settings = parse_settings({"CLINIC_DATA_DIR": str(tmp_path / "data")})
    settings.data_dir.mkdir()
    prepare(settings, tuple(load_library(HOME, (HOME / f"clinics/{CLINIC}.yaml",)).content.clinics.values()))
    return settings.data_dir


@pytest.mark.slow
def test_the_first_administrator_gets_in_by_a_printed_link(cli: Cli, fresh: Path) -> None:
    said = cli("invite", CLINIC, PERSON, "--role", "clinic_admin", "--as", "dana", "--data", str(fresh), "--json")
    link = json.loads(said.out)["link"]
    assert link.startswith("http://marigold.localhost:8080/staff/invitation/")
    database = Database(f"sqlite:///{fresh / 'records.sqlite3'}", FileKeyProvider(fresh.with_name("data.keys")))
    door = Step(clinic=CLINIC, portal="staff", browser=Browser(secret="guest"))
    with pytest.raises(SecondFactorNeeded):
        accept_invitation(database, door, link.rpartition("/")[2], "a long enough sentence")
    database.close()
    again = cli("invite", CLINIC, PERSON, "--role", "clinic_admin", "--as", "dana", "--data", str(fresh))
    assert (again.status, again.out) == (2, "")
    assert "nobody without a log-in" in again.err


def test_nobody_is_invited_who_is_not_in_the_file_or_can_sign_in(cli: Cli, data: Path) -> None:
    for clinic, person in ((CLINIC, "nobody"), (CLINIC, PERSON), ("elsewhere", PERSON)):
        said = cli("invite", clinic, person, "--role", "support", "--as", "dana", "--data", str(data))
        assert (said.status, said.out) == (2, "")
