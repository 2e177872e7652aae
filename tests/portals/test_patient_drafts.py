"""A booking that did not come about: a draft is asked nothing, nothing is lost, and what is left behind is closed."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.ports import Effect
from portals.patient import booking
from records.errors import NotYetBegun
from records.visits import Visits
from tests.portals.helpers_clinic import Clinic, FakeVisits, csrf_of, post, sign_in
from tests.portals.helpers_journey import HERE, booked, choose, held, ref, times
from workflows.client import VisitUnreachable

pytestmark = pytest.mark.slow

ASKED = ("intake", "intake/1", "intake/review", "place", "consent")


def drafted(clinic: Clinic, browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> str:
    """A draft of June Hartley whose booking nobody answered; her browser keeps the time she chose."""
    sign_in(browser)
    choose(browser, times(browser)[0])
    with monkeypatch.context() as silence:
        silence.setattr(FakeVisits, "ask", _unreachable)
        assert post(browser, "/book/review", {"request": "a" * 24}).status_code == 503
    return stages(clinic, "draft")[0]


def stages(clinic: Clinic, stage: str) -> list[str]:
    """The clinic's visits at a stage."""
    with clinic.database.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT id FROM visits WHERE stage = ?", (stage,))
        return [row[0] for row in found]


def _blind_once() -> Any:
    """A look for one's own visit that misses it the first time, as two presses at once do."""
    looks = iter((True, False))

    def look(*about: Any) -> Any:
        return None if next(looks) else booking_already(*about)

    booking_already = booking._already
    return look


async def _unreachable(*_args: object, **_more: object) -> Any:
    raise VisitUnreachable("vis")


def test_a_draft_is_asked_nothing_and_says_how_to_go_on(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = clinic.browser()
    visit = drafted(clinic, browser, monkeypatch)
    for page in ASKED:
        shown = browser.get(f"/visits/{visit}/{page}")
        assert shown.status_code == 409, page
        assert "not booked yet" in shown.text, page
        assert 'href="/book/review"' in shown.text, page


def test_what_is_sent_to_a_draft_is_refused_in_words_and_as_json(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = clinic.browser()
    visit = drafted(clinic, browser, monkeypatch)
    sent = {"csrf": csrf_of(browser.get("/visits").text), "item": "chief_complaint", "answer": "skin", **HERE}
    for page in ("intake/2", "intake/submit", "place", "consent"):
        assert browser.post(f"/visits/{visit}/{page}", data=sent).status_code == 409, page
    answer = browser.post(f"/visits/{visit}/intake/2", data=sent, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_begun")
    browser.post("/language", data={"csrf": sent["csrf"], "language": "es", "next": "/visits"})
    assert "aún no está reservada" in browser.get(f"/visits/{visit}/place").text


def test_records_refusal_of_a_draft_is_a_plain_page_wherever_it_is_met(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_more: object) -> Any:
        raise NotYetBegun("vis")

    browser = clinic.browser()
    visit = booked(clinic, browser)
    monkeypatch.setattr(Visits, "attest_place", refuse)
    page = post(browser, f"/visits/{visit}/place", HERE)
    assert page.status_code == 409
    assert "not booked yet" in page.text


def test_the_home_of_a_draft_leads_back_to_the_booking(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = clinic.browser()
    visit = drafted(clinic, browser, monkeypatch)
    page = browser.get(f"/visits/{visit}").text
    assert 'href="/book/review"' in page
    assert f"/visits/{visit}/pay" not in page
    assert browser.get(f"/visits/{visit}/pay").url.path == f"/visits/{visit}"
    taken_up = post(browser, "/book/review", {"request": "b" * 24})
    assert taken_up.url.path == f"/visits/{visit}/pay", "the same draft is booked now"


def test_a_time_somebody_else_took_leaves_no_draft_behind(clinic: Clinic) -> None:
    one, other = clinic.browser(), clinic.browser()
    sign_in(one)
    sign_in(other, "mateo_villareal")
    wanted = times(one)[0]
    times(other)
    choose(other, wanted)
    first = held(clinic, one, wanted)
    assert post(other, "/book/review", {"request": "d" * 24}).status_code == 409
    assert stages(clinic, "draft") == []
    (closed,) = stages(clinic, "refused")
    assert "Somebody else took this time" in other.get(f"/visits/{closed}").text
    clinic.visits.store.release_slot(Effect(ref=ref(first), step="test", key="release", actor="system"))
    choose(other, wanted)
    again = post(other, "/book/review", {"request": "e" * 24})
    assert again.url.path.endswith("/pay"), "the time is free again, for a visit of its own"
    assert closed not in again.url.path


def test_pressing_twice_ends_at_the_time_that_one_holds(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = clinic.browser()
    sign_in(browser)
    wanted = times(browser)[0]
    choose(browser, wanted)
    page = browser.get("/book/review").text
    visit = held(clinic, browser, wanted)
    choose(browser, wanted)
    monkeypatch.setattr(booking, "_already", _blind_once())
    second = browser.post("/book/review", data={"csrf": csrf_of(page), "request": "f" * 24})
    assert second.url.path == f"/visits/{visit}/pay"
    assert len(stages(clinic, "refused")) == 1
