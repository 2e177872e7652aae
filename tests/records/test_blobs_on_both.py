"""A file's whole life on either database, and many sent at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from records.errors import AlreadyDone, NotFound, Overtaken
from tests.records.helpers import World
from tests.records.helpers_blobs import PDF, fetch, kept, lying, picture, send, store_of

pytestmark = pytest.mark.slow


def test_a_file_is_sent_seen_and_taken_back(world: World, tmp_path: Path) -> None:
    world.begin()
    store = store_of(world, tmp_path)
    photo, paper = send(store, world, picture()), send(store, world, PDF)
    assert fetch(store, world, photo).startswith(b"\xff\xd8")
    store.remove(world.clinic, world.as_patient, photo)
    with pytest.raises(NotFound):
        fetch(store, world, photo)
    assert fetch(store, world, paper) == PDF
    assert len(kept(world, tmp_path)) == 1


def test_the_same_file_sent_by_many_requests_at_once_is_one(world: World, tmp_path: Path) -> None:
    world.begin()
    store = store_of(world, tmp_path)

    def once(_: int) -> str:
        while True:
            try:
                return send(store, world, PDF)
            except Overtaken:
                continue

    with ThreadPoolExecutor(4) as pool:
        sent = set(pool.map(once, range(8)))
    assert (len(sent), len(lying(tmp_path))) == (1, 1)
    assert fetch(store, world, sent.pop()) == PDF


def test_a_removal_that_comes_twice_at_once_is_done_once(world: World, tmp_path: Path) -> None:
    world.begin()
    store = store_of(world, tmp_path)
    blob = send(store, world, PDF)

    def once(_: int) -> bool:
        try:
            store.remove(world.clinic, world.as_patient, blob)
        except (AlreadyDone, Overtaken):
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(once, range(4))) == 1
    assert lying(tmp_path) == []
