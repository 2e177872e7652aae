"""Which Debian packages are missing, and how they come onto the machine: root gets them, anyone else their names.

Runs before the program's own environment exists: standard library only.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_TEXT = "#!/bin/sh\n# Written by clinic while it installs packages: no service starts by itself.\nexit 101\n"


class SetupError(Exception):
    """The machine lacks something; the message says what, in one sentence."""


def say(sentence: str) -> None:
    """Set-up talk goes to standard error only: standard output belongs to answers."""
    sys.stderr.write(f"clinic: {sentence}\n")
    sys.stderr.flush()


def require(packages: Sequence[str], purpose: str) -> None:
    """Install `packages` as root after one line saying so, or raise `SetupError` naming them."""
    names = " ".join(packages)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SetupError(f"{purpose} needs these Debian packages; install them as root: apt-get install {names}")
    say(f"installing the Debian packages {names} ({purpose})")
    with ended_by_signals(), services_stay_off():
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", *packages)


@contextmanager
def services_stay_off(policy: Path = POLICY) -> Iterator[None]:
    """Keep freshly installed packages from starting services; a policy that was there before is put back."""
    kept = policy.with_name(policy.name + ".before-clinic")
    _undo(policy, kept)
    if policy.exists() or policy.is_symlink():
        policy.rename(kept)
    try:
        policy.write_text(POLICY_TEXT, encoding="ascii")
        policy.chmod(0o755)
        yield
    finally:
        _undo(policy, kept)


def _undo(policy: Path, kept: Path) -> None:
    """Also cleans up after a run that was killed: our own text never stays, theirs always returns."""
    if policy.is_file() and policy.read_text(encoding="utf-8", errors="replace") == POLICY_TEXT:
        policy.unlink()
    if kept.exists() or kept.is_symlink():
        kept.rename(policy)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into an exit that runs the clean-up on its way."""
    names = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(name, _leave) for name in names]
    try:
        yield
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _apt(*arguments: str) -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run_quietly(["apt-get", "--quiet", *arguments], environ, f"apt-get {arguments[0]}")


def run_quietly(command: Sequence[str], environ: dict[str, str], name: str) -> None:
    """Run a command without a terminal; on failure raise `SetupError` with the last lines it wrote."""
    done = subprocess.run(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        tail = "\n  ".join(done.stdout.decode(errors="replace").strip().splitlines()[-8:])
        raise SetupError(f"{name} failed:\n  {tail}")
