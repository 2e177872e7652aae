"""The chain notices every edit, deletion, move and cut, and takes appends from many processes."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from records.audit import clinics, verify, verify_without_keys
from records.audit_rows import HASHED
from records.database import Database
from records.journal import GENESIS, entry_hash
from tests.records.helpers import World, build_world


def tamper(database: Database, *statements: str) -> None:
    """What somebody with the database and an SQL prompt can do."""
    with tampering(database) as connection:
        for statement in statements:
            connection.execute(text(statement))


@contextmanager
def tampering(database: Database) -> Iterator[Connection]:
    """A transaction of theirs: the triggers go first."""
    with database.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for event in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS audit_entries_no_{event}"))
        yield connection


def problems(world: World) -> str:
    return "; ".join(verify(world.database, world.clinic).problems)


def test_an_untouched_chain_is_whole_and_signed(world: World) -> None:
    report = verify(world.database, world.clinic)
    assert (report.ok, report.signature) == (True, "valid")
    assert report.entries > 5


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entries SET act = 'x'", "DELETE FROM audit_entries", "DELETE FROM visit_events"],
)
def test_the_database_itself_refuses_changes(world: World, statement: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), world.database.engine.begin() as connection:
        connection.execute(text(statement))


def test_an_edited_entry_is_noticed(world: World) -> None:
    tamper(world.database, "UPDATE audit_entries SET actor = 'somebody' WHERE sequence = 3")
    assert "entry 3 was changed" in problems(world)


def test_a_deleted_entry_is_noticed(world: World) -> None:
    tamper(world.database, "DELETE FROM audit_entries WHERE sequence = 3")
    assert "entry 3 is missing" in problems(world)


def test_two_entries_that_changed_places_are_noticed(world: World) -> None:
    tamper(
        world.database,
        "UPDATE audit_entries SET sequence = -1 WHERE sequence = 3",
        "UPDATE audit_entries SET sequence = 3 WHERE sequence = 4",
        "UPDATE audit_entries SET sequence = 4 WHERE sequence = -1",
    )
    assert "does not follow" in problems(world)


def test_a_chain_cut_short_is_noticed(world: World) -> None:
    last = verify(world.database, world.clinic).entries
    tamper(world.database, f"DELETE FROM audit_entries WHERE sequence > {last - 2}")
    assert f"entries {last - 1} to {last} are missing at the end" in problems(world)


def test_a_chain_cut_short_with_its_head_moved_back_is_noticed_by_the_signature(world: World) -> None:
    last = verify(world.database, world.clinic).entries
    tamper(
        world.database,
        f"DELETE FROM audit_entries WHERE sequence > {last - 1}",
        "UPDATE audit_heads SET sequence = sequence - 1, "
        f"hash = (SELECT hash FROM audit_entries WHERE sequence = {last - 1})",
    )
    assert "the head's signature is not ours" in problems(world)
    assert verify_without_keys(world.database, world.clinic).signature == "unchecked"


def test_a_chain_that_is_gone_altogether_is_noticed(world: World) -> None:
    tamper(world.database, "DELETE FROM audit_entries", "DELETE FROM audit_heads")
    assert clinics(world.database) == (world.clinic,)
    assert problems(world).startswith("the chain has no head; entries 1 to ")


def test_a_chain_computed_anew_after_an_edit_does_not_get_past_the_signature(world: World) -> None:
    with world.database.engine.begin() as connection:
        rows = [
            dict(row) for row in connection.execute(text("SELECT * FROM audit_entries ORDER BY sequence")).mappings()
        ]
    previous = GENESIS
    with tampering(world.database) as connection:
        for row in rows:
            row["actor"] = "forger"
            row["previous"] = previous
            row["hash"] = previous = entry_hash([row[name] for name in HASHED])
            update = (
                "UPDATE audit_entries SET actor = :actor, previous = :previous, hash = :hash WHERE sequence = :sequence"
            )
            connection.execute(text(update), row)
        connection.execute(text("UPDATE audit_heads SET hash = :hash"), {"hash": previous})
    assert "the head's signature is not ours" in problems(world)


def test_each_clinic_has_its_own_chain(world: World) -> None:
    other = build_world(world.database, clinic="cedar")
    tamper(world.database, "UPDATE audit_entries SET actor = 'x' WHERE clinic = 'cedar' AND sequence = 2")
    assert verify(world.database, world.clinic).ok
    assert not verify(world.database, other.clinic).ok


def test_threads_append_without_losing_or_doubling_an_entry(world: World) -> None:
    before = verify(world.database, world.clinic).entries

    def look() -> None:
        for _ in range(10):
            with world.database.scope(world.clinic, world.as_patient) as scope:
                scope.visits.get(world.visit)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = verify(world.database, world.clinic)
    assert (report.ok, report.entries) == (True, before + 40)


LOOK = """
import sys
from pathlib import Path
from records.database import Database
from records.audit_rows import HASHED
from records.journal import GENESIS, entry_hash
from records.keys import FileKeyProvider
from records.scope import Actor
url, folder, visit = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
database = Database(url, FileKeyProvider(folder / "keys"))
for _ in range(10):
    with database.scope("palmetto", Actor.system("process")) as scope:
        scope.visits.get(visit)
"""


@pytest.mark.slow
def test_processes_append_to_one_chain(world: World, tmp_path: Path) -> None:
    before = verify(world.database, world.clinic).entries
    command = [sys.executable, "-c", LOOK, world.database.url, str(tmp_path), world.visit]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    report = verify(world.database, world.clinic)
    assert (report.ok, report.entries) == (True, before + 30)
