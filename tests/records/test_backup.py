"""A backup holds everything, shows nothing, refuses whatever is wrong with it, and a restore says what it lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text

from records.access import Role
from records.audit import verify
from records.backup import take_backup
from records.backup_file import HEADER_BYTES, MAGIC, BackupRefused, Header, open_body, read_header
from records.codes import machine_now
from records.database import Database
from records.engines import open_engine
from records.keys import FileKeyProvider
from records.migrate import downgrade, upgrade
from records.restore import Target, own_up, restore, settled, unsettled
from records.tables.all import METADATA
from records.work import Actor
from tests.records.helpers import HandClock, World, build_world
from tests.records.helpers_journey import Walked, walk

pytestmark = pytest.mark.slow

MARK = "Zx9Canary"
OPERATOR = Actor(person="ops", role=Role.PLATFORM_OPERATOR)
# What a restore changes of its own: its mark, the audit's words about it, and everybody is signed out.
OWN = {"restorations", "audit_entries", "audit_heads", "sessions"}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    (folder / "ab").mkdir(parents=True)
    (folder / "ab" / "abc123").write_bytes(b"\x00sealed" * 300_000)
    (folder / "ab" / ".being-written").write_bytes(b"half")
    return folder


def taken(database: Database, tmp_path: Path, name: str = "first.backup") -> Path:
    target = tmp_path / name
    take_backup(database, tmp_path / "files", target, OPERATOR)
    return target


def everything(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, as this program reads it."""
    engine = open_engine(url)
    with engine.connect() as connection:
        found = {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in METADATA.sorted_tables
        }
    engine.dispose()
    return found


def put_back(source: Path, url: str, tmp_path: Path, *, over: bool = False) -> Header:
    target = Target(url=url, files=tmp_path / "restored", replace=over)
    (tmp_path / "restored").mkdir(exist_ok=True)
    return restore(source, target, FileKeyProvider(tmp_path / "keys"), "ops", machine_now())


def opened(url: str, tmp_path: Path) -> Database:
    return Database(url, FileKeyProvider(tmp_path / "keys"))


def test_what_was_backed_up_is_restored_row_by_row_and_file_by_file(
    database: Database, files: Path, tmp_path: Path, empty_url: str
) -> None:
    walked = walk(database, "palmetto", MARK)
    source = taken(database, tmp_path)
    before = everything(database.url)
    header = put_back(source, empty_url, tmp_path)
    after = everything(empty_url)
    assert {name: rows for name, rows in after.items() if name not in OWN} == {
        name: rows for name, rows in before.items() if name not in OWN
    }
    assert header.rows == sum(map(len, before.values()))
    assert header.files == 1
    assert (tmp_path / "restored" / "ab" / "abc123").read_bytes() == (files / "ab" / "abc123").read_bytes()
    again = opened(empty_url, tmp_path)
    with again.scope("palmetto", walked.world.as_system) as scope:
        assert scope.people.patient(walked.world.patient).given == f"{MARK}given"
    assert verify(again, "palmetto").ok
    again.close()


