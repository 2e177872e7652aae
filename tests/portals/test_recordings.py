"""The page of a call's recordings and its files: for the clinician and the officer, in ranges, kept by no cache."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from engine.clinic_recordings import RecordingRules
from engine.recordings import NOTICE, FinishedPart, PartSpec, RecordingState
from engine.rooms import RoomClaims, RoomRole
from portals.base.i18n import catalogue
from portals.call.playing import MOST_AT_ONCE, asked_range
from portals.patient import record_download
from records.recording_files import HeldHead
from records.recording_store import RecordingStore
from records.tables.visits import ParticipantRow
from records.work import Actor
from tests.portals.helpers_clinic import SLUG, Clinic, post
from tests.portals.helpers_files import clinician_at, patient_at

slow = pytest.mark.slow
CONTENT = bytes(number % 251 for number in range(200_000))


def copied(pieces: Iterator[bytes], place: HeldHead) -> FinishedPart:
    place.write(b"".join(pieces))
    return FinishedPart(media_type="video/webm", duration_ms=2_000, frames=(1,))


def recorded(clinic: Clinic, visit: str, state: RecordingState = RecordingState.ON) -> str:
    """Records something at the visit and leaves it in a state; returns the part's id."""
    store = RecordingStore(clinic.database, clinic.app.state.deps.settings.files_dir)
    with clinic.database.reading() as session:
        query = select(ParticipantRow.role, ParticipantRow.id).where(ParticipantRow.visit == visit)
        parts = {row.role: row.id for row in session.execute(query)}
    claims = RoomClaims(
        clinic=SLUG,
        visit_id=visit,
        room_id="room-1",
        participant_id=parts["provider"],
        role=RoomRole.PROVIDER,
        expires_at=datetime.now(UTC) + timedelta(minutes=1),
    )
    recording = store.ask(claims, "")
    store.said(recording, claims, True, "en")
    store.moved(recording, claims, RecordingState.ON, "")
    spec = PartSpec(
        recording=recording,
        clinic=SLUG,
        visit=visit,
        participant=parts["provider"],
        role="provider",
        label="own",
        offset_ms=61_000,
    )
    tape = store.tape(spec)
    tape.write(CONTENT)
    tape.finish(2_000)
    store.moved(recording, claims, state, "")
    assert store.finish_waiting(copied) == 1
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        return scope.recordings.for_visit(visit)[0].parts[0].id


@slow
def test_the_clinician_sees_who_agreed_and_plays_what_was_recorded(clinic: Clinic) -> None:
    patient, visit = patient_at(clinic)
    desk = clinician_at(clinic, visit)
    assert "Nothing of this call was recorded" in desk.get(f"/staff/visits/{visit}/recordings").text
    part = recorded(clinic, visit)
    page = desk.get(f"/staff/visits/{visit}/recordings").text
    assert "The clinician agreed" in page and "from 1:01 of the recording" in page
    address = f"/staff/visits/{visit}/recordings/{part}"
    assert f'src="{address}"' in page
    whole = desk.get(address)
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, CONTENT, "video/webm")
    assert whole.headers["cache-control"] == "no-store"
    some = desk.get(address, headers={"Range": "bytes=70000-70009"})
    assert (some.status_code, some.content) == (206, CONTENT[70_000:70_010])
    assert some.headers["content-range"] == f"bytes 70000-70009/{len(CONTENT)}"
    assert desk.get(address, headers={"Range": "bytes=900000-"}).status_code == 416
    assert desk.get(f"/staff/visits/{visit}/recordings/rcp_none").status_code == 404
    assert patient.get(address, follow_redirects=False).status_code in (303, 403)


def test_ranges_are_read_strictly_and_never_too_long() -> None:
    assert asked_range("bytes=0-", 10) == (0, 10, True)
    assert asked_range("bytes=5-2", 10) is None
    assert asked_range("bytes=-5", 10) == (0, 10, False)
    assert asked_range("bytes=0-", 1 << 30) == (0, MOST_AT_ONCE, True)


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_page_asks_in_the_very_words_that_are_kept(language: str) -> None:
    assert catalogue(language)["recording.notice"] == NOTICE[language]


def listed(browser: TestClient, visit: str) -> str:
    return str(browser.get(f"/visits/{visit}/recordings").text)


@slow
def test_a_patient_plays_theirs_once_it_is_released_and_no_longer(clinic: Clinic) -> None:
    patient, visit = patient_at(clinic)
    desk = clinician_at(clinic, visit)
    assert "Nothing of this call was recorded" in listed(patient, visit)
    part = recorded(clinic, visit)
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        recording = scope.recordings.for_visit(visit)[0].id
    address, at = f"/visits/{visit}/recordings/{part}", f"/staff/visits/{visit}/recordings"
    page = listed(patient, visit)
    assert "You may ask your care team" in page and address not in page and "It lasts 0:02." in page
    assert patient.get(address).status_code == 404
    shown = desk.get(at).text
    assert "Let the patient play it for 30 days" in shown and "Hold it" not in shown
    post(desk, at, {"on": "yes"}, to=f"{at}/{recording}/release")
    assert "The patient may play it until" in desk.get(at).text
    page = listed(patient, visit)
    assert f'src="{address}"' in page and "You may play it until" in page
    patient.cookies.set("cw_language", "es", domain=f"{SLUG}.localhost")
    assert "Puede reproducirla hasta el" in listed(patient, visit)
    some = patient.get(address, headers={"Range": "bytes=70000-70009"})
    assert (some.status_code, some.content) == (206, CONTENT[70_000:70_010])
    assert some.headers["cache-control"] == "no-store"
    post(desk, at, {"on": "no"}, to=f"{at}/{recording}/release")
    assert patient.get(address).status_code == 404
    post(desk, at, {"on": "yes"}, to=f"{at}/{recording}/hold")
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        one = scope.recordings.for_visit(visit)[0]
        acts = [entry.act for entry in scope.audit.entries(visit)]
    assert not one.held and one.plays_until is None
    assert acts.count("recordings:part:viewed") == 1 and "recordings:release:created" in acts


@slow
@pytest.mark.parametrize("copies", [False, True])
def test_the_copy_of_a_record_lists_it_and_holds_it_only_where_the_clinic_says_so(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, copies: bool
) -> None:
    patient, visit = patient_at(clinic, "in_call")
    recorded(clinic, visit, RecordingState.OFF)
    rules = RecordingRules(always=True, copies=copies)
    monkeypatch.setattr(record_download, "rules_of", lambda _: rules)
    answer = post(patient, "/record/download", {"of": ""})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        pages = archive.read("index.html").decode()
        assert hashlib.sha256(CONTENT).hexdigest() in pages and "The clinician" in pages
        assert ("recordings/001.webm" in archive.namelist()) is copies
        assert ("is not in this copy" in pages) is not copies
        if copies:
            assert archive.read("recordings/001.webm") == CONTENT
    assert f"/visits/{visit}/recordings" in patient.get("/record").text
