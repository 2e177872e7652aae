"""How are the programs of one machine started, watched, started again and stopped?

A program that ends while it should run is started again, after a pause that doubles up to ten seconds and falls back
once it has stayed up. All of them die with the supervisor, even when it is killed.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
SETTLED_AFTER = 30.0
STOP_WITHIN = 10.0
HEALTHY_WITHIN = 60.0
LOOK_EVERY = 0.05
FAILED_STARTS = 5
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)

Health = Callable[["Running"], Awaitable[bool]]
Say = Callable[[str], None]


class StartFailed(Exception):
    """A program did not become healthy; the message names it and its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One process to keep running: its command and environment, its log, and how to ask for its health."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    log: Path
    healthy: Health
    port: int | None = None


@dataclass(slots=True)
class Running:
    """A program and its process of the moment; `log_start` is where this process's lines begin in the log."""

    program: Program
    process: asyncio.subprocess.Process | None = None
    log_start: int = 0
    starts: int = 0
    failures: int = 0

    def log_text(self) -> str:
        """What this process has written so far."""
        with self.program.log.open("rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")


@dataclass(slots=True)
class Supervisor:
    """Keeps programs running; `on_change` is told after each start; each program holds `lock`."""

    say: Say
    on_change: Callable[["Supervisor"], None]
    lock: int = -1
    running: list[Running] = field(default_factory=list)
    _watchers: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self, programs: Sequence[Program]) -> None:
        """Start these together and return when all are healthy; raises `StartFailed`."""
        fresh = [Running(program) for program in programs]
        for item in fresh:
            self.running.append(item)
            await self._spawn(item)
            self._watchers.append(asyncio.create_task(self._watch(item)))
        await asyncio.gather(*(self._until_healthy(item) for item in fresh))

    async def stop(self) -> None:
        """Stop the last started first, each with SIGTERM and, should it not listen, SIGKILL."""
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        for item in reversed(self.running):
            await self._end(item)

    async def _spawn(self, item: Running) -> None:
        item.log_start = item.program.log.stat().st_size if item.program.log.exists() else 0
        with item.program.log.open("ab") as log:
            item.process = await asyncio.create_subprocess_exec(
                *item.program.command,
                env=dict(item.program.environ),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Its own session: Ctrl-C reaches the supervisor alone, which stops the others in order.
                start_new_session=True,
                pass_fds=[self.lock] if self.lock >= 0 else [],
                preexec_fn=_die_with_parent,
            )
        item.starts += 1
        self.on_change(self)

    async def _watch(self, item: Running) -> None:
        pause = FIRST_PAUSE
        while True:
            started = time.monotonic()
            status = await item.process.wait() if item.process else 0
            item.failures += 1
            if time.monotonic() - started > SETTLED_AFTER:
                pause, item.failures = FIRST_PAUSE, 0
            self.say(f"{item.program.name} ended (status {status}); starting it again in {pause:.1f} s")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            await self._spawn(item)

    async def _until_healthy(self, item: Running) -> None:
        deadline = time.monotonic() + HEALTHY_WITHIN
        while not await item.program.healthy(item):
            if item.failures >= FAILED_STARTS or time.monotonic() > deadline:
                raise StartFailed(f"{item.program.name} does not start; its log is {item.program.log}")
            await asyncio.sleep(LOOK_EVERY)

    async def _end(self, item: Running) -> None:
        process = item.process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_WITHIN)
        except TimeoutError:
            self.say(f"{item.program.name} did not stop within {STOP_WITHIN:.0f} s and was killed")
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _die_with_parent() -> None:
    """In the child, between fork and exec: ask the kernel for SIGTERM should the supervisor die."""
    if sys.platform == "linux":
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
