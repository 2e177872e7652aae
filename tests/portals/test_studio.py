"""The authoring studio: who may come in, what a walk-through shows, and that nothing of it is kept."""

from __future__ import annotations

import html
import re

import pytest
from starlette.testclient import TestClient

from tests.portals.helpers_clinic import Clinic, csrf_of

pytestmark = pytest.mark.slow
HOME = "/staff/studio"
PAGE = f"{HOME}/specialties/urgent_care"
FORM = "urgent_care/intake"


def inside(clinic: Clinic, person: str = "clinical_ops") -> TestClient:
    browser = clinic.browser()
    token = csrf_of(browser.get("/staff/sign-in").text)
    answer = browser.post("/staff/demo/sign-in", data={"csrf": token, "person": person})
    assert answer.status_code == 200, answer.text
    return browser


def frame_of(page: str) -> str:
    """The address of the screen that a page shows."""
    found = re.search(r'<iframe[^>]* src="([^"]+)"', page)
    assert found, page
    return html.unescape(found[1])


def send(browser: TestClient, page: str, **answer: str | list[str]) -> str:
    """Sends the form of the screen that a page shows; the page that follows."""
    screen = browser.get(frame_of(page)).text
    found = dict(re.findall(r'<input type="hidden" name="(csrf|state|screen)" value="([^"]*)">', screen))
    hidden = {name: html.unescape(value) for name, value in found.items()}
    followed = browser.post(f"{PAGE}/answer", data={**hidden, **answer})
    assert followed.status_code == 200, followed.text
    return followed.text


def test_a_walk_through_asks_what_the_form_asks_and_stops_at_an_emergency(clinic: Clinic) -> None:
    ops = inside(clinic)
    page = ops.get(f"{PAGE}?state=FL&at={FORM}:danger_signs").text
    assert "danger_signs" in frame_of(page)
    stopped = send(ops, page, answer="stroke")
    assert "tag-danger" in stopped
    assert "emergency" in frame_of(stopped)
    assert "911" in ops.get(frame_of(stopped)).text
