"""A case without a call: booked without a time, due by an instant in words, asked about and replied to."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from engine.ports import Effect, GateRecord, VisitChange
from tests.portals.helpers_clinic import SLUG, Clinic, LicenceGates, csrf_of, post, sign_in
from tests.portals.helpers_files import clinician_at, visit_of
from tests.portals.helpers_journey import GOOD_CARD, MIAMI, ref
from workflows.contracts import Answer, Ask

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`

KIND = "dermatology/photo_review"
BOOK = f"/book/{KIND}"
MONDAY = datetime(2026, 3, 2, 15, tzinfo=ZoneInfo("UTC"))


def clock(clinic: Clinic, visit: str, waits_on: str, due: datetime | None = None) -> None:
    """What the workflow says of the case's clock."""
    detail = {"code": waits_on, **({"due": due.isoformat()} if due else {})}
    effect = Effect(ref=ref(visit), step="consult", key=f"{waits_on}{due}", actor="system")
    clinic.visits.store.change(effect, VisitChange(event="answer_clock", detail=detail))


def in_inbox(clinic: Clinic, due: timedelta = timedelta(hours=24)) -> tuple[TestClient, str]:
    """A patient's browser and their case, which lies with the clinician."""
    browser = clinic.browser()
    sign_in(browser)
    visit = visit_of(clinic, browser, "submitted", KIND)
    clock(clinic, visit, "clinician", datetime.now(ZoneInfo("UTC")) + due)
    return browser, visit


def asked_for_more(clinic: Clinic, browser: TestClient, visit: str, words: str) -> None:
    """The clinician's question, and what the workflow makes of it."""

    def ask_more(_: object, ask: Ask) -> Answer:
        clinic.visits.move(ref(visit), "more_asked")
        clock(clinic, visit, "patient")
        return Answer(done=bool(ask.subject))

    object.__setattr__(clinic.visits, "_ask_more", ask_more)
    desk = clinician_at(clinic, visit)
    clinic.visits.move(ref(visit), "in_review")
    page = f"/staff/visits/{visit}"
    answer = desk.post(
        f"{page}/ask-more", data={"csrf": csrf_of(desk.get(page).text), "text": words, "request": "a" * 24}
    )
    assert "The patient was asked" in answer.text


def test_a_case_is_booked_without_a_time_and_says_when_it_is_answered(clinic: Clinic) -> None:
    browser = clinic.browser()
    home = browser.get("/").text
    assert "answer within 24 hours" in home and "$59" in home
    sign_in(browser)
    where = browser.get(BOOK).text
    assert "answer within 24 hours" in where and "See times" not in where and "15 minutes" not in where
    page = post(browser, BOOK, MIAMI)
    assert "No appointment is needed" in page.text
    assert "licensed in Florida" in page.text
    value = page.text.partition('name="time" value="')[2].partition('"')[0]
    review = post(browser, f"{BOOK}/times", {"time": value})
    assert "Answered within 24 hours" in review.text
    paying = post(browser, "/book/review", {"request": "a" * 24})
    assert str(paying.url).endswith("/pay"), paying.text
    visit = str(paying.url).split("/")[-2]
    assert "Answered within 24 hours" in paying.text
    booked = post(browser, f"/visits/{visit}/pay", GOOD_CARD)
    assert str(booked.url).endswith("new=booked")
    assert "Get your answer" in booked.text and "waiting room" not in booked.text.lower()


def test_two_cases_at_once_go_to_one_clinician_without_a_taken_time(clinic: Clinic) -> None:
    for person in ("june_hartley", "mateo_villareal"):
        browser = clinic.browser()
        sign_in(browser, person)
        visit = visit_of(clinic, browser, "", KIND)
        effect = Effect(ref=ref(visit), step="book", key="hold", actor="system")
        assert clinic.visits.store.hold_slot(effect, MONDAY)


