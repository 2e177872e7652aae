"""A visit without a call says how soon it is answered, and the law is asked about what it is."""

import pytest

from engine.diagnostics import Problems
from engine.visits_compile import Folder, compile_specialty
from tests.engine.helpers_content import content, parsed
from tests.engine.test_visits import AROUND, NOTE

SPECIALTY = """\
specialty: test
languages: [en]
title: {en: Test}
summary: {en: Tests}
visit_types:
- id: photos
  title: {en: Photos}
  about: {en: By photo}
  modality: store_and_forward
  duration: 20 min
  professions: [MD]
  steps:
  - {kind: book}
  - {kind: locate, after: book}
  - {kind: consult, after: locate, medium: asynchronous, answer_within: 24 h}
  - {kind: document, after: consult}
"""
WAITED = """\
  - {kind: wait, after: locate}
  - {kind: consult, after: wait,"""


def codes(text: str) -> list[str]:
    problems = Problems()
    compile_specialty(Folder(name="test", specialty=parsed(text), note=parsed(NOTE)), AROUND, problems)
    return [one.code for one in problems]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (", answer_within: 24 h", "", "VISIT014"),
        ("medium: asynchronous, ", "", "VISIT015"),
        ("store_and_forward", "audio_video", "VISIT016"),
        ("  - {kind: consult, after: locate,", WAITED, "VISIT017"),
    ],
)
def test_what_would_mislead_patient_or_law_is_told(old: str, new: str, code: str) -> None:
    assert codes(SPECIALTY) == []
    assert old in SPECIALTY
    assert code in codes(SPECIALTY.replace(old, new))


def test_a_visit_with_a_call_and_photos_only_is_another_kind_of_encounter() -> None:
    called = SPECIALTY.replace("medium: asynchronous, answer_within: 24 h", "medium: video")
    assert codes(called) == ["VISIT016"]


def test_the_plan_says_how_soon_it_is_answered() -> None:
    specialties = content().specialties
    plans = [kind.plan for one in specialties.values() for kind in one.visit_types.values()]
    assert {plan.answer_within_seconds > 0 for plan in plans if plan.modality == "store_and_forward"} == {True}
    assert {plan.answer_within_seconds for plan in plans if plan.modality == "audio_video"} == {0}
