"""Entries that were taken away together with their head are missed, for the key folder knows how far the chain was."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from records.anchors import AnchorFolder, AnchorKeeper, AnchorRefused
from records.audit import clinics, verify
from records.database import Database
from records.journal import SignedHead
from records.keys import FileKeyProvider
from tests.records.helpers import HandClock, World, build_world, open_database
from tests.records.test_audit import LOOK, tamper

pytestmark = pytest.mark.slow

HEAD = SignedHead(clinic="palmetto", sequence=3, hash="c" * 64, key="key_a", signature=b"signed")


EVERY = 24  # in place of the program's own number, so that a test reaches it soon


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.anchors.EVERY_ENTRIES", EVERY)


def same(clinic: str, sequence: int) -> str:
    return "abcdefghij"[sequence - 1] * 64


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[AnchorFolder]:
    opened = AnchorFolder(tmp_path / "anchors")
    yield opened
    opened.close()


def anchored(world: World) -> int:
    anchor = world.database.anchors.read(world.clinic)
    return anchor.sequence if anchor else 0


def look(world: World, times: int = 1) -> None:
    for _ in range(times):
        with world.database.scope(world.clinic, world.as_system) as scope:
            scope.visits.get(world.visit)


def snapshot(database: Database) -> tuple[dict[str, object], int]:
    with database.engine.begin() as connection:
        head = dict(connection.execute(text("SELECT * FROM audit_heads")).mappings().one())
    return head, int(str(head["sequence"]))


def put_back(database: Database, head: dict[str, object]) -> None:
    """Truncates the chain to an older head and puts that head, with its good signature, back."""
    tamper(database, f"DELETE FROM audit_entries WHERE sequence > {head['sequence']}")
    with database.engine.begin() as connection:
        connection.execute(
            text("UPDATE audit_heads SET sequence = :sequence, hash = :hash, key = :key, signature = :signature"), head
        )


def wipe(database: Database) -> None:
    tamper(database, "DELETE FROM audit_entries", "DELETE FROM audit_heads", "DELETE FROM data_keys")


def again(database: Database, tmp_path: Path) -> Database:
    database.close()
    return Database(database.url, FileKeyProvider(tmp_path / "keys"))


def test_a_chain_cut_back_to_an_older_signed_head_is_noticed(world: World, tmp_path: Path) -> None:
    old, sequence = snapshot(world.database)
    look(world, 3)
    database = again(world.database, tmp_path)
    put_back(database, old)
    report = verify(database, world.clinic)
    assert report.signature == "valid"
    assert report.problems == (
        f"entries {sequence + 1} to {sequence + 3} are missing: the anchor beside the keys has them",
    )
    database.close()


def test_a_cut_chain_that_grew_past_its_anchor_is_still_noticed(world: World, tmp_path: Path) -> None:
    old, sequence = snapshot(world.database)
    look(world, 3)
    database = again(world.database, tmp_path)
    put_back(database, old)
    look(dataclasses.replace(world, database=database), EVERY + 5)
    database = again(database, tmp_path)
    report = verify(database, world.clinic)
    assert report.problems == (f"entry {sequence + 3} is not the one that was anchored beside the keys",)
    database.close()


def test_a_clinic_wiped_from_the_database_is_still_asked_about_and_missed(world: World, tmp_path: Path) -> None:
    database = again(world.database, tmp_path)
    wipe(database)
    assert clinics(database) == (world.clinic,)
    report = verify(database, world.clinic)
    assert (report.ok, report.entries) == (False, 0)
    assert any("are missing: the anchor beside the keys has them" in problem for problem in report.problems)
    database.close()


def test_a_wiped_clinic_that_starts_anew_does_not_become_whole(world: World, tmp_path: Path) -> None:
    database = again(world.database, tmp_path)
    wipe(database)
    database = again(database, tmp_path)
    with database.work(world.clinic, world.as_system):
        pass
    assert any("missing" in problem for problem in verify(database, world.clinic).problems)
    database.close()


def test_a_new_chain_is_anchored_by_its_first_append_and_a_closed_one_at_its_end(world: World, tmp_path: Path) -> None:
    assert anchored(world) >= 1
    look(world)
    end = verify(world.database, world.clinic).entries
    world.database.close()
    anchor = AnchorFolder(tmp_path / "keys" / "anchors").read(world.clinic)
    assert anchor is not None and anchor.sequence == end


def test_no_more_than_a_bounded_number_of_entries_is_ahead_of_the_anchor(world: World) -> None:
    for _ in range(EVERY + 10):
        look(world)
        assert verify(world.database, world.clinic).entries - anchored(world) < EVERY


def test_the_last_append_before_a_pause_is_anchored_within_seconds(world: World) -> None:
    look(world)
    end = verify(world.database, world.clinic).entries
    until = time.monotonic() + 20
    while anchored(world) < end and time.monotonic() < until:
        time.sleep(0.05)
    assert anchored(world) == end


def test_what_was_rolled_back_is_never_anchored(world: World) -> None:
    with pytest.raises(ZeroDivisionError), world.database.scope(world.clinic, world.as_system) as scope:
        scope.visits.get(world.visit)
        raise ZeroDivisionError
    world.database.anchors.flush()
    assert anchored(world) == verify(world.database, world.clinic).entries


def test_processes_that_append_at_once_leave_an_anchor_on_the_chain(world: World, tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOOK + "database.close()\n", world.database.url, str(tmp_path), world.visit]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    report = verify(world.database, world.clinic)
    assert (report.ok, report.anchored) == (True, report.entries)


def test_a_killed_process_leaves_an_anchor_that_the_chain_holds(world: World, tmp_path: Path) -> None:
    endless = LOOK.replace("for _ in range(10)", "import itertools\nfor _ in itertools.count()")
    soon = f"import records.anchors\nrecords.anchors.EVERY_ENTRIES = {EVERY}\n"
    program = soon + endless + "    sys.stdout.write('.')\n    sys.stdout.flush()\n"
    process = subprocess.Popen(
        [sys.executable, "-c", program, world.database.url, str(tmp_path), world.visit], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert len(process.stdout.read(EVERY + 3)) == EVERY + 3
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    report = verify(world.database, world.clinic)
    assert report.ok
    assert report.entries - report.anchored < EVERY + 1


def test_an_anchor_never_moves_back(folder: AnchorFolder) -> None:
    folder.advance(HEAD, same)
    folder.advance(dataclasses.replace(HEAD, sequence=2, hash=same("", 2)), same)
    assert folder.read("palmetto") == HEAD


def test_an_anchor_never_moves_to_another_chain(folder: AnchorFolder) -> None:
    folder.advance(HEAD, same)
    with pytest.raises(AnchorRefused):
        folder.advance(dataclasses.replace(HEAD, sequence=9), lambda clinic, sequence: "f" * 64)
    assert folder.read("palmetto") == HEAD


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"clinic": "cedar"}', "\x00"])
def test_a_damaged_anchor_is_told_and_never_replaced(world: World, tmp_path: Path, damage: str) -> None:
    file = tmp_path / "keys" / "anchors" / f"{world.clinic}.json"
    file.write_text(damage)
    look(world, EVERY + 1)
    assert verify(world.database, world.clinic).problems == ("the anchor's file is damaged",)
    assert file.read_text() == damage


def test_an_anchor_that_we_did_not_sign_is_told(world: World, tmp_path: Path) -> None:
    world.database.anchors.flush()
    file = tmp_path / "keys" / "anchors" / f"{world.clinic}.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "signature": "AAAA"}))
    assert verify(world.database, world.clinic).problems == ("the anchor's signature is not ours",)


def test_an_anchor_is_its_owners_alone(world: World, tmp_path: Path) -> None:
    anchors = tmp_path / "keys" / "anchors"
    rights = {path.name: oct(path.stat().st_mode & 0o777) for path in (anchors, anchors / f"{world.clinic}.json")}
    assert rights == {"anchors": "0o700", f"{world.clinic}.json": "0o600"}


def test_a_name_cannot_lead_out_of_the_folder(folder: AnchorFolder, tmp_path: Path) -> None:
    folder.advance(dataclasses.replace(HEAD, clinic="../../x"), same)
    assert folder.clinics() == ("../../x",)
    assert [path.name for path in tmp_path.iterdir()] == ["anchors"]


@pytest.mark.parametrize("error", [OSError, AnchorRefused])
def test_an_anchor_that_cannot_move_is_logged_and_stops_nobody(
    folder: AnchorFolder, caplog: pytest.LogCaptureFixture, error: Callable[[], Exception]
) -> None:
    def fails(clinic: str, sequence: int) -> str:
        raise error()

    folder.advance(HEAD, same)
    with caplog.at_level(logging.ERROR):
        AnchorKeeper(folder, fails).committed(dataclasses.replace(HEAD, sequence=4))
    assert "audit anchor not moved clinic=palmetto sequence=4" in caplog.text


def test_two_clinics_have_their_own_anchors(tmp_path: Path, clock: HandClock) -> None:
    database = open_database(tmp_path, clock)
    for clinic in ("palmetto", "cedar"):
        build_world(database, clinic=clinic)
    database.close()
    assert sorted(name for name in os.listdir(tmp_path / "keys" / "anchors") if name.endswith(".json")) == [
        "cedar.json",
        "palmetto.json",
    ]