def test_everybody_has_to_sign_in_again(database: Database, tmp_path: Path, empty_url: str) -> None:
    build_world(database)
    put_back(taken(database, tmp_path), empty_url, tmp_path)
    engine = open_engine(empty_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sessions WHERE closed_at IS NULL")).scalar_one() == 0
    engine.dispose()


def test_a_stolen_backup_shows_nothing_without_the_keys(database: Database, files: Path, tmp_path: Path) -> None:
    walk(database, "palmetto", MARK)
    source = taken(database, tmp_path)
    content = source.read_bytes()
    for word in (MARK, "palmetto", "audit_entries", "Reyes", "sealed"):
        assert word.lower().encode() not in content.lower()
    with pytest.raises(BackupRefused, match="other keys"):
        list(open_body(source, FileKeyProvider(tmp_path / "other-keys")))
    masters = json.loads((tmp_path / "keys" / "master.json").read_text())
    assert not any(str(word).encode() in content for word in json.dumps(masters).split('"') if len(word) > 30)


def damaged(source: Path, change: Callable[[bytearray], object]) -> Path:
    content = bytearray(source.read_bytes())
    change(content)
    target = source.with_name("damaged.backup")
    target.write_bytes(content)
    return target


def flip(at: int) -> Callable[[bytearray], object]:
    def change(content: bytearray) -> None:
        content[at] ^= 1

    return change


def cut(content: bytearray) -> None:
    del content[-100:]


def header_says(**told: object) -> Callable[[bytearray], object]:
    def change(content: bytearray) -> None:
        raw = json.loads(content[len(MAGIC) : HEADER_BYTES])
        content[:HEADER_BYTES] = (MAGIC + json.dumps({**raw, **told}).encode() + b"\n").ljust(HEADER_BYTES)

    return change


DAMAGES = (
    (flip(0), "not a backup of this program"),
    (flip(len(MAGIC)), "header cannot be read"),
    (flip(HEADER_BYTES + 2000), "not what was written"),
    (flip(-1), "not what was written"),
    (cut, "it has"),
    (header_says(format=2), "newer program"),
    (header_says(schema="9999"), "newer program"),
    (header_says(schema="0003"), "changed after it was written"),
    (header_says(taken_at="2020-01-01T00:00:00+00:00"), "changed after it was written"),
    (header_says(id="bkp_other"), "other keys"),
)


def test_a_backup_that_was_touched_is_refused_with_its_reason_and_nothing_is_changed(
    world: World, tmp_path: Path
) -> None:
    whole = taken(world.database, tmp_path)
    before = everything(world.database.url)
    world.database.close()
    for change, words in DAMAGES:
        with pytest.raises(BackupRefused, match=words):
            put_back(damaged(whole, change), world.database.url, tmp_path, over=True)
    assert everything(world.database.url) == before


def test_any_other_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear clinic")
    with pytest.raises(BackupRefused, match="not a backup"):
        read_header(tmp_path / "letter")


def test_a_backup_replaces_no_file(world: World, tmp_path: Path) -> None:
    source = taken(world.database, tmp_path)
    before = source.read_bytes()
    with pytest.raises(BackupRefused, match="replaces none"):
        taken(world.database, tmp_path)
    assert source.read_bytes() == before


def test_a_database_with_rows_is_replaced_only_when_that_was_asked_for(world: World, tmp_path: Path) -> None:
    source = taken(world.database, tmp_path)
    world.begin()
    world.database.close()
    with pytest.raises(BackupRefused, match="not empty"):
        put_back(source, world.database.url, tmp_path)
    put_back(source, world.database.url, tmp_path, over=True)
    again = opened(world.database.url, tmp_path)
    with again.scope(world.clinic, world.as_system) as scope:
        assert scope.visits.get(world.visit).stage == "draft"
    again.close()


def test_another_programs_tables_are_left_alone(empty_url: str, world: World, tmp_path: Path) -> None:
    engine = open_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE invoices (id integer)"))
    engine.dispose()
    with pytest.raises(BackupRefused, match="another program"):
        put_back(taken(world.database, tmp_path), empty_url, tmp_path, over=True)


def test_after_an_older_backup_verification_says_what_is_missing_and_stays_whole(world: World, tmp_path: Path) -> None:
    source = taken(world.database, tmp_path)
    kept = verify(world.database, world.clinic).entries
    world.begin()
    world.database.close()
    put_back(source, world.database.url, tmp_path, over=True)
    again = opened(world.database.url, tmp_path)
    assert not verify(again, world.clinic).ok  # until it is owned up to, entries are missing
    (lost,) = own_up(again, OPERATOR)
    assert (lost.clinic, lost.first, lost.last) == (world.clinic, kept + 1, kept + 1)
    report = verify(again, world.clinic)
    assert (report.ok, report.signature) == (True, "valid")
    assert report.notes == (f"the chain had come to entry {kept + 1} before a backup was restored",)
    assert own_up(again, OPERATOR) == ()
    with again.reading() as session:
        said = session.execute(text("SELECT act, detail FROM audit_entries ORDER BY sequence DESC LIMIT 1")).one()
    assert said.act == "backups:backup:modified"
    assert json.loads(said.detail) == {"first": kept + 1, "last": kept + 1}
    again.close()


def test_nothing_is_owned_up_to_where_no_backup_was_restored(world: World) -> None:
    assert own_up(world.database, OPERATOR) == ()
    assert not unsettled(world.database)


def test_a_restore_is_open_until_records_and_workflows_were_compared(world: World, tmp_path: Path) -> None:
    source = taken(world.database, tmp_path)
    world.database.close()
    put_back(source, world.database.url, tmp_path, over=True)
    again = opened(world.database.url, tmp_path)
    assert unsettled(again)
    settled(again)
    assert not unsettled(again)
    again.close()


def test_taking_and_restoring_is_audited_with_who_did_it(world: World, tmp_path: Path) -> None:
    taken(world.database, tmp_path)
    with world.database.reading() as session:
        row = session.execute(text("SELECT actor, role, act FROM audit_entries ORDER BY sequence DESC LIMIT 1")).one()
    assert tuple(row) == ("ops", "platform_operator", "backups:backup:exported")


def test_a_backup_of_an_older_schema_becomes_this_programs(world: World, tmp_path: Path, empty_url: str) -> None:
    engine = open_engine(world.database.url)
    older = "0005"
    world.database.close()
    downgrade(world.database.url, older)
    engine.dispose()
    source = _taken_at(world, tmp_path)
    put_back(source, empty_url, tmp_path)
    assert read_header(source).schema == older
    upgrade(empty_url)
    assert set(everything(empty_url)) == set(METADATA.tables)
    upgrade(world.database.url)


def _taken_at(world: World, tmp_path: Path) -> Path:
    """A backup as the older program would have taken it: without the audit's words, which need today's tables."""
    again = opened(world.database.url, tmp_path)
    target = tmp_path / "older.backup"
    try:
        take_backup(again, tmp_path / "files", target, replace(OPERATOR))
    finally:
        again.close()
    return target


def test_what_is_written_meanwhile_is_in_the_backup_whole_or_not_at_all(
    database: Database, clock: HandClock, tmp_path: Path, empty_url: str
) -> None:
    walked: Walked = walk(database, "palmetto", "Aaa")
    with database.reading() as session:
        session.execute(text("SELECT count(*) FROM visits"))  # a snapshot like the backup's
        walked.world.begin()
        assert session.execute(text("SELECT count(*) FROM effects WHERE kind = 'change:held'")).scalar_one() <= 1
    source = taken(database, tmp_path)
    put_back(source, empty_url, tmp_path)
    again = opened(empty_url, tmp_path)
    assert verify(again, "palmetto").ok
    again.close()
