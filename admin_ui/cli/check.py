"""Is everything that people have authored right? Lists all problems in one pass."""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from admin_ui.cli.typed_settings import settings_with
from admin_ui.cli.walks import WalksBroken, walk_visits
from engine.diagnostics import Diagnostic, Problems, as_github, as_json, as_text
from engine.evaluator_pool import EvaluatorPool
from engine.failing_cases import report_failing
from engine.last_resort import FAILED, survived
from engine.law import Source
from engine.law_case_names import check_named
from engine.law_cases import bulk_cases, check_starts, examples
from engine.law_examples import check_examples
from engine.law_freshness import report_beside, report_freshness
from engine.law_ordinary import check_ordinary
from engine.library import Library, read_library, with_law_alone
from engine.releases import LOG, check_releases
from engine.rulebook import LawPack, join
from engine.settings import PREFIX, Settings
from engine.unread import report_unread
from engine.visit_case_gates import Asking, report_gates
from engine.visit_cases_reading import read_visit_cases
from workflows.gatekeeper import LawGateKeeper

WRONG_INPUT, FAILURE = 2, 1
NO_DAY = "9999-12-31"
FORMATS: Mapping[str, Callable[[Iterable[Diagnostic]], str]] = MappingProxyType(
    {"text": as_text, "json": as_json, "github": as_github}
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the files are and how problems are written."""
    parser.add_argument(
        "root", nargs="?", type=Path, metavar="ROOT", help="folder with rules, forms, specialties, clinics"
    )
    parser.add_argument("--no-cases", action="store_true", help="read the cases, but do not ask them")
    parser.add_argument(
        "--visits", action="store_true", help="walk the specialties' cases through whole visits while time is skipped"
    )
    parser.add_argument(
        "--format", choices=FORMATS, default="text", help="for people, programs or GitHub (default: text)"
    )


def run(arguments: argparse.Namespace) -> int:
    """0 when all files are right (warnings allowed), 2 when one is not, 1 when this program failed."""
    typed = {f"{PREFIX}ROOT": str(arguments.root.absolute())} if arguments.root else {}
    settings, problems = settings_with(typed=typed), Problems()
    library, asked = check_files(settings, problems, ask=not arguments.no_cases)
    if library is not None and arguments.visits and not problems.errors:
        try:
            asked += walk_visits(settings, problems)
        except WalksBroken as broken:
            sys.stderr.write(f"clinic: {broken}\n")
            return FAILURE
    text = FORMATS[arguments.format](problems)
    sys.stdout.write(f"{text}\n" if text else "")
    if library is None or problems.errors:
        errors = len(problems.errors)
        unasked = "" if asked or arguments.no_cases else "; the law's cases are asked once there is none"
        sys.stderr.write(f"clinic: {errors} error{'s' if errors != 1 else ''}{unasked}\n")
        return FAILURE if any(problem.code == FAILED for problem in problems) else WRONG_INPUT
    law, content = library.law, library.content
    counts = f"{len(law.files)} law files, {len(content.specialties)} specialties, {len(content.forms)} forms"
    cases = f", {asked} cases hold" if asked else ""
    sys.stderr.write(f"clinic: all right: {counts}, {len(content.clinics)} clinics{cases}\n")
    sys.stderr.write(f"clinic: {_released(law)}\n")
    return 0


def _released(law: LawPack) -> str:
    """Whether the law that was checked is what a release says; where it is not, that is no fault, and said."""
    if law.known is None:
        return "the law has changes that nobody has released (`clinic release`)"
    return f"the law is that of release {law.known.number} of {law.known.at}"


def check_files(settings: Settings, problems: Problems, *, ask: bool) -> tuple[Library | None, int]:
    """Everything under a root, None where something cannot be read at all, and how many cases were asked."""
    report_unread(settings.root, problems)
    library = survived(".", problems, read_library, settings.root, settings.clinics)
    survived(LOG, problems, check_releases, settings.root)
    if library is None:
        return None, 0
    today = datetime.now(UTC).date()
    check_checked(library.law.sources.values(), today, problems)
    report_freshness(library.law.files, today, problems)
    report_beside(settings.root, today, problems)
    return library, survived(".", problems, _check_cases, settings, library, ask) or 0


def _check_cases(settings: Settings, library: Library, ask: bool, problems: Problems) -> int:
    """The cases of law and of visits, and the examples that any starts from; how many were asked.

    They are asked of both engines, those of the law without a clinic, and only where nothing else is wrong.
    """
    law = library.law
    known = examples(settings.root, problems)
    check_examples(known, law.vocabulary, problems)
    check_ordinary(settings.root, law.topics.gates, problems)
    cases = [case for file in law.files for case in file.cases]
    cases += bulk_cases(settings.root, law.vocabulary, law.topics, problems)
    check_starts(cases, known, problems)
    check_named(cases, law, problems)
    visits = read_visit_cases(settings.root, library.content, problems)
    if problems.errors or not ask or not (cases or visits):
        return 0
    with EvaluatorPool(settings.evaluator_processes) as evaluator:
        report_failing(join(law), cases, known, evaluator, problems)
        keeper = LawGateKeeper(lambda: with_law_alone(library), evaluator)
        report_gates(visits, Asking(content=library.content, keeper=keeper, evaluator=evaluator), problems)
    return len(cases) + len(visits)


def check_checked(sources: Iterable[Source], today: date, problems: Problems) -> None:
    """Nobody has read a source on a day that has not begun anywhere."""
    newest = (today + timedelta(days=1)).isoformat()
    for source in sources:
        if newest < source.checked < NO_DAY:
            problems.report("LAW031", source.at, source=source.id, day=source.checked)
