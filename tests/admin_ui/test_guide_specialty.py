"""A specialty written from the authors' guide alone is right and can be booked after a reload; no Python is touched."""

import re
import shutil
from dataclasses import replace
from difflib import ndiff
from pathlib import Path

import pytest

from engine.library import LibraryKeeper
from engine.settings import HOME
from tests.admin_ui.helpers_cli import Cli
from tests.portals.helpers_clinic import SLUG, build_clinic, post
from tests.portals.helpers_journey import MIAMI

pytestmark = pytest.mark.slow

GUIDE = (HOME / "docs" / "guides" / "authoring.md").read_text(encoding="utf-8")
BLOCKS: list[str] = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
FOLDER = "specialties/travel_advice"
OFFER = "travel_advice/travel_visit"
CLINIC = "clinics/marigold.yaml"


def block(first: str) -> str:
    """The one block of the guide that begins with a line."""
    found = [text for text in BLOCKS if text.startswith(f"{first}\n")]
    assert len(found) == 1, first
    return found[0]


def named(path: str) -> str:
    """The block that follows the sentence which names a file; the guide must name it before it shows it."""
    place = GUIDE.index(f"`{path}`")
    found = re.search(r"```yaml\n(.*?)```", GUIDE[place:], re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The project's content as a newcomer finds it, the cases of its other specialties left out for speed."""
    for folder in ("rules", "specialties", "forms", "clinics"):
        shutil.copytree(HOME / folder, tmp_path / folder)
    for path in tmp_path.glob("specialties/*/cases.yaml"):
        path.unlink()
    return tmp_path


def follow_the_guide(root: Path) -> set[str]:
    """Writes what the guide shows where it says; the files that were written or changed."""
    files = {"forms/travel/intake.yaml": block("form: travel/intake")}
    files |= {f"{FOLDER}/{name}.yaml": named(f"{FOLDER}/{name}.yaml") for name in ("specialty", "note", "formulary")}
    files[f"{FOLDER}/cases.yaml"] = named(f"{FOLDER}/cases.yaml")
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    assert block("specialties: [travel_advice, urgent_care]")
    clinic = (root / CLINIC).read_text(encoding="utf-8")
    clinic = clinic.replace("specialties: [", "specialties: [travel_advice, ", 1)
    (root / CLINIC).write_text(clinic, encoding="utf-8")
    return {*files, CLINIC}


def lines_changed(root: Path) -> int:
    """How many lines of the clinic's file are not as the project has them."""
    now, then = ((folder / CLINIC).read_text(encoding="utf-8").splitlines() for folder in (root, HOME))
    return sum(line.startswith("+ ") for line in ndiff(then, now))


def test_a_newcomers_specialty_is_right_walks_and_can_be_booked_after_a_reload(cli: Cli, root: Path) -> None:
    keeper = LibraryKeeper(root)
    assert "travel_advice" not in keeper.current.content.specialties
    written = follow_the_guide(root)
    assert {Path(name).suffix for name in written} == {".yaml"}
    assert lines_changed(root) == 1

    said = cli("check", str(root), "--visits")
    assert (said.status, "error" in said.out) == (0, False), said.out

    assert keeper.refresh(), keeper.problems
    content = keeper.current.content
    clinic = content.clinic("marigold")
    assert clinic.prices[OFFER].cents == 4900
    assert content.visit_type(OFFER).intake_forms == ("travel/intake",)
    web = build_clinic(root / "data", several=replace(keeper.current, content=replace(content, clinics={SLUG: clinic})))
    page = post(web.browser(), f"/book/{OFFER}", MIAMI).text
    assert 'name="time"' in page
    assert "Achebe" in page
