"""A step says on the visit's own day that it is due, and who asks for a consent is named once."""

from __future__ import annotations

import pytest

from portals.patient.asked_by import AskedBy, askers_of
from portals.patient.journey import JourneyStep
from portals.patient.step_words import step_words

PLACE = JourneyStep(kind="place", state="now", path="/visits/vis_1/place")


@pytest.mark.parametrize(("language", "today", "other"), [("en", "today", "On the day"), ("es", "hoy", "El mismo día")])
def test_a_place_is_asked_for_today_on_the_day_itself(language: str, today: str, other: str) -> None:
    due, early = (step_words((PLACE,), language, lambda _: True, today=is_today)[0] for is_today in (True, False))
    assert today in due.text and other not in due.text
    assert other in early.text


def test_two_laws_of_one_state_are_one_asker() -> None:
    lines = [AskedBy(kind="telehealth", who="state", law=law, sources=()) for law in ("first", "second")]
    lines.append(AskedBy(kind="privacy", who="federal", law="third", sources=()))
    assert askers_of(lines, "telehealth") == ("state",)
    assert askers_of(lines, "recording") == ()
