"""What PostgreSQL does otherwise: many write at once, readers have one snapshot, and its power can be cut."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.ports import VisitChange
from records.audit import verify
from records.database import Database
from records.engines import open_engine
from records.errors import Conflict, Overtaken, RecordsError
from records.forms import AnswerDraft, Submission
from records.keys import FileKeyProvider
from records.migrate import upgrade
from records.notes import NoteDraft
from records.postgres import AddressRefused, connect_arguments
from records.work import Actor
from tests.helpers_tls import certificate_for
from tests.records.conftest import POSTGRES
from tests.records.helpers import START, HandClock, World, build_world, draft_of, open_database
from tests.records.helpers_journey import FORM
from tests.records.helpers_postgres import HASTY, LASTING, Server, programs
from tests.records.test_crash import acknowledged, several, start

only_postgres = pytest.mark.parametrize("kind", [POSTGRES], indirect=True)
THREADS = 6


def at_once(*calls: Callable[[], object]) -> list[object]:
    """What each call answered or raised, all of them started at the same moment."""
    ready = threading.Barrier(len(calls))
    results: list[object] = [None] * len(calls)

    def run(number: int, call: Callable[[], object]) -> None:
        ready.wait(30)
        try:
            results[number] = call()
        except RecordsError as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def answer(world: World, value: str, key: str, version: int = 0) -> Callable[[], object]:
    def save() -> object:
        draft = AnswerDraft(visit=world.visit, form=FORM, item="fever", value=value, version=version, key=key)
        with world.database.scope(world.clinic, world.as_patient) as scope:
            return scope.forms.save_answer(draft).version

    return save


def test_of_several_pages_saving_one_answer_one_wins_and_the_others_are_told(world: World) -> None:
    world.begin()
    results = at_once(*(answer(world, f"v{number}", f"k{number}") for number in range(THREADS)))
    told = [result for result in results if isinstance(result, Conflict)]
    assert (results.count(1), len(told)) == (1, THREADS - 1)
    assert {conflict.current for conflict in told} == {1}


def test_a_save_sent_several_times_at_once_is_one_save(world: World) -> None:
    world.begin()
    assert at_once(*(answer(world, "yes", "same") for _ in range(THREADS))) == [1] * THREADS


def test_a_form_handed_in_twice_at_once_is_one_submission(world: World) -> None:
    world.begin()
    submission = Submission(visit=world.visit, form=FORM, form_digest="d", shown=(), fills={})

    def submit() -> object:
        with world.database.scope(world.clinic, world.as_patient) as scope:
            return scope.forms.submit(submission)

    results = at_once(*(submit for _ in range(THREADS)))
    assert len(set(map(str, results))) == 1
    assert not isinstance(results[0], Exception)


def test_of_two_writers_of_a_note_one_is_told_and_nothing_is_lost(world: World) -> None:
    def save(words: str) -> Callable[[], object]:
        def run() -> object:
            draft = NoteDraft(visit=world.visit, template="t", fields={"plan": words}, version=0, key=words)
            with world.database.scope(world.clinic, world.as_provider) as scope:
                return scope.notes.save(draft).version

        return run

    results = at_once(*(save(f"w{number}") for number in range(THREADS)))
    assert results.count(1) == 1
    assert sum(isinstance(result, Conflict) for result in results) == THREADS - 1
    with world.database.scope(world.clinic, world.as_provider) as scope:
        note = scope.notes.current(world.visit)
    assert note is not None and note.fields["plan"] == f"w{results.index(1)}"


def test_two_who_edit_a_patient_at_once_do_not_write_over_each_other(world: World) -> None:
    def rename(name: str) -> Callable[[], object]:
        def run() -> object:
            with world.database.scope(world.clinic, world.as_patient) as scope:
                known = scope.people.patient(world.patient)
            ready.wait(30)
            changed = {field: getattr(known, field) for field in type(known).__dataclass_fields__}
            draft = type(known)(**{**changed, "given": name})
            with world.database.scope(world.clinic, world.as_patient) as scope:
                return scope.people.update_patient(world.patient, draft, known.version)

        return run

    ready = threading.Barrier(3)
    results = at_once(*(rename(name) for name in ("A", "B", "C")))
    assert sum(isinstance(result, Conflict) for result in results) == 2


def test_one_time_is_held_by_one_visit_however_many_ask_at_once(world: World) -> None:
    def other_visit() -> str:
        with world.database.scope(world.clinic, world.as_patient) as scope:
            return scope.visits.draft(draft_of(world.patient, world.provider))

    def hold(visit: str) -> Callable[[], object]:
        effect = world.effect(step="book")
        moved = type(effect)(ref=type(world.ref)(clinic=world.clinic, visit=visit), step="book", key="k", actor="w")
        return lambda: world.store.hold_slot(moved, START + timedelta(minutes=10))

    results = at_once(*(hold(visit) for visit in [world.visit, *(other_visit() for _ in range(THREADS - 1))]))
    assert sorted(map(str, results)) == ["False"] * (THREADS - 1) + ["True"]


def test_an_effect_asked_for_several_times_at_once_is_made_once(world: World) -> None:
    effect = world.effect(step="wait", key="once")
    results = at_once(*(lambda: world.store.raise_alert(effect, "review") for _ in range(THREADS)))
    assert len(set(map(str, results))) == 1
    with world.database.scope(world.clinic, world.as_provider) as scope:
        assert len(scope.alerts.open(world.visit)) == 1


def test_changes_of_a_visit_at_once_each_get_their_number(world: World) -> None:
    change = VisitChange(event="looked", stage=None)
    at_once(*(lambda: world.store.change(world.effect(), change) for _ in range(THREADS)))
    with world.database.scope(world.clinic, world.as_system) as scope:
        events = [event for event in scope.visits.events(world.visit) if event.event == "looked"]
    assert len({event.sequence for event in events}) == THREADS
    assert verify(world.database, world.clinic).ok


def test_the_keys_of_a_clinic_are_made_once_by_programs_that_start_together(
    records_url: str, tmp_path: Path, clock: HandClock
) -> None:
    databases = [open_database(tmp_path, clock, records_url)]
    databases += [Database(records_url, FileKeyProvider(tmp_path / "keys")) for _ in range(3)]

    def first_look(database: Database) -> Callable[[], object]:
        def run() -> object:
            with database.scope("cedar", Actor.system("tests")) as scope:
                return len(scope.people.providers())

        return run

    assert at_once(*(first_look(database) for database in databases)) == [0] * 4
    assert verify(databases[0], "cedar").ok
    for database in databases:
        database.close()


@only_postgres
def test_a_reader_sees_one_instant_and_writes_nothing(world: World) -> None:
    count = text("SELECT count(*) FROM visit_events")
    with world.database.reading() as session:
        before = session.scalar(count)
        world.begin()
        assert session.scalar(count) == before
        with pytest.raises(Exception, match="read-only"):
            session.execute(text("UPDATE visits SET stage = 'x'"))
    with world.database.reading() as session:
        assert session.scalar(count) == (before or 0) + 1


@only_postgres
def test_a_connection_has_limits_and_goes_by_utc(database: Database) -> None:
    wanted = {"TimeZone": "UTC", "lock_timeout": "30s", "idle_in_transaction_session_timeout": "1min"}
    with database.engine.connect() as connection:
        told = {name: connection.execute(text(f"SHOW {name}")).scalar_one() for name in wanted}
    assert told == wanted


@only_postgres
def test_a_lost_race_is_undone_whole_and_may_be_asked_again(world: World) -> None:
    with pytest.raises(Overtaken), world.database.work(world.clinic, world.as_system) as work:
        work.session.execute(text("UPDATE visits SET stage = 'lost'"))
        work.session.execute(text("INSERT INTO packs SELECT * FROM packs LIMIT 1"))
    with world.database.scope(world.clinic, world.as_system) as scope:
        assert scope.visits.get(world.visit).stage == "draft"


@only_postgres
def test_what_somebody_typed_into_an_address_is_no_error_and_is_not_kept(world: World) -> None:
    for typed in ("a\x00b", "Ana Reyes, fever" * 20, "\ud83d" + "x"):
        with pytest.raises(RecordsError), world.database.scope(world.clinic, world.as_patient) as scope:
            scope.visits.get(typed)
    assert verify(world.database, world.clinic).ok


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://clinic@db.example/clinic",
        "postgresql://clinic@db.example/clinic?sslmode=disable",
        "postgresql://clinic@db.example/clinic?sslmode=require",
        "postgresql://clinic@localhost/clinic?host=db.example",
        "postgresql://clinic@localhost/clinic?options=-csearch_path%3Dx",
        "postgresql://clinic@localhost/clinic?sslmode=verify-full&sslmode=disable",
    ],
)
def test_an_address_that_would_go_unchecked_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        connect_arguments(url)
    assert "db.example" not in str(refused.value)


def test_tls_beyond_this_machine_checks_certificate_and_name() -> None:
    context = connect_arguments("postgresql://clinic@db.example/clinic?sslmode=verify-full")["ssl_context"]
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"
    assert context.minimum_version.name == "TLSv1_2"


@pytest.mark.postgres
@pytest.mark.slow
def test_tls_is_spoken_with_the_server_whose_certificate_and_name_are_right_and_with_no_other(tmp_path: Path) -> None:
    if programs() is None:
        pytest.skip("this machine has no PostgreSQL server; `./clinic test all` installs Debian's")
    certificate, key = certificate_for("localhost")
    stranger, _key = certificate_for("localhost")
    for name, content in (("ours.pem", certificate), ("others.pem", stranger)):
        (tmp_path / name).write_bytes(content)
    port = free_port()
    files = {"tls.pem": certificate, "tls.key": key}
    tls = ("listen_addresses=127.0.0.1", "ssl=on", "ssl_cert_file=../tls.pem", "ssl_key_file=../tls.key")
    server = Server((*HASTY, *tls), port=port, files=files)

    def speaks(host: str, authorities: str) -> bool:
        address = f"postgresql://clinic@{host}:{port}/postgres?sslmode=verify-full&sslrootcert={tmp_path / authorities}"
        engine = open_engine(address)
        try:
            with engine.connect() as connection:
                query = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
                return bool(connection.execute(query).scalar_one())
        finally:
            engine.dispose()

    try:
        assert speaks("localhost", "ours.pem")
        for host, authorities in (("localhost", "others.pem"), ("127.0.0.1", "ours.pem")):
            with pytest.raises(ssl.SSLCertVerificationError):
                speaks(host, authorities)
    finally:
        server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def lasting() -> Iterator[Server]:
    """A server that waits for the disk, as one that is used does."""
    if programs() is None:
        pytest.skip("this machine has no PostgreSQL server; `./clinic test all` installs Debian's")
    server = Server(LASTING)
    yield server
    server.stop()


@pytest.mark.postgres
@pytest.mark.slow
def test_a_killed_server_loses_no_acknowledged_answer(lasting: Server, tmp_path: Path) -> None:
    url = lasting.create()
    upgrade(url)
    database = Database(url, FileKeyProvider(tmp_path / "keys"))
    world = build_world(database)
    world.begin()
    writers = {name: start(world, tmp_path, name) for name in ("a", "b")}
    for writer in writers.values():
        assert writer.stdout is not None
        assert os.read(writer.stdout.fileno(), 2) == b"0\n"
    begun = {name: several(writer) for name, writer in writers.items()}
    lasting.kill()
    told = {name: begun[name] + _told(writer) for name, writer in writers.items()}
    lasting.start()
    with database.scope(world.clinic, world.as_patient) as scope:
        kept = scope.forms.answers(world.visit, FORM)
    for name, count in told.items():
        missing = [number for number in range(count) if kept[f"{name}{number}"].value != number]
        assert (count > 3, missing) == (True, [])
    report = verify(database, world.clinic)
    assert (report.ok, report.signature) == (True, "valid")
    database.close()


def _told(writer: subprocess.Popen[bytes]) -> int:
    """A writer ends with an error when its server dies; what it had told before counts."""
    told = acknowledged(writer)
    assert writer.wait(30) != 0
    return told
