"""What does a folder hold: every form, specialty, clinic and consent clause, compiled and checked together?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.clinics import ClinicFile
from engine.clinics_compile import Offering, compile_clinic
from engine.clinics_schema import CLINIC
from engine.consent_text import ClauseBook
from engine.diagnostics import Problems
from engine.drugs import read_drugs
from engine.forms import Form
from engine.forms_clauses import CLAUSES, compile_clauses
from engine.forms_compile import compile_form
from engine.forms_schema import FORM
from engine.last_resort import survived
from engine.logo import KINDS, MOST_BYTES
from engine.packs import digest
from engine.reading import Node, read_file
from engine.remembered import read_once
from engine.safety import EMPTY, SafetyBase
from engine.safety_file import SAFETY, read_safety, safety_files
from engine.shapes import Shape
from engine.visit_cases_schema import VISIT_CASES
from engine.visits import Specialty, VisitType
from engine.visits_compile import Folder, Surroundings, compile_specialty
from engine.visits_schema import FORMULARY, NOTE, SPECIALTY
from engine.vocabulary import Vocabulary, read_vocabulary

_CLAUSES = Path("forms/consent/clauses.yaml")
_FORMS_KEPT = 256  # compiled forms that a process remembers, those of older texts among them


@dataclass(frozen=True, slots=True, kw_only=True)
class Backdrop:
    """What content stands on: the vocabulary, and drug names to their federal schedules (None: not controlled)."""

    vocabulary: Vocabulary
    schedules: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Everything authored but the law. `digest` names the content pack: forms, specialties and clauses.

    `safety` is what prescribers are warned of, the same for every specialty and no part of a pack.
    """

    forms: Mapping[str, Form]
    specialties: Mapping[str, Specialty]
    clinics: Mapping[str, ClinicFile]
    clauses: ClauseBook
    digest: str
    safety: SafetyBase = EMPTY

    def form(self, form_id: str) -> Form:
        """The form of an id such as `area/form`; `KeyError` where there is none."""
        return self.forms[form_id]

    def visit_type(self, name: str) -> VisitType:
        """The visit type named `specialty/type`; `KeyError` where there is none."""
        specialty, _, visit_type = name.partition("/")
        return self.specialties[specialty].visit_types[visit_type]

    def clinic(self, slug: str) -> ClinicFile:
        """The clinic of a slug; `KeyError` where there is none."""
        return self.clinics[slug]


def load_content(root: Path, clinics: Sequence[Path] = ()) -> Content:
    """Everything under a root, with the clinics of these files (all of `root/clinics` when none is named).

    Raises:
        BrokenInput: with everything that is wrong.
    """
    problems = Problems()
    content = read_content(root, clinics, problems)
    problems.stop_if_broken()
    assert content is not None
    return content


def read_content(root: Path, clinics: Sequence[Path], problems: Problems) -> Content | None:
    """The same, with everything wrong put among `problems`; None where something is broken."""
    backdrop = read_backdrop(root, problems)
    return compile_content(root, clinics, backdrop, problems) if backdrop is not None else None


def read_backdrop(root: Path, problems: Problems) -> Backdrop | None:
    """The vocabulary and the drug bases under a root; of the drug bases only the law's own check reports problems."""
    mine = Problems()
    node = read_file(root / "rules" / "vocabulary.yaml", root, mine)
    vocabulary = read_vocabulary(node, mine) if node is not None else None
    problems.found.extend(mine.found)
    if vocabulary is None or mine.errors:
        return None
    return Backdrop(vocabulary=vocabulary, schedules=_schedules(root))


def compile_content(root: Path, clinics: Sequence[Path], backdrop: Backdrop, problems: Problems) -> Content | None:
    """Everything authored but the law, before a given backdrop; None where something is broken."""
    mine = Problems()
    content = _content(root, clinics, backdrop, mine)
    problems.found.extend(mine.found)
    return None if mine.errors else content


def content_schemas() -> Mapping[str, Shape]:
    """The shape of every kind of file outside the law, by the kind's name."""
    return {
        "form": FORM,
        "clauses": CLAUSES,
        "specialty": SPECIALTY,
        "note": NOTE,
        "formulary": FORMULARY,
        "visit_cases": VISIT_CASES,
        "safety": SAFETY,
        "clinic": CLINIC,
    }


def content_files(root: Path, clinics: Sequence[Path] = ()) -> tuple[Path, ...]:
    """Every file that `load_content` reads, but for the vocabulary and the drug base."""
    folders = [*root.glob("forms/*/*.yaml"), *root.glob("specialties/*/*.yaml")]
    return (*sorted(folders), *safety_files(root), *clinics_read(root, clinics))


def picture_files(root: Path, clinics: Sequence[Path] = ()) -> tuple[Path, ...]:
    """The logos that lie beside the clinics' files."""
    folders = {path.parent for path in clinics_read(root, clinics)}
    return tuple(sorted(path for folder in folders for kind in KINDS for path in folder.glob(f"*{kind}")))


