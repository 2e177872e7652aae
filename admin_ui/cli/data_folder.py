"""Where does one running installation keep its data, keys and logs, and how is a second start on them refused?"""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

PRIVATE = 0o700
LOG_LIMIT = 10_000_000
LEFTOVERS_END_WITHIN = 15.0
# One of these is in every folder that was used before, or was restored from a copy.
OURS = {"lock", "records.sqlite3", "temporal.sqlite3"}


class FolderInUse(Exception):
    """Another `clinic up` runs on this data folder."""


class ForeignFolder(Exception):
    """The folder holds files, and none of an installation; carries its path."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The data folder of one installation; its keys lie beside it, never inside, so that a copy of one is no leak."""

    data: Path
    keys: Path
    lock: int = -1

    @property
    def logs(self) -> Path:
        """One file per program; they hold events and ids, never what a person said."""
        return self.data / "logs"

    @property
    def temporal_database(self) -> Path:
        """The embedded Temporal server's SQLite file."""
        return self.data / "temporal.sqlite3"

    def log(self, program: str) -> Path:
        """The log of one program; the one before is kept as `.1` once it has grown large."""
        path = self.logs / f"{program}.log"
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
        return path

    def write_programs(self, programs: Mapping[str, Mapping[str, Any]]) -> None:
        """Tell operators and tests which process listens where (`programs.json`)."""
        path = self.data / "programs.json"
        draft = path.with_suffix(".tmp")
        draft.write_text(json.dumps(programs, indent=1, sort_keys=True), encoding="utf-8")
        draft.replace(path)


@contextmanager
def opened(data: Path, keys: Path) -> Iterator[DataFolder]:
    """Make the folders (0700, or tighten what is there) and hold them alone; raises `FolderInUse`, `ForeignFolder`.

    A folder with somebody else's files is left as it is: shutting it to others could shut a whole machine's folder.

    Hand `lock` down to every program started: the folder counts as used until the last of them has ended, even
    when the supervisor itself was killed.
    """
    names = {path.name for path in data.iterdir()} if data.is_dir() else set()
    if names - {"logs"} and not names & OURS:
        raise ForeignFolder(str(data))
    for path in (data, keys, DataFolder(data, keys).logs):
        path.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
        path.chmod(PRIVATE)
    with (data / "lock").open("a+") as handle:
        _hold(handle)
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield DataFolder(data, keys, handle.fileno())


def _hold(handle: IO[str]) -> None:
    """Take the lock; programs left over from a killed start get a moment to end."""
    deadline = time.monotonic() + LEFTOVERS_END_WITHIN
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read().strip()
            if _is_alive(holder) or time.monotonic() > deadline:
                raise FolderInUse(holder or "unknown") from None
        time.sleep(0.1)


def _is_alive(process: str) -> bool:
    return process.isdigit() and Path("/proc", process).exists()
