"""When a clinician works: the clinic file until they say otherwise, time off, extra hours, and changing clocks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import pytest
from sqlalchemy import update

from engine.ports import VisitChange, VisitRef
from engine.slots import Limits, Opening, SlotQuery, Span, WeekHours, Working, open_slots
from records.access import Role
from records.audit_trail import AuditQuery
from records.errors import AccessRefused, Conflict
from records.hours import CHANGED, EXTRA, OFF, ExceptionDraft, HoursDraft
from records.tables.people import Provider
from records.visit_records import RecordsVisitStore
from records.work import Actor
from tests.records.helpers import START, World, draft_of

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`


CLINIC = WeekHours(by_weekday={day: (Opening(time(9), time(17)),) for day in range(7)})
ZONE = "America/New_York"
WEEK = HoursDraft(time_zone=ZONE, week=({"weekday": 4, "since": "08:00", "until": "12:00"},))  # Fridays
FRIDAY = date(2026, 3, 6)


def admin() -> Actor:
    return Actor(person="per_admin", role=Role.CLINIC_ADMIN)


def working(world: World) -> Working:
    with world.database.scope(world.clinic, Actor.visitor()) as scope:
        return scope.hours.offered()[world.provider].working(CLINIC, ZONE)


def slots(found: Working, day: date) -> list[str]:
    """The starts of the hours that can be booked on a day, as UTC."""
    now = datetime.combine(day, time(), UTC) + timedelta(hours=5)
    query = SlotQuery(
        hours=found.hours, time_zone=found.time_zone, duration=timedelta(hours=1), now=now, horizon=timedelta(hours=23)
    )
    return [slot.start.strftime("%H:%M") for slot in open_slots(query, found.off)]


def change(world: World, draft: HoursDraft = WEEK, version: int = 0) -> int:
    with world.database.scope(world.clinic, world.as_provider) as scope:
        return scope.hours.change(world.provider, draft, version)


def add(world: World, kind: str, first: date, last: date | None = None, since: str = "", until: str = "") -> str:
    made = ExceptionDraft(kind=kind, first_day=first, last_day=last or first, since=since, until=until)
    with world.database.scope(world.clinic, world.as_provider) as scope:
        return scope.hours.add_exception(world.provider, made)


def test_until_somebody_says_otherwise_the_clinics_hours_stand(world: World) -> None:
    assert slots(working(world), FRIDAY)[0] == "14:00"
    assert len(slots(working(world), FRIDAY)) == 8


def test_a_week_of_ones_own_replaces_the_clinics_and_may_be_empty(world: World) -> None:
    assert change(world) == 1
    assert slots(working(world), FRIDAY) == ["13:00", "14:00", "15:00", "16:00"]
    assert slots(working(world), FRIDAY + timedelta(days=1)) == []
    change(world, replace(WEEK, week=()), 1)
    assert slots(working(world), FRIDAY) == []


def test_hours_are_wall_clock_times_on_the_days_when_clocks_change_too(world: World) -> None:
    change(world, replace(WEEK, week=tuple({"weekday": day, "since": "08:00", "until": "10:00"} for day in range(7))))
    assert slots(working(world), date(2026, 3, 7)) == ["13:00", "14:00"]
    assert slots(working(world), date(2026, 3, 8)) == ["12:00", "13:00"]  # the clocks went forward that morning
    assert slots(working(world), date(2026, 11, 1)) == ["13:00", "14:00"]  # and back


def test_they_are_those_of_the_clinicians_zone(world: World) -> None:
    change(world, replace(WEEK, time_zone="America/Los_Angeles"))
    assert slots(working(world), FRIDAY) == ["16:00", "17:00", "18:00", "19:00"]


def test_time_off_is_taken_out_and_extra_hours_are_added(world: World) -> None:
    change(world)
    part = add(world, OFF, FRIDAY, since="09:00", until="10:30")
    assert slots(working(world), FRIDAY) == ["13:00", "15:30"]
    add(world, EXTRA, FRIDAY + timedelta(days=1), since="20:00")
    assert slots(working(world), FRIDAY + timedelta(days=1)) == ["01:00", "02:00", "03:00", "04:00"]
    with world.database.scope(world.clinic, world.as_provider) as scope:
        scope.hours.remove_exception(part)
        scope.hours.remove_exception(part)
    assert len(slots(working(world), FRIDAY)) == 4
    add(world, OFF, FRIDAY - timedelta(days=2), FRIDAY + timedelta(days=2))
    assert slots(working(world), FRIDAY) == []


def test_a_booked_visit_stays_and_is_told_as_outside_when_hours_change(world: World) -> None:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.visits.draft(draft_of(world.patient, world.provider, starts_at=START + timedelta(hours=9)))
    world.begin()
    with world.database.scope(world.clinic, world.as_provider) as scope:
        (booked,) = scope.hours.upcoming(world.provider)  # the draft's time is not held
    span = Span(booked.starts_at, booked.ends_at)
    assert booked.visit == world.visit
    assert working(world).covers(span)
    change(world)
    assert not working(world).covers(span)
    add(world, EXTRA, START.date(), since="10:00", until="12:00")
    assert working(world).covers(span)
    add(world, OFF, START.date(), since="11:10", until="11:15")
    assert not working(world).covers(span)


def test_a_clinician_changes_their_own_and_an_administrator_everybodys(world: World) -> None:
    with world.database.scope(world.clinic, admin()) as scope:
        assert scope.hours.change(world.provider, WEEK, 0) == 1
    with pytest.raises(Conflict):
        change(world)
    other = Actor(person="per_other", role=Role.PROVIDER)
    for actor in (other, Actor(person="per_ops", role=Role.CLINICAL_OPS), world.as_patient):
        with pytest.raises(AccessRefused), world.database.scope(world.clinic, actor) as scope:
            scope.hours.change(world.provider, WEEK, 1)
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, other) as scope:
        scope.hours.of_person(world.provider)


@pytest.mark.parametrize(
    "odd",
    [
        replace(WEEK, time_zone="America/Nowhere"),
        replace(WEEK, week=({"weekday": 7, "since": "08:00", "until": "12:00"},)),
        replace(WEEK, week=({"weekday": 1, "since": "12:00", "until": "08:00"},)),
        replace(WEEK, week=({"weekday": 1, "since": "noon", "until": ""},)),
    ],
)
def test_hours_that_cannot_be_are_refused(world: World, odd: HoursDraft) -> None:
    with pytest.raises((ValueError, KeyError)):
        change(world, odd)


@pytest.mark.parametrize(
    ("kind", "days", "since", "until"),
    [("holiday", 0, "", ""), (OFF, -1, "", ""), (OFF, 400, "", ""), (EXTRA, 0, "12:00", "11:00")],
)
def test_exceptions_that_cannot_be_are_refused(world: World, kind: str, days: int, since: str, until: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        add(world, kind, FRIDAY, FRIDAY + timedelta(days=days), since, until)


@pytest.mark.parametrize("first", [date.max, date.min, FRIDAY - timedelta(days=30), FRIDAY + timedelta(days=1200)])
def test_time_off_lies_near_today_and_never_at_the_ends_of_the_calendar(world: World, first: date) -> None:
    with pytest.raises(ValueError, match="no day near"):
        add(world, OFF, first)


@pytest.mark.parametrize("day", [date.max, date.min])
def test_a_day_that_was_kept_before_it_was_refused_breaks_no_booking(
    world: World, monkeypatch: pytest.MonkeyPatch, day: date
) -> None:
    monkeypatch.setattr("records.hours._check_exception", lambda _draft, _today: None)
    add(world, OFF, day)
    add(world, EXTRA, day)
    assert len(slots(working(world), FRIDAY)) == 8


def test_a_time_is_held_and_moved_to_only_while_its_clinician_works_then(world: World) -> None:
    store = RecordsVisitStore(world.database, lambda slug: (CLINIC, ZONE))
    later = START + timedelta(minutes=15)
    off = add(world, OFF, START.date())  # told after the time had been offered
    assert not store.hold_slot(world.effect(), later)
    with world.database.scope(world.clinic, world.as_system) as scope:
        assert scope.visits.get(world.visit).stage == "refused"
        (refused,) = scope.audit.search(AuditQuery(act="slots:slot:refused"))
        assert "hours" in refused.detail
        scope.hours.remove_exception(off)
        again = scope.visits.draft(draft_of(world.patient, world.provider))
    mine = replace(world.effect(), ref=VisitRef(clinic=world.clinic, visit=again))
    assert store.hold_slot(mine, later)
    store.change(replace(mine, key="booked"), VisitChange(event="booked", stage="booked"))
    evening, afternoon = START + timedelta(hours=7), START + timedelta(hours=3)
    assert not store.move_slot(replace(mine, key="evening"), evening)
    assert store.move_slot(replace(mine, key="afternoon"), afternoon)


def test_who_left_the_clinic_is_held_for_nobody(world: World) -> None:
    with world.database.writing() as session:
        session.execute(update(Provider).values(active=False))
        session.commit()
    assert not world.store.hold_slot(world.effect(), START + timedelta(minutes=15))


def limited(world: World, **limits: int) -> None:
    every_day = tuple({"weekday": day, "since": "00:00", "until": ""} for day in range(7))
    change(world, HoursDraft(time_zone=ZONE, week=every_day, limits=Limits(**limits)))


def visits_at(world: World, *hours: int) -> list[VisitRef]:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        drafts = (draft_of(world.patient, world.provider, starts_at=START + timedelta(hours=one)) for one in hours)
        return [VisitRef(clinic=world.clinic, visit=scope.visits.draft(one)) for one in drafts]


def holds(world: World, ref: VisitRef) -> bool:
    store = RecordsVisitStore(world.database, lambda slug: (CLINIC, ZONE))
    return store.hold_slot(replace(world.effect(), ref=ref), START + timedelta(minutes=15))


def test_of_many_who_ask_at_once_no_more_than_the_days_most_are_held(world: World) -> None:
    limited(world, daily=2)
    refs = visits_at(world, 1, 2, 3, 4)
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(partial(holds, world), refs)) == [False, False, True, True]
    (tomorrow,) = visits_at(world, 30)
    assert holds(world, tomorrow)


def test_what_is_kept_free_around_a_visit_is_nobody_elses(world: World) -> None:
    limited(world, before=15, after=30)
    first, close, later = visits_at(world, 1, 2, 3)
    assert holds(world, first)
    assert holds(world, first), "asked again it is the same"
    with world.database.scope(world.clinic, world.as_system) as scope:
        (taken,) = scope.slots.taken(world.provider, START, START + timedelta(days=1))
    assert (taken.starts_at, taken.ends_at) == (START + timedelta(minutes=45), START + timedelta(minutes=110))
    assert not holds(world, close)
    assert holds(world, later)


def test_hours_for_some_visits_hold_no_others(world: World) -> None:
    (ref,) = visits_at(world, 1)
    day = {"weekday": START.weekday(), "since": "00:00", "until": ""}
    change(world, HoursDraft(time_zone=ZONE, week=({**day, "modalities": ["in_person"]},)))
    assert not holds(world, ref)


def test_changed_hours_replace_the_usual_ones_of_their_days(world: World) -> None:
    change(world)
    add(world, CHANGED, FRIDAY, since="14:00", until="15:00")
    add(world, CHANGED, FRIDAY, since="16:00", until="17:00")
    assert slots(working(world), FRIDAY) == ["19:00", "21:00"]


def test_a_change_is_undone_to_what_it_replaced_and_done_again(world: World) -> None:
    change(world)
    change(world, replace(WEEK, week=(), limits=Limits(notice=60)), 1)
    for version, starts in ((2, 4), (3, 0), (4, 4)):
        with world.database.scope(world.clinic, world.as_provider) as scope:
            scope.hours.undo(world.provider, version)
        assert len(slots(working(world), FRIDAY)) == starts
    with pytest.raises(Conflict), world.database.scope(world.clinic, world.as_provider) as scope:
        scope.hours.undo(world.provider, 1)


def test_the_first_change_is_undone_to_the_clinics_hours(world: World) -> None:
    change(world)
    with world.database.scope(world.clinic, world.as_provider) as scope:
        scope.hours.undo(world.provider, 1)
        assert scope.hours.of_person(world.provider).usual
    assert len(slots(working(world), FRIDAY)) == 8
