"""A recorded call in the records: who agreed, tapes that become files, who may see them, and what erasing leaves."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from engine.dossier import Place
from engine.ports import VisitChange
from engine.recordings import EmptyTape, FinishedPart, PartSpec, RecordingState
from engine.rooms import RoomClaims, RoomRole
from records.access import Role
from records.audit import verify
from records.blob_sweep import census, remove_erased, sweep
from records.errors import AccessRefused, AlreadyDone, NotFound, Unreadable
from records.recording_files import HeldHead
from records.recording_store import RecordingStore
from records.tables.clinical import ConsentRow
from records.tables.visits import ParticipantRow
from records.work import Actor
from tests.records.helpers import World
from tests.records.test_erasure import erased

pytestmark = pytest.mark.slow
FRAMES = b"a frame of the patient " * 9_000


def finalise(pieces: Iterator[bytes], place: HeldHead) -> FinishedPart:
    """Copies what is there and writes its beginning anew, as a container does."""
    data = b"".join(pieces)
    if not data:
        raise EmptyTape("nothing")
    place.write(data)
    place.seek(0)
    place.write(b"A")
    return FinishedPart(media_type="video/webm", duration_ms=1500, frames=(3,))


@pytest.fixture
def called(world: World) -> World:
    """A visit in its call, whose patient has said where they are."""
    world.begin()
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.visits.attest_place(world.visit, Place(country="us", state="FL", attested=True, at=datetime.now(UTC)))
    return world


@pytest.fixture
def store(called: World, tmp_path: Path) -> RecordingStore:
    return RecordingStore(called.database, tmp_path / "files")


def claims(world: World, role: RoomRole) -> RoomClaims:
    person = world.patient if role is RoomRole.PATIENT else world.provider
    with world.database.reading() as session:
        query = select(ParticipantRow.id).where(ParticipantRow.visit == world.visit, ParticipantRow.person == person)
        part = session.scalar(query)
    return RoomClaims(
        clinic=world.clinic,
        visit_id=world.visit,
        room_id="room-1",
        participant_id=part or "gst_1",
        role=role,
        expires_at=datetime.now(UTC) + timedelta(minutes=5),
    )


def begun(store: RecordingStore, world: World) -> str:
    recording = store.ask(claims(world, RoomRole.PROVIDER), "gat_1")
    for role in (RoomRole.PROVIDER, RoomRole.PATIENT):
        store.said(recording, claims(world, role), True, "es")
    store.moved(recording, claims(world, RoomRole.PROVIDER), RecordingState.ON, "")
    return recording


def spec(world: World, recording: str) -> PartSpec:
    return PartSpec(
        recording=recording,
        clinic=world.clinic,
        visit=world.visit,
        participant=claims(world, RoomRole.PATIENT).participant_id,
        role="patient",
        label="own",
        offset_ms=250,
    )


def taped(store: RecordingStore, world: World, content: bytes = FRAMES, *, finish: bool = True) -> str:
    """Records something; returns the part's id."""
    recording = begun(store, world)
    tape = store.tape(spec(world, recording))
    tape.write(content)
    tape.sync()
    if finish:
        tape.finish(1234)
    else:
        tape._tape._file.close()  # as a killed program lets go of it
    with world.database.scope(world.clinic, world.as_provider) as scope:
        return scope.recordings.for_visit(world.visit)[-1].parts[0].id


def played(store: RecordingStore, world: World, part: str, actor: Actor) -> bytes:
    with store.open(world.clinic, actor, part, world.visit) as (_, reader):
        return b"".join(reader.read())


def staff(role: Role) -> Actor:
    return Actor(person=f"somebody-{role}", role=role)


def test_a_recording_is_kept_sealed_and_plays_for_its_clinician(called: World, store: RecordingStore) -> None:
    part = taped(store, called)
    with pytest.raises(NotFound):
        played(store, called, part, called.as_provider)
    assert store.finish_waiting(finalise) == 1 and store.finish_waiting(finalise) == 0
    assert played(store, called, part, called.as_provider) == b"A" + FRAMES[1:]
    with store.open(called.clinic, called.as_provider, part, called.visit) as (opened, reader):
        assert b"".join(reader.read(70_000, 70_010)) == FRAMES[70_000:70_010]
        assert opened.media_type == "video/webm" and opened.whole
    for path in store.folder.path.rglob("*"):
        assert not path.is_file() or b"of the patient" not in path.read_bytes()


def test_every_playing_is_in_the_audit_and_nobody_else_plays(called: World, store: RecordingStore) -> None:
    part = taped(store, called)
    store.finish_waiting(finalise)
    before = verify(called.database, called.clinic).entries
    played(store, called, part, staff(Role.COMPLIANCE))
    assert verify(called.database, called.clinic).entries == before + 1
    for role in (Role.CLINIC_ADMIN, Role.CLINICAL_OPS, Role.SUPPORT, Role.PLATFORM_OPERATOR, Role.PROVIDER):
        with pytest.raises(AccessRefused):
            played(store, called, part, staff(role))
    with pytest.raises(AccessRefused):
        played(store, called, part, called.as_patient)


