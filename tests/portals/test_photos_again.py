"""A photo that its check refuses after it was handed in: named on both sides, asked for again, and sent again."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from records.blob_store import BlobStore
from records.tables.visits import MessageRow
from records.work import Actor
from tests.portals.helpers_clinic import SLUG, Clinic, csrf_of, post
from tests.portals.helpers_files import clinician_at
from tests.portals.helpers_journey import ref
from tests.portals.helpers_provider import text_of
from tests.portals.test_photos import at_photos, photo, send
from tests.records.helpers_blobs import FakeScanner

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`


@pytest.fixture(autouse=True)
def _anything_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portals.patient.intake.check_submission", lambda *_: {})


def refused_late(clinic: Clinic) -> tuple[TestClient, str, str]:
    """A case in the inbox whose close-up was checked, and refused, after the answers were handed in."""
    browser, visit, page = at_photos(clinic)
    scanner = FakeScanner(away=True)
    object.__setattr__(clinic.app.state.deps, "scanner", scanner)
    send(browser, page, "overview", photo(40))
    send(browser, page, "close_up", photo(90) + b"EICAR")
    post(browser, page, {}, to=f"/visits/{visit}/intake/submit")
    clinic.visits.move(ref(visit), "submitted")
    scanner.away = False
    deps = clinic.app.state.deps
    assert BlobStore(deps.database, deps.settings.files_dir, scanner).check_waiting(SLUG) == 0
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        (refused,) = scope.late_refusals.for_visit(visit)
    assert refused.open and refused.shot == "close_up"
    return browser, visit, refused.blob


def again(browser: TestClient, visit: str, blob: str, content: bytes) -> str:
    there = f"/visits/{visit}/photos-again"
    token = csrf_of(browser.get(there).text)
    answer = browser.post(f"{there}/{blob}", data={"csrf": token}, files={"file": ("IMG.jpg", content)})
    return text_of(answer.text)


def test_both_sides_read_which_photo_was_refused_and_the_patient_can_send_it_again(clinic: Clinic) -> None:
    browser, visit, blob = refused_late(clinic)
    for page in (f"/visits/{visit}", f"/visits/{visit}/case"):
        shown = text_of(browser.get(page).text)
        assert "A photo could not be used" in shown and "something harmful" in shown
        assert "The time for your answer goes on" in shown
    told = queued(clinic, visit)
    assert told.count("photo_refused") == 1
    desk = clinician_at(clinic, visit)
    chart = text_of(desk.get(f"/staff/visits/{visit}").text)
    assert "A photo of the patient's was refused" in chart.replace("&#39;", "'")
    assert "refused; the patient was asked to send it again" in chart
    assert "Every photo is there" in again(browser, visit, blob, photo(120))
    assert "A photo could not be used" not in browser.get(f"/visits/{visit}").text
    after = text_of(desk.get(f"/staff/visits/{visit}").text)
    assert "refused; sent again" in after


def test_what_is_sent_again_is_checked_as_well_and_a_refusal_is_said_at_its_field(clinic: Clinic) -> None:
    browser, visit, blob = refused_late(clinic)
    assert "something harmful" in again(browser, visit, blob, photo(120) + b"EICAR")
    assert f"photo-{blob}" in browser.get(f"/visits/{visit}/photos-again").text
    assert "Choose a photo or paper first" in again(browser, visit, blob, b"")


def test_a_photo_is_asked_for_only_while_it_can_be_used(clinic: Clinic) -> None:
    browser, visit, blob = refused_late(clinic)
    clinic.visits.move(ref(visit), "documenting")
    assert "A photo could not be used" not in browser.get(f"/visits/{visit}").text
    page = f"/visits/{visit}/photos-again"
    assert "Every photo is there" in browser.get(page).text
    token = csrf_of(browser.get(page).text)
    browser.post(f"{page}/{blob}", data={"csrf": token}, files={"file": ("IMG.jpg", photo(120))})
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        assert [one.by for one in scope.late_refusals.for_visit(visit)] == [""]


def queued(clinic: Clinic, visit: str) -> list[str]:
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        rows = scope.visits._session.scalars(select(MessageRow.template).where(MessageRow.visit == visit))
        return list(rows)
