"""The audit is searched by who, whom, what and when; what was searched is in it; and patients read about themselves."""

from __future__ import annotations

import json
import threading
import time
from contextlib import nullcontext
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from records.access import Role
from records.acts import Act
from records.audit import verify
from records.audit_group import AuditGroup
from records.audit_rows import HASHED
from records.audit_trail import AuditQuery
from records.codes import canonical
from records.errors import AccessRefused
from records.journal import Access, Entry, Journal, Who, canonical_detail, canonical_entry
from records.key_ring import Purpose
from records.work import Actor
from tests.records.helpers import PATIENT, HandClock, World

OFFICER = Actor(person="olga", role=Role.COMPLIANCE)
ENTRIES = st.lists(st.text(), min_size=len(HASHED), max_size=len(HASHED))


@settings(max_examples=25)
@given(ENTRIES, st.integers())
def test_an_entry_is_written_as_the_general_encoder_writes_it(texts: list[str], sequence: int) -> None:
    values = [texts[0], sequence, *texts[2:]]
    assert canonical_entry(values) == json.dumps(values, separators=(",", ":"), ensure_ascii=False)


@settings(max_examples=25)
@given(st.dictionaries(st.text(), st.text() | st.integers() | st.booleans()))
def test_the_codes_of_an_entry_are_written_as_the_general_encoder_writes_them(detail: dict[str, str | int]) -> None:
    assert canonical_detail(detail) == canonical(detail)


@pytest.mark.parametrize("odd", [None, 3, b"bytes", 1.5])
def test_a_value_of_another_kind_is_no_entry(odd: object) -> None:
    for place in range(len(HASHED)):
        values: list[object] = ["x"] * len(HASHED)
        values[1] = 1
        values[place] = odd
        if place == 1 and odd == 3:
            continue
        with pytest.raises(TypeError):
            canonical_entry(values)


def test_each_field_of_a_search_narrows_it(world: World, clock: HandClock) -> None:
    with world.database.scope(world.clinic, world.as_provider) as scope:
        scope.visits.get(world.visit)
    clock.move(hours=1)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.people.patient(world.patient)
    with world.database.scope(world.clinic, OFFICER) as scope:

        def found(query: AuditQuery) -> set[tuple[str, str]]:
            return {(one.actor, one.act) for one in scope.audit.search(query)}

        assert found(AuditQuery(actor=world.provider)) == {(world.provider, "visits:visit:viewed")}
        assert (world.provider, "visits:visit:viewed") in found(AuditQuery(patient=world.patient))
        assert (world.patient, "people:patient:viewed") in found(AuditQuery(patient=world.patient, act="viewed"))
        assert {act for _, act in found(AuditQuery(act="created"))} <= {
            str(act) for act in Act if act.action == "created"
        }
        assert {act for _, act in found(AuditQuery(visit=world.visit, act="visits:visit:viewed"))} == {
            "visits:visit:viewed"
        }
        later = found(AuditQuery(since=clock.now()))
        assert later == {(world.patient, "people:patient:viewed")}
        assert not later & found(AuditQuery(until=clock.now(), actor=world.patient))
        newest = scope.audit.search(AuditQuery(limit=1))[0]
        assert all(one.sequence < newest.sequence for one in scope.audit.search(AuditQuery(before=newest.sequence)))
    with world.database.scope(world.clinic, OFFICER) as scope:
        own = scope.audit.search(AuditQuery(actor="olga"))
    assert {"by_actor": world.provider} in [json.loads(one.detail) for one in own]


def test_a_sentence_is_no_search(world: World) -> None:
    with pytest.raises(ValueError), world.database.scope(world.clinic, OFFICER) as scope:
        scope.audit.search(AuditQuery(actor="Ana Reyes, the one with the cough"))


