"""`clinic media`: which nodes there are, emptying one, and what is wrong in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from admin_ui.cli import media
from engine.room_places import NodeState
from records.database import Database
from records.keys import FileKeyProvider
from records.migrate import upgrade
from records.room_desk import RecordsRoomDesk
from tests.admin_ui.helpers_cli import Cli

pytestmark = pytest.mark.slow


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[RecordsRoomDesk]:
    """The desk of an installation in ``data``."""
    data = tmp_path / "data"
    data.mkdir()
    url = f"sqlite:///{data / 'records.sqlite3'}"
    upgrade(url)
    database = Database(url, FileKeyProvider(tmp_path / "data.keys"))
    yield RecordsRoomDesk(database)
    database.close()


def test_nodes_are_listed_and_one_is_emptied_and_filled_again(cli: Cli, desk: RecordsRoomDesk, tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    assert cli("media", "nodes", *data).status == 1
    node = NodeState(node="n1", queue="q", endpoint="ws://127.0.0.1:9/room", load=0.25, rooms=2, participants=4)
    desk.announce(node)
    said = cli("media", "nodes", *data)
    assert said.out == "n1  ws://127.0.0.1:9/room  takes rooms  2 rooms, 4 people, 25% of a core\n"
    assert cli("media", "drain", "n1", *data).out == "n1 takes no new rooms\n"
    assert desk.announce(node).draining
    assert "draining" in cli("media", "nodes", *data).out
    assert cli("media", "fill", "n1", *data).out == "n1 takes rooms again\n"
    assert cli("media", "drain", "n2", *data).status == 1
    assert cli("media", "drain", *data).status == 2


def test_the_doctor_says_what_is_wrong_and_what_to_do(
    cli: Cli, desk: RecordsRoomDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def findings(_settings: Any, endpoints: list[str]) -> Iterator[dict[str, str]]:
        asked.extend(endpoints)
        yield {"part": "signalling", "state": "ok", "code": "answers", "about": "ws://here"}
        yield {"part": "media", "state": "fail", "code": "no_udp", "about": "192.0.2.7:8091"}

    monkeypatch.setattr(media, "findings", findings)
    desk.announce(NodeState(node="n1", queue="q", endpoint="ws://here"))
    said = cli("media", "doctor", "--data", str(tmp_path / "data"))
    assert (said.status, asked) == (1, ["ws://here"])
    assert said.out.startswith(
        "ok    signalling: the node's signalling answers at ws://here\nFAIL  media: the media port"
    )
    assert "      what to do: open this UDP port to the node" in said.out


def test_without_an_installation_it_is_one_message(cli: Cli, tmp_path: Path) -> None:
    said = cli("media", "doctor", "--data", str(tmp_path / "nothing"))
    assert (said.status, said.out) == (2, "")
    assert "there is no installation" in said.err
