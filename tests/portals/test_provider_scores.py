"""A clinician reads the scores that the patient's answers make, and how far one is that lacks an answer."""

import dataclasses
from typing import Any

import pytest

from portals.base.formats import Formats
from portals.base.i18n import translator
from portals.provider.chart import score_lines
from portals.provider.views import ScoreLine
from tests.engine.helpers_instruments import GAD_7, PHQ_9, screening, weighing
from tests.portals.helpers_clinic import Clinic, post
from tests.portals.helpers_journey import answer_page, booked
from tests.portals.helpers_provider import text_of


def lines(answers: dict[str, Any], language: str = "en") -> tuple[ScoreLine, ...]:
    return tuple(score_lines(screening(), answers, translator(language), Formats(language)))


def told(answers: dict[str, Any], language: str = "en") -> list[tuple[str, str, str]]:
    return [(line.title, line.total, line.band) for line in lines(answers, language)]


def test_a_score_reads_as_its_sum_of_the_most_and_its_band() -> None:
    assert told(weighing(screening(), 12, GAD_7)) == [("gad7", "12 of 21", "moderate")]
    assert told(weighing(screening(), 12, GAD_7), "es") == [("gad7", "12 de 21", "moderate")]


def test_a_score_that_lacks_an_answer_says_how_many_it_has_and_no_sum() -> None:
    found = told(weighing(screening(), 5, PHQ_9[:2]))
    assert found == [("phq2", "5 of 6", "positive"), ("phq9", "2 of 9 answered", "")]


def test_a_score_that_nobody_was_asked_for_is_left_out() -> None:
    assert lines({}) == ()


@pytest.mark.slow
def test_the_chart_of_a_visit_shows_them(clinic: Clinic) -> None:
    content = clinic.content
    scored = dataclasses.replace(content, forms={**content.forms, "urgent_care/intake": screening()})
    clinic.app.state.deps = dataclasses.replace(clinic.app.state.deps, content=lambda: scored)
    patient, staff = clinic.browser(), clinic.browser()
    visit = booked(clinic, patient)
    for choice in ("nearly_daily", "several_days"):
        answer_page(patient, f"/visits/{visit}/intake", {"answer": choice})
    for person in ("rosalind_achebe", "tomas_ibarra", "wilhelmina_okafor"):
        post(staff, "/staff/sign-in", {"person": person}, to="/staff/demo/sign-in")
        page = staff.get(f"/staff/visits/{visit}")
        if page.status_code == 200:
            break
    assert "phq2 4 of 6 positive" in text_of(page.text)
    assert "phq9 2 of 9 answered" in text_of(page.text)
