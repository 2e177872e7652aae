"""An officer vouches for law on a page: it is signed, counts at once and for this clinic only, and can be withdrawn."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.law import LawFile
from engine.library import Library, with_vouched
from engine.rulebook import join
from records.vouched_law import RecordsVouchedLaw
from records.work import Actor
from tests.portals.helpers_clinic import Clinic, build_clinic, csrf_of, post

pytestmark = pytest.mark.slow
FORM = "/staff/law/attest?state=NJ&law=consent.age"
TYPED = {
    "name": "Ida Marsh",
    "source": "N.J.S.A. 9:17B-1, read in the state's own edition",
    "url": "https://lis.njleg.state.nj.us/",
    "on": "2026-03-01",
    "until": "2027-02-28",
    "read": "yes",
}


@pytest.fixture
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    built = build_clinic(tmp_path_factory.mktemp("vouching"))
    yield built
    built.database.close()


@pytest.fixture
def officer(clinic: Clinic) -> TestClient:
    return signed_in(clinic, "compliance")


def signed_in(clinic: Clinic, person: str) -> TestClient:
    browser = clinic.browser()
    assert post(browser, "/staff/sign-in", {"person": person}, to="/staff/demo/sign-in").status_code == 200
    return browser


def text_of(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def sign(browser: TestClient, **changes: str) -> Any:
    page = browser.get(FORM).text
    [seen] = re.findall(r'name="seen" value="([^"]*)"', page)
    told = {**TYPED, "state": "NJ", "law": "consent.age", "seen": html.unescape(seen), **changes}
    return browser.post("/staff/law/attest", data={"csrf": csrf_of(page), **told})


def test_the_form_shows_what_the_law_says_and_stands_on(officer: TestClient) -> None:
    page = text_of(officer.get(FORM).text)
    assert "New Jersey: Consent" in page and "18" in page and "checked on" in page


def test_what_is_signed_is_listed_with_who_what_and_until_when(officer: TestClient) -> None:
    answer = sign(officer)
    assert answer.status_code == 200, text_of(answer.text)
    page = text_of(answer.text)
    for told in ("It is signed and counts from now on.", "Ida Marsh", TYPED["source"], "February 28, 2027", "Withdraw"):
        assert told in page


def test_it_counts_for_this_clinic_alone_and_until_it_is_withdrawn(clinic: Clinic, officer: TestClient) -> None:
    library: Library = clinic.app.state.deps.library()
    before = library.rulebooks["marigold"].digest
    sign(officer)
    vouched = RecordsVouchedLaw(clinic.database)
    joined = with_vouched(library, vouched(["marigold"])).rulebooks["marigold"]
    assert joined.digest != before and joined.overlay is not None
    [attested] = joined.overlay.attested
    assert (attested.value, attested.jurisdiction, attested.since) == ("consent.age", "us/nj", "2026-03-01")
    page = officer.get("/staff/law/attestations").text
    [act] = re.findall(r'action="(/staff/law/attestations/att_[^"]+/withdraw)"', page)
    answer = officer.post(act, data={"csrf": csrf_of(page)})
    assert "now on a person decides again" in text_of(answer.text)
    assert with_vouched(library, vouched(["marigold"])).rulebooks["marigold"].digest == before
    assert "had been withdrawn before" in text_of(officer.post(act, data={"csrf": csrf_of(page)}).text)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": ""}, "Write your name."),
        ({"source": ""}, "Write what you read"),
        ({"url": "njleg"}, "begins with https"),
        ({"on": "2030-01-01"}, "Choose today or a day before."),
        ({"until": "2020-01-01"}, "still to come"),
        ({"until": "2029-01-01"}, "within two years"),
        ({"read": ""}, "Confirm that you read it."),
        ({"seen": "17"}, "Read it again."),
        ({"on": "2020-01-01", "until": "2021-12-31"}, "still to come"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_signed(
    clinic: Clinic, officer: TestClient, changes: dict[str, str], told: str
) -> None:
    answer = sign(officer, **changes)
    assert answer.status_code == 422 and told in text_of(answer.text)
    with clinic.database.glance("marigold", Actor.system("tests")) as scope:
        assert scope.law_attestations.standing() == ()


def test_who_is_no_officer_sees_the_list_or_nothing_and_signs_never(clinic: Clinic) -> None:
    admin, provider = signed_in(clinic, "clinic_admin"), signed_in(clinic, "rosalind_achebe")
    assert admin.get("/staff/law/attestations").status_code == 200
    assert admin.get(FORM).status_code == 403
    assert provider.get("/staff/law/attestations").status_code == 403
    assert "Vouch for this" not in text_of(provider.get("/staff/law/states/CA?topic=licensing").text)


def test_an_entry_that_is_not_sure_leads_an_officer_to_the_form(officer: TestClient) -> None:
    page = officer.get("/staff/law/states/CA?topic=licensing").text
    links = re.findall(r'href="(/staff/law/attest\?[^"]+)"', page)
    assert links
    assert officer.get(html.unescape(links[0])).status_code == 200


def test_an_attestation_whose_law_says_something_else_now_counts_for_nothing(
    clinic: Clinic, officer: TestClient
) -> None:
    sign(officer)
    library: Library = clinic.app.state.deps.library()
    [node] = RecordsVouchedLaw(clinic.database)(["marigold"])["marigold"]

    def changed(file: LawFile) -> LawFile:
        if (file.jurisdiction, file.topic) != ("us/nj", "consent"):
            return file
        values = (replace(one, value=21) if one.name == "consent.age" else one for one in file.values)
        return replace(file, values=tuple(values))

    law = replace(library.law, files=tuple(map(changed, library.law.files)))
    own = replace(library.content.clinics["marigold"].own_law, recorded=(node,))
    overlay = join(law, own).overlay
    assert overlay is not None and overlay.attested == ()
