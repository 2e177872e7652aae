"""A file's whole life on either database, and many sent at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.ports import VisitChange
from records.access import Role
from records.backup import take_backup
from records.blob_folder import BlobFolder
from records.blob_rows import look
from records.blob_store import BlobStore
from records.blob_sweep import census, remove_erased
from records.codes import machine_now
from records.database import Database
from records.erasure import erase, erase_again
from records.errors import AlreadyDone, Erased, NotFound, Overtaken, Unreadable
from records.keys import FileKeyProvider, KeysRefused
from records.restore import Target, restore
from records.work import Actor
from tests.records.helpers import World
from tests.records.helpers_blobs import PDF, FakeScanner, fetch, kept, lying, picture, send, store_of

pytestmark = pytest.mark.slow
OPERATOR = Actor(person="ops", role=Role.PLATFORM_OPERATOR)


def test_a_file_is_sent_seen_and_taken_back(world: World, tmp_path: Path) -> None:
    world.begin()
    store = store_of(world, tmp_path)
    photo, paper = send(store, world, picture()), send(store, world, PDF)
    assert fetch(store, world, photo).startswith(b"\xff\xd8")
    store.remove(world.clinic, world.as_patient, photo)
    with pytest.raises(NotFound):
        fetch(store, world, photo)
    assert fetch(store, world, paper) == PDF
    assert len(kept(world, tmp_path)) == 1


def test_the_same_file_sent_by_many_requests_at_once_is_one(world: World, tmp_path: Path) -> None:
    world.begin()
    store = store_of(world, tmp_path)

    def once(_: int) -> str:
        while True:
            try:
                return send(store, world, PDF)
            except Overtaken:
                continue

    with ThreadPoolExecutor(4) as pool:
        sent = set(pool.map(once, range(8)))
    assert (len(sent), len(lying(tmp_path))) == (1, 1)
    assert fetch(store, world, sent.pop()) == PDF


def test_a_removal_that_comes_twice_at_once_is_done_once(world: World, tmp_path: Path) -> None:
    world.begin()
    store = store_of(world, tmp_path)
    blob = send(store, world, PDF)

    def once(_: int) -> bool:
        try:
            store.remove(world.clinic, world.as_patient, blob)
        except (AlreadyDone, Overtaken):
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(once, range(4))) == 1
    assert lying(tmp_path) == []


def test_a_backup_brings_files_back_that_open_and_nobody_reads_a_stolen_one(
    world: World, tmp_path: Path, empty_url: str
) -> None:
    world.begin()
    store, mark = store_of(world, tmp_path), b"Zx9Canary" * 40
    photo, paper = send(store, world, picture()), send(store, world, PDF + mark)
    seen = fetch(store, world, photo)
    backup = tmp_path / "files.backup"
    take_backup(world.database, tmp_path / "files", backup, OPERATOR)
    held = backup.read_bytes()
    assert not any(word in held for word in (b"Zx9Canary", photo.encode(), lying(tmp_path)[0].name.encode()))
    target = Target(url=empty_url, files=tmp_path / "back" / "files")
    target.files.mkdir(parents=True)
    restore(backup, target, FileKeyProvider(tmp_path / "keys"), "ops", machine_now())
    database = Database(empty_url, FileKeyProvider(tmp_path / "keys"))
    again = BlobStore(database, target.files, FakeScanner())
    for blob, content in ((photo, seen), (paper, PDF + mark)):
        with again.open(world.clinic, world.as_provider, blob) as (_, pieces):
            assert b"".join(pieces) == content
    assert census(empty_url, target.files).missing == 0
    database.close()
    stolen = Database(empty_url, FileKeyProvider(tmp_path / "other-keys"))
    with pytest.raises((KeysRefused, Unreadable)), stolen.work(world.clinic, world.as_system) as work:
        look(work, paper)
    stolen.close()


def test_files_in_a_restored_copy_of_an_erased_patient_stay_shut(world: World, tmp_path: Path, empty_url: str) -> None:
    world.begin()
    store = store_of(world, tmp_path)
    paper = send(store, world, PDF)
    backup = tmp_path / "files.backup"
    take_backup(world.database, tmp_path / "files", backup, OPERATOR)
    world.store.change(world.effect(), VisitChange(event="completed", stage="completed"))
    with world.database.work(world.clinic, OPERATOR) as work:
        erase(work, world.patient, {"reason": "patient_request"})
    target = Target(url=empty_url, files=tmp_path / "back" / "files")
    target.files.mkdir(parents=True)
    restore(backup, target, FileKeyProvider(tmp_path / "keys"), "ops", machine_now())
    database = Database(empty_url, FileKeyProvider(tmp_path / "keys"))
    with pytest.raises(Erased), database.work(world.clinic, world.as_system) as work:
        look(work, paper)
    erase_again(database, OPERATOR)
    assert remove_erased(database, target.files) == 1
    assert list(BlobFolder(target.files).names()) == []
    database.close()
