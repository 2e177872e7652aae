"""Which programs make up one machine's installation, and how is each one asked whether it is well?"""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import replace

from admin_ui.cli.data_folder import DataFolder
from admin_ui.cli.supervisor import Health, Program, Running
from engine.settings import Settings, to_environment

READY = "ready"
# What a program needs from the machine beside its settings.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONSAFEPATH", "SSL_CERT_FILE", "TZ")


def programs(settings: Settings, folder: DataFolder) -> list[Program]:
    """Worker, media nodes and web, in the order of starting; the last is stopped first."""
    environ = child_environment(settings)
    worker = [sys.executable, "-m", "workflows.worker", "--role"]
    return [
        Program(
            name="worker", command=[*worker, "worker"], environ=environ, log=folder.log("worker"), healthy=says_ready
        ),
        *(_media(settings, folder, at) for at in range(settings.media_nodes)),
        Program(
            name="web",
            command=[sys.executable, "-m", "portals.app"],
            environ=environ,
            log=folder.log("web"),
            healthy=answers(settings.web_host, settings.web_port),
            port=settings.web_port,
        ),
    ]


def _media(settings: Settings, folder: DataFolder, at: int) -> Program:
    """One media node; the first is called `media`, the next `media2`."""
    name = "media" if not at else f"media{at + 1}"
    http, udp = settings.media_ports[at]
    return Program(
        name=name,
        command=[sys.executable, "-m", "workflows.worker", "--role", "media"],
        environ=child_environment(replace(settings, media_http_port=http, media_udp_port=udp, media_nodes=1)),
        log=folder.log(name),
        healthy=answers(settings.media_host, http),
        port=http,
    )


def child_environment(settings: Settings) -> Mapping[str, str]:
    """The settings, and of the machine's own names only those that a program needs."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**kept, **to_environment(settings), "PYTHONUNBUFFERED": "1"}


async def says_ready(running: Running) -> bool:
    """Whether a program without a listener has written the line `ready`."""
    return READY in running.log_text().splitlines()


def answers(host: str, port: int) -> Health:
    """Whether `GET /healthz` answers 200 at `host` and `port`."""

    async def ask(_running: Running) -> bool:
        try:
            return await asyncio.wait_for(_status(host, port), 2) == 200
        except (OSError, TimeoutError, ValueError, IndexError):
            return False

    return ask


async def _status(host: str, port: int) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()