def clinics_read(root: Path, clinics: Sequence[Path]) -> tuple[Path, ...]:
    """The clinics' files: those named, or all of `root/clinics`."""
    return tuple(clinics) or tuple(sorted(root.glob("clinics/*.yaml")))


def unused_pictures(content: Content, pictures: Iterable[Path]) -> frozenset[Path]:
    """Those of these pictures that are no clinic's logo: a clinic's file may lie in anybody's folder."""
    logos = {one.brand.logo.content for one in content.clinics.values() if one.brand.logo is not None}
    return frozenset(path for path in pictures if _bytes(path) not in logos)


def _bytes(path: Path) -> bytes | None:
    """A picture's bytes; None where it is gone, or larger than any logo."""
    try:
        return path.read_bytes() if path.stat().st_size <= MOST_BYTES else None
    except OSError:
        return None


def _content(root: Path, clinics: Sequence[Path], backdrop: Backdrop, problems: Problems) -> Content | None:
    vocabulary = backdrop.vocabulary
    forms = dict(_forms(root, vocabulary, problems))
    broken_forms = frozenset(_form_files(root)) - forms.keys()
    clauses = _clauses(root, vocabulary, problems)
    around = Surroundings(
        forms=forms,
        vocabulary=vocabulary,
        schedules=backdrop.schedules,
        broken=broken_forms,
        consents=tuple(clauses.kinds) if clauses is not None else (),
    )
    specialties = dict(_specialties(root, around, problems))
    broken = frozenset(path.parent.name for path in _specialty_files(root)) - specialties.keys()
    carried = frozenset(path.name.upper() for path in root.glob("rules/*/??") if path.is_dir())
    offering = Offering(specialties=specialties, vocabulary=vocabulary, broken=broken, carried=carried)
    compiled = dict(_clinics(root, clinics, offering, problems))
    if clauses is None:
        return None
    named = {
        "forms": {name: form.digest for name, form in forms.items()},
        "specialties": {name: specialty.digest for name, specialty in specialties.items()},
        "clauses": clauses.digest,
    }
    return Content(
        forms=forms,
        specialties=specialties,
        clinics=compiled,
        clauses=clauses,
        digest=digest(named),
        safety=read_safety(root, problems),
    )


@read_once(most=_FORMS_KEPT)
def _form(node: Node, vocabulary: Vocabulary, problems: Problems) -> Form | None:
    """The form of a file, whose place is its id; the same for the same text, however often it is read."""
    return compile_form(node, node.at.file.removeprefix("forms/").removesuffix(".yaml"), vocabulary, problems)


def _forms(root: Path, vocabulary: Vocabulary, problems: Problems) -> Iterable[tuple[str, Form]]:
    for name, path in _form_files(root).items():
        node = read_file(path, root, problems)
        form = survived(node.at.file, problems, _form, node, vocabulary) if node is not None else None
        if form is not None:
            yield name, form


def _form_files(root: Path) -> dict[str, Path]:
    """Every form's file by the form's id."""
    files = (path for path in sorted(root.glob("forms/*/*.yaml")) if path != root / _CLAUSES)
    return {path.relative_to(root / "forms").with_suffix("").as_posix(): path for path in files}


def _specialty_files(root: Path) -> list[Path]:
    return sorted(root.glob("specialties/*/specialty.yaml"))


def _specialties(root: Path, around: Surroundings, problems: Problems) -> Iterable[tuple[str, Specialty]]:
    for path in _specialty_files(root):
        node = read_file(path, root, problems)
        if node is None:
            continue
        folder = Folder(
            name=path.parent.name,
            specialty=node,
            note=_beside(path, "note.yaml", root, problems),
            formulary=_beside(path, "formulary.yaml", root, problems),
        )
        specialty = survived(node.at.file, problems, compile_specialty, folder, around)
        if specialty is not None:
            yield folder.name, specialty


def _beside(path: Path, name: str, root: Path, problems: Problems) -> Node | None:
    file = path.parent / name
    return read_file(file, root, problems) if file.exists() else None


def _clauses(root: Path, vocabulary: Vocabulary, problems: Problems) -> ClauseBook | None:
    node = read_file(root / _CLAUSES, root, problems)
    return survived(node.at.file, problems, compile_clauses, node, vocabulary) if node is not None else None


def _clinics(
    root: Path, clinics: Sequence[Path], offering: Offering, problems: Problems
) -> Iterable[tuple[str, ClinicFile]]:
    for path in clinics_read(root, clinics):
        node = read_file(path, root, problems)
        clinic = None
        if node is not None:
            here = replace(offering, beside=path.parent)
            clinic = survived(node.at.file, problems, compile_clinic, node, path.stem, here)
        if clinic is not None:
            yield clinic.slug, clinic


def _schedules(root: Path) -> dict[str, str | None]:
    """Drug names to their federal schedules, from every country's drug base."""
    found: dict[str, str | None] = {}
    for path in sorted(root.glob("rules/*/drugs.yaml")):
        node = read_file(path, root, Problems())
        if node is not None:
            found |= {name: drug.schedule for name, drug in read_drugs(node, Problems()).items()}
    return found
