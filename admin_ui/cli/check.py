"""Is everything that people have authored right? Lists all problems in one pass."""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from admin_ui.cli.typed_settings import settings_with
from engine.diagnostics import Diagnostic, Problems, as_github, as_json, as_text
from engine.law import Source
from engine.law_cases import bulk_cases, check_starts, examples
from engine.library import read_library
from engine.rulebook import LawPack
from engine.settings import PREFIX
from engine.unread import report_unread

WRONG_INPUT = 2
NO_DAY = "9999-12-31"
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
    settings, problems = settings_with(typed=typed), Problems()
    report_unread(settings.root, problems)
    library = read_library(settings.root, settings.clinics, problems)
    if library is not None:
        _check_cases(settings.root, library.law, problems)
        check_checked(library.law.sources.values(), datetime.now(UTC).date(), problems)
    text = FORMATS[arguments.format](problems)
    sys.stdout.write(f"{text}\n" if text else "")
    if library is None or problems.errors:
        errors = len(problems.errors)
        sys.stderr.write(f"clinic: {errors} error{'s' if errors != 1 else ''}\n")
        return WRONG_INPUT
    law, content = library.law, library.content
    counts = f"{len(law.files)} law files, {len(content.specialties)} specialties, {len(content.forms)} forms"
    sys.stderr.write(f"clinic: all right: {counts}, {len(content.clinics)} clinics\n")
    return 0


def _check_cases(root: Path, law: LawPack, problems: Problems) -> None:
    """The cases apart from the law, and the examples that any case starts from."""
    cases = [case for file in law.files for case in file.cases]
    cases += bulk_cases(root, law.vocabulary, law.topics, problems)
    check_starts(cases, examples(root, problems), problems)


def check_checked(sources: Iterable[Source], today: date, problems: Problems) -> None:
    """Nobody has read a source on a day that has not begun anywhere."""
    newest = (today + timedelta(days=1)).isoformat()
    for source in sources:
        if newest < source.checked < NO_DAY:
            problems.report("LAW031", source.at, source=source.id, day=source.checked)
