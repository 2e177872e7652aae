"""How the program gets its own Python environment: built once from hash-locked requirements, then only checked.

Runs with the machine's Python before anything is installed: standard library only. `.venv/stamp-<set>` says which
lock and Python a set of packages came from; it is written last, so a half-built environment is never used.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from ctypes.util import find_library
from importlib.util import find_spec
from pathlib import Path

from admin_ui.cli.debian import SetupError, require, run_quietly, say

LOCKS = {"run": "requirements.txt", "test": "requirements-test.txt"}
# Commands that also need the packages of the tests: the peers that `bench` measures against are among them.
NEED_TESTS = ("test", "bench")
BUILT_HERE = ("durable-rules",)
PANGO = ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset")
PANGO_PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core")
BUILD_TOOLS = ("setuptools", "wheel")
# durable_rules calls a function that Python 3.13 removed; its successor takes the same arguments.
PYTHON_313 = "-DPyEval_CallObject(f,a)=PyObject_CallObject(f,a)"


def hand_over(root: str, arguments: Sequence[str]) -> int:
    """Make the environment ready and become `python -m admin_ui.cli ARGUMENTS`; returns only on failure."""
    try:
        python = ready(Path(root), "test" if arguments and arguments[0] in NEED_TESTS else "run")
    except SetupError as error:
        say(str(error))
        return 1
    except OSError as error:
        say(f"cannot set up {root}: {error.strerror} ({error.filename})")
        return 1
    # The program is found from any folder, and nothing in the current folder can stand in for one of its modules.
    environ = {**os.environ, "PYTHONPATH": root, "PYTHONSAFEPATH": "1"}
    environ.pop("PYTHONHOME", None)
    return os.execve(python, [str(python), "-m", "admin_ui.cli", *arguments], environ)


def ready(root: Path, wanted: str) -> Path:
    """The Python of the environment that has the set `wanted` ("run" or "test"); builds what is missing."""
    python = root / ".venv" / "bin" / "python"
    if _is_current(root, wanted):
        return python
    with _only_one(root / ".venv.lock"):
        if not _is_current(root, "run"):
            _build(root)
        if not _is_current(root, wanted):
            _install(root, wanted)
    return python


def _is_current(root: Path, wanted: str) -> bool:
    try:
        stamp = (root / ".venv" / f"stamp-{wanted}").read_text(encoding="ascii")
    except OSError:
        return False
    return stamp == _stamp(root, wanted) and (root / ".venv" / "bin" / "python").exists()


def _stamp(root: Path, wanted: str) -> str:
    lock = (root / LOCKS[wanted]).read_bytes()
    return f"{hashlib.sha256(lock).hexdigest()} python {sys.version_info[0]}.{sys.version_info[1]}\n"


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Two first starts at once: the second waits and finds the work done."""
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another start is setting up; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build(root: Path) -> None:
    require_build_tools()
    _wish_for_pango()
    say("setting up .venv (first use, or the requirements changed); this takes about a minute")
    folder = root / ".venv"
    if folder.exists():
        shutil.rmtree(folder)
    run_quietly([sys.executable, "-m", "venv", str(folder)], dict(os.environ), "python -m venv")
    _install(root, "run")


def require_build_tools() -> None:
    """The compiler, the headers and venv; asks Debian for the ones that are missing."""
    missing = _missing_tools()
    if not missing:
        return
    if sys.base_prefix != "/usr":
        missing = [name for name in missing if not name.startswith("python")]
    if not missing:
        raise SetupError(f"the Python at {sys.base_prefix} lacks its headers or venv; use one that has both")
    require(missing, "building the environment")
    if _missing_tools():
        raise SetupError("the compiler, Python's headers or venv are still missing after the installation")


def _wish_for_pango() -> None:
    """What lays out PDFs; without it patients print the page, so nothing stops where it cannot be had."""
    if os.geteuid() == 0 and shutil.which("apt-get") and not all(map(find_library, PANGO)):
        try:
            require(PANGO_PACKAGES, "writing summaries as PDF")
        except SetupError as error:
            say(f"{error}; summaries cannot be downloaded as PDF until then")


def _missing_tools() -> list[str]:
    python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    missing = []
    if not _compiles():
        missing += ["gcc", "libc6-dev"]
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        missing.append(f"{python}-dev")
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        missing.append(f"{python}-venv")
    return missing


def _compiles() -> bool:
    """Whether the compiler that Python will call is there with a C library's headers."""
    compiler = (sysconfig.get_config_var("CC") or "gcc").split()[0]
    if shutil.which(compiler) is None:
        return False
    trial = [compiler, "-E", "-x", "c", "-"]
    text = b"#include <stdlib.h>\n"
    return subprocess.run(trial, input=text, capture_output=True, check=False).returncode == 0


def _install(root: Path, wanted: str) -> None:
    """Every package by its hash: the tools that build first, then the wheels, then what is built here."""
    say(f"installing the packages of {LOCKS[wanted]}")
    blocks = dict(_blocks((root / LOCKS[wanted]).read_text(encoding="utf-8")))
    wheels = {name: block for name, block in blocks.items() if name not in BUILT_HERE}
    _pip(root, [blocks[name] for name in BUILD_TOOLS], "--only-binary", ":all:")
    _pip(root, wheels.values(), "--only-binary", ":all:")
    # Never out of pip's cache: a copy built for Python 3.13 without the flag installs, and fails at its import.
    _pip(root, [blocks[name] for name in BUILT_HERE], "--no-build-isolation", "--no-cache-dir")
    (root / ".venv" / f"stamp-{wanted}").write_text(_stamp(root, wanted), encoding="ascii")


def _blocks(lock: str) -> Iterator[tuple[str, str]]:
    """The entries of a lock file by name: a line `name==version \\` and its indented hashes."""
    block: list[str] = []
    for line in [*lock.splitlines(), "end=="]:
        if line[:1] not in (" ", "#", "") and block:
            yield block[0].split("==")[0], "\n".join(block) + "\n"
            block = []
        if line.strip() and not line.startswith("#"):
            block.append(line)


def _pip(root: Path, blocks: Iterable[str], *options: str) -> None:
    wanted = root / ".venv" / "wanted.txt"
    wanted.write_text("".join(blocks), encoding="utf-8")
    environ = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1")
    environ.pop("PYTHONPATH", None)
    if sys.version_info >= (3, 13):
        environ["CPPFLAGS"] = f"{environ.get('CPPFLAGS', '')} '{PYTHON_313}'".strip()
    pip = [str(root / ".venv" / "bin" / "python"), "-m", "pip", "install", "--no-input", "--no-deps"]
    run_quietly([*pip, "--require-hashes", *options, "--requirement", str(wanted)], environ, "pip install")
    wanted.unlink()
