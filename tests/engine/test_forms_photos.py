"""Photos in forms: protocols that make no sense are told, and answers are files for the shots of the site."""

from datetime import UTC, datetime

import pytest

from engine.forms import Form
from engine.forms_answers import check_answer, check_submission, read_answer
from engine.forms_intake import missing_items, next_item
from engine.photos import shots_for
from integrations.fhir.questionnaires import questionnaire
from integrations.fhir.responses import About, questionnaire_response, read_response
from tests.engine.helpers_content import faults
from tests.engine.helpers_content import form as compiled

SITE = """
- {id: site, type: choice, text: {en: Where}, choices: [{id: face, text: {en: Face}}, {id: arm, text: {en: Arm}}]}
"""
PHOTOS = """
- id: photos
  type: photo
  by: site
  text: {en: Photos}
  shots:
    - {id: far, text: {en: From far}}
    - {id: near, text: {en: From near}, scale: true}
    - {id: side, text: {en: From the side}, sites: [face]}
    - {id: more, text: {en: Another}, optional: true}
  quality: {pixels: 400, dark: 40, bright: 220}
"""
ITEMS = SITE + PHOTOS


def _codes(items: str) -> list[str]:
    return [code for code, _ in faults(items)]


@pytest.fixture(scope="module")
def form() -> Form:
    return compiled(ITEMS)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("by: site", "by: sight", "FORM041"),
        ("  by: site\n", "", "FORM042"),
        ("sites: [face]", "sites: [fase]", "FORM014"),
        ("quality: {pixels: 400, dark: 40", "quality: {pixels: 400, dark: 220", "FORM044"),
        ("id: near", "id: far", "FORM001"),
        ("  text: {en: Photos}", "  text: {en: Photos}\n  prefill: last_answer", "FORM007"),
        ("type: photo", "type: text", "FORM007"),
        ("id: near, text: {en: From near}, scale: true", "id: near, text: {en: N}, sites: [arm]", "none"),
    ],
)
def test_a_protocol_that_makes_no_sense_is_told(old: str, new: str, code: str) -> None:
    assert old in ITEMS
    told = _codes(ITEMS.replace(old, new))
    assert (code in told) if code != "none" else told == []


def test_a_site_that_nobody_has_to_show_is_told() -> None:
    only = ITEMS.replace("{id: far, text: {en: From far}}", "{id: far, text: {en: Far}, sites: [face]}")
    assert "FORM043" in _codes(only.replace("scale: true", "optional: true"))


def test_the_site_decides_which_photos_are_due(form: Form) -> None:
    item = form.item("photos")
    assert item is not None
    assert [one.id for one in shots_for(item.shots, "face")] == ["far", "near", "side", "more"]
    assert [one.id for one in shots_for(item.shots, "arm")] == ["far", "near", "more"]


def test_an_answer_is_a_file_for_each_shot_that_is_due(form: Form) -> None:
    item = form.item("photos")
    assert item is not None
    two = {"far": "blb_1", "near": "blb_2"}
    assert check_submission(form, {"site": "arm", "photos": two}) == {}
    assert check_submission(form, {"site": "face", "photos": two})["photos"].code == "required"
    assert check_submission(form, {"site": "arm"})["photos"].code == "required"
    assert next_item(form, {"site": "arm", "photos": {"far": "blb_1"}}) is item
    assert next_item(form, {"site": "arm", "photos": two}) is None
    assert missing_items(form, {"site": "arm"}) == (item,)


@pytest.mark.parametrize("value", ["blb_1", [], {}, {"other": "blb_1"}, {"far": 3}, {"far": ""}])
def test_what_is_no_file_of_a_shot_is_no_answer(form: Form, value: object) -> None:
    item = form.item("photos")
    assert item is not None
    problem = check_answer(item, value)
    assert problem is not None and problem.code == "not_photos"
    typed = read_answer(item, ["blb_of_somebody_else"])
    assert typed.problem is not None and typed.problem.code == "not_photos"


def test_other_programs_get_attachments(form: Form) -> None:
    asked = questionnaire(form, "https://clinic.example")["item"][1]
    assert (asked["type"], asked["repeats"]) == ("attachment", True)
    about = About(
        subject="pat", authored=datetime(2026, 3, 5, tzinfo=UTC), status="completed", base="https://clinic.example"
    )
    told = questionnaire_response(form, {"site": "arm", "photos": {"near": "blb_2", "far": "blb_1"}}, about)
    assert told["item"][1]["answer"] == [
        {"valueAttachment": {"url": "https://clinic.example/Binary/blb_1", "title": "From far"}},
        {"valueAttachment": {"url": "https://clinic.example/Binary/blb_2", "title": "From near"}},
    ]
    assert read_response(form, told) == {"site": "arm"}
