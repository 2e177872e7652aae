"""A database, a clock that stands still, and a small clinic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from records.database import Database
from tests.records.helpers import HandClock, World, build_world, open_database


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def database(tmp_path: Path, clock: HandClock) -> Iterator[Database]:
    opened = open_database(tmp_path, clock)
    yield opened
    opened.close()


@pytest.fixture
def world(database: Database) -> World:
    return build_world(database)
