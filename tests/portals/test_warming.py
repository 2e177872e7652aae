"""What is made ready before a web program listens, so that nobody waits for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.law_report import states_of
from portals.base.templating import environment
from portals.law import country
from portals.law.country import chosen, map_view
from portals.warming import FOLDER, warm, warm_map, warm_pages
from tests.portals.helpers_clinic import Clinic
from tests.portals.helpers_country import house_of

pytestmark = pytest.mark.slow


def test_compiled_pages_are_kept_for_the_owner_alone_and_used_again(tmp_path: Path) -> None:
    kept = tmp_path / "pages"
    environment.cache_clear()
    count = warm_pages(kept)
    first = {file.name: file.stat().st_mtime_ns for file in kept.iterdir()}
    assert len(first) == count == len(environment().list_templates())
    assert kept.stat().st_mode & 0o777 == 0o700
    environment.cache_clear()
    assert warm_pages(kept) == count
    assert {file.name: file.stat().st_mtime_ns for file in kept.iterdir()} == first


def test_a_folder_that_cannot_be_made_costs_time_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    environment.cache_clear()
    assert warm_pages(tmp_path / "file" / "pages") > 100


async def test_the_first_pages_were_opened_before_anybody_came(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await warm(clinic.app, clinic.app.state.deps)
    assert "warm templates=" in caplog.text
    assert (clinic.app.state.deps.settings.data_dir / FOLDER).is_dir()


async def test_what_the_map_shows_first_is_asked_before_anybody_opens_it_and_only_once(clinic: Clinic) -> None:
    deps = clinic.app.state.deps
    await warm_map(deps, pause=0)
    asked = country._passages.cache_info()
    [rulebook] = deps.library().rulebooks.values()
    house = house_of(rulebook, deps.settings.root, deps.clock.now().date().isoformat())
    map_view(house, chosen(house, {}))
    await warm_map(deps, pause=0)
    after = country._passages.cache_info()
    assert asked.currsize >= len(states_of(rulebook)) > 0
    assert (after.misses, after.currsize) == (asked.misses, asked.currsize)
