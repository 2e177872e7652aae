"""A question may begin with what the patient told at an earlier visit: said as such, and no answer until confirmed."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from engine.forms_intake import shown_items
from records.access import Role
from records.forms import AnswerDraft, Submission
from records.scope import Actor
from tests.portals.helpers_clinic import SLUG, Clinic, post
from tests.portals.helpers_files import person_of
from tests.portals.helpers_journey import GOOD_CARD, answer_page, booked, held, times

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`


FORM = "urgent_care/intake"


@pytest.fixture
def again(clinic: Clinic) -> tuple[TestClient, str, str]:
    """A patient who told of an allergy at one visit, the next visit, and the page that asks again."""
    browser = clinic.browser()
    first = booked(clinic, browser)
    patient = Actor(person=person_of(clinic, browser), role=Role.PATIENT)
    with clinic.database.scope(SLUG, patient) as scope:
        draft = AnswerDraft(visit=first, form=FORM, item="allergies", value=["penicillin"], version=0, key="a" * 24)
        scope.forms.save_answer(draft)
        fills = {"patient.allergies": ["penicillin"]}
        scope.forms.submit(Submission(visit=first, form=FORM, form_digest="d", shown=("allergies",), fills=fills))
    visit = held(clinic, browser, times(browser)[1])
    post(browser, f"/visits/{visit}/pay", GOOD_CARD)
    shown = [item.id for item in shown_items(clinic.content.form(FORM), {})]
    return browser, visit, f"/visits/{visit}/intake/{shown.index('allergies') + 1}"


def checked(page: str) -> list[str]:
    return re.findall(r'value="(\w+)" checked', page)


def test_the_question_begins_with_it_and_says_where_it_comes_from(again: tuple[TestClient, str, str]) -> None:
    browser, _, question = again
    page = browser.get(question).text
    assert checked(page) == ["penicillin"]
    assert re.search(r"You told us this at a visit on \w+ \d+, \d{4}\. Check that it is still right", page)
    post(browser, question, {"language": "es"}, to="/language")
    assert "Revise si sigue siendo así" in browser.get(question).text


def test_it_counts_only_when_it_is_confirmed(again: tuple[TestClient, str, str], clinic: Clinic) -> None:
    browser, visit, question = again
    browser.get(question)
    patient = Actor(person=person_of(clinic, browser), role=Role.PATIENT)
    with clinic.database.scope(SLUG, patient) as scope:
        assert dict(scope.forms.answers(visit, FORM)) == {}
    answer_page(browser, question, {"answer": ["nsaid"]})
    page = browser.get(question).text
    assert checked(page) == ["nsaid"]
    assert "You told us this" not in page


def test_a_wrong_answer_is_shown_as_it_was_typed_not_as_it_was_once(again: tuple[TestClient, str, str]) -> None:
    browser, _, question = again
    page = answer_page(browser, question, {"answer": ["penicillin", "none"]})
    assert page.status_code == 422
    assert checked(page.text) == ["penicillin", "none"]
    assert "You told us this" not in page.text
