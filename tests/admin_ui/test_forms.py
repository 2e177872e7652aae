"""`clinic forms export` writes a form, or answers to it, as FHIR that another program's models take."""

import json
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

from tests.admin_ui.helpers_cli import Cli

FORM = "urgent_care/intake"
STARTED = {"chief_complaint": "fever", "danger_signs": ["none"]}
AT = "2026-03-05T10:00:00-05:00"


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    return written(tmp_path, STARTED)


def written(folder: Path, value: Any) -> Path:
    file = folder / "answers.json"
    file.write_text(json.dumps(value), encoding="utf-8")
    return file


def test_a_form_is_written_as_a_questionnaire(cli: Cli) -> None:
    said = cli("forms", "export", FORM, "--base", "https://marigold.example/fhir/")
    assert (said.status, said.err) == (0, "")
    found = Questionnaire.model_validate_json(said.out)
    assert str(found.url) == "https://marigold.example/fhir/Questionnaire/urgent-care.intake"


def test_answers_are_written_as_a_response(cli: Cli, answers: Path) -> None:
    words = ("--subject", "pat-7", "--status", "in-progress", "--authored", AT, "--language", "es")
    said = cli("forms", "export", FORM, "--response", str(answers), *words)
    assert (said.status, said.err) == (0, "")
    found = QuestionnaireResponse.model_validate_json(said.out)
    assert (found.status, found.language) == ("in-progress", "es")
    assert found.subject is not None
    assert found.subject.reference == "Patient/pat-7"
    assert "Fiebre" in said.out


WRONG = [
    (("export", "urgent_care/intak"), "there is no form urgent_care/intak"),
    (("export", FORM, "--response", "{file}", "--subject", "p"), "started: required"),
    (("export", FORM, "--response", "{file}", "--status", "in-progress"), "--subject"),
    (("export", FORM, "--response", "{file}", "--status", "in-progress", "--subject", "a/b"), "--subject"),
    (
        ("export", FORM, "--response", "{file}", "--status", "stopped", "--subject", "p", "--authored", "noon"),
        "--authored",
    ),
    (("export", FORM, "--response", "nowhere.json", "--subject", "p"), "nowhere.json cannot be read"),
    (
        ("export", FORM, "--response", "{file}", "--status", "in-progress", "--subject", "p", "--language", "fr"),
        "--language: the form is written in en, es",
    ),
]


@pytest.mark.parametrize(("words", "reason"), WRONG)
def test_wrong_input_is_named_and_nothing_is_written(
    cli: Cli, answers: Path, words: tuple[str, ...], reason: str
) -> None:
    said = cli("forms", *(word.replace("{file}", str(answers)) for word in words))
    assert (said.status, said.out) == (2, "")
    assert reason in said.err


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([1], "one JSON object"),
        ({"chief_complaint": "sorrow"}, "chief_complaint: not_a_choice"),
        ({"complaint": "fever"}, "complaint: unknown_item"),
    ],
)
def test_answers_that_are_none_are_refused_without_repeating_them(
    cli: Cli, tmp_path: Path, given: Any, reason: str
) -> None:
    file = written(tmp_path, given)
    said = cli("forms", "export", FORM, "--response", str(file), "--subject", "p", "--status", "in-progress")
    assert (said.status, said.out) == (2, "")
    assert reason in said.err
    assert "sorrow" not in said.err
