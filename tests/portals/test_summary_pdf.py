"""The summary as PDF: the clinic's brand, the reader's language, tagged for screen readers, audited, self-contained."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from engine.library import load_library
from engine.ports import Effect, VisitChange, VisitRef
from portals.base import pdf
from portals.base.colour import light_tokens
from portals.base.pdf import pdf_of
from portals.patient import summary_pdf
from portals.patient.summary_view import summary_view
from records.audit_trail import AuditQuery
from records.work import Actor
from tests.portals.helpers_clinic import ROOT, Clinic, build_clinic, sign_in
from tests.portals.helpers_crawl import Told, tell_visit

pytestmark = pytest.mark.slow
SLUG = "wrenfield"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    library = load_library(ROOT, (ROOT / "clinics" / f"{SLUG}.yaml",))
    built = build_clinic(tmp_path_factory.mktemp("pdf"), several=library)
    yield built
    built.database.close()


@pytest.fixture(scope="module")
def told(clinic: Clinic) -> Told:
    """A visit that has been held, with its summary."""
    made = tell_visit(clinic, SLUG, "Zzz", in_an_emergency=False)
    ref = VisitRef(clinic=SLUG, visit=made.ids["visit"])
    effect = Effect(ref=ref, step="tests", key="end", actor="system")
    clinic.visits.store.write_summary(effect)
    clinic.visits.store.change(effect, VisitChange(event="completed", stage="completed"))
    return made


@pytest.fixture
def browser(clinic: Clinic, told: Told) -> TestClient:
    """The patient's browser."""
    from_here = clinic.browser(f"{SLUG}.localhost")
    from_here.get("/sign-in")
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        account = scope.accounts.of_person(told.patient)
        assert account is not None
        token = scope.sessions.open(account.account, "patient")[0]
    from_here.cookies.delete("cw_patient")
    from_here.cookies.set("cw_patient", token, domain=f"{SLUG}.localhost")
    return from_here


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages that became PDFs."""
    seen: list[str] = []

    def keep(page: str, _person: str) -> bytes:
        seen.append(page)
        return b"%PDF-"

    monkeypatch.setattr(summary_pdf, "pdf_of", keep)
    return seen


def test_the_pdf_is_a_tagged_file_to_keep_in_the_brands_colour(browser: TestClient, told: Told, clinic: Clinic) -> None:
    answer = browser.get(f"/visits/{told.ids['visit']}/summary.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'attachment; filename="summary.pdf"'
    assert "no-store" in answer.headers["cache-control"]
    assert answer.content.startswith(b"%PDF-1.")
    drawn = b"".join(_streams(answer.content)).decode("latin-1")
    assert "/StructTreeRoot" in drawn
    brand = light_tokens(clinic.content.clinics[SLUG].brand.written).brand
    shades = [int(brand[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    found = {tuple(map(float, one)) for one in re.findall(r"([\d.]+) ([\d.]+) ([\d.]+) rg", drawn)}
    assert [one for one in found if all(abs(a - b) < 0.003 for a, b in zip(one, shades, strict=True))]


def test_the_pdf_says_what_the_page_says_under_the_clinics_name(
    browser: TestClient, told: Told, clinic: Clinic, pages: list[str]
) -> None:
    page = browser.get(f"/visits/{told.ids['visit']}/summary").text
    browser.get(f"/visits/{told.ids['visit']}/summary.pdf")
    file = clinic.content.clinics[SLUG]
    for words in (file.name, file.brand.logo_text, file.contact.phone, file.contact.email):
        assert words in pages[0]
    for heading in re.findall(r"<h2>([^<]+)</h2>", page):
        assert heading in pages[0]


def test_who_reads_their_own_summary_acts_for_nobody(browser: TestClient, told: Told) -> None:
    assert 'class="acting"' not in browser.get(f"/visits/{told.ids['visit']}/summary").text


def test_the_pdf_says_who_acted_and_counts_in_words(
    browser: TestClient, told: Told, pages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    acted = {"name": "June Hartley", "patient": "Ivy Hartley", "kind": "guardian", "relation": "parent"}
    monkeypatch.setattr(summary_pdf, "summary_view", lambda *given: replace(summary_view(*given), acted=acted))
    assert browser.get(f"/visits/{told.ids['visit']}/summary.pdf", headers={"accept-language": "es"}).status_code == 200
    assert "June Hartley (Padre o madre) actuó por Ivy Hartley." in pages[0]
    assert "(capsule)" not in pages[0]


def test_the_pdf_speaks_the_readers_language(browser: TestClient, told: Told, pages: list[str]) -> None:
    browser.cookies.set("cw_language", "es", domain=f"{SLUG}.localhost")
    browser.get(f"/visits/{told.ids['visit']}/summary.pdf", headers={"accept-language": "es"})
    browser.cookies.delete("cw_language")
    assert '<html lang="es">' in pages[0]
    assert "Recetas" in pages[0]


def test_that_a_copy_was_taken_is_in_the_audit_apart_from_reading(
    browser: TestClient, told: Told, clinic: Clinic, pages: list[str]
) -> None:
    before = _acts(clinic)
    browser.get(f"/visits/{told.ids['visit']}/summary")
    assert _acts(clinic) == before
    browser.get(f"/visits/{told.ids['visit']}/summary.pdf")
    assert _acts(clinic) == before + 1


def test_where_no_pdf_can_be_made_the_page_says_so_and_can_be_printed(
    browser: TestClient, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "_PROGRAM", Path("/nowhere/at/all.py"))
    answer = browser.get(f"/visits/{told.ids['visit']}/summary.pdf")
    assert answer.url.path == f"/visits/{told.ids['visit']}/summary"
    assert "The PDF could not be made" in answer.text


@pytest.mark.parametrize("others", [{"self"}, {"one", "two"}], ids=["of one person", "of everybody"])
def test_nobody_waits_for_a_place_to_have_a_pdf_written(monkeypatch: pytest.MonkeyPatch, others: set[str]) -> None:
    started: list[object] = []

    def start(*_: object, **__: object) -> SimpleNamespace:
        started.append(set(pdf._WRITING))
        return SimpleNamespace(returncode=0, stdout=b"%PDF-1.7")

    monkeypatch.setattr(pdf, "subprocess", SimpleNamespace(run=start, PIPE=-1, DEVNULL=-3))
    monkeypatch.setattr(pdf, "_WRITING", set(others))
    assert pdf_of("<p>page</p>", "self") == b""
    assert (started, pdf._WRITING) == ([], others)
    pdf._WRITING.clear()
    assert pdf_of("<p>page</p>", "self") == b"%PDF-1.7"
    assert (started, pdf._WRITING) == ([{"self"}], set())


def test_a_guest_and_another_patient_get_nothing(clinic: Clinic, told: Told, pages: list[str]) -> None:
    guest = clinic.browser(f"{SLUG}.localhost")
    assert guest.get(f"/visits/{told.ids['visit']}/summary.pdf").url.path == "/sign-in"
    sign_in(guest, "beatriz_solano")
    assert guest.get(f"/visits/{told.ids['visit']}/summary.pdf").status_code == 404
    assert pages == []


def test_a_page_that_names_addresses_fetches_none_of_them(tmp_path: Path) -> None:
    secret = tmp_path / "secret.css"
    secret.write_text("body { color: rgb(1, 2, 3) }", encoding="utf-8")
    page = f'<html lang="en"><title>x</title><link rel="stylesheet" href="{secret.as_uri()}"><p>words</p>'
    written = pdf_of(page, "somebody")
    assert written.startswith(b"%PDF-")
    assert "0.003" not in b"".join(_streams(written)).decode("latin-1")


def _acts(clinic: Clinic) -> int:
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        return len(scope.audit.search(AuditQuery(act="documents:document:exported")))


def _streams(written: bytes) -> Iterator[bytes]:
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", written, re.DOTALL):
        try:
            yield zlib.decompress(found[1])
        except zlib.error:
            continue
