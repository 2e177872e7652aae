"""The releases that come with the project are whole and can be asked, whether the law has changed since or not."""

from engine.diagnostics import Problems
from engine.releases import check_releases, known_now
from engine.rulebook import load_law
from tests.rules.helpers_cases import ROOT

LAW = load_law(ROOT)


def test_the_log_and_what_it_names_are_as_they_were_written() -> None:
    problems = Problems()
    check_releases(ROOT, problems)
    assert problems.found == []


def test_the_law_in_force_is_known_since_its_release_or_has_changes_that_nobody_released() -> None:
    releases = check_releases(ROOT, Problems())
    released = bool(releases) and releases[-1].law == LAW.digest
    assert (known_now(ROOT, LAW.digest) is not None) == released
    assert (LAW.known is not None) == released
