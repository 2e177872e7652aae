"""An administrator attests a licence on a page, is told of every mistake, and has its source asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.portals.helpers_clinic import Clinic, build_clinic, post
from tests.portals.test_credentials_pages import person_of
from tests.portals.test_staff_pages import staff

pytestmark = pytest.mark.slow
NEW = "/staff/credentials/new"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    built = build_clinic(tmp_path_factory.mktemp("attesting") / "data")
    yield built
    built.database.close()


def named(clinic: Clinic) -> dict[str, str]:
    page = staff(clinic, "clinic_admin").get(NEW).text
    return {
        "person": person_of(page, "Rosalind Achebe"),
        "kind": "license",
        "state": "GA",
        "profession": "MD",
        "type": "full",
        "number": "GA-77",
        "issued": "2020-01-31",
        "expires": "2028-01-31",
    }


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"person": "per_nobody", "state": "ZZ"}, ("person", "state")),
        ({"kind": "diploma"}, ("kind",)),
        ({"profession": "WIZARD", "type": ""}, ("profession", "type")),
        ({"number": ""}, ("number",)),
        ({"number": "my number is 5"}, ("number",)),
        ({"issued": "2020-02-31"}, ("issued",)),
        ({"issued": "2999-01-01", "expires": ""}, ("issued",)),
        ({"expires": "2019-01-31"}, ("expires",)),
        ({"expires": "9999-12-31"}, ("expires",)),
        ({"kind": "dea", "number": "AB1234564"}, ("schedules", "number")),
    ],
)
def test_every_mistake_is_named_at_its_field_and_the_rest_is_kept(
    clinic: Clinic, changed: dict[str, str], fields: tuple[str, ...]
) -> None:
    page = post(staff(clinic, "clinic_admin"), NEW, {**named(clinic), **changed})
    assert page.status_code == 422
    assert set(re.findall(r'href="#(\w+)"', page.text)) >= set(fields)
    assert page.text.count('class="error"') == len(fields)


def test_a_licence_is_attested_changed_and_its_source_asked_each_time(clinic: Clinic) -> None:
    admin, asked = staff(clinic, "clinic_admin"), len(clinic.visits.checked)
    kept = post(admin, NEW, named(clinic))
    assert "It is kept, and its source is being asked" in kept.text
    assert post(admin, NEW, {**named(clinic), "number": "GA-78"}).status_code == 409
    found = re.search(r'href="(/staff/credentials/per_\w+/lic_\w+)">License MD GA-77<', kept.text)
    assert found
    page = admin.get(found[1])
    assert "Attested by" in page.text
    form = {"number": "GA-79", "issued": "2020-01-31", "expires": "2029-01-31", "version": "1"}
    changed = post(admin, found[1], form)
    assert "License MD GA-79" in changed.text
    assert post(admin, found[1], form).status_code == 409  # somebody was quicker
    assert "GA-77" in admin.get(found[1]).text  # every version stays
    assert clinic.visits.checked[asked:] == ["marigold"] * 2
    assert admin.get(found[1].replace("lic_", "lic_x")).status_code == 404
    assert staff(clinic, "compliance").get(found[1]).status_code == 403


def test_a_registration_with_a_right_number_is_attested(clinic: Clinic) -> None:
    admin = staff(clinic, "clinic_admin")
    about = {**named(clinic), "kind": "dea", "number": "ab1234563", "schedules": ["II", "III"]}
    assert "DEA registration Schedules II, III AB1234563" in post(admin, NEW, about).text


def test_an_old_proof_is_asked_for_anew(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, about, now = staff(clinic, "clinic_admin"), named(clinic), clinic.database.now
    monkeypatch.setattr(clinic.database, "now", lambda: now() + timedelta(minutes=20))
    page = post(admin, NEW, {**about, "state": "AL"})
    assert (page.status_code, "Confirm that it is you" in page.text) == (403, True)
