"""Who was erased stays erased: a backup from before, a rotation of keys and a second writer bring nobody back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from records.access import Role
from records.database import Database
from records.erasure import erase, erase_again
from records.errors import Erased, NotFound
from records.key_ring import KeyRing, Purpose
from records.key_rotation import add_key, people, renew_people
from records.sessions import PATIENT_PORTAL
from records.tables.people import Account
from records.tables.vault import DataKey
from records.work import Actor
from tests.records.conftest import POSTGRES
from tests.records.helpers import World
from tests.records.test_backup import opened, put_back, taken

pytestmark = pytest.mark.slow
only_postgres = pytest.mark.parametrize("kind", [POSTGRES], indirect=True)
Call = Callable[[], object]

OPERATOR = Actor(person="dana", role=Role.PLATFORM_OPERATOR)
GROUNDS = {"reason": "patient_request"}


def erased(world: World) -> None:
    with world.database.work(world.clinic, OPERATOR) as work:
        erase(work, world.patient, GROUNDS)


def live_keys(database: Database, person: str) -> int:
    with database.reading() as session:
        query = select(DataKey.id).where(DataKey.person == person, DataKey.shredded_at.is_(None))
        return len(session.scalars(query).all())


def brought_back(world: World, tmp_path: Path) -> Database:
    """The records as a backup from before the erasure has them, restored after it."""
    source = taken(world.database, tmp_path)
    erased(world)
    world.database.close()
    put_back(source, world.database.url, tmp_path, over=True)
    return opened(world.database.url, tmp_path)


def test_a_restored_backup_from_before_brings_nobody_back(world: World, tmp_path: Path) -> None:
    again = brought_back(world, tmp_path)
    assert live_keys(again, world.patient) == 1
    assert erase_again(again, OPERATOR) == ((world.clinic, world.patient),)
    assert live_keys(again, world.patient) == 0
    with again.reading() as session:
        login = session.execute(
            text("SELECT disabled, password FROM accounts WHERE person = :who"), {"who": world.patient}
        ).one()
        said = session.scalars(
            text("SELECT detail FROM audit_entries WHERE act = 'keys:patient:deleted' AND subject = :who"),
            {"who": world.patient},
        ).one()
    assert (bool(login.disabled), login.password) == (True, "")
    assert "erased_before_the_restore" in said
    assert erase_again(again, OPERATOR) == ()
    again.close()


def keys_brought_back(world: World) -> Database:
    """The patient's keys as an older copy has them, after they were erased."""
    with world.database.reading() as session:
        rows = session.scalars(select(DataKey).where(DataKey.person == world.patient)).all()
    erased(world)
    with world.database.writing() as session:
        for row in rows:
            older = update(DataKey).where(DataKey.id == row.id)
            session.execute(older.values(wrapped=row.wrapped, shredded_at=None))
        session.commit()
    world.database.ring.forget()
    return world.database


def test_a_rotation_gives_no_new_key_to_somebody_a_backup_has_brought_back(world: World) -> None:
    again = keys_brought_back(world)
    add_key(again, world.clinic, Purpose.FIELDS, OPERATOR)
    assert renew_people(again, world.clinic) == 0
    assert people(again, world.clinic).behind == 0
    with pytest.raises(Erased), again.scope(world.clinic, world.as_system) as scope:
        scope.people.patient(world.patient)


def test_a_key_that_never_had_a_share_is_not_brought_back_either(world: World) -> None:
    ring = world.database.ring
    with world.database.writing() as session:
        row = session.scalars(select(DataKey).where(DataKey.person == world.patient)).one()
        value = ring.current(session, world.clinic, Purpose.FIELDS, world.patient).value
        ring._wrap_in_parent(session, row, type(ring._opened(session, row))("", value))
        row.wrapped = row.wrapped[2:]  # as the first versions kept it: under the clinic's key alone
        session.commit()
    again = keys_brought_back(world)
    assert erase_again(again, OPERATOR) == ((world.clinic, world.patient),)
    with pytest.raises(Erased), again.scope(world.clinic, world.as_system) as scope:
        scope.people.patient(world.patient)


def test_a_share_that_is_only_missing_erases_nobody(world: World, tmp_path: Path) -> None:
    (tmp_path / "keys" / "people.shares").unlink()
    assert erase_again(world.database, OPERATOR) == ()
    assert live_keys(world.database, world.patient) == 1


def waits_for_a_lock(database: Database) -> bool:
    with database.engine.connect() as connection:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(connection.scalar(text(waiting)))


def meanwhile(database: Database, first: Callable[[threading.Event, threading.Event], None], second: Call) -> None:
    """Runs `first` until it says that it stands in the middle, then `second` until it waits for it, then both on."""
    middle, onward = threading.Event(), threading.Event()
    with ThreadPoolExecutor(2) as threads:
        ahead = threads.submit(first, middle, onward)
        assert middle.wait(60)
        behind = threads.submit(second)
        while not behind.done() and not waits_for_a_lock(database):
            time.sleep(0.02)
        onward.set()
        ahead.result(60)
        behind.result(60)


@only_postgres
def test_a_key_that_is_being_renewed_is_erased_with_the_others(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = opened(world.database.url, tmp_path)
    make = KeyRing.make_person

    def renew(middle: threading.Event, onward: threading.Event) -> None:
        def slowly(ring: KeyRing, session: Session, clinic: str, person: str) -> str:
            made = make(ring, session, clinic, person)
            middle.set()
            assert onward.wait(60)
            return made

        monkeypatch.setattr(KeyRing, "make_person", slowly)
        add_key(other, world.clinic, Purpose.FIELDS, OPERATOR)
        assert renew_people(other, world.clinic) == 1

    meanwhile(other, renew, lambda: erased(world))
    assert live_keys(other, world.patient) == 0
    other.close()


@only_postgres
def test_somebody_who_is_erased_is_not_signed_in_meanwhile(world: World, tmp_path: Path) -> None:
    other = opened(world.database.url, tmp_path)
    with world.database.reading() as session:
        account = session.scalars(select(Account.id).where(Account.person == world.patient)).one()

    def slowly(middle: threading.Event, onward: threading.Event) -> None:
        with world.database.work(world.clinic, OPERATOR) as work:
            erase(work, world.patient, GROUNDS)
            middle.set()
            assert onward.wait(60)

    def sign_in() -> None:
        with pytest.raises(NotFound), other.scope(world.clinic, world.as_system) as scope:
            scope.sessions.open(account, PATIENT_PORTAL)

    meanwhile(other, slowly, sign_in)
    other.close()
