"""Keys are changed while people write and read: nothing becomes unreadable, nothing is lost, nobody is signed out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from temporalio.api.common.v1 import Payload

from records.access import Role
from records.audit import verify
from records.database import INSTALLATION, Database, PayloadKeys
from records.key_ring import Purpose, has_share
from records.key_rotation import add_key, people, purposes, renew_people, reseal, rewrap_by_master
from records.keys import FileKeyProvider
from records.sealing import key_id_of
from records.sessions import PATIENT_PORTAL
from records.tables.people import Patient, Person
from records.tables.vault import DataKey
from records.work import Actor
from tests.records.helpers import PATIENT, HandClock, World, build_world, open_database
from tests.records.helpers_journey import FORM, answer_of, walk
from workflows.codec import CachedKeys, EncryptingCodec

pytestmark = pytest.mark.slow

OPERATOR = Actor(person="dana", role=Role.PLATFORM_OPERATOR)


def again(world: World, tmp_path: Path) -> Database:
    """The same records in another program that remembers no key."""
    return Database(world.database.url, FileKeyProvider(tmp_path / "keys"))


def test_a_new_master_key_wraps_every_clinics_keys_and_everything_opens(world: World, tmp_path: Path) -> None:
    before = {one.purpose: one for one in purposes(world.database, world.clinic)}
    version = world.database.ring.provider.rotate()
    assert rewrap_by_master(world.database, world.clinic) == len(Purpose)
    assert rewrap_by_master(world.database, world.clinic) == 0
    after = {one.purpose: one for one in purposes(world.database, world.clinic)}
    assert {one.master_keys for one in after.values()} == {(version,)}
    assert {name: one.key for name, one in after.items()} == {name: one.key for name, one in before.items()}
    other = again(world, tmp_path)
    with other.scope(world.clinic, world.as_system) as scope:
        assert scope.people.patient(world.patient).given == "Ana"
    other.close()


def test_new_keys_for_fields_seal_what_is_new_and_open_what_is_old(
    world: World, clock: HandClock, tmp_path: Path
) -> None:
    clock.move(days=1)
    newest = add_key(world.database, world.clinic, Purpose.FIELDS, OPERATOR)
    assert people(world.database, world.clinic).behind == 1
    assert renew_people(world.database, world.clinic) == 1
    assert people(world.database, world.clinic).behind == 0
    other = again(world, tmp_path)
    with other.scope(world.clinic, world.as_system) as scope:
        patient = scope.people.patient(world.patient)
        scope.people.update_patient(world.patient, PATIENT, patient.version)
        assert scope.people.patient(world.patient).given == "Ana"
    with other.reading() as session:
        keys = session.scalars(select(DataKey).where(DataKey.person == world.patient)).all()
        profile = session.scalar(select(Patient.profile).where(Patient.person == world.patient))
    assert [(key.generation, key.parent) for key in keys] == [(1, newest), (2, newest)]
    assert profile is not None and key_id_of(profile) == keys[1].id
    other.close()


def test_old_values_are_sealed_anew_and_history_is_not(database: Database, clock: HandClock) -> None:
    walked = walk(database, "palmetto", "Aaa")
    other = build_world(database, "cedar")
    clock.move(days=1)
    add_key(database, "palmetto", Purpose.FIELDS, OPERATOR)
    renew_people(database, "palmetto")
    done = reseal(database, "palmetto")
    assert done["patients"] == 1 and done["persons"] >= 2 and "answers" not in done
    assert reseal(database, "palmetto").total() == 0
    database.ring.forget()
    with database.scope("palmetto", walked.world.as_system) as scope:
        assert scope.people.patient(walked.world.patient).given == "Aaagiven"
        assert scope.forms.answers(walked.world.visit, FORM)
        assert scope.visits.get(walked.world.visit).reason
    with database.reading() as session:
        own = set(session.scalars(select(DataKey.id).where(DataKey.generation == 2)))
        mine = session.scalars(select(Person.contact).where(Person.clinic == "palmetto")).all()
        theirs = session.scalars(select(Person.contact).where(Person.clinic == other.clinic)).all()
    assert {key_id_of(one) for one in mine} <= own
    assert not {key_id_of(one) for one in theirs} & own
    assert verify(database, "palmetto").ok


def test_keys_of_the_first_versions_get_a_share(world: World, clock: HandClock, tmp_path: Path) -> None:
    ring = world.database.ring
    with world.database.writing() as session:
        row = session.scalars(select(DataKey).where(DataKey.person == world.patient)).one()
        value = ring.current(session, world.clinic, Purpose.FIELDS, world.patient).value
        ring._wrap_in_parent(session, row, type(ring._opened(session, row))("", value))
        row.wrapped = row.wrapped[2:]  # as it was: the clinic's key alone
        session.commit()
    ring.forget()
    assert people(world.database, world.clinic).behind == 1
    assert renew_people(world.database, world.clinic) == 1
    other = again(world, tmp_path)
    with other.scope(world.clinic, world.as_system) as scope:
        assert scope.people.patient(world.patient).given == "Ana"
    with other.reading() as session:
        assert has_share(session.scalars(select(DataKey.wrapped).where(DataKey.person == world.patient)).one())
    other.close()


def test_an_interrupted_rotation_goes_on_where_it_ended(
    database: Database, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.scope("palmetto", Actor.system("tests")) as scope:
        patients = [scope.people.create_patient(PATIENT) for _ in range(5)]
    monkeypatch.setattr("records.key_rotation.BATCH", 2)
    clock.move(days=1)
    add_key(database, "palmetto", Purpose.FIELDS, OPERATOR)

    def die(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        renew_people(database, "palmetto", die)
    assert people(database, "palmetto").behind == 3
    assert renew_people(database, "palmetto") == 3
    with database.scope("palmetto", Actor.system("tests")) as scope:
        assert {scope.people.patient(one).given for one in patients} == {"Ana"}


def test_a_rotation_under_load_leaves_nothing_unreadable_and_loses_nothing(tmp_path: Path) -> None:
    """Three programs write and read while the fourth changes the master key, the clinic's and every patient's."""
    seen = _Load(tmp_path)
    seen.run(lambda database: _rotate_all(database, rounds=2))
    assert seen.failures == []
    assert seen.saved > 0 and seen.read > 0
    database = open_again(tmp_path)
    with database.scope("palmetto", Actor.system("tests")) as scope:
        answers = scope.forms.answers(seen.world.visit, FORM)
        assert answers["symptom"].value == f"value {seen.saved}"
        assert scope.people.patient(seen.world.patient).phone == f"+1305555{seen.saved:04d}"
    assert verify(database, "palmetto").ok
    assert people(database, "palmetto").behind == 0
    database.close()


def _rotate_all(database: Database, rounds: int) -> None:
    for _ in range(rounds):
        database.ring.provider.rotate()
        rewrap_by_master(database, "palmetto")
        for purpose in (Purpose.FIELDS, Purpose.AUDIT, Purpose.SESSIONS, Purpose.LINKS):
            add_key(database, "palmetto", purpose, OPERATOR)
        renew_people(database, "palmetto")
        reseal(database, "palmetto")


def open_again(folder: Path) -> Database:
    return Database(f"sqlite:///{folder / 'records.sqlite3'}", FileKeyProvider(folder / "keys"))


class _Load:
    """One writer and two readers, each with its own database as a program of its own would have."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        first = open_database(folder)
        self.world = build_world(first)
        self.world.begin()
        first.close()
        self.failures: list[BaseException] = []
        self.saved = self.read = 0
        self.stop = threading.Event()

    def run(self, rotate: Callable[[Database], None]) -> None:
        threads = [
            threading.Thread(target=self._guarded, args=(work,)) for work in (self._write, self._look, self._look)
        ]
        for thread in threads:
            thread.start()
        try:
            database = open_again(self.folder)
            rotate(database)
            database.close()
        finally:
            self.stop.set()
            for thread in threads:
                thread.join()

    def _guarded(self, work: Callable[[Database], None]) -> None:
        database = open_again(self.folder)
        try:
            while not self.stop.is_set():
                work(database)
        except BaseException as failure:
            self.failures.append(failure)
        finally:
            database.close()

    def _write(self, database: Database) -> None:
        number = self.saved + 1
        with database.scope("palmetto", self.world.as_patient) as scope:
            scope.forms.save_answer(
                answer_of(self.world.visit, value=f"value {number}", version=self.saved, key=f"k{number}")
            )
            patient = scope.people.patient(self.world.patient)
            changed = replace(PATIENT, phone=f"+1305555{number:04d}")
            scope.people.update_patient(self.world.patient, changed, patient.version)
        self.saved = number

    def _look(self, database: Database) -> None:
        database.ring.forget()
        with database.scope("palmetto", self.world.as_patient) as scope:
            assert scope.people.patient(self.world.patient).given == "Ana"
            scope.forms.answers(self.world.visit, FORM)
        self.read += 1


