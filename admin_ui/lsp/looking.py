"""What is wrong with the files as an editor holds them, saved or not, and what does the law say meanwhile?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from engine.diagnostics import Diagnostic, Problems
from engine.evaluators import ClosuresOnly
from engine.failing_cases import report_failing
from engine.law import Case
from engine.law_case_names import check_named
from engine.law_cases import BULK_FOLDER, bulk_cases, check_starts, examples
from engine.law_examples import check_examples
from engine.law_freshness import report_beside, report_freshness
from engine.library import read_library
from engine.reading import held_by_editor
from engine.rulebook import LawPack, join, read_pack


@dataclass(frozen=True, slots=True)
class Installation:
    """Where authored files lie: the root, and the clinics' files where not all of the root's count."""

    root: Path
    clinics: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """Everything wrong at one moment, and the law as far as it could be read."""

    problems: tuple[Diagnostic, ...]
    law: LawPack | None


def look(installation: Installation, held: Mapping[Path, str], saved: str, today: date) -> Look:
    """One look at everything; the cases of the file just saved (its name under the root; empty: none) are asked too."""
    problems = Problems()
    with held_by_editor(held):
        read_library(installation.root, installation.clinics, problems)
        law = read_pack(installation.root, Problems())
        if law is not None:
            report_freshness(law.files, today, problems)
            report_beside(installation.root, today, problems)
            _check_cases(installation.root, law, _open_cases(installation.root, held), saved, problems)
    return Look(tuple(problems), law)


def _open_cases(root: Path, held: Mapping[Path, str]) -> bool:
    """Whether a file of bulk cases is open; else the many of them are not read at every stroke."""
    return any(path.is_relative_to(root / BULK_FOLDER) for path in held)


def _check_cases(root: Path, law: LawPack, bulk: bool, saved: str, problems: Problems) -> None:
    known = examples(root, problems)
    check_examples(known, law.vocabulary, problems)
    cases: list[Case] = [case for file in law.files for case in file.cases]
    cases += bulk_cases(root, law.vocabulary, law.topics, problems) if bulk else ()
    check_starts(cases, known, problems)
    check_named(cases, law, problems)
    if saved and not problems.errors:
        report_failing(join(law), _of(saved, cases), known, ClosuresOnly(), problems)


def _of(file: str, cases: Iterable[Case]) -> Iterable[Case]:
    return [case for case in cases if case.file == file]
