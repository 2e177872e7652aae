"""Who was erased stays erased: a backup from before, a rotation of keys and a second writer bring nobody back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, text

from records.access import Role
from records.database import Database
from records.erasure import erase, erase_again
from records.errors import Erased
from records.key_ring import Purpose
from records.key_rotation import add_key, people, renew_people
from records.tables.vault import DataKey
from records.work import Actor
from tests.records.helpers import World
from tests.records.test_backup import opened, put_back, taken

pytestmark = pytest.mark.slow

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


def test_a_rotation_gives_no_new_key_to_somebody_a_backup_has_brought_back(world: World, tmp_path: Path) -> None:
    again = brought_back(world, tmp_path)
    add_key(again, world.clinic, Purpose.FIELDS, OPERATOR)
    assert renew_people(again, world.clinic) == 0
    assert people(again, world.clinic).behind == 0
    with pytest.raises(Erased), again.scope(world.clinic, world.as_system) as scope:
        scope.people.patient(world.patient)
    again.close()


def test_a_key_that_never_had_a_share_is_not_brought_back_either(world: World, tmp_path: Path) -> None:
    ring = world.database.ring
    with world.database.writing() as session:
        row = session.scalars(select(DataKey).where(DataKey.person == world.patient)).one()
        value = ring.current(session, world.clinic, Purpose.FIELDS, world.patient).value
        ring._wrap_in_parent(session, row, type(ring._opened(session, row))("", value))
        row.wrapped = row.wrapped[2:]  # as the first versions kept it: under the clinic's key alone
        session.commit()
    again = brought_back(world, tmp_path)
    assert erase_again(again, OPERATOR) == ((world.clinic, world.patient),)
    with pytest.raises(Erased), again.scope(world.clinic, world.as_system) as scope:
        scope.people.patient(world.patient)
    again.close()


def test_a_share_that_is_only_missing_erases_nobody(world: World, tmp_path: Path) -> None:
    (tmp_path / "keys" / "people.shares").unlink()
    assert erase_again(world.database, OPERATOR) == ()
    assert live_keys(world.database, world.patient) == 1
