"""A program killed while files come in loses none that it had acknowledged, and what it leaves behind goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from records.audit import verify
from records.blob_sweep import Census, census
from tests.records.helpers import HandClock, build_world, open_database
from tests.records.helpers_blobs import PDF, fetch, kept, store_of

SEND = """
import os, sys
from pathlib import Path
from integrations.scan.null import NoScanner
from records.blob_store import BlobStore
from records.database import Database
from records.keys import FileKeyProvider
from records.scope import Actor
import records.blob_rows
records.blob_rows.MOST_FILES = 10_000
folder, visit, person = Path(sys.argv[1]), *sys.argv[2:]
database = Database(f"sqlite:///{folder / 'records.sqlite3'}", FileKeyProvider(folder / "keys"))
store, number = BlobStore(database, folder / "files", NoScanner()), 0
while True:
    with store.upload("palmetto", Actor(person=person, role="patient"), visit) as upload:
        upload.write(b"%PDF-1.7 " + str(number).encode() * 20_000)
        blob = store.keep(upload)
    os.write(1, f"{blob}\\n".encode())
    number += 1
"""


@pytest.mark.slow
def test_kill_nine_loses_no_acknowledged_file(tmp_path: Path) -> None:
    database = open_database(tmp_path, HandClock())
    world = build_world(database)
    world.begin()
    told: list[str] = []
    for rounds in range(2):
        command = [sys.executable, "-c", SEND, str(tmp_path), world.visit, world.patient]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            told += [process.stdout.readline().decode().strip() for _ in range(2 + rounds)]
            os.kill(process.pid, signal.SIGKILL)
            told += [line.decode().strip() for line in process.stdout if line.endswith(b"\n")]
    store = store_of(world, tmp_path)
    assert len(told) >= 5
    for blob in told:
        assert fetch(store, world, blob).startswith(PDF[:8])
    files = kept(world, tmp_path)
    assert not any(path.name.startswith(".") for path in files)
    found = census(database.url, tmp_path / "files")
    assert (found.missing, found.stray) == (0, 0)
    assert store.check_waiting(world.clinic) == 0, "what was killed in the midst of its check is checked"
    assert census(database.url, tmp_path / "files") == Census(kept=len(files), quarantined=0, missing=0, stray=0)
    assert verify(database, world.clinic).ok
    database.close()
