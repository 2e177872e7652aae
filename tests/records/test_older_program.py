"""What an older program left, with visits open, opens under this one: `older/` holds data that it wrote itself.

``schema_0008.json.gz`` was made by the commit bd91fe5 (2026-11-22) with its own `tests.records.helpers_journey.walk`:
the whole SQLite database as statements, the key folder, and the ids of a patient, a visit in its call and a draft.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.ports import Effect, VisitChange, VisitRef
from records.access import Role
from records.audit import verify
from records.database import Database
from records.keys import FileKeyProvider, KeysRefused
from records.migrate import upgrade
from records.visit_records import RecordsVisitStore
from records.work import Actor

pytestmark = pytest.mark.slow
OLDER = Path(__file__).with_name("older") / "schema_0008.json.gz"
CLINIC = "palmetto"
THEN = datetime(2026, 11, 22, 8, tzinfo=UTC)
Ids = Mapping[str, str]


@pytest.fixture
def left(tmp_path: Path) -> Iterator[tuple[Database, Ids]]:
    """The older program's data, upgraded by this one."""
    found = json.loads(gzip.decompress(OLDER.read_bytes()))
    with sqlite3.connect(tmp_path / "records.sqlite3") as raw:
        raw.executescript(found["sql"])
    raw.close()
    for name, content in found["keys"].items():
        file = tmp_path / "keys" / name
        for folder in (tmp_path / "keys", file.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        file.write_bytes(base64.b64decode(content))
        os.chmod(file, 0o600)
    url = f"sqlite:///{tmp_path / 'records.sqlite3'}"
    upgrade(url)
    database = Database(url, FileKeyProvider(tmp_path / "keys"), now=lambda: THEN)
    yield database, found["ids"]
    database.close()


def test_its_chain_verifies_with_its_anchor_and_goes_on(left: tuple[Database, Ids]) -> None:
    database, ids = left
    before = verify(database, CLINIC)
    assert (before.problems, before.signature, before.anchored > 0) == ((), "valid", True)
    with database.scope(CLINIC, Actor(person=ids["patient"], role=Role.PATIENT)) as scope:
        scope.visits.get(ids["visit"])
    after = verify(database, CLINIC)
    assert (after.problems, after.entries) == ((), before.entries + 1)


def test_what_was_said_in_it_reads_as_it_was_said(left: tuple[Database, Ids]) -> None:
    database, ids = left
    with database.scope(CLINIC, Actor(person=ids["patient"], role=Role.PATIENT)) as scope:
        assert scope.people.patient(ids["patient"]).given == "Aaagiven"
        answers = scope.forms.answers(ids["visit"], "urgent_care/intake")
        assert "Aaavalue" in str([one.value for one in answers.values()])
    with database.scope(CLINIC, Actor(person=ids["provider"], role=Role.PROVIDER)) as scope:
        assert "Aaatext" in str([dict(one.fields) for one in [scope.notes.current(ids["visit"])] if one])
        (license,) = scope.people.provider(ids["provider"]).licenses
    assert (license.state, license.status, license.verified_at is not None) == ("FL", "active", True)


def test_its_open_visits_go_on(left: tuple[Database, Ids]) -> None:
    database, ids = left
    store = RecordsVisitStore(database)

    def effect(visit: str, key: str) -> Effect:
        return Effect(ref=VisitRef(clinic=CLINIC, visit=ids[visit]), step="step", key=key, actor="system")

    store.change(effect("visit", "ended"), VisitChange(event="call_ended", stage="documenting"))
    assert not store.hold_slot(effect("second", "held"), THEN + timedelta(minutes=15))  # the other visit has that time
    with database.scope(CLINIC, Actor(person=ids["patient"], role=Role.PATIENT)) as scope:
        assert scope.visits.get(ids["visit"]).stage == "documenting"
    assert verify(database, CLINIC).ok


def test_without_its_keys_nothing_in_it_opens(left: tuple[Database, Ids], tmp_path: Path) -> None:
    _, ids = left
    thief = Database(f"sqlite:///{tmp_path / 'records.sqlite3'}", FileKeyProvider(tmp_path / "other"), now=lambda: THEN)
    with pytest.raises(KeysRefused), thief.scope(CLINIC, Actor(person=ids["patient"], role=Role.PATIENT)) as scope:
        scope.people.patient(ids["patient"])
    thief.close()
