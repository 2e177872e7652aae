"""How fast is a full licensing, consent and prescribing decision with its explanation, beside its peers?

Ours is the whole way from the question as JSON: checked, typed, judged by both engines, explained, as canonical bytes;
once with the second engine's process on a core of its own, as it runs, and once squeezed onto the same core. The bare
closures and zen-engine (with trace) start from facts that are ready for them, and have one core.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.decide import decide_together
from engine.decisions import Question
from engine.evaluator_pool import EvaluatorPool
from engine.evaluators import ClosuresOnly, Evaluator
from engine.programs import Program, Sheet
from engine.questions import read_question
from engine.rulebook import Rulebook, load_rulebook
from engine.settings import HOME
from engine.values import Facts
from tests.bench.measuring import Contestant, Result, measure, peak_megabytes, table
from tests.bench.zen_model import ZenRules, fired

TOPICS = ("licensing", "consent", "prescribing")
CASE = Path(__file__).with_name("case.json")
OURS, SQUEEZED, CLOSURES = "both engines, explained", "the same on one core", "closures, explained"
BARE, ZEN = "bare closures", "zen-engine, traced"


@dataclass(frozen=True, slots=True)
class Prepared:
    """The question, and the same case of all its topics as the bare engines take it."""

    question: Question
    program: Program
    facts: Facts
    sheet: Sheet
    zen: ZenRules


def prepare(rulebook: Rulebook, case: dict[str, Any]) -> Prepared:
    """The case in every form; raises when zen-engine would answer otherwise than ours."""
    question = Question(topic=TOPICS[0], **case)
    asked = read_question(rulebook, question)
    day = asked.days[0]
    facts = asked.on(day)
    program = rulebook.joint([rulebook.plan(topic, asked.jurisdiction or "", day) for topic in TOPICS])
    one = Prepared(question, program, facts, program.sheet(facts), ZenRules(program))
    if one.zen.fired(one.sheet) != fired(program, one.sheet):
        raise RuntimeError("zen-engine disagrees; the comparison would be worthless")
    return one


def run(seconds: float) -> dict[str, Any]:
    """Measure for about `seconds`; results, ratios and the size of what was compared."""
    cores = sorted(os.sched_getaffinity(0))
    with ExitStack() as stack:
        pools = [stack.enter_context(_pool_on(core)) for core in (cores[-1], cores[0])]
        os.sched_setaffinity(0, {cores[0]})
        started = time.perf_counter()
        rulebook = load_rulebook(HOME)
        cold = time.perf_counter() - started
        started = time.perf_counter()
        load_rulebook(HOME)
        again = time.perf_counter() - started
        lawful = json.loads(CASE.read_text(encoding="utf-8"))
        found = {name: _measured(rulebook, case, pools, seconds / 2) for name, case in _cases(lawful).items()}
    return {
        "cases": found,
        "cores": len(cores),
        "cold_load_ms": round(cold * 1000, 1),
        "reload_ms": round(again * 1000, 1),
        "peak_mb": peak_megabytes(),
        "table": "\n".join(f"{name}\n{case.pop('table')}" for name, case in found.items()),
    }


def _cases(lawful: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """One that may go on, and one that may not, whose answer explains every path that was tried."""
    facts = lawful["facts"]
    unlicensed = {**facts, "provider": {**facts["provider"], "licenses": []}}
    return {"permitted": lawful, "refused": {**lawful, "facts": unlicensed}}


def _measured(rulebook: Rulebook, case: dict[str, Any], pools: list[EvaluatorPool], seconds: float) -> dict[str, Any]:
    one = prepare(rulebook, case)
    results = measure(_contestants(rulebook, one, pools), seconds)
    return {
        "results": [result.as_json() for result in results],
        "ratios": _ratios(results),
        "rows": len(one.program.terms),
        "conditions": len(one.program.conditions),
        "table": table(results, _ratios(results)),
    }


@contextmanager
def _pool_on(core: int) -> Iterator[EvaluatorPool]:
    """A pool whose processes have one core; they inherit it when they are started."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    with EvaluatorPool(1) as pool:
        os.sched_setaffinity(0, before)
        yield pool


def _contestants(rulebook: Rulebook, one: Prepared, pools: list[EvaluatorPool]) -> list[Contestant]:
    def answered(evaluator: Evaluator) -> list[bytes]:
        decisions = decide_together(rulebook, TOPICS, one.question, evaluator)
        return [decision.canonical() for decision in decisions.values()]

    return [
        Contestant(OURS, lambda: answered(pools[0])),
        Contestant(SQUEEZED, lambda: answered(pools[1])),
        Contestant(CLOSURES, lambda: answered(ClosuresOnly())),
        Contestant(BARE, lambda: one.program.truths(one.facts), peer=True),
        Contestant(ZEN, lambda: one.zen.decide(one.sheet), peer=True),
    ]


def _ratios(results: list[Result]) -> dict[str, float]:
    """Above 1: ours is faster. Speeds are compared, so a ratio is the peer's time over ours."""
    p50 = {result.name: result.p50_us for result in results}
    p99 = {result.name: result.p99_us for result in results}
    return {
        "speed against zen-engine, p50": round(p50[ZEN] / p50[OURS], 2),
        "speed against zen-engine, p99": round(p99[ZEN] / p99[OURS], 2),
        "speed on one core against zen-engine, p50": round(p50[ZEN] / p50[SQUEEZED], 2),
        "speed of explained closures against zen-engine, p50": round(p50[ZEN] / p50[CLOSURES], 2),
        "times slower than the bare closures, p50": round(p50[OURS] / p50[BARE], 1),
    }


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    print(json.dumps(run(parser.parse_args().seconds)))


if __name__ == "__main__":
    main()
