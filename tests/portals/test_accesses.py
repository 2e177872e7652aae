"""Patients read who opened their record: by name and role, in their own time, page by page, and nobody else's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portals.patient.accesses import looks
from records.access import Role
from records.audit_trail import AccessView
from records.work import Actor
from tests.portals.helpers_clinic import SLUG, build_clinic, sign_in
from tests.portals.helpers_journey import booked
from tests.records.helpers import START

pytestmark = pytest.mark.slow


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_a_patient_sees_who_opened_their_record_and_nothing_of_another(tmp_path: Path) -> None:
    clinic = build_clinic(tmp_path)
    browser = clinic.browser()
    sign_in(browser)
    empty = browser.get("/accesses")
    assert empty.status_code == 200 and "Nobody has opened your record yet" in empty.text
    visit = booked(clinic, browser)
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        row = scope.visits.get(visit)
        clinician = scope.people.provider(row.provider)
        other = next(one.person for one in scope.people.providers() if one.person != row.provider)
    with clinic.database.scope(SLUG, Actor(person=row.provider, role=Role.PROVIDER)) as scope:
        scope.people.patient(row.patient)
        scope.visits.get(visit)
    page = text_of(browser.get("/accesses").text)
    assert f"{clinician.display_name} Clinician Looked at: " in page
    assert "your name and details" in page and "a visit" in page
    assert "Eastern Time" in page
    assert other not in page and row.provider not in page
    stranger = clinic.browser()
    assert stranger.get("/accesses", follow_redirects=False).status_code == 303
    clinic.database.close()


def test_the_page_speaks_spanish_and_its_own_reading_is_in_the_audit(tmp_path: Path) -> None:
    clinic = build_clinic(tmp_path)
    browser = clinic.browser()
    sign_in(browser)
    browser.headers["accept-language"] = "es"
    browser.cookies.delete("language")
    assert browser.get("/accesses?before=junk").status_code == 200
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        acts = [entry.act for entry in scope.audit.entries(limit=30)]
    assert "audit:own:viewed" in acts
    clinic.database.close()


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_one_person_did_within_a_minute_is_one_line(language: str) -> None:
    def entry(number: int, act: str, actor: str = "per_1") -> AccessView:
        return AccessView(sequence=number, at=START, actor=actor, role="provider", name="Dr. O", act=act, visit="")

    found = looks(
        [
            entry(5, "visits:visit:viewed"),
            entry(4, "people:patient:viewed"),
            entry(3, "visits:visit:viewed"),
            entry(2, "brand_new:thing:viewed"),
            entry(1, "notes:note:modified"),
            entry(0, "visits:visit:viewed", actor="per_2"),
        ],
        language,
    )
    assert [(one.action, one.what) for one in found] == [
        ("viewed", ("visits", "people", "other")),
        ("modified", ("notes",)),
        ("viewed", ("visits",)),
    ]
