"""Staff end who acts for a patient, and let who came of age take their record over, on pages of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.portals.helpers_clinic import Clinic, build_clinic, post, sign_in
from tests.portals.test_staff_pages import staff

pytestmark = pytest.mark.slow
JUNE = "june.hartley@patients.example"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    built = build_clinic(tmp_path_factory.mktemp("people") / "data")
    yield built
    built.database.close()


def outbox(clinic: Clinic) -> str:
    return str(clinic.browser().get("/outbox").text)


def test_the_officer_finds_a_guardian_by_address_reads_no_name_and_ends_it(clinic: Clinic) -> None:
    officer = staff(clinic, "compliance")
    assert post(officer, "/staff/relationships", {"person": ""}).status_code == 422
    page = post(officer, "/staff/relationships", {"person": JUNE})
    assert "Hartley" not in page.text.replace(JUNE, "")
    guardian = re.search(r'href="(/staff/relationships/rel_\w+)">\w+</a></th>\s*<td[^>]*>Parent or guardian', page.text)
    assert guardian, page.text
    at = guardian[1]
    assert "Parent or guardian" in officer.get(at).text and "Hartley" not in officer.get(at).text
    unsaid = post(officer, at, {"reason": "dispute"})
    assert unsaid.status_code == 422 and 'href="#words"' in unsaid.text
    ended = post(officer, at, {"reason": "dispute", "words": "Both parents called on Monday"})
    assert "It has ended" in ended.text and "The people concerned disagree" in ended.text
    assert "Both parents" not in ended.text
    assert "Your part at Marigold" in outbox(clinic)
    june = clinic.browser()
    sign_in(june)
    assert "For Leo Hartley" not in june.get("/book/urgent_care/video_visit").text
    assert officer.get("/staff/relationships/rel_nobody").status_code == 404


def test_who_came_of_age_is_identified_invited_and_sees_their_record(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = staff(clinic, "clinic_admin")
    empty = post(admin, "/staff/takeovers", {})
    assert empty.status_code == 422
    fields = ("known_by", "given", "family", "birth_date-m", "way", "email")
    assert all(f'href="#{name}' in empty.text for name in fields)
    about = {
        "known_by": JUNE,
        "given": "Leo",
        "family": "Hartley",
        "birth_date-m": "1",
        "birth_date-d": "1",
        "birth_date-y": "2001",
        "way": "document_in_person",
        "email": "leo@patients.example",
    }
    wrong = post(admin, "/staff/takeovers", about)
    assert wrong.status_code == 409 and "No record agrees" in wrong.text
    right = {**about, "birth_date-m": "3", "birth_date-d": "2", "birth_date-y": "2018"}
    minor = post(admin, "/staff/takeovers", right)
    assert minor.status_code == 409 and "No record agrees" in minor.text
    monkeypatch.setattr(clinic.database, "_visit_time", lambda: datetime(2036, 3, 3, 15, tzinfo=UTC))
    done = post(admin, "/staff/takeovers", right)
    assert "It is them" in done.text and "Leo" not in done.text
    assert "/takeover/" not in outbox(clinic)
    at = re.search(r"/staff/takeovers/inv_\w+/", done.text)
    assert at and f"{at[0]}release" not in done.text
    assert "Somebody else has to release" in post(admin, "/staff/takeovers", {}, to=f"{at[0]}release").text
    officer = staff(clinic, "compliance")
    assert "is on its way" in post(officer, "/staff/takeovers", {}, to=f"{at[0]}release").text
    door = re.search(r"/takeover/[\w-]+", outbox(clinic))
    assert door
    leo = clinic.browser()
    choice = {"password": "four quiet words", "birth_date-m": "1", "birth_date-d": "1", "birth_date-y": "2001"}
    assert "not the date of birth we have" in post(leo, door[0], choice).text
    assert post(leo, door[0], {}).status_code == 422
    dates = {name: right[name] for name in right if name.startswith("birth_date")}
    assert post(leo, door[0], choice | dates).url.path == "/visits"
    assert leo.get("/accesses").status_code == 200
    assert clinic.browser().get(door[0]).status_code == 410
