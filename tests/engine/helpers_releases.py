"""Two releases of a small law: the second corrects what was wrong from long before the first."""

from pathlib import Path

from engine.diagnostics import Problems
from engine.releases import LOG, Release, archive_name, next_release, read_releases
from engine.rulebook import load_law
from tests.engine.helpers_small_tree import plant

FIRST, SECOND = "2026-03-01T12:00:00Z", "2026-06-01T12:00:00Z"
LAW = "rules/us/fl/prescribing.yaml"
WRONG, RIGHT = "- {from: 2020-01-01, is: 14,", "- {from: 2020-01-01, is: 5,"


def release(root: Path, at: str, note: str = "") -> Release:
    """The next release of the law as it is, made at an instant."""
    problems = Problems()
    releases = read_releases(root, problems)
    problems.stop_if_broken()
    made, texts = next_release(root, releases, load_law(root).digest, at, note)
    kept = root / archive_name(made.number)
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(texts)
    with (root / LOG).open("ab") as log:
        log.write(made.line())
    return made


def correct(root: Path) -> None:
    """The days of a prescription are put right from 2020 on."""
    file = root / LAW
    text = file.read_text()
    assert WRONG in text
    file.write_text(text.replace(WRONG, RIGHT))


def two_releases(root: Path) -> Path:
    """A law released twice, with a correction in between."""
    plant(root)
    release(root, FIRST)
    correct(root)
    release(root, SECOND)
    return root
