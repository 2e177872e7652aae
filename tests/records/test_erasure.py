"""Who was erased stays erased: a backup from before, a rotation of keys and a second writer bring nobody back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from records.access import Role
from records.database import Database
from records.devices import Browser
from records.erasure import erase, erase_again
from records.errors import Erased, NotFound
from records.key_ring import KeyRing, Purpose
from records.key_rotation import add_key, people, renew_people
from records.mails import MailDraft, MailQueue, queue_mail
from records.passkeys import PasskeyDraft
from records.proofs import ask_reset
from records.sealing import key_id_of
from records.second_step import Step
from records.sessions import PATIENT_PORTAL, STAFF_PORTAL
from records.tables.identity import MailRow, Passkey, SecondFactor
from records.tables.people import Account
from records.tables.vault import DataKey
from records.work import Actor
from tests.records.conftest import POSTGRES
from tests.records.helpers import PATIENT, World
from tests.records.test_backup import opened, put_back, taken
from tests.records.test_relationships import Family, family, helper_of

__all__ = ["family"]
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


def mail_to(address: str, mark: str) -> MailDraft:
    return MailDraft(template="reset", language="en", address=address, subject=mark, body=mark)


def test_a_patients_mails_go_with_them_to_whichever_address_they_went(world: World) -> None:
    database = world.database
    with database.scope(world.clinic, world.as_system) as scope:
        moved = replace(PATIENT, email="new@example.org")
        scope.people.update_patient(world.patient, moved, scope.people.patient(world.patient).version)
    with database.work(world.clinic, world.as_system) as work:
        queue_mail(work, mail_to(PATIENT.email, "earlier"), world.patient)
        queue_mail(work, mail_to("new@example.org", "as the first versions sealed it"))
        queue_mail(work, mail_to("else@example.org", "stranger"))
        queue_mail(work, mail_to("lena@clinic.example", "staff"), world.provider)
    with database.reading() as session:
        kept = session.execute(select(MailRow.__table__).order_by(MailRow.number)).mappings().all()
    erased(world)
    assert [mail.subject for mail in MailQueue(database).pending(9)] == ["stranger", "staff"]
    with database.writing() as session:
        session.execute(insert(MailRow).values(**kept[0]))  # as an older copy has it
        session.commit()
    assert [mail.subject for mail in MailQueue(database).pending(9)] == ["stranger", "staff"]
    with database.scope(world.clinic, world.as_system) as scope:
        assert [mail.subject for mail in scope.mails.outbox()] == ["staff", "stranger"]


def test_what_proves_a_patient_is_sealed_for_the_patient(world: World) -> None:
    database, step = world.database, Step(clinic=world.clinic, portal=PATIENT_PORTAL, browser=Browser())
    ask_reset(database, step, PATIENT.email, lambda token, address, _: mail_to(address, token))
    ask_reset(database, replace(step, portal=STAFF_PORTAL), PATIENT.email, lambda _, to, __: mail_to(to, "no account"))
    with database.scope(world.clinic, world.as_patient) as scope:
        view = scope.accounts.of_person(world.patient)
        assert view is not None
        scope.factors.begin_totp(view.account)
        credential = PasskeyDraft(credential=b"c", public_key=b"k", sign_count=0, name="phone")
        scope.passkeys.label(scope.passkeys.add(view.account, credential), "tablet")
    with database.reading() as session:
        sealed = [
            *session.scalars(select(MailRow.content)),
            *session.scalars(select(SecondFactor.secret)),
            *session.scalars(select(Passkey.content)),
        ]
        own = set(session.scalars(select(DataKey.id).where(DataKey.person == world.patient)))
    assert len(sealed) == 4 and {key_id_of(one) for one in sealed} <= own
    erased(world)
    with database.reading() as session:
        assert not [*session.scalars(select(MailRow.id)), *session.scalars(select(Passkey.id))]


def test_who_acted_for_somebody_leaves_neither_name_nor_address_in_their_record(family: Family) -> None:
    database, clinic, ana = family.database, family.world.clinic, family.world.patient
    olga, relationship = helper_of(family, ana, "proxy", ("see_record",))
    with database.reading() as session:
        (mail,) = session.scalars(select(MailRow.content)).all()
        own = session.scalars(select(DataKey.id).where(DataKey.person == ana)).all()
    assert key_id_of(mail) in own  # whom Ana asked is in Ana's keeping
    with database.work(clinic, OPERATOR) as work:
        erase(work, olga.person, GROUNDS)
    with database.scope(clinic, family.ana) as scope:
        (left,) = [one for one in scope.relationships.about(ana) if one.id == relationship]
    assert (left.name, left.email, left.state) == ("", "", "ended")
