"""A patient is erased in two steps, never against the law, and then for good: here and in every copy made before."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from admin_ui.cli.typed_settings import settings_with
from records.access import Role
from records.audit import verify
from records.database import Database
from records.errors import Erased
from records.keys import FileKeyProvider
from records.work import Actor
from tests.admin_ui.helpers_cli import Cli
from tests.records.helpers import PATIENT, PLACE, START, World, build_world, draft_of

pytestmark = pytest.mark.slow

CLINIC = "marigold"
LONG_AGO = datetime.now(UTC) - timedelta(days=366 * 12)


def opened(data: Path) -> Database:
    settings = settings_with(data=data)
    return Database(settings.database_url, FileKeyProvider(settings.keys_dir))


@pytest.fixture
def world(data: Path) -> Iterator[World]:
    database = opened(data)
    yield build_world(database, CLINIC, replace(PATIENT, email="erase@example.org"))
    database.close()


def ended(data: Path, world: World, at: datetime) -> None:
    """The visit as it stands once it has been held at an instant."""
    with sqlite3.connect(data / "records.sqlite3") as connection:
        connection.execute(
            "UPDATE visits SET stage = 'completed', encounter_at = ? WHERE id = ?",
            (at.strftime("%Y-%m-%d %H:%M:%S.%f"), world.visit),
        )
    connection.close()


def shred(cli: Cli, data: Path, world: World, *words: str) -> tuple[int, str, str]:
    asked = ["keys", "shred", "--as", "dana", "--clinic", CLINIC, "--patient", world.patient, "--data", str(data)]
    said = cli(*asked, "--reason", "patient_request", *words)
    return said.status, said.out, said.err


def code_of(out: str) -> str:
    return out.partition("--confirm ")[2].split()[0]


def test_a_patient_is_erased_in_two_steps_and_also_in_the_backup_made_before(
    cli: Cli, data: Path, world: World, tmp_path: Path
) -> None:
    ended(data, world, LONG_AGO)
    with world.database.scope(CLINIC, world.as_system) as scope:
        other = scope.people.create_patient(replace(PATIENT, email="stays@example.org", given="Olga"))
    shutil.copytree(data, tmp_path / "backup")
    status, out, _ = shred(cli, data, world, "--second", "omar")
    assert status == 0 and "repeat this command" in out
    with world.database.scope(CLINIC, world.as_system) as scope:
        assert scope.people.patient(world.patient).given == "Ana"
    status, out, _ = shred(cli, data, world, "--second", "omar", "--confirm", code_of(out))
    assert status == 0 and "destroyed: 1 keys" in out
    for folder in (data, tmp_path / "backup"):
        database = Database(f"sqlite:///{folder / 'records.sqlite3'}", FileKeyProvider(tmp_path / "data.keys"))
        with database.scope(CLINIC, Actor.system("tests")) as scope:
            with pytest.raises(Erased):
                scope.people.patient(world.patient)
            assert scope.visits.get(world.visit).reason == ""
            assert scope.people.patient(other).given == "Olga"
        database.close()
    report = verify(world.database, CLINIC)
    assert (report.ok, report.signature) == (True, "valid")


def test_the_audit_keeps_who_why_and_who_agreed(cli: Cli, data: Path, world: World) -> None:
    ended(data, world, LONG_AGO)
    _, out, _ = shred(cli, data, world, "--second", "omar")
    shred(cli, data, world, "--second", "omar", "--confirm", code_of(out))
    with sqlite3.connect(data / "records.sqlite3") as connection:
        query = "SELECT actor, subject, detail FROM audit_entries WHERE act = 'keys:patient:deleted'"
        ((actor, subject, detail),) = connection.execute(query).fetchall()
    connection.close()
    assert (actor, subject) == ("dana", world.patient)
    kept = json.loads(detail)
    assert (kept["reason"], kept["second"]) == ("patient_request", "omar")
    assert kept["law"].startswith("sha256-")


def test_their_sessions_end_and_their_address_is_free_again(cli: Cli, data: Path, world: World) -> None:
    _, out, _ = shred(cli, data, world)
    status, out, _ = shred(cli, data, world, "--confirm", code_of(out))
    assert status == 0 and "no service was given" in out
    with world.database.scope(CLINIC, world.as_system) as scope:
        person = scope.people.create_patient(PATIENT)
        scope.accounts.create(person, "erase@example.org", "not a hash", [Role.PATIENT])
    with sqlite3.connect(data / "records.sqlite3") as connection:
        ((open_ones,),) = connection.execute(
            "SELECT count(*) FROM sessions WHERE person = ? AND closed_at IS NULL", (world.patient,)
        ).fetchall()
    connection.close()
    assert open_ones == 0


@pytest.mark.parametrize(("years", "outcome"), [(6, "forbidden"), pytest.param(8, "permitted", marks=pytest.mark.slow)])
def test_the_law_forbids_it_while_the_record_is_young(
    cli: Cli, data: Path, world: World, monkeypatch: pytest.MonkeyPatch, years: int, outcome: str
) -> None:
    """Seven years in this state; the law's own date is after the machine's on a clock that is late."""
    today = datetime(2026, 12, 1, 12, tzinfo=UTC)
    monkeypatch.setattr("admin_ui.cli.keys.machine_now", lambda: today)
    place = replace(PLACE, state="TX", postal_code="75201", time_zone="America/Chicago")
    with world.database.scope(CLINIC, world.as_system) as scope:
        later = draft_of(world.patient, world.provider, booked_place=place, starts_at=START + timedelta(hours=3))
        world = replace(world, visit=scope.visits.draft(later))
    ended(data, world, today.replace(year=2026 - years, month=11))
    status, out, err = shred(cli, data, world, "--second", "omar")
    if outcome == "forbidden":
        assert (status, out) == (2, "")
        assert "the law forbids it; nothing was destroyed" in err and "us/common/retention/adult@us/tx" in err
    else:
        assert status == 0 and "us/tx, last service" in out and ": permitted" in out


def test_a_visit_under_way_forbids_it(cli: Cli, data: Path, world: World) -> None:
    world.begin()
    status, _, err = shred(cli, data, world)
    assert status == 2
    assert f"nothing was destroyed: still_open (visits {world.visit})" in err


@pytest.mark.parametrize("words", [["--confirm", "0" * 12], ["--confirm", "é"], ["--reason", "court_order"]])
def test_another_code_or_another_wish_destroys_nothing(cli: Cli, data: Path, world: World, words: list[str]) -> None:
    _, out, _ = shred(cli, data, world)
    confirmed = words if "--confirm" in words else [*words, "--confirm", code_of(out)]
    status, _, err = shred(cli, data, world, *confirmed)
    assert status == 2 and "nothing was destroyed" in err
    with world.database.scope(CLINIC, world.as_system) as scope:
        assert scope.people.patient(world.patient).given == "Ana"


def test_where_the_law_leaves_it_to_people_one_is_not_enough(cli: Cli, data: Path, world: World) -> None:
    child = replace(PATIENT, birth_date=(datetime.now(UTC) - timedelta(days=365 * 16)).date())
    with world.database.scope(CLINIC, world.as_system) as scope:
        scope.people.update_patient(world.patient, child, version=1)
    ended(data, world, LONG_AGO)
    for second in ((), ("--second", "dana")):
        status, _, err = shred(cli, data, world, *second)
        assert status == 2 and "leaves it to people" in err
    assert shred(cli, data, world, "--second", "omar")[0] == 0


def test_what_a_crash_left_over_is_finished_by_doing_it_again(cli: Cli, data: Path, world: World) -> None:
    shares = data.with_name("data.keys") / "people.shares"
    before = shares.read_bytes()
    _, out, _ = shred(cli, data, world)
    shred(cli, data, world, "--confirm", code_of(out))
    shares.write_bytes(before)  # as if the program had died before it destroyed the share
    _, out, _ = shred(cli, data, world)
    assert shred(cli, data, world, "--confirm", code_of(out))[0] == 0
    assert shares.read_bytes() != before


def test_it_needs_to_know_whose_and_why(cli: Cli, data: Path) -> None:
    said = cli("keys", "shred", "--as", "dana", "--clinic", CLINIC, "--data", str(data))
    assert said.status == 2 and "needs --patient" in said.err
    unknown = ["keys", "shred", "--as", "dana", "--clinic", CLINIC, "--data", str(data), "--patient", "per_1"]
    said = cli(*unknown, "--reason", "court_order")
    assert said.status == 2 and "not_found" in said.err
