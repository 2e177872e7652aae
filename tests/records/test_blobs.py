"""Files of a visit: only whose they are reach them, nothing of them is in the clear, nothing unchecked is shown."""

from __future__ import annotations

import io
import os
import time
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from engine.ports import VisitChange, VisitRef
from records import blob_store
from records.access import Role
from records.audit import verify
from records.blob_rows import TooMany
from records.blob_store import FileRefused
from records.blob_sweep import Census, census, remove_erased, sweep
from records.blobs import MOST_BYTES, MOST_FILES, BlobView
from records.codes import new_id
from records.erasure import erase
from records.errors import AccessRefused, AlreadyDone, Erased, NotFound, NotYetBegun, Unreadable
from records.key_ring import Purpose
from records.key_rotation import add_key, renew_people, reseal
from records.tables.blobs import BlobRow
from records.tables.vault import AuditEntry
from records.work import Actor
from tests.records.helpers import PATIENT, HandClock, World, build_world, draft_of
from tests.records.helpers_blobs import PDF, FakeScanner, fetch, kept, lying, picture, send, store_of

GRANTS = {"reason": "patient_request", "outcome": "permitted"}


@pytest.fixture(params=["sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    """What differs between the databases is in `test_blobs_on_both`."""
    return str(request.param)


@pytest.fixture
def begun(world: World) -> World:
    world.begin()
    return world


def acts(world: World, blob: str) -> list[str]:
    with world.database.reading() as session:
        query = select(AuditEntry.act).where(AuditEntry.clinic == world.clinic, AuditEntry.subject == blob)
        return list(session.scalars(query.order_by(AuditEntry.sequence)))


def row_of(world: World, blob: str) -> BlobRow:
    with world.database.reading() as session:
        row = session.get(BlobRow, blob)
        assert row is not None
        return row


def listed(world: World, actor: Actor | None = None) -> tuple[BlobView, ...]:
    with world.database.scope(world.clinic, actor or world.as_patient) as scope:
        return scope.blobs.for_visit(world.visit)


def test_a_photo_is_upright_without_metadata_and_read_by_the_clinician_on_the_record(
    begun: World, tmp_path: Path
) -> None:
    store = store_of(begun, tmp_path)
    blob = send(store, begun, picture(turned=True))
    shown = fetch(store, begun, blob)
    image = Image.open(io.BytesIO(shown))
    assert (image.size, dict(image.getexif()), b"Secret" in shown) == ((20, 40), {}, False)
    (view,) = listed(begun)
    assert (view.state, view.kind, view.media_type) == ("clean", "photo", "image/jpeg")
    assert (view.width, view.height, view.size) == (20, 40, len(shown))
    assert acts(begun, blob) == ["files:file:created", "files:check:modified", "files:file:viewed"]
    assert verify(begun.database, begun.clinic).ok


def test_a_paper_is_kept_as_it_is(begun: World, tmp_path: Path) -> None:
    store = store_of(begun, tmp_path)
    blob = send(store, begun, PDF)
    assert fetch(store, begun, blob, begun.as_patient) == PDF
    assert listed(begun)[0].kind == "document"


def test_nothing_of_a_file_is_in_the_clear_on_disk_and_its_name_tells_nothing(begun: World, tmp_path: Path) -> None:
    store = store_of(begun, tmp_path)
    send(store, begun, PDF + b"Zx9Canary" * 50)
    (file,) = lying(tmp_path)
    assert b"Zx9Canary" not in file.read_bytes()
    assert begun.patient not in file.name
    other = build_world(begun.database, "cedar")
    other.begin()
    send(store, other, PDF + b"Zx9Canary" * 50)
    digests = {path.name.partition(".")[0] for path in lying(tmp_path)}
    assert len(digests) == 2, "two people's same file has the same name"
    assert file.stat().st_mode & 0o077 == 0


def test_what_is_none_of_the_types_leaves_nothing(begun: World, tmp_path: Path) -> None:
    store = store_of(begun, tmp_path)
    for content in (b"GIF89a" + b"x" * 40, b"MZ" * 20, b"<svg xmlns='x'></svg>", b"x", b"\xff\xd8"):
        with pytest.raises(FileRefused, match="type"):
            send(store, begun, content)
    assert (lying(tmp_path), listed(begun)) == ([], ())


@pytest.mark.slow
def test_an_empty_a_large_and_a_heif_file_are_told_apart(begun: World, tmp_path: Path) -> None:
    store = store_of(begun, tmp_path)
    for content, code in ((b"", "empty"), (b"\0\0\0\x18ftypheic" + b"\0" * 40, "heif")):
        with pytest.raises(FileRefused, match=code):
            send(store, begun, content)
    with (
        pytest.raises(FileRefused, match="size"),
        store.upload(begun.clinic, begun.as_patient, begun.visit) as upload,
    ):
        upload.write(PDF)
        upload.write(bytes(MOST_BYTES))
    assert lying(tmp_path) == []


@pytest.mark.slow
def test_a_picture_that_cannot_be_read_is_refused(begun: World, tmp_path: Path) -> None:
    store = store_of(begun, tmp_path)
    with pytest.raises(FileRefused, match="damaged"):
        send(store, begun, picture()[:300])
    assert (lying(tmp_path), listed(begun)) == ([], ())
    with begun.database.reading() as session:
        assert session.scalars(select(BlobRow.reason)).all() == ["damaged"]
        refused = session.scalars(select(AuditEntry.act).where(AuditEntry.act == "files:file:refused"))
        assert len(refused.all()) == 1


@pytest.mark.slow
def test_what_the_scanner_finds_is_refused_and_gone(begun: World, tmp_path: Path) -> None:
    store = store_of(begun, tmp_path)
    with pytest.raises(FileRefused, match="harmful"):
        send(store, begun, PDF + b"EICAR")
    assert (lying(tmp_path), listed(begun)) == ([], ())


@pytest.mark.slow
def test_while_the_scanner_is_away_a_file_waits_and_nobody_sees_it(
    begun: World, clock: HandClock, tmp_path: Path
) -> None:
    scanner = FakeScanner(away=True)
    store = store_of(begun, tmp_path, scanner)
    good = send(store, begun, picture())
    clock.move(seconds=1)
    bad = send(store, begun, PDF + b"EICAR")
    assert [view.state for view in listed(begun)] == ["quarantined"] * 2
    for actor in (begun.as_patient, begun.as_provider):
        with pytest.raises(NotFound):
            fetch(store, begun, good, actor)
    assert store.check_waiting(begun.clinic) == 2
    scanner.away = False
    assert store.check_waiting(begun.clinic) == 0
    assert fetch(store, begun, good).startswith(b"\xff\xd8")
    assert [(view.state, view.code) for view in listed(begun)] == [("clean", ""), ("refused", "harmful")]
    assert store.check(begun.clinic, good) == "clean"
    assert len(kept(begun, tmp_path)) == 1
    store.remove(begun.clinic, begun.as_patient, bad)
    assert len(listed(begun)) == 1


@pytest.mark.slow
def test_the_same_file_sent_twice_is_one_and_another_patients_is_another(begun: World, tmp_path: Path) -> None:
    store, content = store_of(begun, tmp_path), picture()
    assert send(store, begun, content) == send(store, begun, content)
    assert (len(listed(begun)), len(kept(begun, tmp_path))) == (1, 1)
    other = build_world(begun.database, "cedar")
    other.begin()
    send(store, other, content)
    assert len(kept(begun, tmp_path)) == 2


@pytest.mark.slow
def test_one_persons_file_at_two_visits_lies_once_until_both_let_it_go(begun: World, tmp_path: Path) -> None:
    store, content = store_of(begun, tmp_path), picture()
    first = send(store, begun, content)
    with begun.database.scope(begun.clinic, begun.as_system) as scope:
        second_visit = scope.visits.draft(draft_of(begun.patient, begun.provider))
    later = World(**{name: getattr(begun, name) for name in World.__slots__} | {"visit": second_visit})
    later.begin()
    second = send(store, later, content)
    assert first != second
    assert len(kept(begun, tmp_path)) == 1
    store.remove(begun.clinic, begun.as_patient, first)
    assert fetch(store, later, second) == fetch(store, later, second, begun.as_patient)
    store.remove(begun.clinic, begun.as_patient, second)
    assert lying(tmp_path) == []


@pytest.mark.slow
def test_it_can_be_removed_before_the_call_and_not_after(begun: World, tmp_path: Path) -> None:
    store = store_of(begun, tmp_path)
    gone, stays = send(store, begun, PDF + b"gone"), send(store, begun, PDF)
    store.remove(begun.clinic, begun.as_patient, gone)
    with pytest.raises(NotFound):
        fetch(store, begun, gone)
    with pytest.raises(AlreadyDone):
        store.remove(begun.clinic, begun.as_patient, gone)
    begun.store.change(begun.effect(), VisitChange(event="in_call", stage="in_call"))
    with pytest.raises(AlreadyDone):
        store.remove(begun.clinic, begun.as_patient, stays)
    send(store, begun, PDF + b"during the call")
    begun.store.change(begun.effect(), VisitChange(event="documenting", stage="documenting"))
    with pytest.raises(AlreadyDone):
        send(store, begun, PDF + b"too late")
    assert len(lying(tmp_path)) == 2


@pytest.mark.slow
def test_a_draft_takes_no_file_and_a_visit_only_so_many(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(world, tmp_path)
    with pytest.raises(NotYetBegun):
        send(store, world, PDF)
    world.begin()
    monkeypatch.setattr("records.blob_rows.MOST_FILES", 2)
    send(store, world, PDF + b"1")
    send(store, world, PDF + b"2")
    with pytest.raises(TooMany):
        send(store, world, PDF + b"3")
    assert (len(lying(tmp_path)), MOST_FILES) == (2, 12)


@pytest.mark.slow
def test_nobody_else_adds_sees_or_removes_it(begun: World, tmp_path: Path) -> None:
    store = store_of(begun, tmp_path)
    blob = send(store, begun, PDF)
    for role in set(Role) - {Role.SYSTEM}:
        stranger = Actor(person=new_id("per"), role=role)
        for attempt in (
            partial(send, store, begun, PDF + b"x", stranger),
            partial(fetch, store, begun, blob, stranger),
            partial(store.remove, begun.clinic, stranger, blob),
            partial(listed, begun, stranger),
        ):
            with pytest.raises(AccessRefused):
                attempt()
    assert len(lying(tmp_path)) == 1


@pytest.mark.slow
def test_the_clinician_adds_and_removes_none(begun: World, tmp_path: Path) -> None:
    store = store_of(begun, tmp_path)
    blob = send(store, begun, PDF)
    with pytest.raises(AccessRefused):
        store.remove(begun.clinic, begun.as_provider, blob)
    with pytest.raises(AccessRefused):
        send(store, begun, PDF, begun.as_provider)


@pytest.mark.slow
def test_a_guardian_sends_and_sees_what_is_the_childs(begun: World, tmp_path: Path) -> None:
    clinic, store = begun.clinic, store_of(begun, tmp_path)
    child = replace(PATIENT, given="Leo", birth_date=date(2015, 6, 1), email="", phone="")
    with begun.database.scope(clinic, begun.as_patient) as scope:
        leo = scope.relationships.ward(scope.relationships.add_child(child, "parent")).patient
        visit = scope.visits.draft(draft_of(leo, begun.provider))
    effect = replace(begun.effect(), ref=VisitRef(clinic=clinic, visit=visit))
    begun.store.change(effect, VisitChange(event="held", stage="held"))
    blob = send(store, begun, PDF, visit=visit)
    assert (row_of(begun, blob).person, row_of(begun, blob).actor) == (leo, begun.patient)
    assert fetch(store, begun, blob, begun.as_patient) == PDF
    with begun.database.reading() as session:
        told = session.scalars(select(AuditEntry.detail).where(AuditEntry.subject == blob)).all()
    assert sum(leo in detail for detail in told) == 2, "what is done for somebody else says for whom"
    store.remove(clinic, begun.as_patient, blob)
    assert lying(tmp_path) == []


@pytest.mark.slow
def test_another_clinic_has_no_such_file(begun: World, tmp_path: Path) -> None:
    store = store_of(begun, tmp_path)
    blob = send(store, begun, PDF)
    other = build_world(begun.database, "cedar")
    for actor in (other.as_patient, other.as_provider, other.as_system):
        with pytest.raises(NotFound):
            fetch(store, other, blob, actor)


@pytest.mark.slow
def test_a_file_changed_on_disk_is_not_shown(begun: World, tmp_path: Path) -> None:
    store = store_of(begun, tmp_path)
    blob = send(store, begun, PDF)
    (file,) = lying(tmp_path)
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    with pytest.raises(Unreadable):
        fetch(store, begun, blob)
    file.unlink()
    with pytest.raises(Unreadable):
        fetch(store, begun, blob)


def test_an_erased_patients_files_are_gone_and_older_copies_of_them_are_not_readable(
    begun: World, tmp_path: Path
) -> None:
    store, database = store_of(begun, tmp_path), begun.database
    blob = send(store, begun, PDF)
    (file,) = lying(tmp_path)
    copy, old = file.read_bytes(), row_of(begun, blob)
    begun.store.change(begun.effect(), VisitChange(event="completed", stage="completed"))
    with database.work(begun.clinic, Actor(person="ops", role=Role.PLATFORM_OPERATOR)) as work:
        erase(work, begun.patient, GRANTS)
    assert lying(tmp_path) == [file]
    assert remove_erased(database, tmp_path / "files") == 1
    assert lying(tmp_path) == []
    with pytest.raises((NotFound, Erased)):
        fetch(store, begun, blob, begun.as_system)
    file.write_bytes(copy)
    with database.writing() as session:  # somebody puts the row and the file of an old copy back
        row = session.get(BlobRow, blob)
        assert row is not None
        row.state, row.file, row.key = old.state, old.file, old.key
        session.commit()
    with pytest.raises(Erased):
        fetch(store, begun, blob, begun.as_system)


@pytest.mark.slow
def test_files_open_after_every_key_was_changed(begun: World, clock: HandClock, tmp_path: Path) -> None:
    store = store_of(begun, tmp_path)
    blob = send(store, begun, PDF)
    before = row_of(begun, blob).key
    clock.move(minutes=10)
    add_key(begun.database, begun.clinic, Purpose.FIELDS, Actor(person="ops", role=Role.PLATFORM_OPERATOR))
    renew_people(begun.database, begun.clinic)
    assert reseal(begun.database, begun.clinic)["blobs"] == 1
    assert row_of(begun, blob).key != before
    assert fetch(store, begun, blob) == PDF


@pytest.mark.slow
def test_a_program_that_dies_between_file_and_row_leaves_nothing_for_long(
    begun: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(begun, tmp_path)
    paper = send(store, begun, PDF)

    class Died(BaseException):
        pass

    def dies(*_: object, **__: object) -> None:
        raise Died

    monkeypatch.setattr(blob_store, "add", dies)
    monkeypatch.setattr(store.folder, "remove", lambda _: None)
    with pytest.raises(Died):
        send(store, begun, PDF + b"lost")
    (tmp_path / "files" / ".upload-0123").write_bytes(b"half")
    folder = tmp_path / "files"
    assert census(begun.database.url, folder) == Census(kept=1, quarantined=0, missing=0, stray=1)
    assert sweep(begun.database, folder) == 0, "what is young may be about to get its row"
    for path in lying(tmp_path):
        os.utime(path, (time.time() - 7200,) * 2)
    assert sweep(begun.database, folder) == 2
    assert fetch(store, begun, paper) == PDF
    assert census(begun.database.url, folder) == Census(kept=1, quarantined=0, missing=0, stray=0)
