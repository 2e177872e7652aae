"""A clinic for every test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portals.helpers_clinic import Clinic, build_clinic


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    """The web program of the demo clinic over a new database."""
    built = build_clinic(tmp_path)
    yield built
    built.database.close()
