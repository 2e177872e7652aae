"""The photos that a form asks for: one for each shot of the site, refused in words, seen by the clinician by name."""

from __future__ import annotations

import io

import httpx
import pytest
from PIL import Image
from starlette.testclient import TestClient

from records.work import Actor
from tests.portals.helpers_clinic import SLUG, Clinic, csrf_of, post, sign_in
from tests.portals.helpers_files import clinician_at, left, visit_of
from tests.portals.helpers_files import send as add
from tests.records.helpers_blobs import PDF

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`

KIND = "dermatology/photo_review"
BEFORE = (
    ("welcome", "true"),
    ("concern", "acne"),
    ("danger_signs", "none"),
    ("body_site", "face"),
    ("started", "weeks"),
    ("own_words", "Red spots"),
)


def photo(shade: int, width: int = 700, height: int = 900) -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (width, height), (shade, 120, 90)).save(kept, "JPEG")
    return kept.getvalue()


def at_photos(clinic: Clinic) -> tuple[TestClient, str, str]:
    """A patient's browser, their visit, and the address of its question about photos."""
    browser = clinic.browser()
    sign_in(browser)
    visit = visit_of(clinic, browser, "booked", KIND)
    for number, (item, answer) in enumerate(BEFORE, 1):
        at = f"/visits/{visit}/intake/{number}"
        assert post(browser, at, {"item": item, "answer": answer, "version": "0", "key": item * 3}).status_code == 200
    return browser, visit, f"/visits/{visit}/intake/{len(BEFORE) + 1}"


def send(browser: TestClient, page: str, shot: str, content: bytes, **said: str) -> httpx.Response:
    token = csrf_of(browser.get(page).text)
    to = f"{page.rpartition('/')[0]}/photos/photos/{shot}"
    answer: httpx.Response = browser.post(to, data={"csrf": token, **said}, files={"file": ("IMG.jpg", content)})
    return answer


def said_of(clinic: Clinic, visit: str) -> str:
    """The clinician's page."""
    return str(clinician_at(clinic, visit).get(f"/staff/visits/{visit}").text)


def test_the_clinician_sees_what_browser_and_patient_said_of_a_scale(clinic: Clinic) -> None:
    browser, visit, page = at_photos(clinic)
    shown = browser.get(page).text
    assert shown.count('name="confirmed"') == shown.count('name="scale"') == 1
    send(browser, page, "overview", photo(10), quality="good", scale="coin", confirmed="yes")
    send(browser, page, "close_up", photo(60), quality="too_dark")
    send(browser, page, "scale", photo(90), quality="good", scale="unsure", share="0")
    seen = said_of(clinic, visit)
    assert "No coin or ruler was seen for sure. The patient did not say that there is one." in seen
    assert "It looked too dark." in seen and "A coin was seen" not in seen
    send(browser, page, "scale", photo(120), quality="good", scale="unsure", confirmed="yes")
    send(browser, page, "overview", photo(30))
    seen = said_of(clinic, visit)
    assert "The patient says that a coin or a ruler is in the picture." in seen
    send(browser, page, "scale", photo(150), quality="good", scale="coin", share="9")
    assert "A coin was seen, 9% of the longer side." in said_of(clinic, visit)


def go_on(browser: TestClient, page: str) -> httpx.Response:
    answer: httpx.Response = post(browser, page, {"item": "photos", "version": "0", "key": "k" * 12})
    return answer


def test_each_photo_of_the_site_is_sent_and_the_clinician_sees_what_it_shows(clinic: Clinic) -> None:
    browser, visit, page = at_photos(clinic)
    shown = browser.get(page).text
    assert "From the side" in shown and "With the hair parted" not in shown
    assert 'capture="environment"' in shown and 'data-pixels="600"' in shown
    assert "Photos that are still needed: 4" in go_on(browser, page).text
    for number, shot in enumerate(("overview", "close_up", "scale")):
        assert send(browser, page, shot, photo(40 * number)).status_code == 200
    wanting = go_on(browser, page)
    assert "Photos that are still needed: 1" in wanting.text
    assert 'href="#shot-side"' in wanting.text
    send(browser, page, "side", photo(200))
    assert go_on(browser, page).url.path == f"/visits/{visit}/intake/{len(BEFORE) + 2}"
    chart = clinician_at(clinic, visit).get(f"/staff/visits/{visit}").text
    assert "From the side" in chart and "With a coin or ruler" in chart


def test_a_photo_taken_again_replaces_the_first(clinic: Clinic) -> None:
    browser, _, page = at_photos(clinic)
    send(browser, page, "overview", photo(10))
    kept = left(clinic)
    shown = send(browser, page, "overview", photo(90)).text
    assert "Take it again" in shown
    assert len(left(clinic)) == len(kept) == 1
    assert left(clinic) != kept


WRONG = (
    (photo(10, 500, 900), "shorter side needs 600 pixels"),
    (PDF, "This is no photo"),
    (b"<html>" * 40, "This is no photo"),
    (b"", "Take or choose a photo first"),
    (photo(10) + bytes(15 << 20), "too large"),
)


def test_what_cannot_be_judged_by_is_refused_in_words_and_not_kept(clinic: Clinic) -> None:
    browser, _, page = at_photos(clinic)
    for content, words in WRONG:
        shown = send(browser, page, "close_up", content)
        section = shown.text.partition('id="shot-title-close_up"')[2].partition("</section>")[0]
        assert words in section.replace("&#39;", "'")
    assert left(clinic) == []


def test_one_photo_does_not_count_for_two_shots(clinic: Clinic) -> None:
    browser, _, page = at_photos(clinic)
    send(browser, page, "overview", photo(10))
    assert "You sent this photo already" in send(browser, page, "close_up", photo(10)).text
    assert len(left(clinic)) == 1


def test_what_was_sent_among_the_files_stays_when_it_is_no_photo_or_is_replaced(clinic: Clinic) -> None:
    browser, visit, page = at_photos(clinic)
    for content in (PDF, photo(10, 500, 900), photo(33)):
        add(browser, visit, content)
    before = left(clinic)
    assert len(before) == 3
    assert "This is no photo" in send(browser, page, "close_up", PDF).text
    assert "shorter side" in send(browser, page, "close_up", photo(10, 500, 900)).text
    send(browser, page, "overview", photo(33))
    send(browser, page, "overview", photo(99))
    assert set(before) < set(left(clinic))


def test_a_shot_sent_among_the_files_as_well_stays_when_it_is_replaced(clinic: Clinic) -> None:
    browser, visit, page = at_photos(clinic)
    send(browser, page, "overview", photo(10))
    add(browser, visit, photo(10))
    before = left(clinic)
    send(browser, page, "overview", photo(90))
    assert len(left(clinic)) == 2 and set(before) < set(left(clinic))


def sent_all(clinic: Clinic, browser: TestClient, visit: str, page: str) -> list[str]:
    """Sends every shot; the ids of their files."""
    for number, shot in enumerate(("overview", "close_up", "scale", "side")):
        send(browser, page, shot, photo(40 + 30 * number))
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        return [one.id for one in scope.blobs.for_visit(visit)]


def test_a_photo_taken_back_among_the_files_is_asked_for_again(clinic: Clinic) -> None:
    browser, visit, page = at_photos(clinic)
    for blob in sent_all(clinic, browser, visit, page):
        post(browser, f"/visits/{visit}/files", {}, to=f"/visits/{visit}/files/{blob}/remove")
    assert "Take it again" not in browser.get(page).text
    assert "Photos that are still needed: 4" in go_on(browser, page).text


def test_answers_are_not_handed_in_with_photos_that_are_gone(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, visit, page = at_photos(clinic)
    first = sent_all(clinic, browser, visit, page)[0]
    monkeypatch.setattr("records.blob_rows.drop", lambda *_: None)  # it ends in the moment of handing in
    monkeypatch.setattr("portals.patient.intake.check_submission", lambda *_: {})
    post(browser, f"/visits/{visit}/files", {}, to=f"/visits/{visit}/files/{first}/remove")
    shown = post(browser, page, {}, to=f"/visits/{visit}/intake/submit")
    assert (shown.url.path, shown.status_code) == (page, 422)
    assert "Photos that are still needed: 1" in shown.text and 'href="#shot-overview"' in shown.text


def test_a_photo_that_was_handed_in_stays_and_its_page_says_so(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, visit, page = at_photos(clinic)
    monkeypatch.setattr("portals.patient.intake.check_submission", lambda *_: {})
    first = sent_all(clinic, browser, visit, page)[0]
    post(browser, page, {}, to=f"/visits/{visit}/intake/submit")
    shown = browser.get(f"/visits/{visit}/files").text
    assert shown.count("Part of the answers you handed in") == 4 and "/remove" not in shown
    post(browser, f"/visits/{visit}/files", {}, to=f"/visits/{visit}/files/{first}/remove")
    assert len(left(clinic)) == 4


def test_a_shot_that_the_site_does_not_have_is_not_there(clinic: Clinic) -> None:
    browser, _, page = at_photos(clinic)
    for shot in ("parted", "nonsense"):
        assert send(browser, page, shot, photo(10)).url.path == page
    assert left(clinic) == []


def test_the_page_speaks_spanish(clinic: Clinic) -> None:
    browser, _, page = at_photos(clinic)
    browser.cookies.set("cw_language", "es", domain=f"{SLUG}.localhost")
    text = browser.get(page).text
    assert "A un brazo de distancia" in text and "Tome o elija una foto" in text


def test_what_continue_sends_is_answered_without_leaving_the_page(clinic: Clinic) -> None:
    browser, visit, page = at_photos(clinic)
    token = csrf_of(browser.get(page).text)

    def at_once(shot: str, content: bytes) -> httpx.Response:
        to = f"/visits/{visit}/intake/photos/photos/{shot}"
        sent = {
            "data": {"csrf": token},
            "files": {"file": ("IMG.jpg", content)},
            "headers": {"accept": "application/json"},
        }
        answer: httpx.Response = browser.post(to, **sent)
        return answer

    refused = at_once("overview", photo(10, 500, 900))
    assert refused.status_code == 422 and "shorter side needs 600 pixels" in refused.json()["problem"]
    assert at_once("overview", PDF).status_code == 415
    assert at_once("nonsense", photo(10)).status_code == 409
    for number, shot in enumerate(("overview", "close_up", "scale", "side")):
        assert at_once(shot, photo(40 + 30 * number)).json() == {"sent": True}
    assert go_on(browser, page).url.path == f"/visits/{visit}/intake/{len(BEFORE) + 2}"