def test_patients_see_who_saw_them_and_only_them(world: World) -> None:
    with world.database.scope(world.clinic, world.as_provider) as scope:
        scope.people.patient(world.patient)
    with world.database.scope(world.clinic, world.as_system) as scope:
        stranger = scope.people.create_patient(PATIENT)
        scope.people.patient(world.patient)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        seen = scope.audit.who_saw(world.patient)
        assert {(one.actor, one.name) for one in seen} == {(world.provider, "Dr. Lena Okafor")}
        assert scope.audit.who_saw(world.patient, before=seen[-1].sequence) == ()
        with pytest.raises(AccessRefused):
            scope.audit.who_saw(stranger)


def test_many_at_once_are_written_together_and_each_is_there(world: World) -> None:
    who = Who(person="p", role="provider", session="", origin="ip:10.0.0.1")
    for clinic in ("cedar", "birch"):
        world.database.secret(clinic, Purpose.LINKS)  # makes its keys
    before = {clinic: verify(world.database, clinic).entries for clinic in ("cedar", "birch")}

    def append(clinic: str) -> None:
        for number in range(10):
            world.database.audited.append(clinic, who, [Entry(act=Act.VISIT_VIEWED, subject=f"v{number}")])

    threads = [threading.Thread(target=append, args=(clinic,)) for clinic in ("cedar", "birch") for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for clinic in ("cedar", "birch"):
        report = verify(world.database, clinic)
        assert (report.ok, report.entries - before[clinic]) == (True, 40)


def test_who_comes_right_after_a_crowd_waits_until_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []

    def write(_session: object, accesses: list[tuple[Journal, list[Access]]]) -> None:
        written.append(sum(len(of_clinic) for _, of_clinic in accesses))

    monkeypatch.setattr("records.audit_group.append_to_many", write)
    group = AuditGroup(lambda: nullcontext(Mock()), Mock(), Mock())
    group._crowd, group._until = 3, time.monotonic() + 60
    who = Who(person="p", role="r", session="", origin="")
    threads = [threading.Thread(target=group.append, args=(clinic, who, [])) for clinic in ("cedar", "birch", "cedar")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert written == [3]
    group._until = 0.0  # nobody came back in time: whoever comes now waits for nobody
    group.append("cedar", who, [])
    assert written == [3, 1]


def test_a_failure_reaches_everybody_who_waited(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("records.audit_group.append_to_many", broken)
    with pytest.raises(OSError, match="disk full"):
        world.database.audited.append(world.clinic, Who(person="p", role="r", session="", origin=""), [])


@pytest.mark.slow
def test_a_long_chain_is_walked_in_two_halves_and_its_seam_is_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("records.audit.LONG", 4)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    world.database.anchors.flush()
    whole = verify(world.database, world.clinic)
    assert whole.ok and whole.entries > 6
    monkeypatch.setattr("records.audit.LONG", 10**9)
    assert verify(world.database, world.clinic) == whole
    middle = whole.entries // 2
    if world.database.engine.dialect.name == "sqlite":
        with world.database.engine.begin() as connection:
            connection.exec_driver_sql("DROP TRIGGER audit_entries_no_delete")
            connection.exec_driver_sql(f"DELETE FROM audit_entries WHERE sequence = {middle}")
        for long in (4, 10**9):
            monkeypatch.setattr("records.audit.LONG", long)
            assert f"entry {middle} is missing" in "; ".join(verify(world.database, world.clinic).problems)


def test_a_search_about_a_patient_reads_no_whole_chain(world: World) -> None:
    """By the database's own plan: each of the three ways in which an entry is about somebody has an index."""
    if world.database.engine.dialect.name != "sqlite":
        pytest.skip("a small table is read whole by PostgreSQL, whatever its indexes")
    about = "visit = 'v' OR (clinic = 'c' AND subject = 'p') OR (clinic = 'c' AND actor = 'p')"
    with world.database.reading() as session:
        steps = session.execute(text(f"EXPLAIN QUERY PLAN SELECT sequence FROM audit_entries WHERE {about}"))
        plan = " ".join(str(step.detail) for step in steps)
    assert all(f"ix_audit_entries_{column}" in plan for column in ("visit", "subject", "actor"))
    assert "SCAN" not in plan
