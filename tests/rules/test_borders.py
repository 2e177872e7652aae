"""Every day from which a law is another one has cases on both sides, which notice when it is moved by one day."""

from collections.abc import Mapping

import pytest

from engine.mutations_trials import Trials
from engine.rulebook import load_rulebook
from tests.rules.helpers_borders import Border, borders
from tests.rules.helpers_cases import ROOT, all_cases, examples

pytestmark = pytest.mark.slow
NOT_TO_BE_SEEN: Mapping[str, str] = {
    "us/al/consent consent.minor.mental_health 2025-10-01": "any care may be consented to at that age",
    "us/prescribing telemedicine 2023-11-11": "the flexibility went on as it was, by the same citation",
    "us/prescribing telemedicine 2023-11-12": "the same: the two entries share a day",
    "us/va/supervision supervision.nurse_practitioner 2024-07-01": "the years that its board asks for",
}
"""Borders whose law decides the same on both sides, with the reason."""


def test_no_border_of_the_law_can_be_moved_unnoticed() -> None:
    rulebook = load_rulebook(ROOT)
    found = list(borders(rulebook.law.files))
    files = list({border.file.file: border.file for border in found}.values())
    trials = Trials(rulebook.law, all_cases(rulebook), examples(), files)
    assert len(found) > 150
    assert trials.broken == []
    assert {border.id for border in found if not _both_sides(trials, border)} == set(NOT_TO_BE_SEEN)


def _both_sides(trials: Trials, border: Border) -> bool:
    """Whether cases notice the day moved earlier and later, where that changes the law at all."""
    return all(trial.noticed or trial.same for trial in map(trials.of, border.moved()))
