"""The simulated primary source, told by a command while everything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.credentials.simulator import SimulatedPrimarySource, SimulatedRegister
from records.credential_book import RecordsCredentialBook
from records.database import Database
from records.keys import FileKeyProvider
from tests.admin_ui.helpers_cli import Cli
from tests.admin_ui.test_invite import fresh

__all__ = ["fresh"]


def test_its_mood_is_kept_for_the_program_that_asks_it(cli: Cli, tmp_path: Path) -> None:
    assert "is down" in cli("source", "--mood", "down", "--data", str(tmp_path)).out
    assert SimulatedRegister(tmp_path / "simulators" / "credentials.sqlite3").moods.mood() == "down"
    assert cli("source", "--number", "ME-1", "--data", str(tmp_path)).status == 2


@pytest.mark.slow
def test_what_it_says_of_a_credential_is_said_from_then_on(cli: Cli, fresh: Path) -> None:
    about = ("source", "--clinic", "marigold", "--as", "dana", "--data", str(fresh))
    assert cli(*about, "--number", "ME-DEMO-1", "--status", "suspended").status == 0
    assert cli(*about, "--number", "nobody's").status == 2
    database = Database(f"sqlite:///{fresh / 'records.sqlite3'}", FileKeyProvider(fresh.with_name("data.keys")))
    book = RecordsCredentialBook(database)
    (claim,) = (one for one in book.claims("marigold", book.providers("marigold")) if one.number == "ME-DEMO-1")
    database.close()
    source = SimulatedPrimarySource(SimulatedRegister(fresh / "simulators" / "credentials.sqlite3"))
    assert source.ask(claim).status == "suspended"
