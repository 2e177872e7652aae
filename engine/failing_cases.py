"""Which cases of the law do not hold, and what does the law say instead?"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from engine.decide import decide
from engine.diagnostics import BrokenInput, Problems
from engine.evaluators import Evaluator
from engine.law import Case
from engine.law_cases import asked_alone, expected, question, seen
from engine.reading import Node
from engine.rulebook import Rulebook

_NOTHING = "nothing"


def report_failing(
    rulebook: Rulebook, cases: Iterable[Case], known: Mapping[str, Node], evaluator: Evaluator, problems: Problems
) -> None:
    """Ask every case and report each one that is answered otherwise than it expects, at what it expects.

    `known` are the examples that cases start from; the cases must have been checked (`check_case`, `check_starts`).
    """
    for case in cases:
        wanted = expected(case)
        try:
            book = rulebook.alone(asked_alone(case))
            got = seen(decide(book, question(case, known), evaluator), wanted)
        except BrokenInput as error:
            first = error.diagnostics[0]
            unknown = f"what cannot be asked ({first.location.path}: {first.what})"
            problems.report("LAW013", case.node.at, name=case.name, unknown=unknown)
            continue
        wrong = [key for key in wanted if wanted[key] != got[key]]
        if wrong:
            told = "; ".join(_difference(key, wanted[key], got[key]) for key in wrong)
            problems.report("LAW032", case.node["expect"][wrong[0]].at, name=case.name, told=told)


def _difference(key: str, wanted: Any, got: Any) -> str:
    """What was expected and what came, of mappings only the entries that differ."""
    if isinstance(wanted, Mapping) and isinstance(got, Mapping):
        wanted, got = (
            {name: part for name, part in one.items() if name not in other or other[name] != part}
            for one, other in ((wanted, got), (got, wanted))
        )
    return f"expected {key} {_words(wanted)}, got {_words(got)}"


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str) if value or value in (0, False) else _NOTHING
