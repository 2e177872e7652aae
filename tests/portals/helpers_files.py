"""A visit that files can be sent to, and a browser that sends them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.testclient import TestClient

from engine.dossier import Place
from engine.pinned import documents_of
from engine.ports import VisitRef
from records.blob_sweep import sweep
from records.sessions import STAFF_PORTAL
from records.visits import VisitDraft
from records.work import Actor
from tests.portals.helpers_clinic import SLUG, Clinic, csrf_of, sign_in

KIND = "urgent_care/video_visit"
PLACE = Place(country="us", state="FL", postal_code="33132", time_zone="America/New_York")


def visit_of(clinic: Clinic, browser: TestClient, stage: str = "held", kind: str = KIND) -> str:
    """A new visit of the browser's signed-in demo patient with the first clinician; returns its id."""
    database, patient = clinic.database, person_of(clinic, browser)
    with database.scope(SLUG, Actor.system("tests")) as scope:
        visit = scope.visits.draft(
            VisitDraft(
                patient=patient,
                provider=scope.people.providers()[0].person,
                plan=clinic.content.visit_type(kind).plan,
                starts_at=datetime.now(UTC) + timedelta(minutes=30),
                booked_place=PLACE,
                price_cents=7900,
                currency="USD",
                documents=documents_of(clinic.content, clinic.content.visit_type(kind).plan),
            )
        )
    if stage:
        clinic.visits.move(VisitRef(clinic=SLUG, visit=visit), stage)
    return visit


def person_of(clinic: Clinic, browser: TestClient) -> str:
    """Who is signed in."""
    found = clinic.app.state.deps.sessions.find(SLUG, "patient", browser.cookies["cw_patient"])
    assert found is not None
    return str(found.person)


def patient_at(clinic: Clinic, stage: str = "held") -> tuple[TestClient, str]:
    """A signed-in patient's browser, and a visit of theirs."""
    browser = clinic.browser()
    sign_in(browser)
    return browser, visit_of(clinic, browser, stage)


def clinician_at(clinic: Clinic, visit: str) -> TestClient:
    """The browser of the visit's clinician, signed in."""
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        account = scope.accounts.of_person(scope.visits.get(visit).provider)
        assert account is not None
        secret = scope.sessions.open(account.account, STAFF_PORTAL)[0]
    browser = clinic.browser()
    browser.cookies.set("cw_staff", secret, domain=f"{SLUG}.localhost")
    return browser


def send(browser: TestClient, visit: str, content: bytes, name: str = "photo.jpg", **headers: str) -> httpx.Response:
    """Sends a file as the page without scripts does; returns the page that follows."""
    page = f"/visits/{visit}/files"
    token = csrf_of(browser.get(page).text)
    answer: httpx.Response = browser.post(page, data={"csrf": token}, files={"file": (name, content)}, headers=headers)
    return answer


def lying(clinic: Clinic) -> list[Path]:
    """Every file in the program's folder, drafts among them."""
    folder: Any = clinic.app.state.deps.settings.files_dir
    return sorted(path for path in folder.rglob("*") if path.is_file())


def left(clinic: Clinic) -> list[Path]:
    """The same when the sweep has been there."""
    sweep(clinic.database, clinic.app.state.deps.settings.files_dir, grace_seconds=-60)
    return lying(clinic)
