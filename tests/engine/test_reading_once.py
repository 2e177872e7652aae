"""What did not change is not read again, and what was wrong with it is told again."""

from pathlib import Path

from engine.diagnostics import Problems
from engine.rulebook import LawPack, read_pack
from tests.engine.helpers_small_tree import FILES, plant

LICENSING, PRESCRIBING, VOCABULARY = (
    "rules/us/fl/licensing.yaml",
    "rules/us/fl/prescribing.yaml",
    "rules/vocabulary.yaml",
)


def read(root: Path) -> tuple[LawPack, list[tuple[str, str, int]]]:
    problems = Problems()
    pack = read_pack(root, problems)
    assert pack is not None
    return pack, [(d.code, d.location.file, d.location.line) for d in problems]


def change(root: Path, file: str, old: str, new: str) -> None:
    assert old in FILES[file]
    plant(root, {file: FILES[file].replace(old, new, 1)})


def by_name(pack: LawPack) -> dict[str, object]:
    return {file.file: file for file in pack.files}


def test_after_an_edit_only_the_edited_file_is_another_one(tmp_path: Path) -> None:
    before, _ = read(plant(tmp_path))
    change(tmp_path, LICENSING, "confidence: high", "confidence: medium")
    after, _ = read(tmp_path)
    same = [name for name, file in by_name(after).items() if file is by_name(before)[name]]
    assert sorted(by_name(after).keys() - same) == [LICENSING]
    assert after.vocabulary is before.vocabulary and after.topics is before.topics
    assert after.digest != before.digest
    change(tmp_path, LICENSING, "jurisdiction", "jurisdiction")
    assert read(tmp_path)[0].digest == before.digest


def test_another_vocabulary_reads_every_file_again(tmp_path: Path) -> None:
    before, _ = read(plant(tmp_path))
    change(tmp_path, VOCABULARY, "of: [pain, other], says: What for.", "of: [ache, other], says: What for.")
    after, found = read(tmp_path)
    assert not any(file is by_name(before)[name] for name, file in by_name(after).items())
    assert ("COND004", PRESCRIBING, 16) in found


def test_what_is_wrong_with_an_unchanged_file_is_told_every_time(tmp_path: Path) -> None:
    plant(tmp_path)
    change(tmp_path, PRESCRIBING, "title: One looks first", "titel: One looks first")
    _, first = read(tmp_path)
    assert first
    assert read(tmp_path)[1] == first
    change(tmp_path, LICENSING, "confidence: high", "confidence: sure")
    assert set(first) < set(read(tmp_path)[1])
