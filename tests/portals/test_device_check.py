"""A patient tries their device before a call: offered, never required; verdicts only, for those who help them in."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.room_places import NodeState
from engine.tech_checks import read_check
from portals.call.trying import TRIES
from records.echo_tickets import EchoTickets
from records.errors import AlreadyDone
from records.room_desk import RecordsRoomDesk
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
    "up_kbps": "404",
    "loss_up": "31",
    "lines": "360",
    "way_direct": "fails 0",
    "way_udp": "fails 0",
    "way_tcp": "works 212",
    "way_tls": "not_set_up 0",
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
    assert "Poor: something may not work yet" in page.text
    assert "not heard" in page.text and "Turn up" not in page.text and "See if the microphone is muted" in page.text
    better = tried(browser, visit, microphone="ok")
    assert "Fair: your visit will work, with limits" in better.text
    assert "About 400 kbit/s: sound and a small picture." in better.text
    good = {"network": "ok", "latency_ms": "30", "up_kbps": "900", "loss_up": "0", "lines": "480"}
    good["way_direct"] = "works 80"
    best = tried(browser, visit, microphone="ok", **good)
    assert "Good: you are ready for your visit" in best.text and "works, connected in 80 ms" in best.text


def test_what_is_kept_names_no_device_and_is_audited(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    tried(browser, visit, camera="FaceTime HD (1234:abcd)", device="June's phone", serial="1234")
    with clinic.database.scope(SLUG, Actor.system("test")) as scope:
        kept = [event for event in scope.visits.events(visit) if event.event == "tech_checked"]
        acts = [entry.act for entry in scope.audit.entries(visit)]
    assert [event.stage for event in kept] == [None], "it moves nothing"
    numbers = {"latency_ms", "kbps", "up_kbps", "loss_up", "loss_down", "jitter_ms", "lines"}
    assert set(kept[0].detail) == {"verdicts", "device", "relay", "ways"} | numbers
    assert kept[0].detail["ways"]["tcp"] == {"state": "works", "ms": 212}
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
    assert post(stranger, "/visits", {}, to=f"/visits/{visit}/check/echo").status_code == 404


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
    assert "Poor. Browser: ready. Camera: works. Microphone: not heard. Speaker: sound heard. Internet: slow." in seen
    assert "Direct way blocked, the clinic&#39;s relay works (TCP)." in seen
    assert "About 400 kbit/s: sound and a small picture." in seen
    assert "3.1 % is lost on the way" in seen and "It takes 480 ms there and back" in seen
    helped = helper.get(f"/staff/connections/{visit}").text
    assert "<dt>Microphone</dt><dd>not heard</dd>" in helped and "(phone)" in helped
    assert "480 ms" in helped and "works, connected in 212 ms" in helped and "404 kbit/s" not in helped
    assert "<dt>Goes up</dt><dd>400 kbit/s</dd>" in helped and "<dd>not set up</dd>" in helped


def staff(clinic: Clinic, person: str) -> TestClient:
    browser = clinic.browser()
    answer = post(browser, "/staff/sign-in", {"person": person}, to="/staff/demo/sign-in")
    assert answer.status_code == 200, answer.text
    return browser


def test_a_ticket_is_given_for_a_node_that_listens_and_for_no_other(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    desk = RecordsRoomDesk(clinic.database)
    assert echo(browser, visit) == (503, {"error": {"code": "no_node"}})
    with socket.create_server(("127.0.0.1", 0)) as there, socket.create_server(("127.0.0.1", 0)) as gone:
        live, dead = (f"ws://127.0.0.1:{one.getsockname()[1]}/room" for one in (there, gone))
        gone.close()
        desk.announce(NodeState(node="dead", queue="q1", endpoint=dead, load=0.0))
        assert echo(browser, visit)[0] == 503
        desk.announce(NodeState(node="full", queue="q2", endpoint=live, takes=False))
        assert echo(browser, visit)[0] == 503
        desk.announce(NodeState(node="full", queue="q2", endpoint=live, load=0.5))
        status, given = echo(browser, visit)
    assert (status, given["endpoint"]) == (200, live)
    claims = EchoTickets(clinic.database).verify(given["token"])
    assert claims is not None and (claims.who, claims.endpoint) == (visit, live)


def test_who_tries_too_often_is_asked_to_wait(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    answers = [echo(browser, visit)[0] for _ in range(TRIES.tries + 1)]
    assert answers[-1] == 429 and set(answers[:-1]) == {503}


def test_a_visit_that_is_over_gives_no_ticket(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    clinic.visits.move(ref(visit), "cancelled")
    assert echo(browser, visit)[0] == 403


def test_the_waiting_room_tells_the_patient_how_their_check_came_out(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    tried(browser, visit, microphone="ok", network="no_udp")
    clinic.visits.move(ref(visit), "ready")
    page = browser.get(f"/visits/{visit}/waiting").text
    assert "Your device check: Fair. Direct way blocked, the clinic&#39;s relay works (TCP). About 400 kbit/s" in page
    assert "Camera: works" not in page, "who waits reads what is amiss"
    assert f'href="/visits/{visit}/check?again=1"' in page


def echo(browser: TestClient, visit: str) -> tuple[int, Any]:
    answer = post(browser, f"/visits/{visit}", {}, to=f"/visits/{visit}/check/echo")
    return answer.status_code, answer.json()
