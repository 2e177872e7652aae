"""What is a form, or a set of answers to it, for other health software? Writes FHIR R4 JSON on standard output."""

import argparse
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from admin_ui.cli.typed_settings import settings_with
from engine.asked_json import read_json
from engine.content import load_content
from engine.diagnostics import BrokenInput, Location, as_text, nearest
from engine.forms import Form
from engine.forms_answers import AnswerProblem, check_answer, check_submission
from engine.settings import PREFIX, Settings, SettingsError
from engine.values import BadValue, read_instant
from integrations.fhir.questionnaires import questionnaire
from integrations.fhir.responses import STATUSES, About, questionnaire_response

WRITTEN, WRONG_INPUT = 0, 2
STANDARD_INPUT = "-"
_FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which form; with a file of answers, whose they are, since when and in which state."""
    parser.add_argument("action", choices=["export"], help="write a form as a FHIR R4 Questionnaire")
    parser.add_argument("form", metavar="FORM", help="its id: its path under forms/ without .yaml")
    parser.add_argument("--response", metavar="ANSWERS.json", help="write these answers as a QuestionnaireResponse")
    parser.add_argument("--subject", metavar="ID", help="the Patient's id, with --response")
    parser.add_argument("--authored", metavar="INSTANT", help="when the answers were given (default: now)")
    parser.add_argument("--status", choices=STATUSES, default="completed", help="(default: completed)")
    parser.add_argument("--language", metavar="CODE", help="of a response's words (default: the form's first)")
    parser.add_argument("--base", metavar="URL", help="where the clinic's FHIR resources live")
    parser.add_argument("--root", type=Path, metavar="ROOT", help="folder with rules, forms, specialties, clinics")


def run(arguments: argparse.Namespace) -> int:
    """0 when it was written, 2 for a form or answers that are none."""
    typed = {f"{PREFIX}ROOT": str(arguments.root.absolute())} if arguments.root else {}
    settings = settings_with(typed=typed)
    try:
        form = _form(settings, arguments.form)
        base = str(arguments.base or f"{settings.public_base}/fhir").rstrip("/")
        written = _response(form, arguments, base) if arguments.response else questionnaire(form, base)
    except BrokenInput as error:
        sys.stderr.write(as_text(error.diagnostics) + "\n")
        return WRONG_INPUT
    sys.stdout.write(json.dumps(written, ensure_ascii=False, indent=2) + "\n")
    return WRITTEN


def _form(settings: Settings, name: str) -> Form:
    forms = load_content(settings.root, settings.clinics).forms
    if name not in forms:
        raise SettingsError([f"there is no form {name}{nearest(name, forms)}"])
    return forms[name]


def _response(form: Form, arguments: argparse.Namespace, base: str) -> dict[str, Any]:
    answers = read_json(_text(arguments.response), Location(arguments.response, 1, 1))
    if not isinstance(answers, dict):
        raise SettingsError([f"{arguments.response}: one JSON object is expected, answers by item"])
    problems = _problems(form, answers, arguments.status)
    if problems:
        raise SettingsError([f"{arguments.response}: {item}: {problem.code}" for item, problem in problems.items()])
    about = About(
        subject=_subject(arguments.subject),
        authored=_instant(arguments.authored),
        status=arguments.status,
        base=base,
        language=_language(form, arguments.language),
    )
    return questionnaire_response(form, answers, about)


def _problems(form: Form, answers: dict[str, Any], status: str) -> dict[str, AnswerProblem]:
    """A response that is not complete may lack answers, but none may be wrong."""
    if status in ("completed", "amended"):
        return check_submission(form, answers)
    found = {name: check_answer(item, answers[name]) for name in answers if (item := form.item(name)) is not None}
    unknown = {name: AnswerProblem(code="unknown_item") for name in answers if form.item(name) is None}
    return unknown | {name: problem for name, problem in found.items() if problem is not None}


def _language(form: Form, told: str | None) -> str:
    if told is not None and told not in form.languages:
        raise SettingsError([f"--language: the form is written in {', '.join(form.languages)}"])
    return told or form.languages[0]


def _subject(text: str | None) -> str:
    if text is None or not _FHIR_ID.fullmatch(text):
        raise SettingsError(["--subject: a response needs the Patient's id of letters, digits, - and ."])
    return text


def _instant(text: str | None) -> datetime:
    try:
        return read_instant(text) if text else datetime.now(UTC)
    except BadValue as error:
        raise SettingsError([f"--authored: {error}"]) from None


def _text(name: str) -> str:
    try:
        return sys.stdin.read() if name == STANDARD_INPUT else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError([f"{name} cannot be read: {reason}"]) from None
