"""How fast is this machine's installation beside its peers? Runs each measurement as a program of its own."""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from engine.settings import HOME


@dataclass(frozen=True, slots=True)
class Measurement:
    """A module of tests/bench that prints one JSON object, the sentence above its table, and whether it is asked for
    without being named."""

    name: str
    title: str
    usual: bool = True


MEASUREMENTS = (
    Measurement("decisions", "A full licensing, consent and prescribing decision, same case in turns"),
    Measurement("visits", "Whole visits beside empty workflows with the same messages, activities and timers"),
    Measurement("audit", "The audit written and checked, beside bare hashes and bare rows"),
    Measurement("media", "A call's packets forwarded, beside Janus and aiortc's own relay", usual=False),
    Measurement("pages", "Pages on a slow phone: weight, largest paint, layout shift", usual=False),
    Measurement("patients", "500 patients at once on PostgreSQL, beside a page of one query", usual=False),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to measure, for how long, and how it is written."""
    names = [measurement.name for measurement in MEASUREMENTS]
    parser.add_argument(
        "what", nargs="*", choices=[*names, []], metavar="WHAT", help=f"{', '.join(names)} (default: the first three)"
    )
    parser.add_argument(
        "--seconds", type=float, default=20.0, metavar="N", help="about how long each takes (default: 20)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """0 when everything was measured and holds what it must, 1 when not; a page above its mark is such a miss."""
    missed = False
    measured: dict[str, Any] = {}
    for measurement in MEASUREMENTS:
        if measurement.name not in arguments.what and (arguments.what or not measurement.usual):
            continue
        found = _measure(measurement.name, arguments.seconds)
        if found is None:
            return 1
        text = found.pop("table")
        measured[measurement.name] = found
        missed = missed or _tell_misses(measurement.name, found)
        if not arguments.json:
            sys.stdout.write(f"{measurement.title}\n\n{text}\n")
            sys.stdout.flush()
    if arguments.json:
        sys.stdout.write(json.dumps(measured, indent=1) + "\n")
    return int(missed)


def _tell_misses(name: str, found: dict[str, Any]) -> bool:
    """Says what is above its mark; whether anything is."""
    misses: list[str] = found.get("misses", [])
    for one in misses:
        sys.stderr.write(f"clinic: {name}: {one} is above its mark\n")
    return bool(misses)


def _measure(name: str, seconds: float) -> dict[str, Any] | None:
    command = [sys.executable, "-m", f"tests.bench.{name}", "--seconds", str(seconds)]
    done = subprocess.run(command, cwd=HOME, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.stderr.write(f"clinic: {name} could not be measured\n")
        return None
    result: dict[str, Any] = json.loads(done.stdout)
    return result
