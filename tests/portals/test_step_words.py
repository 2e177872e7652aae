"""A step says on the visit's own day that it is due, and who asks for a consent is named once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
import yaml

from engine.forms import Item
from engine.forms_answers import AnswerProblem
from portals.base.i18n import has_message, translator
from portals.patient.asked_by import AskedBy, askers_of
from portals.patient.intake_page import problem_words
from portals.patient.journey import JourneyStep
from portals.patient.step_words import step_words
from tests.portals.helpers_clinic import ROOT

PLACE = JourneyStep(kind="place", state="now", path="/visits/vis_1/place")


@pytest.mark.parametrize(("language", "today", "other"), [("en", "today", "On the day"), ("es", "hoy", "El mismo día")])
def test_a_place_is_asked_for_today_on_the_day_itself(language: str, today: str, other: str) -> None:
    due, early = (step_words((PLACE,), language, lambda _: True, moment)[0] for moment in ({"place": "today"}, {}))
    assert today in due.text and other not in due.text
    assert other in early.text


def test_two_laws_of_one_state_are_one_asker() -> None:
    lines = [AskedBy(kind="telehealth", who="state", law=law, sources=()) for law in ("first", "second")]
    lines.append(AskedBy(kind="privacy", who="federal", law="third", sources=()))
    assert askers_of(lines, "telehealth") == ("state",)
    assert askers_of(lines, "recording") == ()


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_kind_of_consent_has_words_where_it_is_listed(language: str) -> None:
    """A child's guardian signs one of their own; without words the pages would show its code."""
    book = yaml.safe_load((ROOT / "forms" / "consent" / "clauses.yaml").read_text(encoding="utf-8"))
    assert [one for one in book["kinds"] if not has_message(language, f"consent.kind.{one}")] == []


def test_a_summary_that_is_being_written_has_no_button_and_a_receipt_is_called_one() -> None:
    steps = (
        JourneyStep(kind="pay", state="done", path="/visits/vis_1/pay"),
        JourneyStep(kind="summary", state="now", path="/visits/vis_1/summary"),
    )
    paid, summary = step_words(steps, "en", lambda _: True, {"summary": "written"})
    assert (paid.look, paid.review) == ("Receipt", "/visits/vis_1/receipt")
    assert summary.action == "" and "writing" in summary.text


def test_a_step_says_in_each_moment_what_is_true_of_it() -> None:
    intake = JourneyStep(kind="intake", state="now", path="/visits/vis_1/intake", form="a/b")
    [answering], [checking] = (step_words((intake,), "en", lambda _: True, told) for told in ({}, {"intake": "check"}))
    assert (answering.action, checking.action) == ("Answer the questions", "Check and hand in")
    [apart] = step_words((PLACE,), "en", lambda _: True, {"place": "no_call"})
    assert "visit" not in apart.text.lower() and "day" not in apart.text


@pytest.mark.parametrize(("language", "typed", "said"), [("en", "39", "102.2 °F"), ("es", "38,5", "101.3 °F")])
def test_a_bound_names_its_unit_and_celsius_is_recognized(language: str, typed: str, said: str) -> None:
    item = SimpleNamespace(unit="[degF]", type="decimal", choices=())
    problem = AnswerProblem(code="too_low", values={"least": 93})
    words = problem_words(cast(Item, item), problem, language, typed)
    assert "93 °F" in words and "Celsius" in words and said in words
    assert "Celsius" not in problem_words(cast(Item, item), problem, language, "9")


def test_each_of_several_forms_is_called_by_its_name() -> None:
    steps = [JourneyStep(kind="intake", state="now", path="/visits/vis_1/intake", form=form) for form in ("one", "two")]
    called = step_words(steps, "en", lambda _: True, forms={"one": "Your mood", "two": "Sleep"})
    assert [step.title for step in called] == ["Your mood", "Sleep"]
    assert step_words(steps[:1], "en", lambda _: True)[0].title == "Answer health questions"


def test_only_the_form_that_is_all_answered_says_so() -> None:
    steps = [JourneyStep(kind="intake", state="now", path="/visits/vis_1/intake", form=form) for form in ("one", "two")]
    said = step_words(steps, "en", lambda _: True, {"intake:one": "check"})
    assert [one.action for one in said] == ["Check and hand in", "Answer the questions"]


def test_a_sentence_that_ends_with_a_time_ends_with_one_point() -> None:
    until = translator("es")("pay.until", time="10:56 a.m.")
    assert "10:56 a.m. " in until and "a.m.." not in until
