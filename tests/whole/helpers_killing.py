"""Kills the programs of a running installation with -9 in turn, and sees that the supervisor brings each back."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.browser.helpers_stack import Stack
from tests.whole.helpers_pages import Site

BACK_SECONDS = 60.0
LOOK_SECONDS = 0.2


@dataclass
class Killer:
    """Goes through ``order``, its kills spread evenly over ``steps_in_all``, on a slow machine as on a fast one."""

    stack: Stack
    site: Site
    order: tuple[str, ...]
    steps_in_all: int
    killed: Counter[str] = field(default_factory=Counter)
    killed_at: list[tuple[str, int]] = field(default_factory=list)

    async def run(self) -> None:
        for number, name in enumerate(self.order, 1):
            while self.site.steps * (len(self.order) + 1) < self.steps_in_all * number:
                await asyncio.sleep(LOOK_SECONDS)
            pid = self._pid(name)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.killed[name] += 1
                self.killed_at.append((name, self.site.steps))
            await self._until_back(name, pid)

    async def _until_back(self, name: str, dead: int) -> None:
        async with asyncio.timeout(BACK_SECONDS):
            while self._pid(name) == dead:
                await asyncio.sleep(LOOK_SECONDS)
            while name == "web" and not await asyncio.to_thread(self._serves):
                await asyncio.sleep(LOOK_SECONDS)

    def _pid(self, name: str) -> int:
        return int(json.loads((self.stack.data / "programs.json").read_text(encoding="utf-8"))[name]["pid"])

    def _serves(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def left_running(folder: Path) -> list[int]:
    """Processes that still carry this installation's data folder in their environment."""
    mark, found = str(folder).encode(), []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in environ.read_bytes() and int(environ.parent.name) != os.getpid():
                found.append(int(environ.parent.name))
    return found
