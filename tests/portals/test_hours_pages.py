"""A clinician's hours: what recurs, what is wanted around visits, a look before saving, undoing, and copying a week."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from tests.portals.helpers_clinic import Clinic, post
from tests.portals.helpers_journey import KIND, MIAMI, booked
from tests.portals.test_credentials_pages import CLINICIAN
from tests.portals.test_staff_pages import staff

pytestmark = pytest.mark.slow
PAGE = "/staff/hours"
WEEKLY = {"time_zone": "America/New_York", "mon": "09:00-12:00"}
RULE = {"weekdays": "tue", "begins": "09:00", "ends": "12:00", "cycle": "2"}


@pytest.fixture
def mine(clinic: Clinic) -> TestClient:
    return staff(clinic, CLINICIAN)


def today(clinic: Clinic) -> date:
    return clinic.clock.now().astimezone(ZoneInfo("America/New_York")).date()


def version_of(text: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', text)
    assert found
    return found[1]


def send(browser: TestClient, to: str, fields: dict[str, Any]) -> Any:
    return post(browser, PAGE, {"version": version_of(browser.get(PAGE).text), **fields}, to=f"{PAGE}{to}")


def test_what_recurs_is_said_in_words_shown_in_the_calendar_and_taken_back(clinic: Clinic, mine: TestClient) -> None:
    send(mine, "", WEEKLY)
    first = today(clinic) + timedelta(days=1)
    rule = {**RULE, "from_day": first.isoformat(), "to_day": (first + timedelta(days=60)).isoformat()}
    look = send(mine, "/recurring", {**rule, "do": "look"})
    assert look.status_code == 200
    assert "Nothing is saved yet" in look.text
    assert look.text.count("9:00\xa0AM to 12:00\xa0PM</p>") > mine.get(PAGE).text.count("9:00\xa0AM to 12:00\xa0PM</p>")
    assert "Every second Tuesday" not in mine.get(PAGE).text
    kept = send(mine, "/recurring", rule)
    assert re.search(r"Every second Tuesday, 9:00\xa0AM to 12:00\xa0PM, from \w+ \d+, \d{4}, until", kept.text)
    assert 'value="09:00-12:00"' in kept.text, "the week stays as it was"
    undone = post(mine, PAGE, {"version": version_of(kept.text)}, to=f"{PAGE}/undo")
    assert "Every second Tuesday" not in undone.text and 'value="09:00-12:00"' in undone.text
    month = send(mine, "/recurring", {**RULE, "cycle": "month", "weekdays": ["mon", "wed"], "month_weeks": ["1", "-1"]})
    assert "On the first and last Monday and Wednesday of the month, 9:00\xa0AM to 12:00\xa0PM" in month.text
    places = re.search(r'name="places" value="([\d,]+)"', month.text)
    assert places
    gone = send(mine, "/recurring/remove", {"places": places[1]})
    assert "of the month," not in gone.text


def test_what_cannot_be_is_named_at_its_field_and_what_was_typed_is_kept(mine: TestClient) -> None:
    wrong = send(mine, "/recurring", {**RULE, "weekdays": [], "ends": "08:00", "to_day": "soon"})
    assert wrong.status_code == 422
    for name in ("weekdays", "ends", "from_day", "to_day"):
        assert f'href="#{name}"' in wrong.text
    assert 'id="begins" name="begins" type="time" value="09:00"' in wrong.text
    assert send(mine, "/recurring", {**RULE, "visit_types": "no/such", "cycle": "1"}).status_code == 422
    numbers = send(mine, "/limits", {"before": "0", "after": "ten", "notice": "0", "days_ahead": "0", "daily": "1"})
    assert numbers.status_code == 422
    assert all(f'href="#{name}"' in numbers.text for name in ("after", "days_ahead"))


def test_limits_are_what_patients_are_offered(clinic: Clinic, mine: TestClient) -> None:
    for other in ("tomas_ibarra", "wilhelmina_okafor"):
        browser = staff(clinic, other)
        send(browser, "", {"time_zone": "America/New_York"})
    patient = clinic.browser()
    assert "later" in post(patient, KIND, MIAMI).text.lower()
    limits = {"before": "0", "after": "10", "notice": "2880", "days_ahead": "6", "daily": "0"}
    assert "The week is saved." in send(mine, "/limits", limits).text
    page = post(patient, KIND, MIAMI).text
    starts = re.findall(r'<time datetime="([^"]+)"', page)
    assert min(starts) >= (clinic.clock.now() + timedelta(days=2)).isoformat()
    assert max(starts) <= (clinic.clock.now() + timedelta(days=6)).isoformat()


def test_hours_for_some_visits_are_offered_to_those_alone(clinic: Clinic, mine: TestClient) -> None:
    for one in (CLINICIAN, "tomas_ibarra", "wilhelmina_okafor"):
        send(staff(clinic, one), "", {"time_zone": "America/New_York"})
    every_day = {**RULE, "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "cycle": "1"}
    every_day |= {"begins": "00:00", "ends": "24:00"}
    page = mine.get(PAGE).text
    kinds = re.findall(r'name="visit_types" value="([^"]+)"', page)
    other = next(one for one in kinds if one != "urgent_care/video_visit")
    send(mine, "/recurring", {**every_day, "visit_types": other})
    patient = clinic.browser()
    assert 'name="time"' not in post(patient, KIND, MIAMI).text
    send(mine, "/recurring", {**every_day, "visit_types": "urgent_care/video_visit"})
    assert 'name="time"' in post(patient, KIND, MIAMI).text


def test_a_change_names_the_visits_it_leaves_outside_and_loses_none(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    with clinic.database.engine.connect() as connection:
        person = connection.exec_driver_sql("SELECT provider FROM visits WHERE id = ?", (visit,)).scalar()
    admin = staff(clinic, "clinic_admin")
    page = f"{PAGE}?person={person}"
    look = post(admin, page, {"person": person, "version": "0", "time_zone": "America/New_York", "do": "look"}, to=PAGE)
    assert "would be outside these hours: 1" in look.text and visit in look.text
    saved = post(admin, page, {"person": person, "version": "0", "time_zone": "America/New_York"}, to=PAGE)
    assert "Nothing booked is lost" in saved.text
    assert f'href="/staff/visits/{visit}/call-off"' in saved.text
    extra = dict(re.findall(r'name="(first_day|since|until)" value="([^"]+)"', saved.text))
    kept = post(admin, page, {"person": person, "kind": "extra", **extra}, to=f"{PAGE}/exceptions")
    assert "outside these hours" not in kept.text
    assert browser.get(f"/visits/{visit}").status_code == 200


def test_one_day_is_copied_to_the_workdays_and_one_week_to_others(clinic: Clinic, mine: TestClient) -> None:
    typed = send(mine, "", {**WEEKLY, "do": "mon"})
    assert typed.text.count('value="09:00-12:00"') == 5
    send(mine, "", WEEKLY)
    monday = today(clinic) + timedelta(days=7 - today(clinic).weekday())
    changed = {"kind": "changed", "first_day": monday.isoformat(), "since": "14:00", "until": "15:00"}
    look = send(mine, "/exceptions", {**changed, "do": "look"})
    assert "2:00\xa0PM to 3:00\xa0PM" in look.text and "Changed hours: " not in look.text
    send(mine, "/exceptions", changed)
    copy = {"copy_from": monday.isoformat(), "copy_to": (monday + timedelta(days=9)).isoformat(), "copy_weeks": "2"}
    copied = send(mine, "/copy-week", copy)
    assert copied.text.count("Changed hours: ") == 3
    assert "already" in send(mine, "/copy-week", copy).text
    exception = re.findall(r'name="exception" value="(hex_\w+)"', copied.text)[0]
    gone = post(mine, PAGE, {"exception": exception, "do": "together"}, to=f"{PAGE}/exceptions/remove")
    assert gone.text.count("Changed hours: ") == 1 and "Time off: " not in gone.text


def test_what_was_removed_comes_back(clinic: Clinic, mine: TestClient) -> None:
    added = send(mine, "/exceptions", {"kind": "off", "first_day": today(clinic).isoformat()})
    exception = re.findall(r'name="exception" value="(hex_\w+)"', added.text)[0]
    removed = post(mine, PAGE, {"exception": exception}, to=f"{PAGE}/exceptions/remove")
    assert "Time off: " not in removed.text
    back = post(mine, PAGE, {"exception": exception}, to=f"{PAGE}/exceptions/restore")
    assert "Time off: " in back.text


def test_the_week_goes_out_as_a_calendar_file_and_comes_back_or_says_which_line_it_cannot_take(
    mine: TestClient,
) -> None:
    send(mine, "", WEEKLY)
    send(mine, "/recurring", {**RULE, "cycle": "month", "month_weeks": ["2"]})
    file = mine.get(f"{PAGE}/hours.ics")
    assert file.headers["content-type"].startswith("text/calendar")
    assert "RRULE:FREQ=MONTHLY;BYDAY=2TU" in file.text and "TZID:America/New_York" in file.text
    send(mine, "", {"time_zone": "America/New_York"})
    refused = send(mine, "/rules", {"rules": file.text.replace("BYDAY=2TU", "BYDAY=2TU;COUNT=4")})
    assert refused.status_code == 422 and "It ends after a number of times." in refused.text
    look = send(mine, "/rules", {"rules": file.text, "do": "look"})
    assert "Nothing is saved yet" in look.text
    back = send(mine, "/rules", {"rules": file.text})
    assert 'value="09:00-12:00"' in back.text
    assert "On the second Tuesday of the month" in back.text
