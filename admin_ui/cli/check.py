"""Is everything that people have authored right? Lists all problems in one pass."""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from admin_ui.cli.authored_files import read_everything
from admin_ui.cli.typed_settings import settings_with
from engine.diagnostics import BrokenInput, Diagnostic, as_github, as_json, as_text
from engine.settings import PREFIX

WRONG_INPUT = 2
FORMATS: Mapping[str, Callable[[Iterable[Diagnostic]], str]] = MappingProxyType(
    {"text": as_text, "json": as_json, "github": as_github}
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the files are and how problems are written."""
    parser.add_argument(
        "root", nargs="?", type=Path, metavar="ROOT", help="folder with rules, forms, specialties, clinics"
    )
    parser.add_argument(
        "--format", choices=FORMATS, default="text", help="for people, programs or GitHub (default: text)"
    )


def run(arguments: argparse.Namespace) -> int:
    """0 when all files are right (warnings allowed), 2 when one is not."""
    typed = {f"{PREFIX}ROOT": str(arguments.root.absolute())} if arguments.root else {}
    try:
        authored = read_everything(settings_with(typed=typed))
    except BrokenInput as error:
        _write(FORMATS[arguments.format](error.diagnostics))
        errors = sum(diagnostic.severity.value == "error" for diagnostic in error.diagnostics)
        sys.stderr.write(f"clinic: {errors} error{'s' if errors != 1 else ''}\n")
        return WRONG_INPUT
    if authored.warnings or arguments.format == "json":
        _write(FORMATS[arguments.format](authored.warnings))
    law, content = authored.law, authored.content
    counts = f"{len(law.files)} law files, {len(content.specialties)} specialties, {len(content.forms)} forms"
    sys.stderr.write(f"clinic: all right: {counts}, {len(content.clinics)} clinics\n")
    return 0


def _write(text: str) -> None:
    sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")
