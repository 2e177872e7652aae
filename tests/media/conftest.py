"""A node with one open room, started and stopped around each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.media.helpers_bot import Bench, new_bench, spec


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = new_bench()
    await made.node.start()
    await made.node.open_room(spec())
    yield made
    await made.node.stop()
