"""A form may change while a patient is answering it: what was said stays, and nobody is stuck."""

import dataclasses
import re
from collections.abc import Callable

import pytest

from engine.forms import Form
from tests.portals.helpers_clinic import Clinic, post
from tests.portals.helpers_journey import answer_page, booked, fill_intake

FORM = "urgent_care/intake"

pytestmark = pytest.mark.slow  # each test answers a whole form, page by page


def change(clinic: Clinic, edit: Callable[[Form], Form]) -> None:
    """Puts a changed form in force, as a reload does."""
    content = clinic.content
    changed = dataclasses.replace(content, forms={**content.forms, FORM: edit(content.form(FORM))})
    clinic.app.state.deps = dataclasses.replace(clinic.app.state.deps, content=lambda: changed)


def without_item(form: Form) -> Form:
    return dataclasses.replace(form, items=tuple(item for item in form.items if item.id != "started"))


def without_choice(form: Form) -> Form:
    items = tuple(
        dataclasses.replace(item, choices=item.choices[1:]) if item.id == "started" else item for item in form.items
    )
    return dataclasses.replace(form, items=items)


def with_item(form: Form) -> Form:
    first = form.items[0]
    return dataclasses.replace(form, items=(first, dataclasses.replace(first, id="news"), *form.items[1:]))


def test_an_answer_to_a_question_that_is_gone_keeps_nobody_from_handing_in(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    review = fill_intake(clinic, browser, visit)
    change(clinic, without_item)
    done = post(browser, str(review.url), {}, to=f"/visits/{visit}/intake/submit")
    assert (done.status_code, done.url.path) == (200, f"/visits/{visit}")
    assert browser.get(f"/visits/{visit}/intake").url.path == f"/visits/{visit}"


def test_a_new_question_is_asked_before_the_form_is_handed_in(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    fill_intake(clinic, browser, visit)
    change(clinic, with_item)
    assert browser.get(f"/visits/{visit}/intake").url.path == f"/visits/{visit}/intake/2"
    assert answer_page(browser, f"/visits/{visit}/intake/2", {"answer": "true"}).url.path.endswith("/intake/review")


def test_an_answer_that_no_longer_fits_is_asked_again(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    review = fill_intake(clinic, browser, visit)
    change(clinic, without_choice)
    refused = post(browser, str(review.url), {}, to=f"/visits/{visit}/intake/submit")
    assert refused.status_code == 422
    (number,) = re.findall(r'href="#line-(\d+)"', refused.text)
    answer_page(browser, f"/visits/{visit}/intake/{number}", {"answer": "longer"})
    done = post(browser, str(review.url), {}, to=f"/visits/{visit}/intake/submit")
    assert (done.status_code, done.url.path) == (200, f"/visits/{visit}")
