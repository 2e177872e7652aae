"""`clinic release`: the law gets a number and an instant for good, and `clinic decide --known-at` asks it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from admin_ui.cli import release as command
from engine.releases import LOG, archive_name
from engine.values import instant_text
from tests.admin_ui.helpers_cli import Cli
from tests.engine.helpers_releases import LAW, correct
from tests.engine.helpers_small_tree import FILES, PRESCRIBING, plant
from tests.engine.test_releases import FACTS

pytestmark = pytest.mark.slow
HOLDS_NOT, HOLDS = "expect: {outcome: permitted}", "expect: {outcome: incomplete}"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLINIC_ROOT", str(tmp_path / "own"))
    held = PRESCRIBING.replace(HOLDS_NOT, HOLDS)
    files = {name: text for name, text in FILES.items() if not name.startswith("tests/")}
    return plant(tmp_path / "own", {**files, LAW: held})


def test_a_correction_is_known_from_its_release_on(cli: Cli, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    monkeypatch.setattr(command, "instant_text", lambda _: instant_text(earlier))
    first = cli("release", "--note", "As it was  read", "--json")
    assert first.status == 0, first.err
    monkeypatch.undo()
    monkeypatch.setenv("CLINIC_ROOT", str(root))
    correct(root)
    second = cli("release")
    assert second.status == 0, second.err
    told = json.loads(first.out)
    assert (told["number"], told["at"], told["note"]) == (1, instant_text(earlier), "As it was read")
    facts = root.parent / "facts.json"
    facts.write_text(json.dumps(FACTS))
    words = ("decide", "prescribing", "--facts", str(facts), "--on", "2026-02-01", "--json")
    now = json.loads(cli(*words).out)
    then = json.loads(cli(*words, "--known-at", instant_text(earlier + timedelta(days=1))).out)
    assert (then["limits"][0]["max"], then["known_time"]) == (14, told["at"])
    assert now["limits"][0]["max"] == 5 and now["known_time"] in second.out
    [one, two] = cli("release", "--list").out.splitlines()
    assert one.startswith(f"release 1  {told['at']}  {told['law']}  As it was read") and two in second.out
    assert cli("check").status == 0


def test_nothing_is_released_twice(cli: Cli, root: Path) -> None:
    assert cli("release").status == 0
    log = (root / LOG).read_bytes()
    again = cli("release")
    assert (again.status, again.out) == (1, "") and "nothing changed" in again.err
    assert (root / LOG).read_bytes() == log


def test_a_law_with_errors_is_not_released(cli: Cli, root: Path) -> None:
    file = root / LAW
    file.write_text(file.read_text().replace(HOLDS, HOLDS_NOT))
    said = cli("release")
    assert said.status == 2 and "LAW032" in said.err
    assert not (root / LOG).exists() and not (root / archive_name(1)).exists()


def test_an_edited_log_is_told_by_the_check_and_takes_no_further_release(cli: Cli, root: Path) -> None:
    assert cli("release").status == 0
    log = root / LOG
    log.write_text(log.read_text().replace('"note":""', '"note":"other"'))
    correct(root)
    check, again = cli("check", "--no-cases"), cli("release")
    assert check.status == again.status == 2
    assert "LAW045" in check.out and "LAW045" in again.err
    assert not (root / archive_name(2)).exists()


def test_a_clock_that_went_back_releases_nothing(cli: Cli, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = instant_text(datetime.now(UTC) + timedelta(days=1))
    monkeypatch.setattr(command, "instant_text", lambda _: later)
    assert cli("release").status == 0
    monkeypatch.undo()
    monkeypatch.setenv("CLINIC_ROOT", str(root))
    correct(root)
    said = cli("release")
    assert said.status != 0 and later in said.err and not (root / archive_name(2)).exists()


def test_changes_that_nobody_released_are_told_and_everything_works_with_them(
    cli: Cli, root: Path, tmp_path: Path
) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps(FACTS))
    words = ("decide", "prescribing", "--facts", str(facts), "--on", "2026-02-01")
    assert "changes that nobody has released" in cli("check").err and cli("release", "--list").status == 0
    assert cli("release").status == 0
    assert "the law is that of release 1 of " in cli("check").err
    assert cli("release", "--list").err == "" and "Known since:\n  20" in cli(*words).out
    correct(root)
    checked, listed, decided = cli("check"), cli("release", "--list"), cli(*words)
    assert (checked.status, listed.status, decided.status) == (0, 0, 0)
    assert "the law has changes that nobody has released (`clinic release`)" in checked.err
    assert listed.err == f"clinic: 1 file has changes that nobody has released: {LAW}\n"
    assert "Known since:\n  the files have changes that nobody has released\n" in decided.out
