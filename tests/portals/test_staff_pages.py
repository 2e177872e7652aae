"""What administrators, support, compliance, and clinicians in an emergency see and do."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from engine.room_places import Stay
from engine.rooms import RoomRole
from portals.staff import emergency
from records.emergency import LIFE
from records.room_desk import RecordsRoomDesk
from tests.portals.helpers_clinic import Clinic, csrf_of, post
from tests.portals.helpers_crawl import Told, tell_visit

pytestmark = pytest.mark.slow
WHY = "Brought in without consciousness, nobody knows his history."
CHART = {
    "given": "Aaagiven",
    "family": "aaafamily",
    "birth_date-m": "4",
    "birth_date-d": "2",
    "birth_date-y": "1990",
    "reason": WHY,
}
HELPER = "tomas_ibarra"  # a clinician of the clinic; the visit is another's


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test may try as often as it likes."""
    monkeypatch.setattr(emergency.limiter, "wait_for", lambda _who: 0.0)


@pytest.fixture
def told(clinic: Clinic) -> Told:
    return tell_visit(clinic, "marigold", "Aaa", in_an_emergency=False)


def staff(clinic: Clinic, person: str) -> TestClient:
    browser = clinic.browser()
    answer = post(browser, "/staff/sign-in", {"person": person}, to="/staff/demo/sign-in")
    assert answer.status_code == 200, answer.text
    return browser


def opened(clinic: Clinic, **changes: str) -> tuple[TestClient, Any]:
    helper = staff(clinic, HELPER)
    return helper, post(helper, "/staff/emergency", {**CHART, **changes})


def test_an_administrator_begins_at_the_schedule_and_reads_no_reason_and_no_name(clinic: Clinic, told: Told) -> None:
    page = staff(clinic, "clinic_admin").get("/staff")
    assert page.url.path == "/staff/schedule"
    assert told.ids["visit"] in page.text
    assert "$79" in page.text
    assert not [text for text in told.secrets if text in page.text]


def test_a_day_without_visits_says_what_would_be_there(clinic: Clinic) -> None:
    page = staff(clinic, "clinical_ops").get("/staff/schedule?day=2020-01-01")
    assert "No visits that day" in page.text
    assert staff(clinic, "clinical_ops").get("/staff/schedule?day=nonsense").status_code == 200


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_at_the_end_of_the_calendar_is_today(clinic: Clinic, day: str) -> None:
    page = staff(clinic, "clinical_ops").get(f"/staff/schedule?day={day}")
    assert page.status_code == 200
    tomorrow = (clinic.clock.now().astimezone(ZoneInfo("America/New_York")) + timedelta(days=1)).date().isoformat()
    assert f'href="/staff/schedule?day={tomorrow}"' in page.text


def test_support_looks_a_visit_up_by_its_number(clinic: Clinic, told: Told) -> None:
    browser = staff(clinic, "support")
    assert browser.get("/staff").url.path == "/staff/connections"
    now = clinic.clock.now()
    stay = Stay(
        clinic="marigold",
        visit=told.ids["visit"],
        room=f"{told.ids['visit']}.1",
        participant="par_1",
        role=RoomRole.PATIENT,
        first_at=now,
        last_at=now,
        seconds=90,
        media_seconds=60,
        joins=2,
        figures={"loss_in": 0.125, "round_trip": 0.04, "freezes": 3},
    )
    RecordsRoomDesk(clinic.database).keep_stays([stay])
    page = post(browser, "/staff/connections", {"visit": told.ids["visit"]})
    assert page.url.path == f"/staff/connections/{told.ids['visit']}"
    assert "In a call" in page.text
    assert "open on node_1" in page.text
    assert "1.5 min, 1.0 of them connected" in page.text
    assert "12.5 % sent" in page.text and "40 ms" in page.text
    assert not [text for text in told.secrets if text in page.text]


def test_the_bill_of_a_visit_shows_minutes_by_role_and_nobodys_name(clinic: Clinic, told: Told) -> None:
    visit, begun = told.ids["visit"], clinic.clock.now()
    browser = staff(clinic, "clinical_ops")
    assert "Nobody was in a call" in browser.get(f"/staff/visits/{visit}/bill").text
    stays = [
        Stay(
            clinic="marigold",
            visit=visit,
            room=f"{visit}.{number}",
            participant=who,
            role=role,
            first_at=begun + timedelta(minutes=20 * number),
            last_at=begun + timedelta(minutes=20 * number + 10),
            seconds=600,
            media_seconds=600,
            joins=1,
        )
        for number in (1, 2)
        for who, role in (("par_1", RoomRole.PATIENT), ("par_2", RoomRole.PROVIDER))
    ]
    RecordsRoomDesk(clinic.database).keep_stays(stays)
    page = browser.get(f"/staff/visits/{visit}/bill")
    assert page.text.count(">20</td>") == 2 and "Patient" in page.text and "par_1" not in page.text
    assert not [text for text in told.secrets if text in page.text]
    assert staff(clinic, "support").get(f"/staff/visits/{visit}/bill").status_code == 403


@pytest.mark.parametrize(("number", "status"), [("", 422), ("not a number", 422), ("vis_nothing", 404)])
def test_a_number_that_is_none_is_said(clinic: Clinic, number: str, status: int) -> None:
    page = post(staff(clinic, "support"), "/staff/connections", {"visit": number})
    assert page.status_code == status
    assert 'class="error"' in page.text


