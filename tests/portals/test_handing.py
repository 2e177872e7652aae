"""The hand-off: who is offered the visit, why the others are not, what the colleague reads and answers."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from records.sessions import STAFF_PORTAL
from records.work import Actor
from tests.portals.helpers_clinic import SLUG, Clinic, csrf_of
from tests.portals.helpers_files import clinician_at, patient_at
from tests.portals.helpers_journey import ref
from tests.portals.helpers_provider import text_of

pytestmark = pytest.mark.slow  # each builds a clinic

WHY = "I have to leave at noon"


def desk_of(clinic: Clinic, name: str) -> tuple[str, TestClient]:
    """A colleague's person id, and their browser."""
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        person = next(one.person for one in scope.people.providers() if name in one.display_name)
        account = scope.accounts.of_person(person)
        assert account is not None
        secret = scope.sessions.open(account.account, STAFF_PORTAL)[0]
    browser = clinic.browser()
    browser.cookies.set("cw_staff", secret, domain=f"{SLUG}.localhost")
    return person, browser


def offer(clinic: Clinic, to: str) -> tuple[str, TestClient]:
    """A waiting visit that its clinician offers; its id, and the clinician's browser."""
    _, visit = patient_at(clinic, "waiting")
    desk = clinician_at(clinic, visit)
    page = f"/staff/visits/{visit}/hand-off"
    form = {"csrf": csrf_of(desk.get(page).text), "to": to, "text": WHY, "request": "a" * 24}
    assert "Offered" in text_of(desk.post(page, data=form).text)
    return visit, desk


def handoff_on(page: str) -> str:
    found = re.search(r"/staff/offers/(doc_[0-9a-z]+)/take", page)
    assert found, "nothing is offered"
    return found[1]


def press(desk: TestClient, handoff: str, what: str) -> str:
    token = csrf_of(desk.get("/staff").text)
    return text_of(desk.post(f"/staff/offers/{handoff}/{what}", data={"csrf": token, "request": "b" * 24}).text)


def colleagues_of(clinic: Clinic, visit: str) -> list[str]:
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        mine = scope.visits.get(visit).provider
        return [one.person for one in scope.people.providers() if one.person != mine]


def test_the_page_says_of_every_colleague_why_not_and_asks_for_a_choice_and_a_reason(clinic: Clinic) -> None:
    _, visit = patient_at(clinic, "waiting")
    desk = clinician_at(clinic, visit)
    page = f"/staff/visits/{visit}/hand-off"
    shown = desk.get(page)
    assert shown.status_code == 200 and "Any colleague" in shown.text
    assert "No active license in" in shown.text or "Does not" in shown.text or "not for the profession" in shown.text
    sent = desk.post(page, data={"csrf": csrf_of(shown.text), "request": "c" * 24})
    assert sent.status_code == 422 and "Choose a colleague" in sent.text and "Say why" in sent.text


def test_a_colleague_reads_why_takes_the_visit_and_has_it(clinic: Clinic) -> None:
    visit, desk = offer(clinic, "anyone")
    _, colleague = desk_of(clinic, "Achebe")
    if colleague.get(f"/staff/visits/{visit}").status_code == 200:
        pytest.fail("the colleague has the visit before it was taken")
    queue = colleague.get("/staff").text
    assert WHY in queue and "Reyes" not in queue
    assert "The visit is yours now" in press(colleague, handoff_on(queue), "take")
    assert colleague.get(f"/staff/visits/{visit}").status_code == 200
    assert desk.get(f"/staff/visits/{visit}").status_code in (403, 404)


def test_what_is_taken_or_declined_is_offered_no_more(clinic: Clinic) -> None:
    person, colleague = desk_of(clinic, "Achebe")
    visit, desk = offer(clinic, person)
    handoff = handoff_on(colleague.get("/staff").text)
    assert "Declined" in press(colleague, handoff, "decline")
    assert "no longer offered" in press(colleague, handoff, "take")
    assert "Hand off" in desk.get(f"/staff/visits/{visit}").text


def test_a_clinician_keeps_a_visit_that_was_offered(clinic: Clinic) -> None:
    visit, desk = offer(clinic, "anyone")
    shown = desk.get(f"/staff/visits/{visit}").text
    assert "Offered to Any colleague" in text_of(shown)
    form = {"csrf": csrf_of(shown), "request": "d" * 24}
    assert "You keep the visit" in desk.post(f"/staff/visits/{visit}/hand-off/keep", data=form).text
    _, colleague = desk_of(clinic, "Achebe")
    assert WHY not in colleague.get("/staff").text


def test_a_visit_in_its_call_cannot_be_handed_over(clinic: Clinic) -> None:
    _, visit = patient_at(clinic, "in_call")
    desk = clinician_at(clinic, visit)
    assert "cannot be handed over now" in desk.get(f"/staff/visits/{visit}/hand-off").text
    assert ref(visit).clinic == SLUG
