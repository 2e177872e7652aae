"""A process killed in the middle of saving loses nothing that it had acknowledged, and leaves a whole audit chain."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from records.audit import verify
from tests.records.helpers import World
from tests.records.helpers_journey import FORM

SAVE = """
import os, sys
from pathlib import Path
from records.database import Database
from records.forms import AnswerDraft
from records.keys import FileKeyProvider
from records.scope import Actor
url, folder, visit, person, name = sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]
database = Database(url, FileKeyProvider(folder / "keys"))
number = 0
while True:
    item = f"{name}{number}"
    draft = AnswerDraft(visit=visit, form="urgent_care/intake", item=item, value=number, version=0, key=item)
    with database.scope("palmetto", Actor(person=person, role="patient")) as scope:
        scope.forms.save_answer(draft)
    os.write(1, f"{number}\\n".encode())
    number += 1
"""


def start(world: World, folder: Path, name: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SAVE, world.database.url, str(folder), world.visit, world.patient, name]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def acknowledged(process: subprocess.Popen[bytes]) -> int:
    """How many saves the killed process had reported: whole lines only, and the first one read before."""
    assert process.stdout is not None
    return process.stdout.read().count(b"\n") + 1


def several(process: subprocess.Popen[bytes], least: int = 3) -> int:
    """Waits for so many more saves to be reported, however busy the machine is; returns how many were."""
    assert process.stdout is not None
    lines = 0
    while lines < least:
        lines += os.read(process.stdout.fileno(), 64).count(b"\n")
    return lines


@pytest.mark.parametrize("round_", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_kill_nine_loses_no_acknowledged_answer(world: World, tmp_path: Path, round_: int) -> None:
    world.begin()
    processes = {name: start(world, tmp_path, name) for name in ("a", "b")}
    for process in processes.values():
        assert process.stdout is not None
        assert os.read(process.stdout.fileno(), 2) == b"0\n"  # each has saved its first
    begun = {name: several(process, 3 + round_) for name, process in processes.items()}
    for process in processes.values():
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    told = {name: begun[name] + acknowledged(process) for name, process in processes.items()}
    with world.database.scope(world.clinic, world.as_patient) as scope:
        kept = scope.forms.answers(world.visit, FORM)
    for name, count in told.items():
        missing = [number for number in range(count) if kept[f"{name}{number}"].value != number]
        assert (count > 3, missing) == (True, [])
    report = verify(world.database, world.clinic)
    assert (report.ok, report.signature) == (True, "valid")
