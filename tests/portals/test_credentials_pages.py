"""Credentials, agreements and hours as administrators and clinicians see and change them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from engine.credentials import SourceAnswer
from portals.base.formats import Formats
from portals.base.i18n import translator
from portals.staff.credential_rows import Reading, credential_rows, schedule_words
from portals.staff.hours_form import exception_of, openings, week_faults
from records.credential_book import RecordsCredentialBook
from records.credentials import CredentialView
from tests.portals.helpers_clinic import Clinic, post
from tests.portals.test_staff_pages import staff

pytestmark = pytest.mark.slow
CLINICIAN, NURSE = "rosalind_achebe", "tomas_ibarra"


def person_of(page: str, name: str) -> str:
    """The id of somebody in a list to choose from."""
    found = re.search(rf'value="(per_\w+)"[^>]*>[^<]*{name}', page)
    assert found is not None
    return found[1]


def test_what_is_over_comes_first_and_an_administrator_has_the_sources_asked(clinic: Clinic) -> None:
    admin = staff(clinic, "clinic_admin")
    page = admin.get("/staff/credentials")
    assert page.text.index("Lindqvist") < page.text.index("Ibarra") < page.text.index("Okafor")
    assert "Expired" in page.text
    said = post(admin, "/staff/credentials", {}, to="/staff/credentials/ask")
    assert "being asked" in said.text
    assert clinic.visits.checked == ["marigold"]
    assert "Credenciales" in post(admin, "/staff/credentials", {"language": "es"}, to="/staff/language").text + (
        admin.get("/staff/credentials").text
    )


def test_what_a_simulator_answered_says_so(clinic: Clinic) -> None:
    book = RecordsCredentialBook(clinic.database)
    for claim in book.claims("marigold", book.providers("marigold")):
        answer = SourceAnswer(source="simulator", as_of=book.now(), found=True, status="suspended")
        book.answered("marigold", claim, answer)
    page = staff(clinic, "clinic_admin").get("/staff/credentials")
    assert "The primary source is a simulator." in page.text
    assert "Suspended" in page.text
    assert "The primary source is a simulator." in staff(clinic, CLINICIAN).get("/staff/hours").text


def test_an_agreement_is_kept_ended_and_taken_back(clinic: Clinic) -> None:
    admin = staff(clinic, "clinic_admin")
    page = admin.get("/staff/credentials").text
    fields = {
        "supervisee": person_of(page, "Tomás Ibarra"),
        "supervisor": person_of(page, "Rosalind Achebe"),
        "state": "FL",
        "kind": "collaboration",
        "since": "2026-01-01",
        "schedules": "III",
        "specialties": "urgent_care",
    }
    to = "/staff/credentials/agreements"
    assert post(admin, "/staff/credentials", {**fields, "state": "GA"}, to=to).status_code == 422  # no licence there
    assert post(admin, "/staff/credentials", {**fields, "supervisor": fields["supervisee"]}, to=to).status_code == 422
    assert post(admin, "/staff/credentials", {**fields, "until": "2025-01-01"}, to=to).status_code == 422
    empty = post(admin, "/staff/credentials", {"since": ""}, to=to)
    assert empty.status_code == 422
    assert all(f'href="#{name}"' in empty.text for name in ("supervisee", "supervisor", "state", "kind", "since"))
    kept = post(admin, "/staff/credentials", fields, to=to)
    assert "The agreement is kept." in kept.text
    assert "Controlled drugs: Schedule III." in kept.text
    (agreement,) = set(re.findall(r'name="agreement" value="(agr_\w+)"', kept.text))
    ending = {"agreement": agreement, "version": "1", "day": "2026-02-01"}
    ended = post(admin, "/staff/credentials", ending, to=f"{to}/end")
    assert "to February 1, 2026" in ended.text
    assert "in the meantime" in post(admin, "/staff/credentials", ending, to=f"{to}/end").text
    undone = post(admin, "/staff/credentials", {"agreement": agreement, "version": "2"}, to=f"{to}/undo")
    assert "to February 1, 2026" not in undone.text
    assert "Tomás Ibarra, APRN with Rosalind Achebe, MD" in staff(clinic, NURSE).get("/staff/hours").text


def test_a_clinician_changes_their_own_hours_and_nobody_elses(clinic: Clinic) -> None:
    mine = staff(clinic, CLINICIAN)
    page = mine.get("/staff/hours")
    assert "My credentials and hours" in page.text
    assert "DEA registration" in page.text
    version = re.search(r'name="version" value="(\d+)"', page.text)
    assert version is not None
    week = {"version": version[1], "time_zone": "America/Chicago", "mon": "09:00-12:00, 13:00-24:00"}
    wrong = post(
        mine, "/staff/hours", {**week, "tue": "9 to 5", "thu": "12:00-09:00", "fri": "09:00-12:00, 11:00-13:00"}
    )
    assert wrong.status_code == 422
    for day, words in (("tue", "Write openings"), ("thu", "Each opening has to end"), ("fri", "Put the openings in")):
        assert re.search(rf'id="{day}-error">.*{words}', wrong.text)
    assert 'href="#mon"' not in wrong.text
    assert "Eastern Time (New York)" in page.text
    saved = post(mine, "/staff/hours", week)
    assert "The week is saved." in saved.text
    assert "Central Time" in saved.text
    assert "in the meantime" in post(mine, "/staff/hours", week).text
    other = person_of_credentials(clinic, "Tomás Ibarra")
    assert "Rosalind" not in mine.get(f"/staff/hours?person={other}").text.partition("<h2")[0]
    post(mine, "/staff/hours", {**week, "version": "1", "person": other, "mon": "01:00-02:00"})
    assert "01:00-02:00" not in staff(clinic, "clinic_admin").get(f"/staff/hours?person={other}").text


def person_of_credentials(clinic: Clinic, name: str) -> str:
    return person_of(staff(clinic, "clinic_admin").get("/staff/credentials").text, name)


def test_time_off_is_added_and_removed_by_an_administrator(clinic: Clinic) -> None:
    admin: TestClient = staff(clinic, "clinic_admin")
    person = person_of_credentials(clinic, "Tomás Ibarra")
    page = f"/staff/hours?person={person}"
    day = (clinic.clock.now() + timedelta(days=3)).date().isoformat()
    fields = {"person": person, "kind": "off", "first_day": day}
    assert post(admin, page, {**fields, "first_day": ""}, to="/staff/hours/exceptions").status_code == 422
    assert (
        post(admin, page, {**fields, "since": "12:00", "until": "09:00"}, to="/staff/hours/exceptions").status_code
        == 422
    )
    far = post(admin, page, {**fields, "first_day": "9999-12-31"}, to="/staff/hours/exceptions")
    assert far.status_code == 422
    assert far.text.count("Choose a first day between yesterday and three years from now") == 2
    assert admin.get(page).status_code == 200
    added = post(admin, page, fields, to="/staff/hours/exceptions")
    assert "Time off:" in added.text
    exception = re.search(r'name="exception" value="(hex_\w+)"', added.text)
    assert exception is not None
    gone = post(admin, page, {"person": person, "exception": exception[1]}, to="/staff/hours/exceptions/remove")
    assert "Time off:" not in gone.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("09:00-12:00,13:00-24:00", [("09:00", "12:00"), ("13:00", "24:00")]),
        ("13:00-14:00, 09:00-12:00", None),
        ("09:00-12:00, 11:00-13:00", None),
        ("12:00-09:00", None),
        ("9-5", None),
        ("09:00", None),
        ("09:60-10:00", None),
        ("२३:००-24:00", None),
    ],
)
def test_openings_are_read_strictly(text: str, expected: list[tuple[str, str]] | None) -> None:
    assert openings(text) == expected


WEEK = {"version": "0", **dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "")}
TODAY = date(2026, 3, 5)
OFF = {"kind": "off", "first_day": "2026-03-06", "last_day": "", "since": "", "until": ""}


def test_every_day_that_cannot_be_read_is_named_with_its_own_fault() -> None:
    typed = {**WEEK, "mon": "9-5", "wed": "12:00-09:00", "sun": "13:00-14:00, 09:00-12:00"}
    assert week_faults(typed) == {"mon": "day", "wed": "day_ends", "sun": "day_overlaps"}
    assert week_faults({**WEEK, "version": "x"}) == {"time_zone": "time_zone"}


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({}, {}),
        ({"last_day": "2026-03-20", "since": "09:00", "until": "12:00"}, {}),
        ({"first_day": ""}, {"first_day": "first_day"}),
        ({"first_day": "9999-12-31"}, {"first_day": "first_day_far"}),
        ({"first_day": "0001-01-01"}, {"first_day": "first_day_far"}),
        ({"last_day": "soon"}, {"last_day": "last_day"}),
        ({"last_day": "2026-03-01"}, {"last_day": "last_day_before"}),
        ({"last_day": "2027-09-01"}, {"last_day": "last_day_long"}),
        ({"last_day": "9999-12-31"}, {"last_day": "last_day_far"}),
        ({"since": "noon", "kind": "x"}, {"kind": "kind", "since": "since"}),
        ({"since": "12:00", "until": "09:00"}, {"until": "until_before"}),
        ({"until": "25:00"}, {"until": "until"}),
    ],
)
def test_each_field_of_time_off_has_its_own_fault(changes: dict[str, str], faults: dict[str, str]) -> None:
    draft, found = exception_of({**OFF, **changes}, TODAY)
    assert found == faults
    assert (draft is None) == bool(faults)


@pytest.mark.parametrize(
    ("language", "zone", "words"),
    [
        ("en", "America/New_York", "Eastern Time (New York)"),
        ("es", "America/New_York", "Hora oriental (Nueva York)"),
        ("en", "America/Indiana/Indianapolis", "Eastern Time (Indianapolis)"),
        ("es", "America/Kentucky/Louisville", "Hora oriental (Louisville)"),
    ],
)
def test_zones_read_as_people_say_them(language: str, zone: str, words: str) -> None:
    assert Formats(language).zone_and_place(zone) == words


@pytest.mark.parametrize(
    ("schedules", "words"),
    [
        (("III",), "Schedule III"),
        (("II", "III"), "Schedules II, III"),
        (("II", "III", "IV", "V"), "Schedules II\u2013V"),
        (("II", "IV", "V"), "Schedules II, IV, V"),
        (("IIN", "III", "IV"), "Schedules IIN, III, IV"),
    ],
)
def test_schedules_next_to_each_other_read_as_a_span(schedules: tuple[str, ...], words: str) -> None:
    assert schedule_words(schedules, translator("en")) == words


@pytest.mark.parametrize(
    ("days", "words"), [(20, "Expires in 20 days"), (1, "Expires tomorrow"), (0, "Expires today"), (400, "Active")]
)
def test_what_ends_soon_says_when_it_does(days: int, words: str) -> None:
    view = CredentialView(
        credential="crd_1",
        version=1,
        source="clinic_file",
        recorded_at=datetime(2026, 3, 5, tzinfo=UTC),
        person="per_1",
        kind="license",
        state="FL",
        number="X",
        profession="physician",
        status="active",
        expires=TODAY + timedelta(days=days),
    )
    (row,) = credential_rows([view], {}, Reading(language="en", zone="UTC", today=TODAY))
    assert row.status == words
