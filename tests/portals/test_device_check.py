"""A patient tries their device before a call: offered, never required; verdicts only, for those who help them in."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.tech_checks import read_check
from records.errors import AlreadyDone
from records.scope import Actor
from records.tech_checks import MOST
from tests.portals.helpers_clinic import SLUG, Clinic, post, sign_in
from tests.portals.helpers_journey import booked, ref

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`

TRIED = {
    "browser": "ok",
    "camera": "ok",
    "microphone": "not_heard",
    "speaker": "ok",
    "network": "slow",
    "device": "phone",
    "latency_ms": "480",
    "kbps": "900",
}


def tried(browser: TestClient, visit: str, **changes: str) -> Any:
    return post(browser, f"/visits/{visit}/check?again=1", TRIED | changes, to=f"/visits/{visit}/check")


def test_the_check_is_offered_kept_and_read_again_in_words(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    assert f'href="/visits/{visit}/check"' in browser.get(f"/visits/{visit}").text
    assert "The check needs JavaScript" in browser.get(f"/visits/{visit}/check").text
    page = tried(browser, visit)
    assert page.url.path == f"/visits/{visit}/check"
    assert "Something may not work yet" in page.text
    assert "not heard" in page.text and "Turn up" not in page.text and "See if the microphone is muted" in page.text
    better = tried(browser, visit, microphone="ok")
    assert "You are ready for your visit" in better.text


def test_what_is_kept_names_no_device_and_is_audited(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    tried(browser, visit, camera="FaceTime HD (1234:abcd)", device="June's phone", serial="1234")
    with clinic.database.scope(SLUG, Actor.system("test")) as scope:
        kept = [event for event in scope.visits.events(visit) if event.event == "tech_checked"]
        acts = [entry.act for entry in scope.audit.entries(visit)]
    assert [event.stage for event in kept] == [None], "it moves nothing"
    assert set(kept[0].detail) == {"verdicts", "device", "latency_ms", "kbps", "relay"}
    assert kept[0].detail["verdicts"]["camera"] == "skipped" and kept[0].detail["device"] == ""
    assert "visits:check:modified" in acts


def test_who_skips_it_goes_on_and_may_try_later(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    page = post(browser, f"/visits/{visit}/check", {"browser": "ok"}, to=f"/visits/{visit}/check")
    assert page.url.path == f"/visits/{visit}"
    told = [item for item in clinic.visits.store.pending(500) if item.kind == "tech_checked"]
    assert len(told) == 1, "the visit's workflow hears of it"
    assert "Skip the check" in browser.get(f"/visits/{visit}/check").text


def test_nobody_else_tries_or_reads_it(clinic: Clinic) -> None:
    browser, stranger = clinic.browser(), clinic.browser()
    visit = booked(clinic, browser)
    sign_in(stranger, "mateo_villareal")
    token = post(stranger, "/visits", {}, to=f"/visits/{visit}/check")
    assert token.status_code == 404
    assert stranger.get(f"/visits/{visit}/check").status_code == 404
    assert stranger.get(f"/visits/{visit}/check/load").status_code == 404
    assert len(browser.get(f"/visits/{visit}/check/load").content) > 100_000


def test_a_visit_that_is_over_keeps_no_more_and_no_visit_keeps_too_many(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    with clinic.database.scope(SLUG, Actor.system("test")) as scope:
        for _ in range(MOST):
            scope.checks.keep(visit, read_check(TRIED))
        with pytest.raises(AlreadyDone):
            scope.checks.keep(visit, read_check(TRIED))
        told = [item for item in clinic.visits.store.pending(500) if item.kind == "tech_checked"]
    assert tried(browser, visit).url.path == f"/visits/{visit}"
    clinic.visits.move(ref(visit), "cancelled")
    assert browser.get(f"/visits/{visit}/check").url.path == f"/visits/{visit}"
    assert len(told) <= 1, "its workflow hears of the first one alone"


def test_support_and_the_clinician_read_verdicts_in_words(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    with clinic.database.scope(SLUG, Actor.system("test")) as scope:
        named = scope.people.provider(scope.visits.get(visit).provider).display_name
    clinician, helper = staff(clinic, named.partition(",")[0].lower().replace(" ", "_")), staff(clinic, "support")
    assert "The patient has not tried their device" in clinician.get(f"/staff/visits/{visit}").text
    tried(browser, visit)
    seen = clinician.get(f"/staff/visits/{visit}").text
    assert "Camera: works. Microphone: not heard. Speaker: sound heard. Internet: slow." in seen
    helped = helper.get(f"/staff/connections/{visit}").text
    assert "<dt>Microphone</dt><dd>not heard</dd>" in helped and "(phone)" in helped
    assert "480 ms" in helped


def staff(clinic: Clinic, person: str) -> TestClient:
    browser = clinic.browser()
    answer = post(browser, "/staff/sign-in", {"person": person}, to="/staff/demo/sign-in")
    assert answer.status_code == 200, answer.text
    return browser
