"""How fast is a full licensing, consent and prescribing decision with its explanation, beside its peers?

Ours is the whole way from the question as JSON: checked, typed, judged by both engines, explained, as canonical bytes.
The bare closures and zen-engine (with trace) start from facts that are ready for them. All run on one core.
"""

import argparse
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.decide import decide
from engine.evaluator_pool import EvaluatorPool
from engine.evaluators import ClosuresOnly
from engine.programs import Program, Sheet
from engine.questions import read_question
from engine.rulebook import Rulebook, load_rulebook
from engine.settings import HOME
from engine.values import Facts
from tests.bench.measuring import Contestant, Result, measure, peak_megabytes, table
from tests.bench.zen_model import ZenRules, fired

TOPICS = ("licensing", "consent", "prescribing")
CASE = Path(__file__).with_name("case.json")
OURS, CLOSURES, BARE, ZEN = "both engines, explained", "closures, explained", "bare closures", "zen-engine, traced"


@dataclass(frozen=True, slots=True)
class Prepared:
    """One topic's question, and the same case as the bare engines take it."""

    question: dict[str, Any]
    program: Program
    facts: Facts
    sheet: Sheet
    zen: ZenRules


def prepare(rulebook: Rulebook, case: dict[str, Any]) -> list[Prepared]:
    """Every topic of the case; raises when zen-engine would answer otherwise than ours."""
    prepared = []
    for topic in TOPICS:
        question = {**case, "topic": topic}
        asked = read_question(rulebook, question)
        day = asked.days[0]
        program = rulebook.plan(topic, asked.jurisdiction or "", day).program
        facts = asked.on(day)
        one = Prepared(question, program, facts, program.sheet(facts), ZenRules(program))
        if one.zen.fired(one.sheet) != fired(program, one.sheet):
            raise RuntimeError(f"zen-engine disagrees on {topic}; the comparison would be worthless")
        prepared.append(one)
    return prepared


def run(seconds: float) -> dict[str, Any]:
    """Measure for about `seconds`; results, ratios and the size of what was compared."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    started = time.perf_counter()
    rulebook = load_rulebook(HOME)
    cold = time.perf_counter() - started
    prepared = prepare(rulebook, json.loads(CASE.read_text(encoding="utf-8")))
    with EvaluatorPool(1) as pool:
        results = measure(_contestants(rulebook, prepared, pool), seconds)
    return {
        "results": [result.as_json() for result in results],
        "ratios": _ratios(results),
        "rows": sum(len(one.program.terms) for one in prepared),
        "conditions": sum(len(one.program.conditions) for one in prepared),
        "cold_load_ms": round(cold * 1000, 1),
        "peak_mb": peak_megabytes(),
        "table": table(results, _ratios(results)),
    }


def _contestants(rulebook: Rulebook, prepared: list[Prepared], pool: EvaluatorPool) -> list[Contestant]:
    closures = ClosuresOnly()
    return [
        Contestant(OURS, lambda: [decide(rulebook, one.question, pool).canonical() for one in prepared]),
        Contestant(CLOSURES, lambda: [decide(rulebook, one.question, closures).canonical() for one in prepared]),
        Contestant(BARE, lambda: [one.program.truths(one.facts) for one in prepared], peer=True),
        Contestant(ZEN, lambda: [one.zen.decide(one.sheet) for one in prepared], peer=True),
    ]


def _ratios(results: list[Result]) -> dict[str, float]:
    """Above 1: ours is faster. Speeds are compared, so a ratio is the peer's time over ours."""
    p50 = {result.name: result.p50_us for result in results}
    p99 = {result.name: result.p99_us for result in results}
    return {
        "speed against zen-engine, p50": round(p50[ZEN] / p50[OURS], 2),
        "speed against zen-engine, p99": round(p99[ZEN] / p99[OURS], 2),
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
