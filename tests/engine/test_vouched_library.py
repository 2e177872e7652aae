"""A running program takes up what officers attest, for their own clinic, and lets go of what is withdrawn."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from engine.decisions import Outcome
from engine.diagnostics import Problems
from engine.law_ordinary import Passage, Traveller, read_ordinary
from engine.library import LibraryKeeper, Vouched
from engine.reading import read_text
from engine.rete import ReteEvaluator
from tests.rules.helpers_cases import ROOT

ON = "2026-12-01"
TOLD: dict[str, Any] = {
    "id": "att_one",
    "value": "relationship.establish_via",
    "jurisdiction": "us/wy",
    "is": ["audio_video", "audio_only"],
    "by": "Ida Marsh",
    "on": "2026-11-25",
    "until": "2027-06-30",
    "source": "Wyo. Board of Medicine rules, chapter 1",
}
pytestmark = pytest.mark.slow


class Officers:
    """What is attested at the moment, by clinic."""

    def __init__(self) -> None:
        self.told: dict[str, list[dict[str, Any]]] = {}
        self.broken = False

    def __call__(self, clinics: Iterable[str]) -> Vouched:
        if self.broken:
            raise RuntimeError("no database")
        found = {}
        for slug in clinics:
            nodes = (
                read_text(json.dumps(one), f"attestation/{one['id']}", Problems()) for one in self.told.get(slug, ())
            )
            found[slug] = tuple(node for node in nodes if node is not None)
        return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in ("rules", "specialties", "forms", "clinics"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def prescribing(keeper: LibraryKeeper, slug: str) -> Passage:
    """An ordinary prescription in a state whose law on it is not sure, answered by both engines."""
    rulebook = keeper.current.rulebooks[slug]
    [visit, *_] = read_ordinary(ROOT, rulebook.topics.gates, Problems())
    return Traveller(rulebook, ON, ReteEvaluator()).passage(visit, "WY", "prescribe")


def test_it_lifts_the_review_for_its_own_clinic_while_it_stands_and_both_engines_say_so(copy: Path) -> None:
    keeper, officers = LibraryKeeper(copy), Officers()
    first, second, *_ = sorted(keeper.current.rulebooks)
    keeper.vouched_by(officers)
    assert prescribing(keeper, first).outcome is Outcome.REVIEW
    officers.told[first] = [TOLD]
    assert keeper.refresh()
    assert prescribing(keeper, first).passes
    assert prescribing(keeper, second).outcome is Outcome.REVIEW
    assert not keeper.refresh()
    officers.told[first] = []
    assert keeper.refresh()
    assert prescribing(keeper, first).outcome is Outcome.REVIEW


def test_a_change_of_files_keeps_what_is_attested(copy: Path) -> None:
    keeper, officers = LibraryKeeper(copy), Officers()
    slug = sorted(keeper.current.rulebooks)[0]
    officers.told[slug] = [TOLD]
    keeper.vouched_by(officers)
    path = copy / "rules/us/wy/recording.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    officers.broken = True
    with pytest.raises(RuntimeError):
        keeper.refresh()
    officers.broken = False
    assert keeper.refresh()
    assert prescribing(keeper, slug).passes
