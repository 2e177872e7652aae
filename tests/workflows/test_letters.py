"""A mail about a visit looks like its clinic, and like nobody where the clinic is discreet."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from engine.content import Content
from tests.engine.helpers_content import content
from tests.workflows.test_notices import AboutVisit
from workflows.letters import Dresser, mail_name
from workflows.notices import VisitWords


@pytest.mark.parametrize("discreet", [False, True])
def test_the_page_of_a_visit_s_mail_is_the_clinic_s_unless_it_is_discreet(discreet: bool) -> None:
    file = replace(content().clinics["marigold"], discreet_mail=discreet)
    served = cast(Content, SimpleNamespace(clinics={"marigold": file}))
    words = VisitWords(_none, lambda slug: f"http://{slug}.localhost", lambda slug: mail_name(served, slug))
    notice: Any = AboutVisit("n", clinic="marigold", template="visit_booked", language="en")
    letter = Dresser(lambda: served, words).visit_notice(notice, *words.say(notice))
    whole = letter.subject + letter.body + letter.page
    assert (file.name in whole, "marigold.localhost" in whole) == (not discreet,) * 2
    assert file.name not in letter.calendar and "BEGIN:VEVENT" in letter.calendar


def test_a_clinic_that_is_no_longer_served_is_not_named() -> None:
    assert mail_name(content(), "gone") == ""


def _none(clinic: str, template: str, language: str) -> str:
    return ""
