"""Every file that people write is of one kind, and the schema of its kind, which editors go by, accepts it."""

from collections import Counter
from pathlib import Path
from typing import cast

import jsonschema
import pytest

from engine.diagnostics import Problems
from engine.file_kinds import KINDS, FileKind
from engine.reading import read_file
from engine.rulebook import load_law
from engine.schema_paths import offered_paths
from tests.rules.helpers_cases import ROOT

AUTHORED = ("rules", "forms", "specialties", "clinics", "tests/rules")
BY_NAME = {kind.name: kind for kind in KINDS}


def validator(kind: FileKind) -> jsonschema.Draft202012Validator:
    schema = kind.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def plain(path: Path) -> object:
    problems = Problems()
    node = read_file(path, ROOT, problems)
    assert node is not None and not problems.found
    return node.plain()


def test_every_authored_file_is_of_exactly_one_kind() -> None:
    kinds = Counter(path for kind in KINDS for path in kind.files(ROOT))
    written = {path for folder in AUTHORED for path in (ROOT / folder).rglob("*.yaml")}
    assert dict.fromkeys(written | {ROOT / "engine/access.yaml"}, 1) == dict(kinds)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))
def test_the_schema_of_a_kind_accepts_every_file_of_it(kind: FileKind) -> None:
    files, judge = kind.files(ROOT), validator(kind)
    wrong = {path: error.message for path in files for error in judge.iter_errors(plain(path))}
    assert files and not wrong


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))
def test_the_schema_of_a_kind_refuses_a_misspelt_and_a_missing_key(kind: FileKind) -> None:
    judge, written = validator(kind), plain(kind.files(ROOT)[0])
    assert isinstance(written, dict) and judge.is_valid(written)
    assert not judge.is_valid({**written, "misspelt": 1})
    needed = cast("list[str]", kind.schema().get("required", []))
    assert all(not judge.is_valid({key: part for key, part in written.items() if key != name}) for name in needed)


def test_an_editor_is_offered_every_path_with_its_sentence_and_values() -> None:
    vocabulary = load_law(ROOT).vocabulary
    paths = offered_paths(ROOT)
    assert {path for path in paths if not path.startswith("law.")} == set(vocabulary.facts)
    for kind in ("law", "form", "clinic", "specialty"):
        offered = BY_NAME[kind].schema(paths)["$defs"]["condition"]["properties"]  # type: ignore[index]
        assert offered["encounter.modality"]["description"] == vocabulary.facts["encounter.modality"].says
        assert "audio_video" in offered["encounter.modality"]["anyOf"][0]["enum"]
        assert offered["law.consent.telehealth"]["description"]
        assert {"all", "any", "none", "not"} <= set(offered)


def test_what_is_offered_refuses_nothing_that_is_written() -> None:
    paths = offered_paths(ROOT)
    for name in ("law", "cases", "examples", "form"):
        judge = jsonschema.Draft202012Validator(BY_NAME[name].schema(paths))
        wrong = {path: e.message for path in BY_NAME[name].files(ROOT)[:5] for e in judge.iter_errors(plain(path))}
        assert not wrong


def test_without_a_vocabulary_no_path_is_offered(tmp_path: Path) -> None:
    assert offered_paths(tmp_path) == {}
    (tmp_path / "rules").mkdir()
    for name in ("vocabulary", "topics"):
        (tmp_path / "rules" / f"{name}.yaml").write_text("facts: [", encoding="utf-8")
    assert offered_paths(tmp_path) == {}


@pytest.mark.parametrize(("kind", "entries", "key"), [("law", "rules", "when"), ("form", "items", "show_when")])
def test_a_condition_is_described_wherever_one_stands(kind: str, entries: str, key: str) -> None:
    judge, files = validator(BY_NAME[kind]), BY_NAME[kind].files(ROOT)
    written = next(found for found in map(plain, files) if isinstance(found, dict) and found.get(entries))
    written[entries][0][key] = {"all": [{"always": True}]}
    assert judge.is_valid(written)
    written[entries][0][key] = {"all": ["always"]}
    assert not judge.is_valid(written)
