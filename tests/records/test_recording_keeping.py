"""A recording whose time is over is destroyed with its key, in every old copy too; a hold keeps it."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from engine.clinic_recordings import RecordingRules
from engine.ports import VisitChange
from engine.recordings import RecordingState
from engine.rooms import RoomRole
from records.access import Role
from records.audit import verify
from records.blob_sweep import census, sweep
from records.errors import AccessRefused, AlreadyDone, Erased, NotFound, StillOpen
from records.recording_keeping import RecordingKeeping
from records.recording_rows import play
from records.recording_store import RecordingStore
from records.recordings import RecordingView
from records.tables.recordings import RecordingPartRow
from records.work import Actor
from tests.records.helpers import HandClock, World
from tests.records.test_erasure import erased
from tests.records.test_recordings import FRAMES, called, claims, finalise, played, staff, store, taped

__all__ = ["called", "store"]
pytestmark = pytest.mark.slow
GROUNDS = {"reason": "rule_over", "outcome": "permitted", "law": "sha256-abc"}
OFFICER = staff(Role.COMPLIANCE)


@pytest.fixture
def keeping(called: World, store: RecordingStore) -> RecordingKeeping:
    return RecordingKeeping(called.database, store.folder.path)


def ended(store: RecordingStore, world: World) -> tuple[str, str]:
    """A recording that is over and finished: its id and its part's."""
    part = taped(store, world)
    one = shown(world)
    store.moved(one.id, claims(world, RoomRole.PROVIDER), RecordingState.OFF, "stopped")
    store.finish_waiting(finalise)
    sweep(world.database, store.folder.path, grace_seconds=-60)
    return one.id, part


def over(world: World) -> None:
    world.store.change(world.effect(), VisitChange(event="cancelled", stage="cancelled"))


def shown(world: World, actor: Actor | None = None, rules: RecordingRules | None = None) -> RecordingView:
    with world.database.scope(world.clinic, actor or world.as_provider) as scope:
        return scope.recordings.for_visit(world.visit, rules or RecordingRules())[-1]


def held(world: World, recording: str, *, on: bool, actor: Actor = OFFICER) -> None:
    with world.database.scope(world.clinic, actor) as scope:
        scope.recordings.hold(world.visit, recording, on=on)


def test_what_ended_before_the_rules_day_is_due_and_nothing_else(
    called: World, store: RecordingStore, keeping: RecordingKeeping, clock: HandClock
) -> None:
    recording, _ = ended(store, called)
    assert keeping.due(called.clinic, clock.now()) == ()
    clock.move(days=10)
    assert keeping.due(called.clinic, clock.now() - timedelta(days=11)) == ()
    assert keeping.due(called.clinic, clock.now() - timedelta(days=9)) == (recording,)
    assert keeping.due("another", clock.now()) == ()
    keeping.ask_again(called.clinic, recording, clock.now() + timedelta(days=30))
    assert keeping.due(called.clinic, clock.now()) == ()
    clock.move(days=31)
    assert keeping.due(called.clinic, clock.now()) == (recording,)


def test_destroying_shuts_it_and_removes_its_files_and_says_so(
    called: World, store: RecordingStore, keeping: RecordingKeeping
) -> None:
    recording, part = ended(store, called)
    before = verify(called.database, called.clinic).entries
    assert not keeping.is_shut(called.clinic, recording)
    assert keeping.destroy(called.clinic, recording, GROUNDS) == 1
    assert keeping.is_shut(called.clinic, recording)
    with pytest.raises(NotFound):
        played(store, called, part, called.as_provider)
    assert not [path for path in store.folder.path.rglob("*") if path.is_file()]
    assert census(called.database.url, store.folder.path).missing == 0
    one = shown(called)
    assert one.parts[0].state == "erased" and one.answers, "that there was one, and who agreed, stays"
    assert verify(called.database, called.clinic).entries > before
    with called.database.scope(called.clinic, OFFICER) as scope:
        told = {entry.act: entry.detail for entry in scope.audit.entries(called.visit)}
        assert "rule_over" in told["recordings:keeping:deleted"]
    assert keeping.due(called.clinic, called.database.visit_time() + timedelta(days=1)) == ()


def test_the_row_of_an_old_copy_opens_nothing_any_more(
    called: World, store: RecordingStore, keeping: RecordingKeeping
) -> None:
    recording, part = ended(store, called)
    with called.database.reading() as session:
        sealed = session.get_one(RecordingPartRow, part).key
    keeping.destroy(called.clinic, recording, GROUNDS)
    with called.database.writing() as session:
        back = session.get_one(RecordingPartRow, part)
        back.state, back.key = "kept", sealed
        session.commit()
    with pytest.raises(Erased), called.database.work(called.clinic, called.as_provider) as work:
        play(work, part, called.visit)


