"""What is made ready before a web program listens, so that nobody waits for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from portals.base.templating import environment
from portals.warming import FOLDER, warm, warm_pages
from tests.portals.helpers_clinic import Clinic

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
