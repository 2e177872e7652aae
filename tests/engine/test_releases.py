"""Known time: a release stands for good, and what was known at an instant is asked of the release in force then."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.decide import decide
from engine.decisions import Decision
from engine.diagnostics import BrokenInput, Problems
from engine.evaluators import ClosuresOnly, Evaluator
from engine.known_law import law_known_at, rulebook_known_at
from engine.library import LibraryKeeper
from engine.releases import LOG, Release, archive_name, check_releases, read_releases
from engine.rulebook import load_rulebook
from engine.values import read_instant
from tests.engine.helpers_law import EVALUATOR
from tests.engine.helpers_releases import FIRST, LAW, SECOND, correct, release, two_releases
from tests.engine.helpers_small_tree import plant

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BETWEEN, AFTER, BEFORE = "2026-04-01T08:00:00-04:00", "2026-06-01T12:00:00Z", "2026-03-01T11:59:59Z"
FACTS: dict[str, Any] = {
    "patient": {
        "location": {"country": "us", "state": "FL", "time_zone": "America/New_York"},
        "birth_date": "2009-01-01",
    },
    "encounter": {"modality": "in_person"},
    "provider": {"hours": 1000, "activity": []},
    "prescription": {"days": 10},
}


def asked(root: Path, known_at: str | None, evaluator: Evaluator = EVALUATOR) -> Decision:
    today = load_rulebook(root)
    rulebook = rulebook_known_at(root, known_at, NOW, today, None) if known_at else today
    question = {"topic": "prescribing", "on": "2026-02-01", "facts": FACTS, "known_at": known_at, "clinic": None}
    return decide(rulebook, question, evaluator)


def code_of(root: Path, known_at: str) -> set[str]:
    with pytest.raises(BrokenInput) as caught:
        asked(root, known_at)
    return {found.code for found in caught.value.diagnostics}


@pytest.mark.parametrize("evaluator", [EVALUATOR, ClosuresOnly()])
def test_a_correction_from_before_its_release_changes_what_is_known_now_and_not_what_was_known_then(
    tmp_path: Path, evaluator: Evaluator
) -> None:
    root = two_releases(tmp_path)
    then, now = asked(root, BETWEEN, evaluator), asked(root, None, evaluator)
    assert then.law_time == now.law_time == "2026-02-01"
    assert [limit["max"] for limit in then.limits] == [14] and then.outcome == "permitted_with_duties"
    assert [limit["max"] for limit in now.limits] == [5] and now.outcome == "forbidden"
    assert (then.known_time, now.known_time) == (FIRST, SECOND)
    assert then.law != now.law


def test_the_instant_of_a_release_is_the_first_at_which_it_was_known(tmp_path: Path) -> None:
    root = two_releases(tmp_path)
    assert asked(root, AFTER).canonical() == asked(root, None).canonical()
    assert asked(root, "2026-06-01T11:59:59Z").known_time == FIRST
    assert asked(root, FIRST).known_time == FIRST


def test_a_law_that_nobody_released_has_no_known_time_and_earlier_ones_keep_theirs(tmp_path: Path) -> None:
    root = two_releases(tmp_path)
    file = root / LAW
    file.write_text(file.read_text().replace("is: 5,", "is: 6,"))
    assert asked(root, None).known_time is None
    assert asked(root, AFTER).limits[0]["max"] == 5


def test_nothing_is_known_before_the_first_release_nor_after_now_nor_where_nothing_was_released(tmp_path: Path) -> None:
    root = two_releases(tmp_path / "released")
    assert code_of(root, BEFORE) == {"ASK004"}
    assert code_of(root, "2026-11-22T00:00:01Z") == {"ASK004"}
    assert code_of(root, "yesterday") == {"ASK003"}
    assert code_of(plant(tmp_path / "never"), BETWEEN) == {"ASK004"}


def test_the_engine_refuses_a_rulebook_that_is_not_what_was_known_then(tmp_path: Path) -> None:
    today = load_rulebook(two_releases(tmp_path))
    question = {"topic": "prescribing", "on": "2026-02-01", "facts": FACTS, "known_at": BETWEEN, "clinic": None}
    with pytest.raises(BrokenInput) as caught:
        decide(today, question, EVALUATOR)
    assert {found.code for found in caught.value.diagnostics} == {"ASK004"}


def _edit(root: Path, change: Callable[[list[str]], list[str]]) -> None:
    lines = (root / LOG).read_text().splitlines(keepends=True)
    (root / LOG).write_text("".join(change(lines)))


def _lied(line: str) -> str:
    """The line with an earlier instant, and a digest that fits it."""
    content = json.loads(line)
    del content["digest"]
    return Release(**{**content, "at": "2026-01-01T00:00:00Z", "approved": ()}).line().decode()


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [lines[0].replace(FIRST, "2026-02-01T12:00:00Z"), lines[1]],
        lambda lines: [_lied(lines[0]), lines[1]],
        lambda lines: [lines[0], _lied(lines[1])],
        lambda lines: [lines[1]],
        lambda lines: [lines[0]],
        lambda lines: [lines[0], lines[0]],
        lambda lines: [*lines, "{}\n"],
        lambda lines: [lines[0], lines[1].rstrip()],
        lambda lines: [lines[0], "\n", lines[1]],
    ],
)
def test_a_log_that_was_edited_is_found(tmp_path: Path, change: Callable[[list[str]], list[str]]) -> None:
    root, problems = two_releases(tmp_path), Problems()
    _edit(root, change)
    check_releases(root, problems)
    assert {found.code for found in problems.errors} == {"LAW045"}


def test_a_log_that_was_edited_answers_nothing_about_what_was_known(tmp_path: Path) -> None:
    root = two_releases(tmp_path)
    _edit(root, lambda lines: [lines[0], lines[1].replace(SECOND, "2026-05-01T12:00:00Z")])
    assert code_of(root, BETWEEN) == {"LAW045"}
    assert asked(root, None).known_time is None


def test_a_release_whose_texts_are_gone_damaged_or_others_answers_nothing(tmp_path: Path) -> None:
    root = two_releases(tmp_path)
    first, second = (root / archive_name(number) for number in (1, 2))
    whole = first.read_bytes()
    for content in (None, b"", whole[:-20], second.read_bytes()):
        first.unlink(missing_ok=True)
        if content is not None:
            first.write_bytes(content)
        assert code_of(root, BETWEEN) == {"LAW046"}
        problems = Problems()
        check_releases(root, problems)
        assert "LAW046" in {found.code for found in problems.errors}


def test_a_release_keeps_only_what_changed_and_what_is_gone(tmp_path: Path) -> None:
    root = plant(tmp_path)
    release(root, FIRST)
    correct(root)
    (root / "rules/us/common/prescribing.yaml").unlink()
    release(root, SECOND)
    sizes = [(root / archive_name(number)).stat().st_size for number in (1, 2)]
    assert sizes[1] < sizes[0] / 2
    old, new = (law_known_at(root, at, NOW) for at in (FIRST, SECOND))
    assert {file.file for file in old.files} - {file.file for file in new.files} == {"rules/us/common/prescribing.yaml"}
    assert old.digest != new.digest and read_releases(root, Problems())[1].law == new.digest


def test_the_files_on_disk_are_not_read_for_what_was_known(tmp_path: Path) -> None:
    root = two_releases(tmp_path)
    (root / LAW).write_text("nonsense: [")
    assert law_known_at(root, BETWEEN, NOW).digest == read_releases(root, Problems())[0].law


@pytest.mark.slow
def test_a_program_that_runs_learns_of_a_release(tmp_path: Path) -> None:
    root = plant(tmp_path)
    keeper = LibraryKeeper(root, (root / "clinics/elm.yaml",))
    before = keeper.current
    release(root, FIRST)
    assert keeper.refresh()
    after = keeper.current
    assert before.law.known is None
    assert after.law.known is not None and after.law.known.held_at(read_instant(FIRST))
    assert after.rulebooks["elm"].law.known == after.law.known