def test_a_chart_opens_in_an_emergency_and_every_page_says_so(clinic: Clinic, told: Told) -> None:
    helper, page = opened(clinic)
    assert page.url.path.startswith("/staff/emergency/emg_")
    assert "Aaagiven Aaafamily" in page.text
    chart = helper.get(f"{page.url.path}/visits/{told.ids['visit']}")
    assert all(text in chart.text for text in ("Aaareason", "Aaahistory", "Aaaamoxicillin", "+1 305 555 0100"))
    for path in ("/staff", "/staff/law", page.url.path, chart.url.path):
        assert "A chart is open in an emergency until" in helper.get(path).text
    assert "A chart is open" not in staff(clinic, "rosalind_achebe").get("/staff").text


def test_the_banner_shuts_the_chart(clinic: Clinic, told: Told) -> None:
    helper, page = opened(clinic)
    ended = helper.post(f"{page.url.path}/end", data={"csrf": csrf_of(page.text)})
    assert ended.url.path == "/staff"
    assert "A chart is open" not in ended.text
    assert helper.get(page.url.path).status_code == 410
    assert helper.get(f"{page.url.path}/visits/{told.ids['visit']}").status_code == 410


def test_another_clinicians_emergency_is_nobody_elses(clinic: Clinic, told: Told) -> None:
    _, page = opened(clinic)
    other = staff(clinic, "wilhelmina_okafor")
    assert other.get(page.url.path).status_code == 404
    assert other.get(f"{page.url.path}/visits/{told.ids['visit']}").status_code == 404


def test_an_emergency_opens_no_visit_of_another_patient(clinic: Clinic, told: Told) -> None:
    other = tell_visit(clinic, "marigold", "Ccc", in_an_emergency=False)
    helper, page = opened(clinic)
    assert helper.get(f"{page.url.path}/visits/{other.ids['visit']}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"given": ""}, "given"),
        ({"family": ""}, "family"),
        ({"birth_date-m": "14"}, "birth_date"),
        ({"birth_date-y": "2999"}, "birth_date"),
        ({"reason": "urgent"}, "reason"),
        ({"given": "Bob"}, "given"),
    ],
)
def test_what_is_missing_is_named_and_what_was_typed_is_kept(
    clinic: Clinic, told: Told, changes: dict[str, str], named: str
) -> None:
    _, page = opened(clinic, **changes)
    assert page.status_code == 422
    assert f'href="#{named}"' in page.text
    assert changes.get("reason", WHY) in page.text


def test_a_clinician_cannot_try_names_at_will(clinic: Clinic, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emergency.limiter, "wait_for", lambda _who: 60.0)
    _, page = opened(clinic)
    assert page.status_code == 429


@pytest.mark.parametrize("person", ["clinic_admin", "clinical_ops", "compliance", "support"])
def test_only_clinicians_have_the_door(clinic: Clinic, person: str) -> None:
    assert staff(clinic, person).get("/staff/emergency").status_code == 403


def test_the_officer_finds_it_in_the_inbox_and_closes_the_case(clinic: Clinic, told: Told) -> None:
    helper, chart = opened(clinic)
    helper.get(f"{chart.url.path}/visits/{told.ids['visit']}")
    helper.post(f"{chart.url.path}/end", data={"csrf": csrf_of(chart.text)})
    officer = staff(clinic, "compliance")
    inbox = officer.get("/staff")
    assert inbox.url.path == "/staff/oversight"
    found = re.search(r"/staff/oversight/(emg_\w+)", inbox.text)
    assert found
    case = officer.get(found[0])
    assert WHY in case.text
    assert "The note" in case.text
    assert not [text for text in told.secrets[1:] if text in case.text]
    assert post(officer, found[0], {"verdict": "", "finding": "x"}).status_code == 422
    assert post(officer, found[0], {"verdict": "justified", "finding": ""}).status_code == 422
    done = post(officer, found[0], {"verdict": "justified", "finding": "The ward confirmed it."})
    assert "The case is closed." in done.text
    assert "The ward confirmed it." in done.text
    again = officer.post(found[0], data={"csrf": csrf_of(done.text), "verdict": "justified", "finding": "twice"})
    assert "could not be closed" in again.text


def test_an_open_chart_gets_no_verdict_yet(clinic: Clinic, told: Told) -> None:
    _, chart = opened(clinic)
    page = staff(clinic, "compliance").get(chart.url.path.replace("emergency", "oversight"))
    assert "still open" in page.text
    assert "<textarea" not in page.text
    assert LIFE.total_seconds() == 3600


def test_an_empty_inbox_says_what_will_be_there(clinic: Clinic) -> None:
    assert "Nothing waits" in staff(clinic, "compliance").get("/staff/oversight").text


def test_the_table_is_shown_in_words_in_both_languages(clinic: Clinic) -> None:
    officer = staff(clinic, "compliance")
    assert "What can never be granted" in officer.get("/staff/access").text
    officer.cookies.set("cw_language", "es")
    assert "Lo que nunca se puede conceder" in officer.get("/staff/access").text


def test_the_head_marks_where_one_is_and_leads_back_to_the_queue(clinic: Clinic) -> None:
    browser = staff(clinic, HELPER)
    assert 'href="/staff" aria-current="page"' in browser.get("/staff").text
    hours = browser.get("/staff/hours").text
    assert 'href="/staff/hours" aria-current="page"' in hours
    assert '<a class="tool" href="/staff">' in hours


def test_staff_read_words_for_staff_at_the_door_and_where_nothing_is(clinic: Clinic) -> None:
    assert "Staff sign-in" in clinic.browser().get("/staff/sign-in").text
    gone = staff(clinic, "compliance").get("/staff/nothing-here")
    assert gone.status_code == 404
    assert "go back to where your work begins" in gone.text
    assert "your visits" not in gone.text
