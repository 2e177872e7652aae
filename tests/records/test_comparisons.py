"""Past decisions asked again with the law known now: by visit number, audited, page by page, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from engine.decide import decide
from engine.evaluators import ClosuresOnly
from engine.ports import GateRecord
from engine.rulebook import Rulebook, load_rulebook
from records.access import Role
from records.audit_trail import AuditQuery
from records.comparisons import ERASED, NOT_KEPT, NOT_READ, PAGE, Compared
from records.database import Database
from records.errors import AccessRefused, NotFound
from records.work import Actor
from tests.engine.helpers_releases import FIRST, SECOND, correct, release
from tests.engine.helpers_small_tree import plant
from tests.engine.test_releases import FACTS
from tests.records.helpers import START, World, build_world, shred

pytestmark = pytest.mark.slow
ON = "2026-02-01T10:00:00-05:00"
OFFICER = Actor(person="per_officer", role=Role.COMPLIANCE)


@pytest.fixture(scope="module")
def laws(tmp_path_factory: pytest.TempPathFactory) -> tuple[Rulebook, Rulebook]:
    """What was known then, and what is known now."""
    root = plant(tmp_path_factory.mktemp("law"))
    release(root, FIRST)
    then = load_rulebook(root)
    correct(root)
    release(root, SECOND)
    return then, load_rulebook(root)


def decided(rulebook: Rulebook, days: int, **changed: Any) -> GateRecord:
    """A gate's record of a prescription for so many days."""
    facts = {**FACTS, "prescription": {"days": days}}
    question = {"topic": "prescribing", "on": ON, "facts": facts, "known_at": None, "clinic": None}
    decisions = {"prescribing": decide(rulebook, question, ClosuresOnly()).as_json()}
    asked = {"facts": facts, "on": {"prescribing": ON}}
    record = GateRecord(gate="prescribe", open=True, asked_at=START, decisions=decisions, asked=asked)
    return replace(record, **changed)


def compared(world: World, rulebook: Rulebook, actor: Actor = OFFICER, **wanted: Any) -> Compared:
    with world.database.scope(world.clinic, actor) as scope:
        return scope.comparisons.page(rulebook, **wanted)


def keep(world: World, *records: GateRecord) -> list[str]:
    return [world.store.record_gate(world.effect(), record) for record in records]


def test_decisions_that_would_be_other_ones_are_told_with_the_rule_the_value_and_the_citation(
    database: Database, laws: tuple[Rulebook, Rulebook]
) -> None:
    world, (then, now) = build_world(database), laws
    beyond, kept = keep(world, decided(then, 10), decided(then, 3))
    found = compared(world, now)
    assert (found.looked, found.decisions, found.unasked, found.after) == (2, 2, (), "")
    by_record = {one.record: one for one in found.differing}
    first, second = by_record[beyond], by_record[kept]
    assert (first.visit, first.gate) == (world.visit, "prescribe")
    assert (first.difference.then, first.difference.now) == ("permitted_with_duties", "forbidden")
    assert (first.difference.known_then, first.difference.known_now) == (FIRST, SECOND)
    limit = next(change for change in first.difference.changes if change.part == "limits")
    assert (limit.name, limit.then, limit.now) == ("days", "14", "5")
    assert limit.rule == "us/fl/prescribing/look" and limit.cite == ("act",)
    assert second.difference.then == second.difference.now == "permitted_with_duties"


def test_with_the_law_of_then_nothing_differs(database: Database, laws: tuple[Rulebook, Rulebook]) -> None:
    world, (then, _) = build_world(database), laws
    keep(world, decided(then, 10))
    found = compared(world, then)
    assert (found.decisions, found.differing, found.unasked) == (1, (), ())


