"""`clinic differ`: stored decisions asked again, from the command line, audited by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from records.audit_trail import AuditQuery
from records.database import Database
from records.keys import FileKeyProvider
from records.work import Actor
from tests.admin_ui.helpers_cli import Cli

pytestmark = pytest.mark.slow
CLINIC = "marigold"


def test_it_says_how_many_were_asked_again_and_who_looked_is_audited(cli: Cli, data: Path) -> None:
    said = cli("differ", "--as", "dana", "--clinic", CLINIC, "--since", "2026-01-01", "--data", str(data))
    assert said.status == 0, said.err
    assert f"{CLINIC}: " in said.err and "would differ today" in said.err
    database = Database(f"sqlite:///{data / 'records.sqlite3'}", FileKeyProvider(data.with_name(f"{data.name}.keys")))
    with database.scope(CLINIC, Actor.system("tests")) as scope:
        assert scope.audit.search(AuditQuery(actor="dana", act="gates:comparison:viewed"))
    database.close()


@pytest.mark.parametrize("words", [("--clinic", "elsewhere"), ("--since", "soon")])
def test_a_clinic_or_a_day_that_is_none_is_told(cli: Cli, data: Path, words: tuple[str, str]) -> None:
    said = cli("differ", "--as", "dana", "--data", str(data), *words)
    assert (said.status, said.out) == (2, "") and words[1] in said.err