def test_a_hold_keeps_it_from_every_end(called: World, store: RecordingStore, keeping: RecordingKeeping) -> None:
    recording, part = ended(store, called)
    held(called, recording, on=True)
    assert shown(called).held
    with pytest.raises(AlreadyDone):
        held(called, recording, on=True)
    assert keeping.due(called.clinic, called.database.visit_time() + timedelta(days=900)) == ()
    with pytest.raises(StillOpen):
        keeping.destroy(called.clinic, recording, GROUNDS)
    over(called)
    with pytest.raises(StillOpen):
        erased(called)
    assert played(store, called, part, called.as_provider)
    held(called, recording, on=False)
    assert not shown(called).held
    with pytest.raises(AlreadyDone):
        held(called, recording, on=False)
    assert keeping.destroy(called.clinic, recording, GROUNDS) == 1


def test_only_the_officer_holds_and_whoever_treats_releases(called: World, store: RecordingStore) -> None:
    recording, _ = ended(store, called)
    until = called.database.visit_time() + timedelta(days=30)
    for actor in (called.as_provider, called.as_patient, staff(Role.CLINIC_ADMIN), staff(Role.SUPPORT)):
        with pytest.raises(AccessRefused):
            held(called, recording, on=True, actor=actor)
    for actor in (called.as_patient, staff(Role.CLINIC_ADMIN), staff(Role.PROVIDER), staff(Role.SUPPORT)):
        with pytest.raises(AccessRefused), called.database.scope(called.clinic, actor) as scope:
            scope.recordings.release(called.visit, recording, until)
    with pytest.raises(NotFound), called.database.scope(called.clinic, OFFICER) as scope:
        scope.recordings.release(called.visit, "rec_none", until)


def test_a_patient_plays_what_is_released_until_it_is_over_or_taken_back(
    called: World, store: RecordingStore, clock: HandClock
) -> None:
    recording, part = ended(store, called)
    assert shown(called, called.as_patient).plays_until is None
    with pytest.raises(AccessRefused):
        played(store, called, part, called.as_patient)
    for _ in range(2):
        until = clock.now() + timedelta(days=30)
        with called.database.scope(called.clinic, called.as_provider) as scope:
            scope.recordings.release(called.visit, recording, until)
        assert shown(called, called.as_patient).plays_until == until
        assert played(store, called, part, called.as_patient)[1:] == FRAMES[1:]
        clock.move(days=31)
        with pytest.raises(AccessRefused):
            played(store, called, part, called.as_patient)
    with called.database.scope(called.clinic, called.as_provider) as scope:
        scope.recordings.release(called.visit, recording, clock.now() + timedelta(days=30))
        scope.recordings.end_release(called.visit, recording)
    with pytest.raises(AccessRefused):
        played(store, called, part, called.as_patient)
    with called.database.scope(called.clinic, OFFICER) as scope:
        acts = [entry.act for entry in scope.audit.entries(called.visit)]
    assert {"recordings:release:created", "recordings:release:deleted", "recordings:part:viewed"} <= set(acts)
    assert acts.count("access:record:refused") == 4


def test_where_the_clinics_rule_says_so_its_patient_plays_at_once_for_a_time(
    called: World, store: RecordingStore, clock: HandClock
) -> None:
    _, part = ended(store, called)
    rules = RecordingRules(always=True, patient_days=7)
    assert shown(called, called.as_patient, rules).plays_until == clock.now() + timedelta(days=7)
    with store.open(called.clinic, called.as_patient, part, called.visit, rules) as (_, reader):
        assert b"".join(reader.read())[1:] == FRAMES[1:]
    clock.move(days=8)
    with pytest.raises(AccessRefused), store.open(called.clinic, called.as_patient, part, called.visit, rules):
        pass


def test_the_digest_of_what_was_recorded_is_kept_sealed(called: World, store: RecordingStore) -> None:
    _, part = ended(store, called)
    with called.database.scope(called.clinic, called.as_patient) as scope:
        assert scope.recordings.digest(called.visit, part) == hashlib.sha256(b"A" + FRAMES[1:]).hexdigest()
        with pytest.raises(NotFound):
            scope.recordings.digest(called.visit, "rcp_none")
