"""The supervisor with small real processes: started, watched, started again, stopped in order."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from admin_ui.cli.programs import says_ready
from admin_ui.cli.supervisor import Program, StartFailed, Supervisor

STAYS = "print('ready', flush=True); import time; time.sleep(60)"
IGNORES_TERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + STAYS
NOTES_ITS_END = """
import signal, sys, time
def leave(*_):
    open({ends!r}, "a").write({name!r} + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("ready", flush=True)
time.sleep(60)
"""


def program(folder: Path, name: str, code: str) -> Program:
    return Program(
        name=name,
        command=[sys.executable, "-c", code],
        environ=dict(os.environ),
        log=folder / f"{name}.log",
        healthy=says_ready,
    )


def supervisor(said: list[str]) -> Supervisor:
    return Supervisor(say=said.append, on_change=lambda _: None)


async def test_a_killed_program_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    house = supervisor(said)
    await house.start([program(tmp_path, "worker", STAYS)])
    running = house.running[0]
    assert running.process is not None
    first = running.process
    first.kill()
    while running.starts < 2 or not await says_ready(running):
        await asyncio.sleep(0.02)
    assert running.process is not first
    assert said == ["worker ended (status -9); starting it again in 0.2 s"]
    await house.stop()
    assert running.process.returncode == -signal.SIGTERM


async def test_programs_stop_in_the_reverse_order_of_their_start(tmp_path: Path) -> None:
    house = supervisor([])
    ends = tmp_path / "ends"
    for name in ("first", "second", "third"):
        await house.start([program(tmp_path, name, NOTES_ITS_END.format(ends=str(ends), name=name))])
    await house.stop()
    assert ends.read_text().split() == ["third", "second", "first"]


@pytest.mark.slow
async def test_a_program_that_never_starts_is_given_up_with_its_log_named(tmp_path: Path) -> None:
    house = supervisor([])
    with pytest.raises(StartFailed, match=r"broken does not start; its log is .*broken\.log"):
        await house.start([program(tmp_path, "broken", "raise SystemExit(3)")])
    await house.stop()
    assert house.running[0].failures >= 5


async def test_a_program_that_ignores_the_polite_signal_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin_ui.cli.supervisor.STOP_WITHIN", 0.2)
    said: list[str] = []
    house = supervisor(said)
    await house.start([program(tmp_path, "deaf", IGNORES_TERM)])
    await house.stop()
    process = house.running[0].process
    assert process is not None and process.returncode == -signal.SIGKILL
    assert said == ["deaf did not stop within 0 s and was killed"]


def test_no_program_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    script = textwrap.dedent(
        f"""
        import asyncio, os, pathlib, sys
        from tests.admin_ui.test_supervisor import STAYS, program, supervisor
        async def main():
            house = supervisor([])
            await house.start([program(pathlib.Path({str(tmp_path)!r}), "worker", STAYS)])
            print(house.running[0].process.pid, flush=True)
            await asyncio.sleep(60)
        asyncio.run(main())
        """
    )
    root = Path(__file__).parents[2]
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=root, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(200):
        if not _runs(child):
            return
        subprocess.run(["sleep", "0.02"], check=True)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child was still running four seconds after its supervisor was killed")


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
