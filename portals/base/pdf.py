"""How a page becomes a PDF: by a process of its own that is stopped when it takes too long."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path

log = logging.getLogger(__name__)
SECONDS = 30.0
_PROGRAM = Path(__file__).with_name("pdf_writer.py")
_AT_ONCE = threading.BoundedSemaphore(2)
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"  # how the machine's libraries are looked for


def pdf_of(page: str) -> bytes:
    """The page as PDF; empty where this machine cannot write one (it lacks Pango, or took too long).

    Comfort fails soft: whoever asked shows the page, which a browser can print.
    """
    with _AT_ONCE:
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
