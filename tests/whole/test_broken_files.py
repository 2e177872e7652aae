"""A typo, and then a crash: the pages go on with the files that were good last until the typo is mended."""

from __future__ import annotations

import http.client
import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.browser.helpers_stack import Stack, running_stack
from tests.engine.helpers_small_tree import FILES, plant
from tests.whole.helpers_killing import left_running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

FORM, CLINIC = "forms/care/intake.yaml", "clinics/elm.yaml"
TYPO = "oops: 1\n"
WITHIN = 60.0


def test_pages_answer_after_a_typo_and_a_kill_and_the_mended_file_is_taken(tmp_path: Path) -> None:
    root = plant(tmp_path / "root")
    with running_stack(tmp_path, clinic=root / CLINIC) as stack:
        (root / FORM).write_text(FILES[FORM] + TYPO, encoding="utf-8")
        place = f"{FORM}:{FILES[FORM].count(chr(10)) + 1}:1"
        _until(lambda: f"was refused: {place}" in _terminal(stack))
        for program in ("worker", "web"):
            _killed(stack, program)
        _until(lambda: _page(stack)[0] == 200)
        for program in ("worker", "web"):
            _until(lambda program=program: place in _log(stack, program))  # type: ignore[misc]
        (root / FORM).write_text(FILES[FORM], encoding="utf-8")
        (root / CLINIC).write_text(FILES[CLINIC].replace("name: Elm", "name: Oak", 1), encoding="utf-8")
        _until(lambda: "Oak" in _page(stack)[1])
        assert "Traceback" not in _log(stack, "web") + _log(stack, "worker") + _terminal(stack)
    assert left_running(tmp_path / "data") == []


def _killed(stack: Stack, program: str) -> None:
    """Kills a program with -9 and waits until the supervisor has started it anew."""
    dead = _pid(stack, program)
    os.kill(dead, signal.SIGKILL)
    _until(lambda: _pid(stack, program) != dead)


def _pid(stack: Stack, program: str) -> int:
    return int(json.loads((stack.data / "programs.json").read_text(encoding="utf-8"))[program]["pid"])


def _terminal(stack: Stack) -> str:
    return (stack.folder / "up.log").read_text(encoding="utf-8")


def _log(stack: Stack, program: str) -> str:
    return (stack.data / "logs" / f"{program}.log").read_text(encoding="utf-8")


def _page(stack: Stack) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", stack.port, timeout=10)) as connection:
        connection.request("GET", "/", headers={"Host": f"elm.localhost:{stack.port}"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException):
            if true():
                return
        time.sleep(0.1)
    raise AssertionError("it did not come about in time")