def test_a_signed_in_patient_and_a_link_in_a_mail_outlive_a_rotation(world: World, clock: HandClock) -> None:
    world.begin()
    with world.database.scope(world.clinic, world.as_system) as scope:
        account = scope.accounts.of_person(world.patient)
        assert account is not None
        token, session = scope.sessions.open(account.account, PATIENT_PORTAL)
    for minutes in (0, 6):
        clock.move(minutes=minutes)
        add_key(world.database, world.clinic, Purpose.SESSIONS, OPERATOR)
        seen = world.database.sessions.resolve(world.clinic, token, PATIENT_PORTAL)
        assert seen is not None and seen.csrf == session.csrf
    clock.move(minutes=6)
    with world.database.scope(world.clinic, world.as_system) as scope:
        later, opened = scope.sessions.open(account.account, PATIENT_PORTAL)
    again = world.database.sessions.resolve(world.clinic, later, PATIENT_PORTAL)
    assert again is not None and again.csrf == opened.csrf


async def test_payloads_of_running_visits_stay_readable(database: Database) -> None:
    codec = EncryptingCodec(CachedKeys(PayloadKeys(database), fresh_seconds=0))
    said = Payload(metadata={"encoding": b"json/plain"}, data=b'"before"')
    before = await codec.encode([said])
    add_key(database, INSTALLATION, Purpose.PAYLOADS, OPERATOR)
    after = await codec.encode([said])
    assert before[0].metadata["key"] != after[0].metadata["key"]
    assert await codec.decode([*before, *after]) == [said, said]
    started_later = EncryptingCodec(CachedKeys(PayloadKeys(database)))
    assert await started_later.decode(before) == [said]


def test_heads_signed_by_an_earlier_key_are_still_ours(world: World) -> None:
    add_key(world.database, world.clinic, Purpose.AUDIT, OPERATOR)
    assert (verify(world.database, world.clinic).ok, verify(world.database, world.clinic).signature) == (True, "valid")


def test_keys_of_look_ups_are_not_rotated(world: World) -> None:
    with pytest.raises(ValueError, match="blind"):
        add_key(world.database, world.clinic, Purpose.BLIND, OPERATOR)