def test_nothing_that_a_question_told_is_shown(database: Database, laws: tuple[Rulebook, Rulebook]) -> None:
    world, (then, now) = build_world(database), laws
    keep(world, decided(then, 10))
    said = repr(compared(world, now))
    for told in ("2009-01-01", "in_person", "1000", "because", world.patient):
        assert told not in said


def test_what_cannot_be_asked_again_says_why(database: Database, laws: tuple[Rulebook, Rulebook]) -> None:
    world, (then, now) = build_world(database), laws
    strange = {"facts": {"patient": {"no": "such fact"}}, "on": {"prescribing": ON}}
    keep(world, decided(then, 10, asked=None), decided(then, 10, asked=strange))
    found = compared(world, now)
    assert {one.why for one in found.unasked} == {NOT_KEPT, NOT_READ} and not found.differing
    shred(world)
    found = compared(world, now)
    assert {one.why for one in found.unasked} == {ERASED} and not found.differing


def test_a_fault_of_the_engines_was_no_decision(database: Database, laws: tuple[Rulebook, Rulebook]) -> None:
    world, (then, now) = build_world(database), laws
    faulty = {"prescribing": {"topic": "prescribing", "outcome": "review", "review": [{"why": "engine_fault"}]}}
    keep(world, decided(then, 10, decisions=faulty))
    found = compared(world, now)
    assert (found.looked, found.decisions, found.differing, found.unasked) == (1, 0, (), ())


def test_pages_follow_each_other_and_none_is_told_twice(
    database: Database, laws: tuple[Rulebook, Rulebook], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("records.comparisons.PAGE", 2)
    world, (then, now) = build_world(database), laws
    made = keep(world, *(decided(then, 10) for _ in range(5)))
    told: list[str] = []
    after, pages = "", 0
    while pages == 0 or after:
        found = compared(world, now, after=after)
        told += [one.record for one in found.differing]
        after, pages = found.after, pages + 1
    assert (sorted(told), pages) == (sorted(made), 3) and PAGE == 100
    later = START + timedelta(days=1)
    assert compared(world, now, since=later).looked == 0


def test_a_clinic_is_compared_alone(database: Database, laws: tuple[Rulebook, Rulebook]) -> None:
    world, other, (then, now) = build_world(database), build_world(database, "seaside"), laws
    [record] = keep(world, decided(then, 10))
    assert compared(other, now).looked == 0
    with pytest.raises(NotFound):
        compared(other, now, after=record)


@pytest.mark.parametrize("role", [Role.CLINICAL_OPS, Role.CLINIC_ADMIN, Role.PROVIDER, Role.SUPPORT, Role.PATIENT])
def test_only_the_officer_compares_and_it_is_audited(
    database: Database, laws: tuple[Rulebook, Rulebook], role: Role
) -> None:
    world, (then, now) = build_world(database), laws
    keep(world, decided(then, 10))
    with pytest.raises(AccessRefused):
        compared(world, now, Actor(person=world.provider, role=role))
    compared(world, now)
    with database.scope(world.clinic, OFFICER) as scope:
        told = scope.audit.search(AuditQuery(limit=500))
    assert [one.actor for one in told if one.act == "gates:comparison:viewed"] == [OFFICER.person]
    assert any(one.act.endswith(":refused") and one.role == role for one in told)


def test_a_page_of_decisions_since_a_day_reads_no_other_rows(world: World) -> None:
    if world.database.engine.dialect.name != "sqlite":
        pytest.skip("a small table is read whole by PostgreSQL, whatever its indexes")
    asked = "clinic = 'c' AND recorded_at >= '2026-01-01' ORDER BY recorded_at, id LIMIT 51"
    with world.database.reading() as session:
        steps = session.execute(text(f"EXPLAIN QUERY PLAN SELECT * FROM gate_records WHERE {asked}"))
        plan = " ".join(str(step.detail) for step in steps)
    assert "ix_gate_records_clinic_recorded_at (clinic=? AND recorded_at>?)" in plan
    assert "TEMP B-TREE" not in plan
