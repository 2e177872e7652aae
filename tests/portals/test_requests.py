"""Referrals and tests: written by the clinician in versions, read by the patient once the note is signed."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from engine.ports import Effect
from tests.portals.helpers_clinic import Clinic, csrf_of
from tests.portals.helpers_files import clinician_at, patient_at
from tests.portals.helpers_journey import ref
from tests.portals.helpers_provider import text_of

pytestmark = pytest.mark.slow  # each builds a clinic

WHERE = "Cardiology, Bay Hospital"


def write(desk: TestClient, visit: str, request: str = "a" * 24, **fields: str) -> str:
    page = f"/staff/visits/{visit}/requests"
    form = {"what": "referral", "to": WHERE, "urgency": "soon", "reason": "a murmur", "request": request, **fields}
    return str(text_of(desk.post(page, data={"csrf": csrf_of(desk.get(page).text), **form}).text))


def papers(browser: TestClient, visit: str) -> str:
    return str(browser.get(f"/visits/{visit}/summary").text)


def test_a_referral_is_the_patients_once_it_is_issued(clinic: Clinic) -> None:
    browser, visit = patient_at(clinic, "in_call")
    desk = clinician_at(clinic, visit)
    assert "Saved" in write(desk, visit)
    assert "Fill this in" in write(desk, visit, "b" * 24, to="")
    assert WHERE not in papers(browser, visit)
    effect = Effect(ref=ref(visit), step="refer", key="issue", actor="someone")
    assert clinic.visits.store.issue_requests(effect, "referral") == 1
    assert clinic.visits.store.issue_requests(effect, "referral") == 1, "the same effect again is the same"
    clinic.visits.move(ref(visit), "completed")
    shown = papers(browser, visit)
    assert WHERE in shown and "Where to go next" in shown
    address = shown.split(f"/visits/{visit}/papers/")[1].split('"')[0]
    page = browser.get(f"/visits/{visit}/papers/{address}").text
    assert "a murmur" in page and "not sent electronically" in page
    letter = browser.get(f"/visits/{visit}/papers/{address}/letter.pdf")
    assert letter.status_code == 200 and letter.content.startswith(b"%PDF") and "letter.pdf" in str(letter.headers)


def test_a_change_is_another_version_and_one_made_meanwhile_is_not_lost(clinic: Clinic) -> None:
    _, visit = patient_at(clinic, "in_call")
    desk = clinician_at(clinic, visit)
    write(desk, visit)
    page = desk.get(f"/staff/visits/{visit}/requests").text
    request = page.split("?change=")[1].split("#")[0]
    assert "version 2" in write(desk, visit, "b" * 24, of=request, version="1", reason="a loud murmur")
    assert "in the meantime" in write(desk, visit, "c" * 24, of=request, version="1", reason="another")
    token = csrf_of(page)
    back = desk.post(f"/staff/visits/{visit}/requests/withdraw", data={"csrf": token, "of": request})
    assert "Taken back" in back.text and WHERE not in back.text


def test_nothing_is_written_before_care_begins(clinic: Clinic) -> None:
    _, visit = patient_at(clinic, "waiting")
    desk = clinician_at(clinic, visit)
    assert "cannot be done now" in write(desk, visit)
