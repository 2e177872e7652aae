"""Do whole visits come out as their cases say? A program of the workflows' room walks them; here is its answer read."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from engine.diagnostics import Diagnostic, Location, Problems, Severity
from engine.settings import HOME, Settings

_PROGRAM = "workflows.walking"
_ANSWERED = frozenset({0, 2})
_NO_SERVER = 3


class WalksBroken(Exception):
    """The visits could not be walked; carries why in words."""


def walk_visits(settings: Settings, problems: Problems) -> int:
    """Walk every case through the visit's real workflow; what does not hold is reported. How many were walked.

    Raises:
        WalksBroken: there is no server that skips time, or the program broke off.
    """
    words = [sys.executable, "-m", _PROGRAM, str(settings.root), *map(str, settings.clinics)]
    walked = subprocess.run(words, cwd=HOME, capture_output=True, text=True, check=False)
    if walked.returncode == _NO_SERVER:
        raise WalksBroken("no temporal-test-server is installed; `./clinic test` installs what it needs")
    if walked.returncode not in _ANSWERED:
        raise WalksBroken(f"the walks broke off: {walked.stderr.strip()[-2000:]}")
    problems.found.extend(map(_read, json.loads(walked.stdout)))
    return int(walked.stderr.split()[-1])


def _read(told: Mapping[str, Any]) -> Diagnostic:
    """A diagnostic as its JSON says it."""
    severity, place = Severity(told["severity"]), Location(**told["location"])
    return Diagnostic(told["code"], severity, place, told["what"], told["why"], told["fix"])
