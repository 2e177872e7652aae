"""A question of the intake answered in two windows: both answers are shown, and an emergency waits for no choice."""

from __future__ import annotations

import re

import pytest

from tests.portals.helpers_clinic import Clinic, csrf_of
from tests.portals.helpers_journey import booked
from tests.portals.helpers_provider import text_of
from tests.portals.test_patient_visit import _hidden

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`


def test_another_answer_given_meanwhile_is_shown_and_nothing_is_overwritten(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    page = browser.get(f"/visits/{visit}/intake/2")
    sent = {**_hidden(page.text), "csrf": csrf_of(page.text)}
    browser.post(str(page.url), data={**sent, "answer": "skin"})
    late = browser.post(str(page.url), data={**sent, "key": "e" * 24, "answer": "fever"})
    assert late.status_code == 409
    shown = text_of(late.text)
    assert "Saved in the other window Rash or allergic reaction Here Fever" in " ".join(shown.split())
    assert re.search(r'value="fever" checked', late.text), "what was chosen is kept on the page"
    assert re.search(r'value="skin" checked', browser.get(page.url.path).text), "and nothing was overwritten"
    chosen = browser.post(page.url.path, data={**_hidden(late.text), "csrf": sent["csrf"], "answer": "fever"})
    assert chosen.status_code == 200
    assert re.search(r'value="fever" checked', browser.get(page.url.path).text), "until the person said so"


def test_an_emergency_waits_for_no_choice_between_two_windows(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    page = browser.get(f"/visits/{visit}/intake/2")
    sent = {**_hidden(page.text), "csrf": csrf_of(page.text)}
    browser.post(page.url.path, data={**sent, "answer": "skin"})
    page = browser.get(f"/visits/{visit}/intake/3")
    sent = {**_hidden(page.text), "csrf": csrf_of(page.text)}
    browser.post(page.url.path, data={**sent, "answer": "none"})
    late = browser.post(page.url.path, data={**sent, "key": "d" * 24, "answer": "cannot_breathe"})
    assert late.url.path.endswith("/emergency")
