"""A patient and the care team write to each other: nothing typed is lost, nothing is sent twice, and both are told."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from records.tables.people import Person
from records.tables.visits import Visit
from tests.portals.helpers_clinic import SLUG, Clinic, csrf_of, post, sign_in
from tests.portals.helpers_journey import booked

pytestmark = pytest.mark.slow
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"


def begun(browser: TestClient, visit: str) -> str:
    """The address of a new conversation about the visit."""
    page = post(browser, "/messages/new", {"about": visit})
    return str(page.url).split("8080")[1]


def write(browser: TestClient, at: str, text: str, file: bytes = b"", **more: str) -> Any:
    """Sends the form as a browser without scripts does."""
    page = browser.get(at).text
    key = more.pop("request", re.findall(r'name="request" value="(\w+)"', page)[0])
    fields = {"csrf": csrf_of(page), "request": key, "text": text, "act": "send", **more}
    parts: list[tuple[str, Any]] = [(name, (None, value)) for name, value in fields.items()]
    parts.append(("file", ("x.pdf" if file else "", file, "application/pdf")))
    return browser.post(at, files=parts)


def clinician(clinic: Clinic, visit: str) -> TestClient:
    """The clinician of the visit, signed in."""
    browser = clinic.browser()
    with clinic.database.reading() as session:
        key = session.scalar(select(Person.seed_key).join(Visit, Visit.provider == Person.id).where(Visit.id == visit))
    answer = post(browser, "/staff/sign-in", {"person": key}, to="/staff/demo/sign-in")
    assert answer.status_code == 200
    return browser


def test_a_message_goes_to_the_clinician_who_answers_it_and_both_see_what_is_new(clinic: Clinic) -> None:
    june = clinic.browser()
    visit = booked(clinic, june)
    at = begun(june, visit)
    page = write(june, at, "Is ibuprofen fine with it?", subject="A question")
    assert "Your message was sent" in page.text and "You get an answer by" in page.text
    lena = clinician(clinic, visit)
    assert "1 new" in lena.get("/staff").text
    assert "A question" in lena.get(f"/staff/visits/{visit}").text
    inbox = lena.get("/staff/messages").text
    assert "June Hartley" in inbox and "A question" in inbox
    there = "/staff" + at
    seen = lena.get(there)
    assert "Is ibuprofen fine with it?" in seen.text and "You are licensed there" in seen.text
    assert "Your message was sent" in write(lena, there, "Yes, with food.").text
    assert "1 new" in june.get("/visits").text
    answer = june.get(at).text
    assert "Yes, with food." in answer and "Read " in answer
    assert "1 new" not in june.get("/visits").text


def test_a_second_press_and_the_way_back_send_nothing_again(clinic: Clinic) -> None:
    june = clinic.browser()
    at = begun(june, booked(clinic, june))
    for _ in range(2):
        page = write(june, at, "Only once, please.", subject="S", request="e" * 24)
    assert page.text.count("Only once, please.") == 1


def test_what_is_wrong_is_said_and_what_was_typed_stays(clinic: Clinic) -> None:
    june = clinic.browser()
    at = begun(june, booked(clinic, june))
    page = write(june, at, "Typed without a subject.")
    assert page.status_code == 422 and "Say in a few words" in page.text and "Typed without a subject." in page.text
    page = write(june, at, "With a harmful kind.", b"MZ this is a program", subject="S")
    assert "This kind of file cannot be sent" in page.text and "With a harmful kind." in page.text
    page = write(june, at, "y" * 4001, subject="S")
    assert page.status_code == 422 and "y" * 4001 in page.text
    assert "With a harmful kind." in june.get(at).text


def test_a_draft_and_its_file_are_there_after_the_browser_was_closed(clinic: Clinic) -> None:
    june = clinic.browser()
    visit = booked(clinic, june)
    at = begun(june, visit)
    write(june, at, "Half a", PDF, act="attach", subject="Paper")
    page = june.get(at)
    token = {"x-csrf-token": csrf_of(page.text)}
    june.post(f"{at}/draft", data={"text": "Half a thought", "subject": "Paper"}, headers=token)
    again = clinic.browser()
    sign_in(again)
    kept = again.get(at).text
    assert "Half a thought" in kept and "Paper" in kept and "Remove" in kept
    sent = write(again, at, "Half a thought, whole", subject="Paper").text
    file = re.findall(rf'href="{at}(/files/blb_\w+)"', sent)[0]
    assert clinician(clinic, visit).get(f"/staff{at}{file}").content == PDF


def test_a_closed_conversation_takes_no_more_and_shows_what_was_typed(clinic: Clinic) -> None:
    june = clinic.browser()
    visit = booked(clinic, june)
    at = begun(june, visit)
    write(june, at, "First.", subject="S")
    lena = clinician(clinic, visit)
    typed = june.get(at).text
    assert "closed" in post(lena, f"/staff{at}", {}, to=f"/staff{at}/close").text
    form = {"csrf": csrf_of(typed), "request": "d" * 24, "text": "Too late.", "act": "send"}
    page = june.post(at, data=form)
    assert "This conversation is closed" in page.text and "Too late." in page.text


def test_a_colleague_is_handed_the_conversation_and_nothing_else(clinic: Clinic) -> None:
    june = clinic.browser()
    visit = booked(clinic, june)
    at = begun(june, visit)
    write(june, at, "Who answers?", subject="S")
    lena = clinician(clinic, visit)
    page = lena.get(f"/staff{at}").text
    to = re.findall(r'<option value="(per_\w+)"', page)[0]
    assert "Your colleague has it now" in post(lena, f"/staff{at}", {"to": to}, to=f"/staff{at}/hand-over").text


def test_every_page_of_messages_speaks_spanish(clinic: Clinic) -> None:
    june = clinic.browser()
    at = begun(june, booked(clinic, june))
    june.cookies.set("cw_language", "es", domain=f"{SLUG}.localhost")
    pages = {"/messages": "Escribir un mensaje", "/messages/new": "¿Sobre qué", at: "Enviar el mensaje"}
    for path, words in pages.items():
        page = june.get(path).text
        assert words in page and "No es para emergencias" in page
