"""Signing up: who may, what each field asks for, and that nothing is said of who has an account."""

from __future__ import annotations

from datetime import date

import pytest

from portals.auth.sign_up import read_sign_up
from tests.portals.helpers_clinic import Clinic, post
from tests.portals.test_sign_in import ADA

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (("", "4", "1990"), "birth_date"),
        (("2", "30", "1990"), "birth_impossible"),
        (("x", "4", "1990"), "birth_impossible"),
        (("11", "22", "2026"), "birth_future"),
        (("4", "27", "90"), "birth_too_early"),
        (("11", "22", "2008"), "minor"),
        (("11", "21", "2008"), ""),
        (("2", "29", "1992"), ""),
    ],
)
def test_each_wrong_date_of_birth_has_a_sentence_of_its_own(day: tuple[str, str, str], code: str) -> None:
    typed = dict(zip(("birth_date-m", "birth_date-d", "birth_date-y"), day, strict=True))
    found = read_sign_up({**ADA, **typed}, TODAY).errors
    assert found == ((("birth_date", f"sign_up.error.{code}"),) if code else ())


@pytest.mark.parametrize(
    ("phone", "good"),
    [
        ("305 555 0100", True),
        ("+1 (305) 555-0100", True),
        ("13055550100", True),
        ("305 555 010", False),
        ("call me at 3055550100", False),
        ("105 555 0100", False),
        ("305 555 0100 0100", False),
    ],
)
def test_a_phone_number_is_one_that_can_be_called(phone: str, good: bool) -> None:
    found = read_sign_up({**ADA, "phone": phone}, TODAY).errors
    assert found == (() if good else (("phone", "sign_up.error.phone"),))


def test_a_child_is_added_by_a_parent_who_has_an_account(clinic: Clinic) -> None:
    browser = clinic.browser()
    page = post(browser, "/sign-up", {**ADA, "birth_date-y": "2015"})
    assert page.status_code == 422
    assert page.text.count("a parent or guardian makes an account and adds the child there") == 2
    assert page.text.count("+1 305 555 0142") >= 2
    assert browser.get("/visits").url.path == "/sign-in", "there is no account"


def test_a_name_that_is_too_long_is_named_at_its_field_and_the_rest_is_kept(clinic: Clinic) -> None:
    page = post(clinic.browser(), "/sign-up", {**ADA, "given": "a" * 5000})
    assert page.status_code == 422
    assert page.text.count("Use at most 100 characters") == 2
    assert 'value="Brook"' in page.text


def test_a_second_sign_up_does_not_say_that_somebody_is_a_patient(clinic: Clinic) -> None:
    post(clinic.browser(), "/sign-up", ADA)
    page = post(clinic.browser(), "/sign-up", ADA).text
    assert "There is an account" not in page
    assert "Do you have one already?" in page