def test_where_the_law_lets_nobody_the_page_shows_it(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    shut = {"licensing": {"topic": "licensing", "outcome": "forbidden", "forbids": [], "permits": [], "sources": {}}}
    record = GateRecord(gate="book", open=False, asked_at=MONDAY, decisions=shut)
    monkeypatch.setattr(LicenceGates, "ask", lambda *_: record)
    page = post(clinic.browser(), BOOK, MIAMI).text
    assert "Nobody can answer this where you are" in page
    assert 'name="time"' not in page


def test_the_patient_reads_when_the_answer_is_due_in_their_own_zone_and_that_it_is_late(clinic: Clinic) -> None:
    browser, visit = in_inbox(clinic)
    text = browser.get(f"/visits/{visit}/case").text
    assert "You get your answer by" in text and "Eastern" in text
    assert "do not wait for the answer" in text
    clock(clinic, visit, "clinician", datetime.now(ZoneInfo("UTC")) - timedelta(hours=1))
    late = browser.get(f"/visits/{visit}/case").text
    assert "Your answer is late" in late and "was due by" in late
    browser.cookies.set("cw_language", "es", domain=f"{SLUG}.localhost")
    assert "Su respuesta se atrasó" in browser.get(f"/visits/{visit}/case").text


def test_a_question_and_its_reply_are_read_on_both_sides(clinic: Clinic) -> None:
    browser, visit = in_inbox(clinic)
    asked_for_more(clinic, browser, visit, "Please photograph the other arm.")
    page = f"/visits/{visit}/case"
    shown = browser.get(page).text
    assert "has a question" in shown and "Please photograph the other arm." in shown
    assert "Write a reply" in post(browser, page, {"text": " ", "request": "r" * 24}, to=f"{page}/reply").text
    after = post(browser, page, {"text": "I did.", "request": "s" * 24}, to=f"{page}/reply").text
    assert "I did." in after and 'name="text"' not in after
    told = [item.kind for item in clinic.visits.store.pending(100)]
    assert told.count("case_replied") == 1
    desk = clinician_at(clinic, visit).get(f"/staff/visits/{visit}").text
    assert "I did." in desk


def test_a_question_that_the_visit_refused_is_not_shown_to_its_patient(clinic: Clinic) -> None:
    browser, visit = in_inbox(clinic)
    object.__setattr__(clinic.visits, "_ask_more", lambda *_: Answer(done=False, code="too_late"))
    desk, page = clinician_at(clinic, visit), f"/staff/visits/{visit}"
    clinic.visits.move(ref(visit), "in_review")
    typed = {"text": "Which cream?", "request": "a" * 24}
    refused = desk.post(f"{page}/ask-more", data={"csrf": csrf_of(desk.get(page).text), **typed})
    assert "It is too late for this" in refused.text
    assert "Which cream?" in refused.text and "Not sent to the patient" in refused.text  # what was typed is not lost
    assert "Which cream?" not in browser.get(f"/visits/{visit}/case").text
    asked_for_more(clinic, browser, visit, "Which cream?")  # the same request again, and now it is taken up
    assert browser.get(f"/visits/{visit}/case").text.count("Which cream?") == 1
    assert "Not sent to the patient" not in desk.get(page).text


def test_the_inbox_lists_what_is_due_first_and_what_waits_on_its_patient_last(clinic: Clinic) -> None:
    _, late = in_inbox(clinic, timedelta(hours=-1))
    _, soon = in_inbox(clinic, timedelta(hours=3))
    asking, waits = in_inbox(clinic)
    asked_for_more(clinic, asking, waits, "Another photo, please.")
    page = clinician_at(clinic, soon).get("/staff/inbox").text
    assert page.index(late) < page.index(soon) < page.index(waits)
    assert "Late" in page and "Waits for the patient" in page


def test_opening_and_signing_are_offered_by_the_cases_stage(clinic: Clinic) -> None:
    _, visit = in_inbox(clinic)
    desk = clinician_at(clinic, visit)
    page = desk.get(f"/staff/visits/{visit}").text
    assert "Open the case" in page and 'data-act="wait"' in page
    clinic.visits.move(ref(visit), "in_review")
    page = desk.get(f"/staff/visits/{visit}").text
    assert "Ask the patient for more" in page and "Signing also says that you have read the case" in page
