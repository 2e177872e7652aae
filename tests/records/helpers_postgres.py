"""Starts a PostgreSQL server of its own: in a folder of /tmp, on a socket only, as a user without rights."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pg8000.dbapi

USERS = ("postgres", "nobody")
# For tests that do not cut the power: nothing is worth waiting for the disk.
HASTY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
LASTING = ("fsync=on", "synchronous_commit=on", "full_page_writes=on")
START_SECONDS = 30.0
# What a test may have changed about a database besides its rows; and how its rows go, whatever its triggers forbid.
SHAPE = """
SELECT (SELECT string_agg(version_num, ',') FROM alembic_version),
       (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal), (SELECT count(*) FROM pg_class)
"""
EMPTY = """
DO $$ DECLARE one text; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
      AND relname <> 'alembic_version' LOOP
    EXECUTE format('DELETE FROM %I', one);
  END LOOP;
END $$
"""
_NUMBERS = itertools.count(1)


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`: Debian's newest, or what the path has; None without a server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    here = found[-1] if found else shutil.which("initdb")
    return Path(here).resolve().parent if here else None


class Server:
    """One cluster; `stop` ends it and removes its folder."""

    def __init__(
        self, settings: Sequence[str] = HASTY, *, port: int = 5432, files: Mapping[str, bytes] | None = None
    ) -> None:
        self._settings = settings
        self._port = port
        self._programs = programs()
        # A socket's path has 107 signs at most, so not below pytest's own folder.
        self.folder = Path(tempfile.mkdtemp(prefix="clinic-pg-", dir="/tmp"))
        self._process: subprocess.Popen[bytes] | None = None
        self._spare: list[str] = []
        self._shapes: dict[str, object] = {}
        user = _user()
        if user is not None:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        for name, content in (files or {}).items():
            _write(self.folder / name, content)
        words = ("--username=clinic", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        subprocess.run(self._command("initdb", "-D", f"{self.folder}/data", *words), check=True, capture_output=True)
        self.start()

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        settings = (
            "listen_addresses=",
            f"port={self._port}",
            f"unix_socket_directories={self.folder}",
            "max_connections=120",
            "shared_buffers=32MB",
            *self._settings,
        )
        words = [word for setting in settings for word in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            command = self._command("postgres", "-D", f"{self.folder}/data", *words)
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.run("SELECT 1")
                return
            except pg8000.dbapi.Error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL to the postmaster and each of its children, as when the machine loses its power."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)  # or it would start new children for those that die first
        for process in [*_children(self._process.pid), self._process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait(30)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        return f"postgresql://clinic@/{name}?host={self.folder}"

    def create(self, template: str = "template1") -> str:
        """A new database, a copy of another one that nobody is connected to; its address."""
        name = f"t{next(_NUMBERS)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        self.run(f"DROP DATABASE IF EXISTS {_name(url)} WITH (FORCE)")

    def borrow(self, template: str) -> str:
        """A copy of the template without rows: one that was given back, or a new one."""
        if template not in self._shapes:
            self._shapes[template] = self.run(SHAPE, template)
        return self._spare.pop() if self._spare else self.create(template)

    def give_back(self, url: str, template: str) -> None:
        """Empties a borrowed database for the next test; one whose tables or triggers were changed is dropped."""
        if self.run(SHAPE, _name(url)) == self._shapes[template]:
            self.run(EMPTY, _name(url))
            self._spare.append(url)
        else:
            self.drop(url)

    def run(self, statement: str, database: str = "postgres") -> object:
        """Runs one statement as the server's owner; returns the rows it answers."""
        socket = f"{self.folder}/.s.PGSQL.{self._port}"
        connection = pg8000.dbapi.connect("clinic", database=database, unix_sock=socket, ssl_context=False)
        try:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    def _command(self, program: str, *words: str) -> list[str]:
        """The server refuses to run as root; it ends with us, however we end."""
        assert self._programs is not None
        user = _user()
        rights = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"] if user else []
        return ["setpriv", *rights, "--pdeathsig", "INT", str(self._programs / program), *words]


def _write(path: Path, content: bytes) -> None:
    """A file that only the server reads."""
    path.write_bytes(content)
    path.chmod(0o600)
    user = _user()
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def _name(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


def _user() -> pwd.struct_passwd | None:
    """Whom the server runs as when we are root."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return next(known[name] for name in USERS if name in known)


def _children(process: int) -> list[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(word) for word in text.split()]
