"""How a page becomes a PDF: by a process of its own that is stopped when it takes too long."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)
SECONDS = 30.0
_PROGRAM = Path(__file__).with_name("pdf_writer.py")
AT_ONCE = 2
_WRITING: set[str] = set()
_LOCK = threading.Lock()
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"  # how the machine's libraries are looked for


def pdf_of(page: str, person: str) -> bytes:
    """The page as PDF; empty where none is written: this machine lacks Pango, took too long, or writes enough already.

    A person has one written at a time. Nobody waits for a place: the threads that would wait serve every other page.
    Comfort fails soft: whoever asked shows the page, which a browser can print.
    """
    with _place(person) as free:
        if not free:
            log.info("no PDF was written: too many at once")
            return b""
        command = [sys.executable, "-I", "-B", str(_PROGRAM)]
        try:
            done = subprocess.run(
                command,
                input=page.encode("utf-8"),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PATH": _PATH},
                timeout=SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as fault:
            log.warning("no PDF was written: %s", type(fault).__name__)
            return b""
    if done.returncode != 0 or not done.stdout.startswith(b"%PDF-"):
        log.warning("no PDF was written: status %d", done.returncode)
        return b""
    return done.stdout


@contextmanager
def _place(person: str) -> Iterator[bool]:
    """Whether there is room for one more of that person; it is theirs until the end."""
    with _LOCK:
        free = person not in _WRITING and len(_WRITING) < AT_ONCE
        if free:
            _WRITING.add(person)
    try:
        yield free
    finally:
        if free:
            with _LOCK:
                _WRITING.discard(person)
