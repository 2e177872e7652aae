"""A patient sends photos and papers with scripts and without; what is wrong with one is said beside the field."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from PIL import Image
from sqlalchemy import select

from engine.ports import VisitRef
from portals.base.files import tidy
from portals.base.visitor import csrf_token
from records.tables.vault import AuditEntry
from tests.portals.helpers_clinic import SLUG, Clinic, csrf_of, post, sign_in
from tests.portals.helpers_files import clinician_at, left, lying, patient_at, send, visit_of
from tests.records.helpers_blobs import PDF, FakeScanner, picture

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`


def links(html: str, visit: str, portal: str = "") -> list[str]:
    """The addresses of files that the page names."""
    mark = f'"{portal}/visits/{visit}/files/'
    return list(
        dict.fromkeys(part.partition('"')[0] for part in html.split(mark)[1:] if "/" not in part.partition('"')[0])
    )


def test_a_photo_is_sent_shown_without_its_place_and_taken_back(clinic: Clinic) -> None:
    browser, visit = patient_at(clinic)
    page = send(browser, visit, picture(turned=True), "Ana's mole 33101.jpg")
    assert (page.status_code, "It was sent" in page.text) == (200, True)
    (blob,) = links(page.text, visit)
    shown = browser.get(f"/visits/{visit}/files/{blob}")
    assert (shown.headers["content-type"], b"Secret" in shown.content) == ("image/jpeg", False)
    assert Image.open(io.BytesIO(shown.content)).size == (20, 40)
    assert shown.headers["content-disposition"] == 'inline; filename="photo.jpg"'
    assert shown.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert shown.headers["cache-control"] == "no-store"
    gone = post(browser, f"/visits/{visit}/files", {}, to=f"/visits/{visit}/files/{blob}/remove")
    assert "You have not sent anything yet" in gone.text
    assert browser.get(f"/visits/{visit}/files/{blob}").status_code == 404
    assert left(clinic) == []


def test_the_visits_page_leads_to_it(clinic: Clinic) -> None:
    browser, visit = patient_at(clinic)
    assert f'href="/visits/{visit}/files"' in browser.get(f"/visits/{visit}").text


def test_a_paper_is_only_handed_out_to_be_saved(clinic: Clinic) -> None:
    browser, visit = patient_at(clinic)
    (blob,) = links(send(browser, visit, PDF, "letter.pdf").text, visit)
    saved = browser.get(f"/visits/{visit}/files/{blob}")
    assert saved.content == PDF
    assert saved.headers["content-disposition"] == 'attachment; filename="document.pdf"'
    assert saved.headers["x-content-type-options"] == "nosniff"
    assert saved.headers["content-security-policy"].startswith("sandbox")


WRONG = (
    (b"", 422, "Choose a photo or paper first"),
    (b"<html><script>alert(1)</script>", 415, "This kind of file cannot be sent"),
    (b"\0\0\0\x18ftypheic" + b"\0" * 40, 415, "HEIC"),
    (PDF + bytes(15 << 20), 413, "too large"),
    (picture()[:200], 422, "cannot be opened"),
    (PDF + b"EICAR", 422, "something harmful"),
)


@pytest.mark.slow
def test_what_is_wrong_is_said_once_beside_the_field(clinic: Clinic) -> None:
    object.__setattr__(clinic.app.state.deps, "scanner", FakeScanner())
    browser, visit = patient_at(clinic)
    for content, status, words in WRONG:
        page = send(browser, visit, content)
        field = page.text.partition("data-field>")[2].partition("<input")[0]
        assert (page.status_code, words in field, 'id="file-error"' in field) == (status, True, True)
        assert 'href="#file"' in page.text
        again = browser.get(f"/visits/{visit}/files")
        assert (again.status_code, 'id="file-error"' in again.text) == (200, False)
        assert lying(clinic) == []


def test_scripts_get_the_status_and_the_sentence(clinic: Clinic) -> None:
    browser, visit = patient_at(clinic)
    refused = send(browser, visit, b"GIF89a" + bytes(40), accept="application/json")
    assert (refused.status_code, "cannot be sent" in refused.json()["problem"]) == (415, True)
    added = send(browser, visit, PDF, accept="application/json")
    assert (added.status_code, added.json()) == (200, {"added": True})


def test_a_body_that_is_told_to_be_too_long_is_refused_before_it_comes(clinic: Clinic) -> None:
    browser, visit = patient_at(clinic)
    token = csrf_of(browser.get(f"/visits/{visit}/files").text)
    heard = []

    def body() -> Iterator[bytes]:
        heard.append(1)
        yield b"--x\r\n"

    headers = {"x-csrf-token": token, "content-type": "multipart/form-data; boundary=x", "content-length": "99999999"}
    answer = browser.post(f"/visits/{visit}/files", content=body(), headers={**headers, "accept": "application/json"})
    assert answer.status_code == 413


NO_FORMS = (
    ("text/plain", b"hello"),
    ("multipart/form-data", b"no boundary"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\n%PDF-1.7 and no end"),
    ("multipart/form-data; boundary=x", b"garbage"),
    ("multipart/form-data; boundary=x", b"--x\r\n" + b"A" * 9000 + b": b\r\n\r\n"),
    ("application/x-www-form-urlencoded", b"file=x"),
)


def test_what_is_no_form_with_a_file_is_a_bad_request_and_leaves_nothing(clinic: Clinic) -> None:
    browser, visit = patient_at(clinic)
    token = csrf_token(browser.cookies["cw_patient"])
    for kind, body in NO_FORMS:
        headers = {"x-csrf-token": token, "content-type": kind}
        answer = browser.post(f"/visits/{visit}/files", content=body, headers=headers)
        assert (answer.status_code, lying(clinic)) == (400, [])


def test_a_form_without_the_pages_token_takes_nothing_in(clinic: Clinic) -> None:
    browser, visit = patient_at(clinic)
    for data in ({}, {"csrf": "0" * 64}):
        answer = browser.post(f"/visits/{visit}/files", data=data, files={"file": ("a.pdf", PDF)})
        assert answer.status_code == 403
    late = browser.post(
        f"/visits/{visit}/files",
        files=[("file", ("a.pdf", PDF)), ("csrf", (None, csrf_token(browser.cookies["cw_patient"])))],
    )
    assert late.status_code == 403, "the token is the first part, so nothing is read for who has none"
    assert lying(clinic) == []


def test_no_name_of_a_file_is_kept_or_logged(clinic: Clinic, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    browser, visit = patient_at(clinic)
    send(browser, visit, PDF, "Zx9Canary.pdf")
    send(browser, visit, b"nothing", "Zx9Canary.exe")
    assert "Zx9Canary" not in caplog.text
    with clinic.database.reading() as session:
        told = session.execute(select(AuditEntry.subject, AuditEntry.detail)).all()
    assert "Zx9Canary" not in repr(told)
    assert [path.name for path in lying(clinic) if "Zx9" in path.name] == []


def test_a_patient_who_is_somebody_else_finds_nothing(clinic: Clinic) -> None:
    browser, visit = patient_at(clinic)
    (blob,) = links(send(browser, visit, PDF).text, visit)
    other = clinic.browser()
    sign_in(other, "mateo_villareal")
    token = csrf_of(other.get("/").text)
    page = f"/visits/{visit}/files"
    assert other.get(page).status_code == 404
    assert other.get(f"{page}/{blob}").status_code == 404
    assert other.post(page, data={"csrf": token}, files={"file": ("a.pdf", PDF)}).status_code == 404
    assert other.post(f"{page}/{blob}/remove", data={"csrf": token}).status_code == 404
    assert len(lying(clinic)) == 1


@pytest.mark.slow
def test_the_clinician_sees_it_in_the_chart_and_the_patient_who_looked(clinic: Clinic) -> None:
    browser, visit = patient_at(clinic)
    (blob,) = links(send(browser, visit, picture()).text, visit)
    desk = clinician_at(clinic, visit)
    page = desk.get(f"/staff/visits/{visit}")
    assert links(page.text, visit, "/staff") == [blob]
    assert desk.get(f"/staff/visits/{visit}/files/{blob}").headers["content-type"] == "image/jpeg"
    assert desk.get(f"/staff/visits/vis_other/files/{blob}").status_code == 404
    assert "a photo or paper you sent" in browser.get("/accesses").text


@pytest.mark.slow
def test_while_the_scanner_is_away_the_page_says_so_and_a_later_look_settles_it(clinic: Clinic) -> None:
    scanner = FakeScanner(away=True)
    object.__setattr__(clinic.app.state.deps, "scanner", scanner)
    browser, visit = patient_at(clinic)
    page = send(browser, visit, picture())
    assert "Being checked" in page.text
    scanner.away = False
    tidy(clinic.app.state.deps)
    assert "Being checked" not in browser.get(f"/visits/{visit}/files").text
    assert len(left(clinic)) == 1


def test_an_address_of_another_visit_shows_nothing_and_nobody_is_noted_as_having_looked(clinic: Clinic) -> None:
    browser, visit = patient_at(clinic)
    (blob,) = links(send(browser, visit, PDF).text, visit)
    other = visit_of(clinic, browser)
    assert browser.get(f"/visits/{other}/files/{blob}").status_code == 404
    with clinic.database.reading() as session:
        acts = set(session.scalars(select(AuditEntry.act).where(AuditEntry.subject == blob)))
    assert acts == {"files:file:created", "files:check:modified"}


def test_once_the_call_is_over_nothing_is_added_or_removed(clinic: Clinic) -> None:
    browser, visit = patient_at(clinic)
    (blob,) = links(send(browser, visit, PDF).text, visit)
    token = csrf_of(browser.get(f"/visits/{visit}/files").text)
    for stage in ("in_call", "documenting"):
        clinic.visits.move(VisitRef(clinic=SLUG, visit=visit), stage)
    page = browser.post(f"/visits/{visit}/files/{blob}/remove", data={"csrf": token})
    assert links(page.text, visit) == [blob]
    late = browser.post(f"/visits/{visit}/files", data={"csrf": token}, files={"file": ("a.pdf", PDF + b"2")})
    assert (late.status_code, "Nothing can be added any more" in late.text) == (409, True)


def test_the_page_speaks_spanish(clinic: Clinic) -> None:
    browser, visit = patient_at(clinic)
    browser.headers["accept-language"] = "es"
    assert "Fotos y papeles" in browser.get(f"/visits/{visit}/files").text
