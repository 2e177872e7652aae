"""A database of each kind, a clock that stands still, and a small clinic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from records.database import Database
from records.migrate import upgrade
from tests.records.helpers import HandClock, World, build_world, open_database
from tests.records.helpers_postgres import Server, programs

POSTGRES = pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.slow])


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """This run's own PostgreSQL."""
    if programs() is None:
        pytest.skip("this machine has no PostgreSQL server; `./clinic test all` installs Debian's")
    started = Server()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def migrated(server: Server) -> str:
    """The name of a PostgreSQL database with the newest schema and no rows, to be copied."""
    server.run("CREATE DATABASE migrated")
    upgrade(server.url("migrated"))
    return "migrated"


@pytest.fixture(params=["sqlite", POSTGRES])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on; every test that has one runs on both."""
    return str(request.param)


@pytest.fixture
def empty_url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database without any tables."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'fresh.sqlite3'}"
        return
    server: Server = request.getfixturevalue("server")
    url = server.create()
    yield url
    server.drop(url)


@pytest.fixture
def records_url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database with the newest schema and no rows; a SQLite file is made by `open_database`."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'records.sqlite3'}"
        return
    server: Server = request.getfixturevalue("server")
    template: str = request.getfixturevalue("migrated")
    url = server.borrow(template)
    yield url
    server.give_back(url, template)


@pytest.fixture
def database(tmp_path: Path, clock: HandClock, records_url: str) -> Iterator[Database]:
    opened = open_database(tmp_path, clock, records_url)
    yield opened
    opened.close()


@pytest.fixture
def world(database: Database) -> World:
    return build_world(database)
