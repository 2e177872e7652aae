"""Whatever an author mistypes is told, never a crash: files with a line changed at random."""

import random
import re

import pytest

from engine.clinics_compile import Offering, compile_clinic
from engine.content import content_files
from engine.diagnostics import Problems, Severity
from engine.forms_clauses import compile_clauses
from engine.forms_compile import compile_form
from engine.last_resort import survived
from engine.reading import Node, read_text
from engine.safety_file import compile_safety
from engine.visits_compile import Folder, Surroundings, compile_specialty
from tests.engine.helpers_content import ROOT, content, vocabulary

FILES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in content_files(ROOT)}
VALUES = ("", "[]", "{}", "null", "true", "5", "-1", "1.5", "x", "[a, b]", "{a: b}", "[{id: a}]", "{in: [1]}")
MUTATIONS = 40


def compile_file(name: str, text: str) -> Problems:
    """Compile one file in its true surroundings."""
    problems = Problems()
    node = read_text(text, name, problems)
    folder, *_, last = name.split("/")
    if node is None:
        return problems
    if last == "clauses.yaml":
        compile_clauses(node, vocabulary(), problems)
    elif last == "safety.yaml":
        survived(name, problems, compile_safety, node)
    elif folder == "forms":
        compile_form(node, name.removeprefix("forms/").removesuffix(".yaml"), vocabulary(), problems)
    elif folder == "clinics":
        offering = Offering(specialties=content().specialties, vocabulary=vocabulary())
        compile_clinic(node, last.removesuffix(".yaml"), offering, problems)
    else:
        _compile_folder(name, node, problems)
    return problems


def _compile_folder(name: str, node: Node, problems: Problems) -> None:
    folder, last = name.rsplit("/", 1)
    kinds = ("specialty", "note", "formulary")
    texts = {kind: FILES.get(f"{folder}/{kind}.yaml") for kind in kinds}
    nodes = {kind: read_text(text, kind, Problems()) if text else None for kind, text in texts.items()}
    nodes[last.removesuffix(".yaml")] = node
    specialty = nodes["specialty"]
    assert specialty is not None
    own = folder.split("/")[1]
    parts = Folder(name=own, specialty=specialty, note=nodes["note"], formulary=nodes["formulary"])
    around = Surroundings(forms=content().forms, vocabulary=vocabulary(), schedules={})
    compile_specialty(parts, around, problems)


def mutated(text: str, dice: random.Random) -> str:
    """The text with one line gone, doubled, pulled left, or with another value."""
    lines = text.split("\n")
    place = dice.randrange(len(lines))
    keys = list(re.finditer(r"[\w.]+:\s*", lines[place]))
    how = dice.randrange(6)
    if how == 0:
        del lines[place]
    elif how == 1:
        lines.insert(place, lines[place])
    elif how == 2:
        lines[place] = lines[place].replace("  ", "", 1)
    elif keys:
        key = dice.choice(keys)
        rest = re.sub(r"^[^,}\]]*", "", lines[place][key.end() :])
        lines[place] = lines[place][: key.end()] + dice.choice(VALUES) + rest
    return "\n".join(lines)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_file_with_a_random_fault_is_diagnosed_and_never_crashes_the_check(name: str) -> None:
    dice = random.Random(name)
    told = [list(compile_file(name, mutated(FILES[name], dice))) for _ in range(MUTATIONS)]
    assert sum(bool(problems) for problems in told) > MUTATIONS / 5
    assert all(d.location.line for problems in told for d in problems)


@pytest.mark.parametrize("name", FILES)
def test_the_file_as_it_is_has_no_fault(name: str) -> None:
    assert [one for one in compile_file(name, FILES[name]) if one.severity is not Severity.WARNING] == []
