"""Visits as the clinic's people find them, and what happened at one: each reader sees what the table grants them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.ports import Effect, GateRecord, VisitChange
from records.access import Role
from records.database import Database
from records.errors import AccessRefused
from records.replays import Moment, Replay, VisitQuery, without_facts
from records.work import Actor
from tests.records.helpers import START, HandClock, World, shred
from tests.records.helpers_journey import walk

pytestmark = pytest.mark.slow
FORBIDDEN = {
    "topic": "licensing",
    "outcome": "forbidden",
    "forbids": [
        {"act": "practise", "rule": "r", "title": "T", "cite": ["s"], "because": {"patient.location.state": "ZZ"}}
    ],
    "missing": ["patient.pregnant"],
    "tried": [{"path": "p", "rule": "r", "failed": ["patient.age >= 18"]}],
    "duties": [{"duty": "d", "due": "before_join", "met": True, "detail": {"x": "ZZ"}, "rule": "r", "cite": ["s"]}],
    "presumed": {"provider.discipline": "ZZ"},
    "law": "sha256:abc",
    "law_time": "2026-03-05",
    "sources": {"s": {"law": "L"}},
}


def actor(role: Role) -> Actor:
    return Actor(person=f"per_{role}", role=role)


def replay(world: World, role: Role) -> Replay:
    with world.database.scope(world.clinic, actor(role)) as scope:
        return scope.replays.of_visit(world.visit)


def of(found: Replay, sort: str) -> list[Moment]:
    return [one for one in found.moments if one.sort == sort]


def shut(world: World, gate: str = "join") -> None:
    decisions = {"licensing": FORBIDDEN, "prescribing": {**FORBIDDEN, "topic": "prescribing"}}
    world.store.record_gate(world.effect(), GateRecord(gate=gate, open=False, asked_at=START, decisions=decisions))


def test_a_visit_is_told_from_its_first_event_to_its_newest(database: Database) -> None:
    world = walk(database, "palmetto", "Zq7").world
    found = replay(world, Role.CLINICAL_OPS)
    assert [one.at for one in found.moments] == sorted(one.at for one in found.moments)
    sorts = {one.sort for one in found.moments}
    assert {"event", "gate", "notice", "task", "payment"} <= sorts
    assert of(found, "event")[0].name == "drafted"
    assert "Zq7" not in repr([(one, one.detail, one.verdict and one.verdict.decisions) for one in found.moments])


def test_who_runs_the_clinic_reads_the_law_and_nothing_it_was_told(world: World) -> None:
    shut(world)
    verdict = of(replay(world, Role.CLINICAL_OPS), "gate")[0].verdict
    assert verdict is not None and not verdict.open and verdict.agreed
    assert (verdict.law, verdict.law_time) == ("sha256:abc", "2026-03-05")
    assert verdict.outcomes == {"licensing": "forbidden", "prescribing": "forbidden"}
    assert set(verdict.decisions) == {"licensing"}
    assert verdict.decisions["licensing"]["forbids"] == [{"act": "practise", "rule": "r", "title": "T", "cite": ["s"]}]
    shown = repr(verdict.decisions)
    assert not [one for one in ("ZZ", "pregnant", "age", "met") if one in shown]


def test_at_the_prescribing_gate_they_read_outcomes_alone(world: World) -> None:
    shut(world, "prescribe")
    verdict = of(replay(world, Role.CLINIC_ADMIN), "gate")[0].verdict
    assert verdict is not None and verdict.decisions == {} and verdict.outcomes["licensing"] == "forbidden"


def test_the_officer_reads_the_whole_decision_and_every_act(world: World) -> None:
    shut(world, "prescribe")
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.visits.get(world.visit)
    found = replay(world, Role.COMPLIANCE)
    verdict = of(found, "gate")[0].verdict
    assert verdict is not None and verdict.decisions["prescribing"]["missing"] == ["patient.pregnant"]
    assert "visits:visit:viewed" in {one.name for one in of(found, "act")} and not found.withheld
    assert replay(world, Role.CLINICAL_OPS).withheld


def test_ops_see_no_act_that_touches_what_is_withheld_from_them(database: Database) -> None:
    world = walk(database, "palmetto", "Zq7").world
    acts = {one.name for one in of(replay(world, Role.CLINICAL_OPS), "act")}
    assert not [one for one in acts if one.startswith(("forms:", "notes:", "orders:", "consents:", "files:"))]


def test_a_reason_code_of_an_event_is_not_shown_to_ops(world: World) -> None:
    change = VisitChange(event="visit_cancelled", stage="cancelled", detail={"code": "better", "step": "cancel"})
    world.store.change(world.effect(), change)
    for role, code in ((Role.CLINICAL_OPS, None), (Role.COMPLIANCE, None)):
        event = of(replay(world, role), "event")[-1]
        assert (event.step, event.detail.get("code")) == ("cancel", code)


def test_a_second_attempt_and_a_stuck_step_are_told(world: World) -> None:
    world.store.change(Effect(ref=world.ref, step="book", key="a", attempt=3), VisitChange(event="x", stage="held"))
    world.store.raise_alert(Effect(ref=world.ref, step="bill", key="stuck:capture"), "review")
    told = of(replay(world, Role.CLINICAL_OPS), "retry")
    assert {(one.step, one.name, one.count) for one in told} == {("book", "change", 3), ("bill", "stuck", 1)}


def test_looking_is_an_access_and_nobody_else_may(world: World) -> None:
    replay(world, Role.CLINICAL_OPS)
    with world.database.scope(world.clinic, world.as_system) as scope:
        looked = [one for one in scope.audit.entries(world.visit) if one.act == "visits:replay:viewed"]
    assert [(one.role, one.subject) for one in looked] == [(str(Role.CLINICAL_OPS), world.visit)]
    for role in (Role.SUPPORT, Role.PLATFORM_OPERATOR, Role.PATIENT):
        with pytest.raises(AccessRefused):
            replay(world, role)
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, world.as_patient) as scope:
        scope.replays.of_visit(world.visit)


def test_an_erased_patients_visit_is_still_told_by_codes(world: World) -> None:
    shut(world)
    shred(world)
    verdict = of(replay(world, Role.CLINICAL_OPS), "gate")[0].verdict
    assert verdict is not None and verdict.decisions == {} and verdict.outcomes["licensing"] == "forbidden"


def test_visits_are_found_by_stage_step_day_and_what_is_late(world: World, clock: HandClock) -> None:
    world.begin()
    change = VisitChange(event="visit_blocked", stage="blocked", detail={"step": "consult"})
    world.store.change(world.effect(), change)

    def find(**wanted: object) -> int:
        with world.database.scope(world.clinic, actor(Role.CLINICAL_OPS)) as scope:
            return len(scope.replays.listed(VisitQuery(**wanted))[0])  # type: ignore[arg-type]

    assert find() == find(blocked=True) == find(stage="blocked") == find(step="consult") == 1
    assert find(specialty="urgent_care", since=START, until=START + timedelta(days=1)) == 1
    assert (find(stage="booked"), find(step="book"), find(specialty="other"), find(late=True)) == (0, 0, 0, 0)
    assert find(until=START) == find(page=2) == 0
    clock.move(hours=2)
    assert find(late=True) == 1


def test_a_list_that_is_taken_along_names_nobody_and_is_audited(world: World) -> None:
    world.begin()
    with world.database.scope(world.clinic, actor(Role.CLINICAL_OPS)) as scope:
        (line,) = scope.replays.exported(VisitQuery())
    assert world.patient not in repr(line)
    with world.database.scope(world.clinic, world.as_system) as scope:
        assert "visits:list:exported" in {one.act for one in scope.audit.entries(limit=3)}
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, actor(Role.SUPPORT)) as scope:
        scope.replays.exported(VisitQuery())


def test_a_decision_without_facts_keeps_its_outcome_even_when_it_is_empty() -> None:
    assert without_facts({"outcome": "review"})["outcome"] == "review"
