"""A refused form can be gone back to: it is shown by GET, once, with what was typed, and its address says nothing."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from portals.base.again import LONGEST, NAME
from tests.portals.helpers_clinic import Clinic, csrf_of, sign_in
from tests.portals.helpers_journey import GOOD_CARD, HERE, KIND, answer_page, booked, held

TYPED = "CANARY Ramírez <b>"


def refuse(browser: TestClient, path: str, values: dict[str, str]) -> str:
    """Sends a form that is refused; returns where the browser is led."""
    page = browser.get(path).text
    answer = browser.post(path, data={"csrf": csrf_of(page), **values}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    sealed = browser.cookies.get(NAME) or ""
    assert sealed and "CANARY" not in sealed + answer.headers["location"]
    return str(answer.headers["location"])


def test_a_refused_card_is_shown_again_by_get_once_and_without_its_number(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    path = f"/visits/{held(clinic, browser)}/pay"
    there = refuse(browser, path, {**GOOD_CARD, "name": TYPED, "number": "4242 4242 4242 4241", "code": "987"})
    shown = browser.get(there)
    assert (there, shown.status_code) == (path, 422)
    assert "CANARY Ramírez &lt;b&gt;" in shown.text and 'class="summary-box"' in shown.text
    assert "4241" not in shown.text and "987" not in shown.text
    reloaded = browser.get(there)
    assert reloaded.status_code == 200 and "CANARY" not in reloaded.text


@pytest.mark.parametrize("form", ["place", "time"])
def test_each_form_on_the_way_to_a_booking_is_shown_again_by_get(clinic: Clinic, form: str) -> None:
    browser = clinic.browser()
    if form == "time":
        page = browser.get(KIND).text
        browser.post(KIND, data={"csrf": csrf_of(page), "state": "FL", "postal_code": "33132"})
    path, values = (KIND, {"state": "FL", "postal_code": TYPED}) if form == "place" else (f"{KIND}/times", {})
    shown = browser.get(refuse(browser, path, values))
    assert shown.status_code == 422 and ("CANARY" in shown.text) is (form == "place")


@pytest.mark.slow
def test_a_refused_answer_is_shown_again_by_get_and_never_to_somebody_else(clinic: Clinic) -> None:
    browser, other = clinic.browser(), clinic.browser()
    visit = booked(clinic, browser)
    page = answer_page(browser, f"/visits/{visit}/intake", {"answer": "true"})
    there = refuse(browser, str(page.url.path), {"item": _item(page.text), "answer": TYPED})
    sealed = browser.cookies.get(NAME) or ""
    other.cookies.set(NAME, sealed, domain="marigold.localhost", path="/")
    assert "CANARY" not in other.get(there).text
    shown = browser.get(there)
    assert shown.status_code == 422 and shown.url.path == page.url.path


@pytest.mark.slow
def test_a_refused_place_is_shown_again_by_get(clinic: Clinic) -> None:
    browser = clinic.browser()
    path = f"/visits/{booked(clinic, browser)}/place"
    shown = browser.get(refuse(browser, path, {**HERE, "street": TYPED, "here": ""}))
    assert shown.status_code == 422 and "CANARY Ramírez &lt;b&gt;" in shown.text


@pytest.mark.slow
def test_what_is_too_long_to_be_carried_is_shown_at_once(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    path = f"/visits/{held(clinic, browser)}/pay"
    token = csrf_of(browser.get(path).text)
    answer = browser.post(path, data={"csrf": token, "name": "x" * LONGEST, "number": "1"}, follow_redirects=False)
    assert answer.status_code == 422 and "x" * LONGEST in answer.text


def _item(page: str) -> str:
    return page.partition('name="item" value="')[2].partition('"')[0]
