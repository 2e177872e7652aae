"""Walks a patient through the pages, so that each test begins where it has something to say."""

from __future__ import annotations

import re
from typing import Any

from starlette.testclient import TestClient

from engine.forms import Item
from engine.forms_intake import next_item
from engine.ports import VisitRef
from portals.patient.intake_page import without
from tests.portals.helpers_clinic import SLUG, Clinic, csrf_of, post, sign_in

KIND = "/book/urgent_care/video_visit"
MIAMI = {"state": "FL", "postal_code": "33132"}
GOOD_CARD = {"name": "June Hartley", "number": "4242 4242 4242 4242", "expires": "12/29", "code": "123"}
HERE = {"street": "5 Sable Court", "city": "Miami", "state": "FL", "postal_code": "33132", "here": "yes"}


def times(browser: TestClient, place: dict[str, str] | None = None) -> list[str]:
    """The values of the times offered for a place."""
    page = post(browser, KIND, place or MIAMI)
    return re.findall(r'name="time" value="([^"]+)"', page.text)


def choose(browser: TestClient, time: str) -> Any:
    """Chooses one of them; returns the page that follows."""
    return post(browser, f"{KIND}/times", {"time": time})


def held(clinic: Clinic, browser: TestClient, time: str = "") -> str:
    """A visit whose time is held, of the person signed in; returns its id."""
    choose(browser, time or times(browser)[0])
    answer = post(browser, "/book/review", {"request": "a" * 24})
    found = re.search(r"/visits/(vis_\w+)/pay", str(answer.url))
    assert found, answer.text
    return found[1]


def booked(clinic: Clinic, browser: TestClient) -> str:
    """A visit that is paid, of a newly signed-in person."""
    sign_in(browser)
    visit = held(clinic, browser)
    answer = post(browser, f"/visits/{visit}/pay", GOOD_CARD)
    assert str(answer.url).endswith("new=booked"), answer.text
    return visit


def ref(visit: str) -> VisitRef:
    return VisitRef(clinic=SLUG, visit=visit)


def answer_page(browser: TestClient, path: str, values: dict[str, Any]) -> Any:
    """Answers the question that a page asks, keeping its hidden fields."""
    page = browser.get(path)
    hidden = dict(re.findall(r'<input type="hidden" name="(item|version|key)" value="([^"]*)">', page.text))
    return browser.post(str(page.url), data={"csrf": csrf_of(page.text), **hidden, **values})


def fill_intake(clinic: Clinic, browser: TestClient, visit: str, unasked: tuple[str, ...] = ()) -> Any:
    """Answers every question with the calmest answer, but those for ``unasked`` facts; returns the review page."""
    form = without(clinic.content.form("urgent_care/intake"), unasked)
    answers: dict[str, Any] = {}
    while (item := next_item(form, answers)) is not None:
        told, value = calm(item)
        answers[item.id] = value
        page = answer_page(browser, f"/visits/{visit}/intake", told)
        assert page.status_code == 200, page.text
    return browser.get(f"/visits/{visit}/intake")


def calm(item: Item) -> tuple[dict[str, Any], Any]:
    """An answer that raises no flag: as the form sends it, and as its value."""
    if item.type == "info":
        return {"answer": "true"}, True
    if item.type == "boolean":
        return {"answer": "false"}, False
    if item.type == "choice":
        quiet = next((one for one in ("no", "not_applicable", "none") if one in item.choice_ids), item.choice_ids[0])
        return {"answer": quiet}, quiet
    if item.type == "multi_choice":
        quiet = item.alone or item.choice_ids[-1]
        return {"answer": [quiet]}, [quiet]
    if item.type == "date":
        return {"answer-y": "2026", "answer-m": "11", "answer-d": "20"}, "2026-11-20"
    if item.type == "text":
        return {"answer": "a sore throat"}, "a sore throat"
    number = int(item.least or 0)
    return {"answer": str(number)}, number
