"""What does the browser get of a form, so that it can ask the next question by itself?

The same compiled conditions as JSON, and the words of one language. The browser's verdict is for speed only; the
server walks the form again with every answer it saves.
"""

from typing import Any

from engine.conditions import Always, Condition, Every, Negation, Reference, Some, Test
from engine.forms import Choice, Form, Item, RedFlag, Score
from engine.texts import text_in


def browser_form(form: Form, language: str) -> dict[str, Any]:
    """JSON for `portals/static/js/intake.js`."""
    return {
        "id": form.id,
        "name": form.name,
        "digest": form.digest,
        "language": language if language in form.languages else form.languages[0],
        "title": text_in(form.title, language),
        "items": [_item(item, language) for item in form.items],
        "scores": [_score(score) for score in form.scores],
        "flags": [_flag(flag, language) for flag in form.flags],
    }


def condition_json(condition: Condition | None) -> dict[str, Any] | None:
    """A condition's syntax tree as JSON; raises `ValueError` for one over records, which no form holds."""
    if condition is None:
        return None
    if isinstance(condition, Always):
        return {"always": condition.holds}
    if isinstance(condition, Every):
        return {"every": [condition_json(part) for part in condition.parts]}
    if isinstance(condition, Some):
        return {"some": [condition_json(part) for part in condition.parts]}
    if isinstance(condition, Negation):
        return {"not": condition_json(condition.part)}
    if isinstance(condition, Test):
        return _test(condition)
    raise ValueError("forms hold no records")


def _test(test: Test) -> dict[str, Any]:
    found: dict[str, Any] = {"path": test.path, "op": test.operator}
    if not isinstance(test.operand, Reference):
        return {**found, "value": test.operand}
    reference: dict[str, Any] = {"path": test.operand.path}
    if test.operand.by is not None:
        by, sign = test.operand.by, test.operand.sign
        reference |= {"months": sign * by.months, "days": sign * by.days}
    return {**found, "fact": reference}


def _item(item: Item, language: str) -> dict[str, Any]:
    found = {
        "id": item.id,
        "type": item.type,
        "path": item.path,
        "text": text_in(item.text, language),
        "help": text_in(item.help, language),
        "choices": [_choice(choice, language) for choice in item.choices],
        "optional": item.optional,
        "unit": item.unit,
        "least": item.least,
        "most": item.most,
        "leastText": text_in(item.least_text, language),
        "mostText": text_in(item.most_text, language),
        "places": item.places,
        "maxLength": item.max_length if item.type == "text" else None,
        "earliest": item.earliest,
        "latest": item.latest,
        "alone": item.alone,
        "by": item.by,
        "shots": [{"id": s.id, "sites": list(s.sites), "optional": s.optional} for s in item.shots],
    }
    kept = {
        key: value for key, value in found.items() if value not in ("", None, [], 0) or key in ("least", "optional")
    }
    logic = {"showWhen": condition_json(item.show_when), "requiredWhen": condition_json(item.required_when)}
    return {**kept, **logic, "needs": list(item.needs), "seconds": item.seconds}


def _choice(choice: Choice, language: str) -> dict[str, str]:
    found = {"id": choice.id, "text": text_in(choice.text, language), "help": text_in(choice.help, language)}
    return {key: value for key, value in found.items() if value}


def _score(score: Score) -> dict[str, Any]:
    """What the sum is made of; its words are for clinicians and stay on the server."""
    return {
        "id": score.id,
        "path": score.path,
        "bandPath": score.band_path,
        "last": score.items[-1],
        "weights": [{"path": path, "of": dict(weights)} for path, weights in score.weights.items()],
        "bands": [{"id": band.id, "least": band.least} for band in score.bands],
    }


def _flag(flag: RedFlag, language: str) -> dict[str, Any]:
    return {
        "id": flag.id,
        "severity": flag.severity,
        "call": flag.call,
        "when": condition_json(flag.when),
        "needs": list(flag.needs),
        "text": text_in(flag.text, language),
        "advice": text_in(flag.advice, language),
    }
