"""A form may change, or go, while a patient is answering it: the visit keeps its own, and nobody is stuck."""

import dataclasses
import re
from collections.abc import Callable

import pytest

from engine.content import Content
from engine.forms import Form
from tests.portals.helpers_clinic import Clinic, post
from tests.portals.helpers_journey import answer_page, booked, fill_intake

FORM = "urgent_care/intake"

pytestmark = pytest.mark.slow  # each test answers a whole form, page by page


def put(clinic: Clinic, content: Content) -> None:
    """Puts content in force, as a reload does."""
    clinic.app.state.deps = dataclasses.replace(clinic.app.state.deps, content=lambda: content)


def change(clinic: Clinic, edit: Callable[[Form], Form]) -> None:
    content = clinic.app.state.deps.content()
    form = dataclasses.replace(edit(content.form(FORM)), digest="sha256:another")
    put(clinic, dataclasses.replace(content, forms={**content.forms, FORM: form}))


def remove(clinic: Clinic) -> None:
    """Takes the form and its specialty away."""
    put(clinic, dataclasses.replace(clinic.app.state.deps.content(), forms={}, specialties={}))


def unpin(clinic: Clinic) -> None:
    """Books from now on as before visits named what they began with."""
    content = clinic.content
    specialties = {
        name: dataclasses.replace(
            one,
            visit_types={
                key: dataclasses.replace(kind, plan=dataclasses.replace(kind.plan, pins={}))
                for key, kind in one.visit_types.items()
            },
        )
        for name, one in content.specialties.items()
    }
    put(clinic, dataclasses.replace(content, specialties=specialties))


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


def test_a_visit_keeps_the_form_it_began_with_when_it_changes(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    change(clinic, with_item)
    answer_page(browser, f"/visits/{visit}/intake/1", {"answer": "true"})
    assert browser.get(f"/visits/{visit}/intake").url.path == f"/visits/{visit}/intake/2"
    assert 'value="news"' not in browser.get(f"/visits/{visit}/intake/2").text


def test_a_visit_keeps_the_form_it_began_with_when_it_is_taken_away(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    remove(clinic)
    review = fill_intake(clinic, browser, visit)
    done = post(browser, str(review.url), {}, to=f"/visits/{visit}/intake/submit")
    assert (done.status_code, done.url.path) == (200, f"/visits/{visit}")
    assert browser.get(f"/visits/{visit}/intake").url.path == f"/visits/{visit}"


def test_a_visit_whose_form_was_never_kept_and_is_gone_has_a_page_that_says_so(clinic: Clinic) -> None:
    unpin(clinic)
    browser = clinic.browser()
    visit = booked(clinic, browser)
    remove(clinic)
    for page in ("intake", "intake/1", "intake/review", "emergency"):
        answer = browser.get(f"/visits/{visit}/{page}")
        assert answer.status_code == 409 and "These questions are no longer there" in answer.text
    assert browser.get(f"/visits/{visit}").status_code == 200


def test_an_answer_to_a_question_that_is_gone_keeps_nobody_from_handing_in(clinic: Clinic) -> None:
    unpin(clinic)
    browser = clinic.browser()
    visit = booked(clinic, browser)
    review = fill_intake(clinic, browser, visit)
    change(clinic, without_item)
    done = post(browser, str(review.url), {}, to=f"/visits/{visit}/intake/submit")
    assert (done.status_code, done.url.path) == (200, f"/visits/{visit}")
    assert browser.get(f"/visits/{visit}/intake").url.path == f"/visits/{visit}"


def test_a_new_question_is_asked_before_the_form_is_handed_in(clinic: Clinic) -> None:
    unpin(clinic)
    browser = clinic.browser()
    visit = booked(clinic, browser)
    fill_intake(clinic, browser, visit)
    change(clinic, with_item)
    assert browser.get(f"/visits/{visit}/intake").url.path == f"/visits/{visit}/intake/2"
    assert answer_page(browser, f"/visits/{visit}/intake/2", {"answer": "true"}).url.path.endswith("/intake/review")


def test_an_answer_that_no_longer_fits_is_asked_again(clinic: Clinic) -> None:
    unpin(clinic)
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
