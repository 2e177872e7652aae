"""The officer searches the audit by record, person, kind and time, takes it along, and checks that it is whole."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from records.access import Role
from records.audit_trail import AuditQuery, AuditView
from records.tables.visits import Visit as VisitRow
from records.work import Actor
from tests.portals.helpers_clinic import Clinic, build_clinic, csrf_of, post
from tests.portals.helpers_crawl import Told, tell_visit
from tests.portals.test_staff_pages import staff

pytestmark = pytest.mark.slow
PAGE = "/staff/audit"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    built = build_clinic(tmp_path_factory.mktemp("audited") / "data")
    yield built
    built.database.close()


@pytest.fixture(scope="module")
def told(clinic: Clinic) -> Told:
    return tell_visit(clinic, "marigold", "Aaa", in_an_emergency=False)


@pytest.fixture
def officer(clinic: Clinic) -> TestClient:
    return staff(clinic, "compliance")


def kept(clinic: Clinic, **asked: str) -> tuple[AuditView, ...]:
    """The entries as the command line finds them."""
    with clinic.database.scope("marigold", Actor(person="tests", role=Role.PLATFORM_OPERATOR)) as scope:
        return scope.audit.search(AuditQuery(**asked))  # type: ignore[arg-type]


def numbers(page: str) -> list[int]:
    return [int(one) for one in re.findall(r'<th scope="row"[^>]*>(\d+)</th>', page)]


def patient_of(clinic: Clinic, told: Told) -> str:
    with clinic.database.reading() as session:
        visit = session.get(VisitRow, told.ids["visit"])
        assert visit is not None
        return visit.patient


def test_a_search_finds_what_was_done_to_one_record_and_names_nobody(
    clinic: Clinic, told: Told, officer: TestClient
) -> None:
    patient = patient_of(clinic, told)
    page = post(officer, PAGE, {"patient": patient})
    assert page.status_code == 200 and page.url.path == PAGE and page.url.query == b""
    expected = [one.sequence for one in kept(clinic, patient=patient)]
    assert numbers(page.text) == expected[:50] and len(expected) > 3
    assert f'value="{patient}"' in page.text and "Aaagiven" not in page.text and "aaafamily" not in page.text
    nobody = post(officer, PAGE, {"patient": "per_nobody"})
    assert numbers(nobody.text) == [] and "Nothing fits" in nobody.text


def test_kinds_people_and_times_narrow_the_search(clinic: Clinic, told: Told, officer: TestClient) -> None:
    refused = post(officer, PAGE, {"kind": "exported"})
    assert numbers(refused.text) == [one.sequence for one in kept(clinic, act="exported")][:50]
    [first, *_] = kept(clinic, visit=told.ids["visit"])
    by = post(officer, PAGE, {"actor": first.actor, "visit": told.ids["visit"]})
    assert numbers(by.text) == [one.sequence for one in kept(clinic, actor=first.actor, visit=told.ids["visit"])][:50]
    assert numbers(post(officer, PAGE, {"since": "2999-01-01T00:00"}).text) == []
    assert numbers(post(officer, PAGE, {"until": "1999-01-01T00:00"}).text) == []
    assert numbers(post(officer, PAGE, {"since": "1999-01-01T00:00", "until": "2998-01-01T00:00"}).text) != []


def test_older_entries_come_a_page_at_a_time(clinic: Clinic, told: Told, officer: TestClient) -> None:
    newest = officer.get(PAGE).text
    shown = numbers(newest)
    assert len(shown) == 50 and shown == sorted(shown, reverse=True)
    assert f'name="before" value="{shown[-1]}"' in newest
    older = numbers(post(officer, PAGE, {"before": str(shown[-1])}).text)
    assert older[0] == shown[-1] - 1


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"patient": "Ana Reyes"}, "patient"),
        ({"actor": "x' or 1=1"}, "actor"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-02-02T10:00", "until": "2026-02-01T10:00"}, "until"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field_and_finds_nothing(
    officer: TestClient, typed: dict[str, str], wrong: str
) -> None:
    page = post(officer, PAGE, typed)
    assert page.status_code == 422 and f'href="#{wrong}"' in page.text and numbers(page.text) == []
    assert post(officer, PAGE, typed, to=f"{PAGE}/export").status_code == 422


def test_a_file_holds_what_fits_and_that_it_was_taken_is_an_entry(
    clinic: Clinic, told: Told, officer: TestClient
) -> None:
    asked = {"visit": told.ids["visit"]}
    expected = [str(one.sequence) for one in kept(clinic, **asked)]
    answer = post(officer, PAGE, asked, to=f"{PAGE}/export")
    assert answer.headers["content-type"].startswith("text/csv") and answer.headers["cache-control"] == "no-store"
    head, *rows = csv.reader(io.StringIO(answer.text))
    assert head[:2] == ["sequence", "at"]
    assert [row[0] for row in rows[1:]] == expected, "the first is our own look above"
    assert rows[0][4] == "audit:entries:viewed"
    [newest, *_] = kept(clinic, act="audit:entries:exported")
    assert newest.subject == told.ids["visit"] and newest.role == "compliance"


def test_the_chain_is_checked_and_the_page_remembers_it(clinic: Clinic, told: Told, officer: TestClient) -> None:
    page = post(officer, PAGE, {}, to=f"{PAGE}/verify").text
    assert "Whole: " in page and "none changed, missing, moved or cut off" in page
    assert "signed by this installation" in page
    later = officer.get(PAGE).text
    assert "Last checked " in later and ": whole." in later
    assert any('"verified":true' in one.detail for one in kept(clinic, act="audit:entries:viewed"))


def test_only_who_may_read_the_audit_opens_it(clinic: Clinic, told: Told) -> None:
    for person in ("clinic_admin", "support"):
        browser = staff(clinic, person)
        assert browser.get(PAGE).status_code == 403
        assert post(browser, "/staff", {}, to=f"{PAGE}/export").status_code == 403


def test_the_page_reads_in_spanish(officer: TestClient) -> None:
    token = csrf_of(officer.get(PAGE).text)
    officer.post("/language", data={"csrf": token, "language": "es"})
    officer.cookies.set("cw_language", "es")
    page = officer.get(PAGE).text
    assert "¿Está entera la auditoría?" in page and "Descargar como CSV" in page
