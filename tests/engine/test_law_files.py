"""A fault in a law file is reported on its line with its number; everything at once."""

import json
import shutil
from pathlib import Path

import pytest

from engine.diagnostics import REGISTER, BrokenInput, Problems, as_github, as_json, as_text
from engine.rulebook import load_rulebook, read_pack
from tests.rules.helpers_cases import ROOT

PRESCRIBING = "rules/us/fl/prescribing.yaml"
LICENSING = "rules/us/fl/licensing.yaml"
CONSENT = "rules/us/fl/consent.yaml"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The law of one state and what it stands on: a fault is found without reading the others again."""
    shutil.copytree(ROOT / "rules", tmp_path / "rules", ignore=shutil.ignore_patterns("ca", "nj", "ny", "tx"))
    return tmp_path


def spoil(tree: Path, file: str, old: str, new: str) -> int:
    """Replace the first occurrence and return its line."""
    path = tree / file
    text = path.read_text(encoding="utf-8")
    assert old in text, "the seeded fault has nothing to stand on"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


# A fault of every kind is seeded in test_hundred_faults; these stand in long files, and in what several files share.
FAULTS = [
    (PRESCRIBING, "when: {drug.schedule: II,", "when: {drug.shedule: II,", "COND001", 0),
    (PRESCRIBING, "{from: unknown, until: 2023-06-30,", "{from: unknown, until: 2023-06-28,", "LAW006", 2),
    (PRESCRIBING, "given: {patient.setting: hospice}", "given: {patient.seting: hospice}", "LAW013", 0),
    (LICENSING, "{require: registered_pharmacy,", "{require: registred_pharmacy,", "LAW008", 0),
    (CONSENT, "  background: {title: ", "  background: {title: x", "LAW018", 0),
]


@pytest.mark.parametrize(("file", "old", "new", "code", "shift"), FAULTS, ids=[f"{f[3]} {f[2][:40]}" for f in FAULTS])
def test_a_seeded_fault_is_found_on_its_line(tree: Path, file: str, old: str, new: str, code: str, shift: int) -> None:
    line = spoil(tree, file, old, new)
    problems = Problems()
    read_pack(tree, problems)
    found = [(d.code, d.location.line) for d in problems if d.location.file == file]
    assert (code, line + shift) in found, as_text(problems)


def test_everything_wrong_is_reported_in_one_pass(tree: Path) -> None:
    spoil(tree, PRESCRIBING, "title: Schedule II", "titel: Schedule II")
    spoil(tree, LICENSING, "due: before_booking", "due: soon")
    spoil(tree, CONSENT, "is: 18", "is: eighteen")
    with pytest.raises(BrokenInput) as caught:
        load_rulebook(tree)
    assert {d.location.file for d in caught.value.diagnostics} == {PRESCRIBING, LICENSING, CONSENT}


def test_the_law_as_written_has_no_diagnostics() -> None:
    problems = Problems()
    read_pack(ROOT, problems)
    assert not problems.found, as_text(problems)


def test_layout_and_comments_do_not_change_the_digest_and_content_does(tree: Path) -> None:
    before = load_rulebook(tree).law.digest
    path = tree / CONSENT
    path.write_text("# a comment\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert load_rulebook(tree).law.digest == before
    spoil(tree, CONSENT, "is: 18", "is: 19")
    assert load_rulebook(tree).law.digest != before


def test_the_three_formats_say_the_same(tree: Path) -> None:
    spoil(tree, PRESCRIBING, "title: Schedule II", "titel: Schedule II")
    problems = Problems()
    read_pack(tree, problems)
    text, data, github = as_text(problems), json.loads(as_json(problems)), as_github(problems)
    assert "did you mean `title`?" in text
    assert {entry["code"] for entry in data} == {"SHAPE001", "SHAPE002"}
    assert github.startswith("::error file=rules/us/fl/prescribing.yaml,line=")


def test_every_kind_of_diagnostic_has_its_own_number() -> None:
    codes = [kind.code for kind in REGISTER]
    assert len(codes) == len(set(codes))
