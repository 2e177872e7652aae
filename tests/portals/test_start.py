"""The start page's five doors, one-click sign-in from it, and the demo's clock: here and nowhere else."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portals.auth.demo import _purpose
from records.database import Database
from records.demo import STORY_CLOCK, STORY_FILE, DemoClock
from records.keys import FileKeyProvider
from tests.portals.helpers_clinic import PORT, Clinic, build_clinic, csrf_of, post, sign_in

pytestmark = pytest.mark.slow
BARE = "127.0.0.1"
HERE = f"http://marigold.localhost:{PORT}"
DOORS = {"patient": "june_hartley", "provider": "rosalind_achebe", "ops": "clinical_ops"}
DOORS |= {"compliance": "compliance", "customer": "clinic_admin"}


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Clinic]:
    """The demo clinic by a clock that can be moved."""
    built = build_clinic(tmp_path)
    clock = DemoClock(tmp_path)
    url = built.database.url
    built.database.close()
    database = Database(url, FileKeyProvider(tmp_path / "keys"), clock=clock)
    old = built.app.state.deps
    built.app.state.deps = dataclasses.replace(old, clock=clock, database=database)
    yield built
    database.close()


@pytest.mark.parametrize("person", DOORS.values(), ids=DOORS.keys())
def test_each_of_the_five_doors_lets_somebody_in_with_one_click(clinic: Clinic, person: str) -> None:
    browser = clinic.browser(BARE)
    page = browser.get("/")
    assert page.text.count('class="kind"') == 5
    assert f'value="{person}"' in page.text
    answer = browser.post(
        "/demo/enter",
        data={"csrf": csrf_of(page.text), "clinic": "marigold", "person": person},
        follow_redirects=False,
    )
    assert answer.headers["location"].startswith(HERE)
    entered = clinic.browser().get(answer.headers["location"].removeprefix(HERE))
    assert entered.status_code == 200
    assert ("/staff/sign-out" if "/staff" in answer.headers["location"] else "/sign-out") in entered.text


def test_the_start_page_lets_its_forms_lead_to_the_clinics_and_nowhere_else(clinic: Clinic) -> None:
    policy = clinic.browser(BARE).get("/").headers["content-security-policy"]
    assert f"form-action 'self' {HERE};" in policy
    assert "form-action 'self';" in clinic.browser(BARE, "192.0.2.7").get("/").headers["content-security-policy"]


def test_a_ticket_is_good_for_a_minute_at_its_own_door_only(clinic: Clinic) -> None:
    sealer, clock = clinic.app.state.deps.sealer, datetime.now(UTC)
    for until, purpose in ((-1, "patient"), (60, "staff")):
        value = {"person": "june_hartley", "next": "/", "until": (clock + timedelta(seconds=until)).isoformat()}
        value["once"] = "a" * 24
        ticket = sealer.seal(value, _purpose("marigold", purpose))
        answer = clinic.browser().get(f"/demo/enter?ticket={ticket}", follow_redirects=False)
        assert answer.headers["location"] == "/sign-in"


def test_a_ticket_lets_one_browser_in(clinic: Clinic) -> None:
    desk = clinic.browser(BARE)
    form = {"csrf": csrf_of(desk.get("/").text), "clinic": "marigold", "person": "june_hartley", "next": "/"}
    ticket = desk.post("/demo/enter", data=form, follow_redirects=False).headers["location"].partition("?")[2]
    first, second = (clinic.browser().get(f"/demo/enter?{ticket}", follow_redirects=False) for _ in range(2))
    assert (first.headers["location"], second.headers["location"]) == ("/", "/sign-in")
    assert "set-cookie" in first.headers


def test_whatever_a_program_says_that_passes_requests_on_ends_the_demo(clinic: Clinic) -> None:
    names = ("For", "Host", "Proto", "Server", "Port")
    for name in (*(f"X-Forwarded-{one}" for one in names), "Forwarded", "Via", "X-Real-IP", "CF-Connecting-IP"):
        assert "june_hartley" not in clinic.browser(BARE).get("/", headers={name: "x"}).text, name
    assert "june_hartley" in clinic.browser(BARE).get("/", headers={"X-Requested-With": "x"}).text


def test_outside_this_machine_or_through_another_program_there_is_nothing_of_a_demo(clinic: Clinic) -> None:
    for browser, headers in (
        (clinic.browser(BARE, "192.0.2.7"), {}),
        (clinic.browser(BARE), {"x-forwarded-for": "192.0.2.7"}),
    ):
        page = browser.get("/", headers=headers).text
        assert "june_hartley" not in page
        form = {"csrf": csrf_of(page), "clinic": "marigold", "person": "june_hartley"}
        assert browser.post("/demo/enter", data=form, headers=headers).status_code == 404
        assert browser.get("/demo/clock", headers=headers).status_code == 404
        assert browser.post("/demo/clock", data=form, headers=headers).status_code == 404


@pytest.mark.parametrize(
    "changed", [{"demo": False}, {"web_host": "0.0.0.0"}, {"public_base": "https://care.example.org"}]
)
def test_a_real_or_reachable_installation_has_no_one_click_doors_and_no_clock(
    moving: Clinic, changed: dict[str, object]
) -> None:
    deps = moving.app.state.deps
    moving.app.state.deps = dataclasses.replace(deps, settings=dataclasses.replace(deps.settings, **changed))
    page = moving.browser(BARE).get("/").text
    assert "june_hartley" not in page
    assert "/demo/clock" not in page
    assert moving.browser(BARE).get("/demo/clock").status_code == 404


def test_a_moved_clock_is_said_on_every_page_and_leaves_the_session_alone(moving: Clinic, tmp_path: Path) -> None:
    patient, ops = moving.browser(), moving.browser(BARE)
    sign_in(patient)
    assert "clock was moved" not in patient.get("/visits").text
    day = (datetime.now(UTC) + timedelta(days=400)).date()
    page = post(ops, "/demo/clock", {"act": "move", "at": f"{day}T09:00"})
    assert str(page.url).endswith("said=moved")
    assert str(day.year) in page.text
    seen = patient.get("/visits")
    assert seen.status_code == 200
    assert "/sign-out" in seen.text
    assert f"{day.year}" in seen.text.partition("clock was moved")[2][:200]
    told = tmp_path / STORY_FILE
    told.write_text(json.dumps([STORY_CLOCK]))
    telling = patient.get("/visits").text
    assert "being prepared" in telling and f"{day.year}" in telling and "clock was moved" not in telling
    told.write_text("[]")
    assert "clock was moved" in patient.get("/visits").text
    assert "clock was moved" not in post(ops, "/demo/clock", {"act": "reset"}).text.partition("<main")[0]
    assert "clock was moved" not in patient.get("/visits").text


@pytest.mark.parametrize("at", ["", "tomorrow", "2990-01-01T00:00", "0001-01-01T00:00"])
def test_a_time_that_is_none_moves_nothing_and_is_said(moving: Clinic, at: str) -> None:
    page = post(moving.browser(BARE), "/demo/clock", {"act": "move", "at": at})
    assert page.status_code == 422
    assert "within ten years" in page.text
    assert moving.app.state.deps.clock.moved() == timedelta(0)


def test_a_jump_goes_on_from_what_the_clock_shows_and_another_one_back(moving: Clinic) -> None:
    clock, hall = moving.app.state.deps.clock, moving.browser(BARE)
    for jump, hours in (("day", 24), ("hour", 25), ("back_day", 1), ("nowhere", 1)):
        post(hall, "/demo/clock", {"jump": jump})
        assert abs(clock.moved() - timedelta(hours=hours)) < timedelta(minutes=1)


def test_the_times_offered_are_those_of_the_moved_clock(moving: Clinic) -> None:
    clock = moving.app.state.deps.clock
    clock.set(datetime.now(UTC) + timedelta(days=20))
    browser = moving.browser()
    page = post(browser, "/book/urgent_care/video_visit", {"state": "FL", "postal_code": "33132"})
    assert f"{clock.now():%Y-%m-%d}" in page.text
    assert f"{datetime.now(UTC):%Y-%m-%d}" not in page.text
