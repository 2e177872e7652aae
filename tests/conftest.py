"""What every test shares: nothing of the person or the machine that runs it changes a result; and in which order."""

import gc
import json
import os
from collections.abc import Generator, Iterator

import hypothesis
import pytest
from argon2 import PasswordHasher
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from admin_ui.cli.soak_report import ROWS
from engine.collecting import collector_paused
from records import sign_in

# How long an example takes says how busy the machine is, not whether the program is right.
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("house")

# These start whole installations. Two at once would starve each other on two cores, so one worker takes them all.
WHOLE_INSTALLATIONS = (
    "tests/whole/test_killed.py",
    "tests/whole/test_killed_in_the_middle.py",
    "tests/whole/test_broken_files.py",
    "tests/whole/test_postgres.py",
    "tests/browser/test_visit_journey.py",
    "tests/browser/test_recording_journey.py",
    "tests/browser/test_node_killed.py",
    "tests/browser/test_demo.py",
    "tests/browser/test_case_journey.py",
    "tests/browser/test_canary.py",
    "tests/admin_ui/test_up.py",
)

# How many things are made before Python looks for cycles among them; its own 700 is for small programs.
MADE_BEFORE_A_LOOK = 20_000


class WholeFiles(LoadFileScheduling):
    """A file stays on one worker, and so do all that start installations."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid.partition("::")[0])


def group(file: str) -> str:
    """What a file's tests are handed out together with."""
    return "installations" if file in WHOLE_INSTALLATIONS else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """How two workers share the tests."""
    return WholeFiles(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """The tests, what they import and the law stay until the end: walking them for garbage took a fifth of the time."""
    with collector_paused():
        found = yield
    gc.freeze()
    gc.set_threshold(MADE_BEFORE_A_LOOK)
    return found


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a worker the longest come first; a run without workers keeps the order it was asked for."""
    if hasattr(config, "workerinput"):
        longest_first(items)


def longest_first(items: list[pytest.Item]) -> None:
    """Whole installations, then the files with slow tests, then the others."""
    slow = {_file(item) for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: (_file(item) not in WHOLE_INSTALLATIONS, _file(item) not in slow))


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """In a soak each test leaves a row, with what it measured (``record_property``)."""
    if ROWS not in os.environ or "PYTEST_XDIST_WORKER" in os.environ:
        return
    if report.when == "call" or report.outcome != "passed":
        figures = dict(report.user_properties)
        row = {"test": report.nodeid, "outcome": report.outcome, "seconds": report.duration, "figures": figures}
        with open(os.environ[ROWS], "a", encoding="utf-8") as rows:
            rows.write(json.dumps(row) + "\n")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's exported CLINIC_* names must not change a result."""
    for name in [name for name in os.environ if name.startswith("CLINIC_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def real_hasher() -> Iterator[PasswordHasher]:
    """The hasher of passwords as shipped. It is slow on purpose, so every test that signs in has a quick one."""
    with pytest.MonkeyPatch.context() as patched:
        shipped = sign_in._HASHER
        patched.setattr(sign_in, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield shipped
