"""What is asked next, how far along is the patient, and what do the answers tell the rest of the house?

Everything here is a function of a compiled form and its answers (item id to JSON value). Which items show is
`forms_walk`'s; whether an answer is a proper one is `forms_answers`'; red flags are `forms_flags`'.
"""

from dataclasses import dataclass
from typing import Any

from engine.forms import Answers, Form, Item
from engine.forms_walk import Walk, is_required, walk
from engine.photos import missing_shots


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far along: pages answered, pages still to come at most likely, percent done, and seconds left."""

    answered: int
    remaining: int
    percent: int
    seconds_left: int


def next_item(form: Form, answers: Answers) -> Item | None:
    """The first shown item without an answer, None when all have one. A blank (None) counts where blanks may be."""
    seen = walk(form, answers)
    return next((item for item in seen.shown if _is_open(item, answers, seen)), None)


def shown_items(form: Form, answers: Answers) -> tuple[Item, ...]:
    """The items that these answers show, in order."""
    return walk(form, answers).shown


def missing_items(form: Form, answers: Answers) -> tuple[Item, ...]:
    """The shown items that still need an answer before the form can be submitted."""
    seen = walk(form, answers)
    return tuple(i for i in seen.shown if answers.get(i.id) is None and i.type != "info" and is_required(i, seen.facts))


def progress(form: Form, answers: Answers) -> Progress:
    """An estimate: items that may yet show count half."""
    seen = walk(form, answers)
    left = [item for item in seen.shown if _is_open(item, answers, seen)]
    answered = len(seen.shown) - len(left)
    remaining = len(left) + (len(seen.undecided) + 1) // 2
    seconds = sum(item.seconds for item in left) + sum(item.seconds for item in seen.undecided) // 2
    percent = 100 * answered // (answered + remaining) if remaining else 100
    return Progress(answered=answered, remaining=remaining, percent=percent, seconds_left=seconds)


def filled_facts(form: Form, answers: Answers) -> dict[str, Any]:
    """The shared facts that shown items supply, by path of the vocabulary; unmapped blanks supply nothing."""
    found: dict[str, Any] = {}
    for item in walk(form, answers).shown:
        answer = answers.get(item.id)
        if item.fills is not None and answer is not None:
            value = _filled(item, answer)
            if value is not None:
                found[item.fills.path] = value
    return found


def form_facts(form: Form, answers: Answers) -> dict[str, Any]:
    """The answers of shown items as facts `form.<name>.<item>`."""
    return dict(walk(form, answers).facts)


def _filled(item: Item, answer: Any) -> Any:
    """What an answer tells; None, so nothing, with a choice that is mapped to null, whatever was chosen beside it."""
    values = item.fills.values if item.fills else {}
    if item.type == "multi_choice":
        if any(values.get(choice, choice) is None for choice in answer):
            return None
        return list(dict.fromkeys(values.get(choice, choice) for choice in answer if choice != item.alone))
    return values.get(answer, answer) if item.type == "choice" else answer


def _is_open(item: Item, answers: Answers, seen: Walk) -> bool:
    if item.id not in answers:
        return True
    if answers[item.id] is None:
        return item.type != "info" and is_required(item, seen.facts)
    return bool(item.shots) and bool(missing_shots(item.shots, answers.get(item.by), answers[item.id]))
