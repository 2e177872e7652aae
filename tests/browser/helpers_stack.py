"""The whole product as ``clinic up`` starts it, on ports and folders of its own, and a look into its records."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from records.database import Database
from records.keys import FileKeyProvider
from records.scope import Actor, Scope

ROOT = Path(__file__).resolve().parents[2]
SLUG = "marigold"
START_SECONDS = 180
STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A running product: its folder and the port of its pages."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    postgres: str = ""

    @property
    def url(self) -> str:
        """The address of its records."""
        return self.postgres or f"sqlite:///{self.data / 'records.sqlite3'}"

    @property
    def clinic(self) -> str:
        return f"http://{SLUG}.localhost:{self.port}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def logs(self) -> str:
        """Everything its programs wrote, for a failure's message."""
        files = [self.folder / "up.log", *sorted((self.data / "logs").glob("*.log"))]
        return "\n".join(f"== {file.name}\n{file.read_text()[-3000:]}" for file in files if file.exists())

    @contextmanager
    def records(self, actor: Actor | None = None) -> Iterator[Scope]:
        """One transaction in the running clinic's records."""
        keys = FileKeyProvider(self.folder / "data.keys")
        database = Database(self.url, keys)
        try:
            with database.scope(SLUG, actor or Actor.system("journey")) as scope:
                yield scope
        finally:
            database.close()


@contextmanager
def running_stack(
    folder: Path, postgres: str = "", *, empty: bool = True, clinic: Path = ROOT / f"clinics/{SLUG}.yaml"
) -> Iterator[Stack]:
    """Starts everything, waits until it is ready, and stops it cleanly at the end; records on SQLite unless told, and
    without the story of a new demonstration unless it is not to be ``empty``. The files are those around the clinic."""
    port = _free_port()
    command = [sys.executable, "-m", "admin_ui.cli", "up", str(clinic), "--port", str(port)]
    command += ["--empty"] if empty else []
    told = {"CLINIC_ROOT": str(clinic.parents[1])}
    told |= {"CLINIC_TRACES_FILE": str(folder / "data" / "logs" / "spans.jsonl"), "CLINIC_LOG_LEVEL": "debug"}
    told |= {"CLINIC_MEDIA_LADDER": str(ROOT / "tests" / "media" / "steady.yaml")}
    if postgres:
        told["CLINIC_DATABASE_URL"] = postgres
    environ = {**os.environ, **told, "PYTHONUNBUFFERED": "1"}
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--data", str(folder / "data")], cwd=ROOT, env=environ, stdout=log, stderr=subprocess.STDOUT
        )
    stack = Stack(folder=folder, port=port, process=process, postgres=postgres)
    try:
        _await_ready(stack)
        yield stack
    finally:
        _stop(process)


def _await_ready(stack: Stack) -> None:
    deadline = time.monotonic() + START_SECONDS
    while "Ready after" not in (stack.folder / "up.log").read_text():
        if stack.process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the product did not start\n{stack.logs()}")
        time.sleep(0.2)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
