"""Does a form do what its own examples say?"""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.diagnostics import Location, Problems, listed, nearest
from engine.evaluators import ClosuresOnly
from engine.forms import Form
from engine.forms_answers import check_answers
from engine.forms_flags import red_flags
from engine.forms_intake import next_item, shown_items
from engine.forms_scores import tallies
from engine.reading import Node

DONE = "none"


def report_cases(form: Form, document: Node, problems: Problems) -> None:
    """Run the cases of a form's file; report those that come out otherwise, and red flags that none shows."""
    shown: set[str] = set()
    scored: set[str] = set()
    for case in document.get("cases") or ():
        answers = _answers(form, case, problems)
        if answers is not None:
            raised = {entry.flag.id for entry in red_flags(form, answers, ClosuresOnly())}
            shown |= raised
            scored |= set(_told_by(case, "scores", "bands"))
            _compare(form, case, answers, raised, problems)
    for node in document.get("flags") or ():
        if node.text("id") not in shown:
            problems.report("FORM017", node["id"].at, flag=node.text("id"))
    for node in document.get("scores") or ():
        if node.text("id") not in scored:
            problems.report("FORM024", node["id"].at, score=node.text("id"))


def _answers(form: Form, case: Node, problems: Problems) -> dict[str, Any] | None:
    """The answers of a case; None where one of them is none."""
    answers: dict[str, Any] = {name: part.plain() for name, part in case["given"].items()}
    wrong, ids = check_answers(form, answers), [item.id for item in form.items]
    for name, entry in case["given"].entries.items():
        if name not in ids:
            _report_unknown(name, entry.key_at, ids, problems)
        elif name in wrong:
            problems.report("FORM019", entry.value.at, item=name, reason=wrong[name].code)
    return None if wrong or answers.keys() - set(ids) else answers


def _compare(form: Form, case: Node, answers: Mapping[str, Any], raised: set[str], problems: Problems) -> None:
    expect = case["expect"]
    if not expect.entries:
        problems.report("FORM032", expect.at, name=case.text("name"))
    sums = {tally.score.id: tally for tally in tallies(form, answers)}
    ids = [item.id for item in form.items]
    for key, known in (("shows", ids), ("hides", ids), ("flags", [flag.id for flag in form.flags])):
        for part in expect.get(key) or ():
            if part.raw not in known:
                _report_unknown(part.raw, part.at, known, problems)
    for key in ("scores", "bands"):
        for name, part in _told_by(case, key).items():
            if name not in sums:
                _report_unknown(name, part.at, list(sums), problems)
    visible = {item.id for item in shown_items(form, answers)}
    step = next_item(form, answers)
    verdicts = {
        "flags": (set(expect.texts("flags")), raised),
        "shows": (set(expect.texts("shows")), visible & set(expect.texts("shows"))),
        "hides": (set(expect.texts("hides")), set(expect.texts("hides")) - visible),
        "next": ({expect.text("next")}, {step.id if step else DONE}),
        "scores": _sides(_told_by(case, "scores"), {name: tally.total for name, tally in sums.items()}),
        "bands": _sides(_told_by(case, "bands"), {n: t.band.id if t.band else None for n, t in sums.items()}),
    }
    for key, (wanted, found) in verdicts.items():
        if key in expect and wanted != found:
            words = {"expected": f"{key}: {_words(wanted)}", "found": f"it is {_words(found)}"}
            problems.report("FORM016", expect[key].at, name=case.text("name"), **words)


def _told_by(case: Node, *keys: str) -> dict[str, Node]:
    """What a case expects of scores, by the score's id."""
    return {name: part for key in keys if key in case["expect"] for name, part in case["expect"][key].items()}


def _sides(wanted: Mapping[str, Node], found: Mapping[str, object]) -> tuple[set[str], set[str]]:
    """What is wanted of scores and what they are, in words that compare."""
    return {f"{n} {part.plain()}" for n, part in wanted.items()}, {f"{n} {found.get(n)}" for n in wanted}


def _report_unknown(name: str, at: Location, known: Iterable[str], problems: Problems) -> None:
    names = list(known)
    problems.report("FORM018", at, item=name, hint=nearest(name, names), allowed=listed(names, 30))


def _words(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "nothing"
