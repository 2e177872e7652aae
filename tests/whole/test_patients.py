"""Twenty patients who click at once on PostgreSQL: nothing fails, on any of their pages. Five hundred are a bench."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.patients import measure, table
from tests.records.helpers_postgres import Server, programs


@pytest.mark.postgres
@pytest.mark.soak  # seconds of load beside a whole suite say nothing; `clinic bench patients` measures hundreds
@pytest.mark.timeout(600)
def test_twenty_patients_at_once_meet_no_error(tmp_path: Path) -> None:
    if programs() is None:
        pytest.skip("this machine has no PostgreSQL server; `./clinic test all` installs Debian's")
    server = Server()
    try:
        measured = measure(tmp_path, patients=20, seconds=4.0, server=server, think=0.05)
    finally:
        server.stop()
    assert measured["errors"] == {}
    assert {"visit", "question", "answer", "waiting"} == set(measured["pages"])
    assert all(one["requests"] >= 20 for one in measured["pages"].values())
    assert "errors: none" in table(measured)
