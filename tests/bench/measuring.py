"""How are things measured side by side: in turns, in one run, so that a busy machine disturbs all of them alike."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROUNDS = 40


@dataclass(frozen=True, slots=True)
class Contestant:
    """Something to run many times; `peer` marks what ours is compared with."""

    name: str
    run: Callable[[], object]
    peer: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """Microseconds for one run: the median, and the run slower than 99 of 100."""

    name: str
    peer: bool
    runs: int
    p50_us: float
    p99_us: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(contestants: Sequence[Contestant], seconds: float) -> list[Result]:
    """Give each contestant its turn in every round; the first round only warms up."""
    times: dict[str, list[float]] = {contestant.name: [] for contestant in contestants}
    turn = seconds / ROUNDS / len(contestants)
    for number in range(ROUNDS + 1):
        for contestant in contestants:
            taken = _turn(contestant.run, turn)
            if number:
                times[contestant.name] += taken
    return [_result(contestant, times[contestant.name]) for contestant in contestants]


def _turn(run: Callable[[], object], seconds: float) -> list[float]:
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while not taken or time.perf_counter() < end:
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return taken


def _result(contestant: Contestant, taken: list[float]) -> Result:
    return result_of(contestant.name, taken, peer=contestant.peer)


def result_of(name: str, taken: Sequence[float], peer: bool = False) -> Result:
    """The result of runs that took so many seconds each."""
    ordered = sorted(taken)
    return Result(
        name,
        peer,
        len(ordered),
        round(statistics.median(ordered) * 1e6, 1),
        round(ordered[int(len(ordered) * 0.99)] * 1e6, 1),
    )


def peak_megabytes(process: int | None = None) -> float:
    """The most memory that a process has held so far; this one, where none is named."""
    return _megabytes(process, "VmHWM")


def held_megabytes(process: int | None = None) -> float:
    """The memory that a process holds now."""
    return _megabytes(process, "VmRSS")


def idle_megabytes() -> float:
    """The most memory that a fresh Python holds which only says so."""
    program = "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM:')))"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    return round(int(said) / 1024, 1)


def _megabytes(process: int | None, name: str) -> float:
    lines = Path(f"/proc/{process or 'self'}/status").read_text(encoding="ascii").splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return round(int(kilobytes) / 1024, 1)


def table(results: Sequence[Result], ratios: dict[str, float]) -> str:
    """Results and ratios as text columns."""
    width = max((len(name) for name in [*(result.name for result in results), *ratios]), default=0)
    lines = [f"{'':<{width}}  {'p50 us':>10}  {'p99 us':>10}  {'runs':>8}"]
    lines += [f"{r.name:<{width}}  {r.p50_us:>10.1f}  {r.p99_us:>10.1f}  {r.runs:>8}" for r in results]
    lines += [f"{name:<{width}}  {ratio:>10.2f}" for name, ratio in ratios.items()]
    return "\n".join(lines) + "\n"


def figures(numbers: dict[str, float]) -> str:
    """Named numbers as text columns."""
    width = max(map(len, numbers), default=0)
    return "".join(f"{name:<{width}}  {number:>10.1f}\n" for name, number in numbers.items())
