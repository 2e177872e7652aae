"""How can a library that may crash or hang answer, without taking the service with it? In processes of its own.

The only module with processes. They are started with a fresh interpreter, not forked from a process full of threads,
and ahead of need: beside the working ones a spare stands ready, so a death costs the one decision it was about.
"""

import contextlib
import os
import queue
import select
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from engine import frames
from engine.evaluators import Answer
from engine.faults import EngineFault
from engine.programs import Program, Sheet
from engine.rete import rulesets

_ROOT = Path(__file__).resolve().parents[1]

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Seconds and counts: an answer, building new rulesets on first use, waiting for a free worker; a worker's life."""

    answer: float = 1.0
    build: float = 5.0
    wait: float = 5.0
    start: float = 20.0
    decisions: int = 50_000
    rulesets: int = 600


class Line(Generic[Result]):
    """Things to be had by one thread at a time; who has waited longest gets the next one, so nobody starves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Result] = []
        self._waiting: deque[queue.SimpleQueue[Result]] = deque()

    @property
    def waiting(self) -> int:
        """How many threads wait."""
        return len(self._waiting)

    def put(self, thing: Result) -> None:
        """Hand it to whoever waits, or keep it."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().put(thing)
            else:
                self._idle.append(thing)

    def get(self, timeout: float) -> Result:
        """The one put back last, or the next; raises `queue.Empty` after `timeout` seconds."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
            mine: queue.SimpleQueue[Result] = queue.SimpleQueue()
            self._waiting.append(mine)
        try:
            return mine.get(timeout=timeout)
        except queue.Empty:
            with self._lock:
                if mine in self._waiting:
                    self._waiting.remove(mine)
                    raise
            return mine.get_nowait()  # handed over in the last moment


class EvaluatorPool:
    """Second engines in processes; safe for threads, a context manager. One round trip answers one program."""

    independent = True

    def __init__(self, processes: int = 2, limits: PoolLimits | None = None) -> None:
        self._limits = limits or PoolLimits()
        self._free: Line[_Worker] = Line()
        self._lock = threading.Lock()
        self._generation = 0
        self._closed = False
        self._all: list[_Worker] = []
        for _ in range(max(1, processes)):
            self._free.put(self._start())
        self._spare = self._start()

    def evaluate(self, program: Program, sheet: Sheet) -> tuple[bool | None, ...]:
        """One truth for each condition; a crash, a hang, an error or no free worker raises `EngineFault`."""
        return self.start(program, sheet)()

    def start(self, program: Program, sheet: Sheet) -> Answer:
        """The same in two steps: asked now, and heard when the answer is called, which must be done once."""
        worker = self._take()
        deadline = self._kept_or_replaced(worker, lambda: worker.ask(program, sheet))

        def answer() -> tuple[bool | None, ...]:
            truths = self._kept_or_replaced(worker, lambda: worker.hear(program, deadline))
            self._give_back(worker)
            return truths

        return answer

    def _kept_or_replaced(self, worker: "_Worker", step: Callable[[], Result]) -> Result:
        try:
            return step()
        except BaseException:
            self._replace(worker)
            raise

    def reload(self) -> None:
        """Retire every worker, each after its present decision: the library leaks the rulesets of older rulebooks."""
        with self._lock:
            self._generation += 1

    def processes(self) -> tuple[int, ...]:
        """The process ids, the spare's last (for operations and crash tests)."""
        with self._lock:
            return tuple(worker.pid for worker in self._all)

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            self._closed = True
            workers, self._all = self._all, []
        for worker in workers:
            worker.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> "_Worker":
        worker = _Worker(self._generation, self._limits)
        self._all.append(worker)
        return worker

    def _take(self) -> "_Worker":
        if self._closed:
            raise EngineFault("closed")
        try:
            worker = self._free.get(self._limits.wait)
        except queue.Empty:
            raise EngineFault("busy") from None
        return self._replaced(worker) if self._is_old(worker) else worker

    def _give_back(self, worker: "_Worker") -> None:
        if self._is_old(worker):
            self._replace(worker)
        else:
            self._free.put(worker)

    def _is_old(self, worker: "_Worker") -> bool:
        return worker.worn_out or worker.generation != self._generation

    def _replace(self, worker: "_Worker") -> None:
        self._free.put(self._replaced(worker))

    def _replaced(self, worker: "_Worker") -> "_Worker":
        """End a worker; the spare takes its place and a new spare is started."""
        with self._lock:
            self._all = [other for other in self._all if other is not worker]
            following = self._spare
            if not self._closed:
                self._spare = self._start()
                following.generation = self._generation
        worker.end()
        return following


@lru_cache(maxsize=2000)
def _sources(program: Program) -> list[dict[str, object]]:
    return [
        {"definition": source.definition, "fields": source.fields, "meaning": source.meaning}
        for source in rulesets(program)
    ]


class _Worker:
    """One process and what it knows; used by one thread at a time."""

    def __init__(self, generation: int, limits: PoolLimits) -> None:
        self.generation = generation
        self._limits = limits
        self._known: set[str] = set()
        self._asked = 0
        self._rulesets = 0
        environment = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "engine.rete_worker"],
            cwd=_ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input = self._process.stdin.fileno()
        os.set_blocking(self._input, False)
        self._answers = frames.Incoming(self._process.stdout.fileno())
        self._leaves = select.poll()
        self._leaves.register(self._input, select.POLLOUT)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def worn_out(self) -> bool:
        return self._asked >= self._limits.decisions or self._rulesets >= self._limits.rulesets

    def ask(self, program: Program, sheet: Sheet) -> float:
        """Send one question; returns when its answer is due (monotonic seconds), and raises `EngineFault`."""
        self._asked += 1
        request: dict[str, object] = {
            "number": self._asked,
            "program": program.id,
            "count": len(program.conditions),
            "row": program.row(sheet),
        }
        fresh = program.id not in self._known
        if fresh:
            request |= {"fields": program.fields, "sources": _sources(program)}
        limit = self._limits.build if fresh else self._limits.answer
        deadline = time.monotonic() + (limit if self._asked > 1 else self._limits.start)
        self._write(frames.request_frame(request), deadline)
        return deadline

    def hear(self, program: Program, deadline: float) -> tuple[bool | None, ...]:
        """The answer to what was asked last; raises `EngineFault`."""
        body = self._body(deadline)
        self._rulesets, truths = frames.read_answer(body, self._asked, len(program.conditions))
        self._known.add(program.id)
        return truths

    def _write(self, data: bytes, deadline: float) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._input, view) :]
            except BlockingIOError:
                self._await_room(deadline)
            except OSError:
                raise EngineFault("crashed") from None

    def _body(self, deadline: float) -> bytes:
        try:
            return self._answers.next(deadline)
        except TimeoutError:
            raise EngineFault("too_slow") from None
        except OverflowError:
            raise EngineFault("frame") from None
        except (EOFError, OSError):
            raise EngineFault("crashed") from None

    def _await_room(self, deadline: float) -> None:
        if not self._leaves.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise EngineFault("too_slow")

    def end(self) -> None:
        """Kill the process and take its exit status, so that nothing is left behind."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError, AttributeError):
                pipe.close()  # type: ignore[union-attr]
        self._process.wait()
