"""What a clinician marks as done is kept once, settles the tasks that called for it, and is theirs alone to say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from records.access import Role
from records.acts import Act
from records.duties import NotYetDone
from records.errors import AccessRefused, NotYetBegun
from records.tables.clinical import DutyRow
from records.work import Actor
from tests.records.helpers import START, HandClock, World
from tests.records.helpers_journey import duty_of


@pytest.fixture
def begun(world: World) -> World:
    world.begin()
    return world


def mark(world: World, key: str = "mark-1", **changes: object) -> str:
    draft = replace(duty_of(world.visit, key), **changes)  # type: ignore[arg-type]
    with world.database.scope(world.clinic, world.as_provider) as scope:
        return scope.duties.mark(draft)


def open_tasks(world: World) -> list[tuple[str, str]]:
    with world.database.scope(world.clinic, world.as_provider) as scope:
        return [(alert.kind, alert.subject) for alert in scope.alerts.open(world.visit)]


def test_a_statement_says_who_did_what_in_which_way_and_when(begun: World, clock: HandClock) -> None:
    done_at = clock.now() - timedelta(hours=2)
    made = mark(begun, done_at=done_at)
    with begun.database.scope(begun.clinic, begun.as_provider) as scope:
        (kept,) = scope.duties.for_visit(begun.visit)
        (event,) = [one for one in scope.visits.events(begun.visit) if one.event == "duty_done"]
    assert (kept.id, kept.topic, kept.duty, kept.way) == (made, "privacy", "primary_care_record", "fax")
    assert (kept.done_at, kept.at, kept.by) == (done_at, clock.now(), begun.provider)
    assert event.detail == {"topic": "privacy", "duty": "primary_care_record", "statement": made}


def test_the_dossier_tells_it_with_the_time_at_which_it_was_done(begun: World) -> None:
    mark(begun)
    mark(begun, "mark-2", topic="prescribing", duty="pdmp_check", order="ord_1", done_at=START)
    done = begun.store.dossier(begun.ref).done
    assert {(one.topic, one.duty, one.order) for one in done} == {
        ("privacy", "primary_care_record", ""),
        ("prescribing", "pdmp_check", "ord_1"),
    }
    assert {one.at for one in done} == {START}


def test_the_same_form_sent_twice_is_one_statement(begun: World) -> None:
    assert mark(begun) == mark(begun)
    assert len(begun.store.dossier(begun.ref).done) == 1
    mark(begun, "mark-2")
    assert len(begun.store.dossier(begun.ref).done) == 2


def test_the_tasks_that_called_for_it_are_settled_and_no_other(begun: World) -> None:
    mine, other = "privacy:primary_care_record", "privacy:primary_care_record:ord_1"
    for kind, subject in (("duty_due", mine), ("duty_overdue", mine), ("duty_due", other), ("red_flag", mine)):
        begun.store.raise_alert(begun.effect(), kind, subject)
    mark(begun)
    assert sorted(open_tasks(begun)) == [("duty_due", other), ("red_flag", mine)]


def test_what_was_done_and_when_is_sealed(begun: World) -> None:
    row_id = mark(begun)
    with begun.database.reading() as session:
        row = session.get(DutyRow, row_id)
    assert row is not None
    assert b"fax" not in row.content and b"2026" not in row.content


def test_it_is_audited_with_the_duty(begun: World) -> None:
    row_id = mark(begun)
    with begun.database.scope(begun.clinic, begun.as_system) as scope:
        entries = [one for one in scope.audit.entries() if one.act == Act.DUTY_STATED]
    assert [(one.subject, one.actor) for one in entries] == [(row_id, begun.provider)]


def test_nobody_else_says_it_and_nobody_of_a_visit_that_has_not_begun(begun: World) -> None:
    stranger = Actor(person="prs_other", role=Role.PROVIDER)
    for actor in (begun.as_patient, stranger, Actor(person="s", role=Role.SUPPORT)):
        with pytest.raises(AccessRefused), begun.database.scope(begun.clinic, actor) as scope:
            scope.duties.mark(duty_of(begun.visit))
    assert begun.store.dossier(begun.ref).done == ()


def test_a_draft_refuses_it(world: World) -> None:
    with pytest.raises(NotYetBegun):
        mark(world)


def test_nothing_is_done_in_advance(begun: World, clock: HandClock) -> None:
    with pytest.raises(NotYetDone):
        mark(begun, done_at=clock.now() + timedelta(seconds=61))
    assert begun.store.dossier(begun.ref).done == ()
    assert mark(begun, done_at=clock.now() + timedelta(seconds=60))
