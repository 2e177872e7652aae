"""Who leaves the waiting room is called back: the place is kept, the link works once, and waits are never made up."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from starlette.testclient import TestClient

from engine.ports import Effect, VisitChange
from portals.patient import place
from records.messages import MessageQueue
from records.scope import Actor
from records.tables.visits import JoinLink, Visit, VisitEventRow
from tests.portals.helpers_clinic import SLUG, Clinic, csrf_of, post, sign_in
from tests.portals.helpers_journey import booked, ref
from workflows.contracts import Ask

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "LOOKS", 0)


def in_the_room(clinic: Clinic, browser: TestClient) -> str:
    visit = booked(clinic, browser)
    clinic.visits.move(ref(visit), "ready")
    room = post(browser, f"/visits/{visit}/waiting", {"request": "a" * 24}, to=f"/visits/{visit}/arrive")
    assert room.url.path == f"/visits/{visit}/waiting"
    return visit


async def called_back(clinic: Clinic, browser: TestClient) -> tuple[str, str]:
    """A visit whose patient was called back, and the token of the link in their mail."""
    visit = in_the_room(clinic, browser)
    post(browser, f"/visits/{visit}/waiting", {"request": "b" * 24}, to=f"/visits/{visit}/step-out")
    await clinic.visits.ask(ref(visit), Ask(request="c" * 24, act="call_back", actor="clinician"))
    mails = [one for one in MessageQueue(clinic.database).pending(50) if one.template == "call_back_ready"]
    return visit, mails[0].link


def test_who_leaves_to_be_called_back_keeps_the_place_and_may_return_by_themselves(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = in_the_room(clinic, browser)
    before = arrived(clinic, visit)
    away = post(browser, f"/visits/{visit}/waiting", {"request": "b" * 24}, to=f"/visits/{visit}/step-out")
    assert "You left the waiting room" in away.text and "You are next" in away.text
    assert "15 minutes to come back" in away.text
    assert 'href="/visits/' in browser.get(f"/visits/{visit}").text, "the visit's page leads back"
    back = post(browser, f"/visits/{visit}/waiting", {"request": "d" * 24}, to=f"/visits/{visit}/come-back")
    assert back.url.path == f"/visits/{visit}/waiting" and "You are next" in back.text
    assert arrived(clinic, visit) == before, "the place is the one they had"


async def test_the_link_of_a_call_back_works_once_and_opens_no_room(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit, token = await called_back(clinic, browser)
    assert token.startswith("bck_")
    room = browser.get(f"/visits/{visit}/waiting").text
    assert "It is your turn" in room and re.search(r"Please come back by \d", room)
    assert browser.get(f"/visits/join/{token}").status_code == 410, "it is no way into the call"
    door = browser.get(f"/visits/back/{token}")
    assert door.status_code == 200 and browser.get(f"/visits/back/{token}").status_code == 200
    sent = {"csrf": csrf_of(door.text), "request": "e" * 24}
    assert browser.post(f"/visits/back/{token}", data=sent).url.path == f"/visits/{visit}/waiting"
    again = browser.post(f"/visits/back/{token}", data=sent)
    assert again.status_code == 410 and "used already" in again.text
    stranger = clinic.browser()
    sign_in(stranger, "mateo_villareal")
    assert stranger.get(f"/visits/back/{token}").status_code in (404, 410)
    with clinic.database.scope(SLUG, Actor.system("test")) as scope:
        assert scope.links.room_pass(visit) is None


async def test_a_link_whose_time_is_over_says_that_nothing_was_lost(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit, token = await called_back(clinic, browser)
    with clinic.database.work(SLUG, Actor.system("test")) as work:
        work.row(JoinLink, token.partition(".")[0]).expires_at = work.now - timedelta(seconds=1)
    page = browser.get(f"/visits/back/{token}")
    assert page.status_code == 410 and "Your visit was not taken away" in page.text
    missed = VisitChange(event="missed", stage="ready", detail={"code": "call_back_missed"})
    clinic.visits.store.change(Effect(ref=ref(visit), step="wait", key="missed"), missed)
    assert "We called you back and did not reach you" in browser.get(f"/visits/{visit}/waiting").text
    post(browser, f"/visits/{visit}/waiting", {"request": "f" * 24}, to=f"/visits/{visit}/arrive")
    assert "You are next" in browser.get(f"/visits/{visit}/waiting").text


async def test_the_clinician_sees_who_asked_and_calls_back_in_one_press(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = in_the_room(clinic, browser)
    post(browser, f"/visits/{visit}/waiting", {"request": "b" * 24}, to=f"/visits/{visit}/step-out")
    desk = clinician_of(clinic, visit)
    assert "Asked to be called back" in desk.get("/staff").text
    page = desk.get(f"/staff/visits/{visit}")
    assert "Let the patient in" not in page.text
    said = desk.post(f"/staff/visits/{visit}/call-back", data={"csrf": csrf_of(page.text), "request": "c" * 24})
    assert "The patient has been told that it is their turn" in said.text
    assert re.search(r"They can return until \d", said.text)


def test_the_wait_is_said_as_it_was_lately_at_this_clinic(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = in_the_room(clinic, browser)
    with clinic.database.scope(SLUG, Actor.system("test")) as scope:
        clinic.clock.at = scope.visits.get(visit).starts_at + timedelta(minutes=1)
    assert state(browser, visit)["interval"] == "We don't know yet how long it takes"
    assert "is not in a visit now" in state(browser, visit)["next"]
    lately(clinic, visit, 4)
    assert state(browser, visit)["interval"] == "Usually between 5 and 10 minutes"


def state(browser: TestClient, visit: str) -> dict[str, str]:
    found: dict[str, str] = browser.get(f"/visits/{visit}/waiting/state").json()
    return found


def lately(clinic: Clinic, like: str, count: int) -> None:
    """As many visits of that kind that began seven minutes after their patient was there, and took twenty."""
    with clinic.database.work(SLUG, Actor.system("test")) as work:
        row = work.row(Visit, like)
        values = {column.key: getattr(row, column.key) for column in Visit.__table__.columns}
        for number in range(count):
            begun = work.at - timedelta(days=1 + number)
            times = {"arrived_at": begun - timedelta(minutes=7), "starts_at": begun - timedelta(minutes=9)}
            made = Visit(**values | times | {"id": f"vis_{number}", "stage": "completed", "encounter_at": begun})
            work.session.add(made)
            work.session.flush()
            ended = {"id": f"evt_{number}", "clinic": SLUG, "visit": made.id, "sequence": 1, "actor": "system"}
            ended |= {"at": begun + timedelta(minutes=20), "event": "visit_documenting", "stage": "documenting"}
            work.session.add(VisitEventRow(**ended, detail={}))


def arrived(clinic: Clinic, visit: str) -> datetime | None:
    with clinic.database.scope(SLUG, Actor.system("test")) as scope:
        return scope.visits.get(visit).arrived_at


def clinician_of(clinic: Clinic, visit: str) -> TestClient:
    with clinic.database.scope(SLUG, Actor.system("test")) as scope:
        named = scope.people.provider(scope.visits.get(visit).provider).display_name
    desk, person = clinic.browser(), named.partition(",")[0].lower().replace(" ", "_")
    answer = post(desk, "/staff/sign-in", {"person": person}, to="/staff/demo/sign-in")
    assert answer.status_code == 200, answer.text
    return desk