def test_what_everybody_answered_is_kept_and_the_patients_yes_is_their_consent(
    called: World, store: RecordingStore
) -> None:
    recording = begun(store, called)
    with called.database.scope(called.clinic, called.as_provider) as scope:
        view = scope.recordings.for_visit(called.visit)[0]
    assert {(one.role, one.agrees) for one in view.answers} == {("provider", True), ("patient", True)}
    with called.database.reading() as session:
        consent = session.scalars(select(ConsentRow).where(ConsentRow.kind == "recording")).one()
    assert (consent.jurisdiction, consent.form, consent.language) == ("us/fl", "electronic", "es")
    assert consent.signed_by == called.patient and consent.revoked_at is None
    store.said(recording, claims(called, RoomRole.PATIENT), False, "es")
    store.moved(recording, claims(called, RoomRole.PROVIDER), RecordingState.OFF, "withdrawn")
    with called.database.reading() as session:
        assert session.scalars(select(ConsentRow).where(ConsentRow.kind == "recording")).one().revoked_at is not None
    with pytest.raises(AlreadyDone):
        store.tape(spec(called, recording))
    with pytest.raises(AlreadyDone):
        store.said(recording, claims(called, RoomRole.PATIENT), True, "es")


def test_a_tape_that_a_kill_left_is_finished_with_what_it_holds(called: World, store: RecordingStore) -> None:
    part = taped(store, called, finish=False)
    assert store.finish_waiting(finalise) == 1
    with store.open(called.clinic, called.as_provider, part, called.visit) as (opened, reader):
        assert not opened.whole and b"".join(reader.read())[1:] == FRAMES[1:]


def test_a_tape_that_is_written_is_left_alone(called: World, store: RecordingStore) -> None:
    tape = store.tape(spec(called, begun(store, called)))
    tape.write(FRAMES)
    assert store.finish_waiting(finalise) == 0
    tape.finish(1)
    assert store.finish_waiting(finalise) == 1


@pytest.mark.parametrize("cut", [False, True])
def test_a_tape_that_was_changed_or_cut_after_its_end_is_refused(
    called: World, store: RecordingStore, cut: bool
) -> None:
    part = taped(store, called)
    path = next(path for path in store.folder.path.rglob("*") if path.is_file())
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data[:-100] if cut else data)
    store.finish_waiting(finalise)
    with called.database.scope(called.clinic, called.as_provider) as scope:
        assert scope.recordings.for_visit(called.visit)[0].parts[0].state == "damaged"
    with pytest.raises(NotFound):
        played(store, called, part, called.as_provider)


def test_one_flipped_bit_of_a_finished_file_is_refused(called: World, store: RecordingStore) -> None:
    part = taped(store, called)
    store.finish_waiting(finalise)
    sweep(called.database, store.folder.path, grace_seconds=-60)
    (path,) = [path for path in store.folder.path.rglob("*") if path.is_file()]
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    with pytest.raises(Unreadable):
        played(store, called, part, called.as_provider)


def test_a_tape_with_nothing_on_it_leaves_no_file(called: World, store: RecordingStore) -> None:
    taped(store, called, b"")
    store.finish_waiting(finalise)
    sweep(called.database, store.folder.path, grace_seconds=-60)
    assert not [path for path in store.folder.path.rglob("*") if path.is_file()]


def test_the_sweep_keeps_what_rows_name_and_the_tape_goes_when_the_file_is_there(
    called: World, store: RecordingStore
) -> None:
    part = taped(store, called)
    assert sweep(called.database, store.folder.path, grace_seconds=-60) == 0
    store.finish_waiting(finalise)
    assert sweep(called.database, store.folder.path, grace_seconds=-60) == 1
    assert census(called.database.url, store.folder.path).stray == 0
    assert played(store, called, part, called.as_provider)


def test_erasing_the_patient_shuts_and_removes_their_recordings(called: World, store: RecordingStore) -> None:
    part = taped(store, called)
    store.finish_waiting(finalise)
    sweep(called.database, store.folder.path, grace_seconds=-60)
    called.store.change(called.effect(), VisitChange(event="cancelled", stage="cancelled"))
    erased(called)
    assert remove_erased(called.database, store.folder.path) == 1
    with pytest.raises((NotFound, AccessRefused)):
        played(store, called, part, called.as_provider)
    assert not [path for path in store.folder.path.rglob("*") if path.is_file()]


def test_part_and_visit_belong_together(called: World, store: RecordingStore) -> None:
    part = taped(store, called)
    store.finish_waiting(finalise)
    with pytest.raises(NotFound), store.open(called.clinic, called.as_provider, part, "vis_another"):
        pass


def test_a_reader_shows_any_range(called: World, store: RecordingStore) -> None:
    part = taped(store, called)
    store.finish_waiting(finalise)
    with store.open(called.clinic, called.as_provider, part, called.visit) as (_, reader):
        whole = io.BytesIO(b"".join(reader.read()))
        for start, end in ((0, 1), (65_535, 65_537), (len(FRAMES) - 3, len(FRAMES))):
            assert b"".join(reader.read(start, end)) == whole.getvalue()[start:end]
