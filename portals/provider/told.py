"""What has the patient told in the visit's forms: why they come, and which answers must not be overlooked?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.forms import Form, Item
from engine.forms_intake import shown_items
from engine.pinned import ContentGone, Pinned, bare_form
from engine.texts import text_in
from portals.provider.chart import answer_words, answered_lines, chart_lines
from portals.provider.desk import Desk
from portals.provider.told_words import Told
from portals.provider.views import ChartLine

LONGEST_WORDS, LONGEST_QUESTION = 70, 90
MOST_FLAGS = 3
ELLIPSIS = "…"
Answered = tuple[Form, Mapping[str, Any]]


def answered_forms(desk: Desk, visit: str, content: Pinned) -> tuple[Answered, ...]:
    """The visit's forms with their answers by item, in order."""
    return tuple(_answered(desk, visit, content, name) for name in content.plan.intake_forms)


def told(desk: Desk, visit: str) -> Told:
    """What a row of the queue says of a visit's answers."""
    forms = answered_forms(desk, visit, desk.of_visit(visit))
    asked = [(item, answers[item.id]) for form, answers in forms for item in _reasons(form, answers)]
    chosen = [answer_words(item, value, desk.t, desk.fmt) for item, value in asked if item.type != "text"]
    typed = [str(value) for item, value in asked if item.type == "text"]
    flags = _flags(desk, forms)
    return Told(
        reason=shortened(" · ".join(chosen)),
        words=shortened(" ".join(typed)),
        flags=tuple(flags[:MOST_FLAGS]),
        more=max(0, len(flags) - MOST_FLAGS),
    )


def shortened(text: str, most: int = LONGEST_WORDS) -> str:
    """A text on one line, cut at a word where it is too long for a row."""
    words = " ".join(text.split())
    if len(words) <= most:
        return words
    cut = words[: most + 1].rpartition(" ")[0] or words[:most]
    return cut.rstrip(" ,;.:·") + ELLIPSIS


def _reasons(form: Form, answers: Mapping[str, Any]) -> Iterable[Item]:
    """The items that the form names as its reason, as far as they were shown and answered."""
    shown = {item.id: item for item in shown_items(form, answers) if answers.get(item.id)}
    return (shown[name] for name in form.reason if name in shown)


def _flags(desk: Desk, forms: Sequence[Answered]) -> list[str]:
    lines = [line for form, answers in forms for line in chart_lines(form, answers, desk.t, desk.fmt) if line.flag]
    lines.sort(key=lambda line: line.flag != "red")
    return list(dict.fromkeys(flag_words(line) for line in lines))


def flag_words(line: ChartLine) -> str:
    """What was asked and what was answered: an answer says nothing without its question."""
    question = shortened(line.question, LONGEST_QUESTION)
    return f"{question}{' ' if question.endswith('?') else ': '}{shortened(line.answer)}"


def raised_words(desk: Desk, visit: str, form_id: str, flag: str) -> tuple[str, ...]:
    """The questions that a flag reads with what was answered: the flag's own text comforts the patient.

    An answer that was corrected since says so; of a question that was taken back only the question is left.
    """
    form, answers = _answered(desk, visit, desk.of_visit(visit), form_id)
    needs = next((one.needs for one in form.flags if one.id == flag), ())
    lines = {item.id: line for item, line in answered_lines(form, answers, desk.t, desk.fmt) if item.id in needs}
    said = tuple(_raised(desk, line) for line in lines.values())
    return said or tuple(text_in(item.text, desk.fmt.language) for item in form.items if item.id in needs)


def _raised(desk: Desk, line: ChartLine) -> str:
    return flag_words(line) if line.flag else desk.t("provider.alerts.corrected", answer=flag_words(line))


def _answered(desk: Desk, visit: str, content: Pinned, form_id: str) -> Answered:
    """A form with the visit's answers; of one that is gone the answers under their own ids."""
    try:
        form = content.form(form_id)
    except ContentGone:
        answers = _answers(desk, visit, form_id)
        return bare_form(form_id, answers), answers
    return form, _answers(desk, visit, form.id)


def _answers(desk: Desk, visit: str, form: str) -> Mapping[str, Any]:
    return {item: answer.value for item, answer in desk.scope.forms.answers(visit, form).items()}
