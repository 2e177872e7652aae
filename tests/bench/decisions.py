"""How fast is a full licensing, consent and prescribing decision with its explanation, beside its peers?

Ours is the whole way from the question as JSON: checked, typed, judged by both engines, explained, as canonical bytes;
once with the second engine's process on a core of its own, as it runs, and once squeezed onto the same core. The bare
closures and zen-engine (with trace) start from facts that are ready for them, and have one core. Zen-engine has every
term of every condition as a row, as the conditions are written, and once more with the rows that are left when alike
ones are one, as for our second engine.

Memory is compared by what each engine adds to a process that runs anyway. The peaks are those of whole processes, most
of which is Python itself with its libraries and, on the side that asks, the law of the whole country. The second
engine has a process, one more Python, of which a spare stands ready.
"""

import argparse
import json
import os
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
from engine.rete import rules
from engine.rulebook import Rulebook, load_rulebook
from engine.settings import HOME
from engine.values import Facts
from tests.bench.loads import loads
from tests.bench.measuring import (
    Contestant,
    Result,
    figures,
    held_megabytes,
    idle_megabytes,
    measure,
    peak_megabytes,
    table,
)
from tests.bench.zen_model import ZenRules, fired

TOPICS = ("licensing", "consent", "prescribing")
CASE = Path(__file__).with_name("case.json")
OURS, SQUEEZED, CLOSURES = "both engines, explained", "the same on one core", "closures, explained"
BARE, ZEN, ZEN_ONCE = "bare closures", "zen-engine, traced", "zen-engine, each row once"


@dataclass(frozen=True, slots=True)
class Prepared:
    """The question, and the same case of all its topics as the bare engines take it.

    `once` has the rows that our second engine has: no two alike, and none that adds nothing.
    """

    question: Question
    program: Program
    facts: Facts
    sheet: Sheet
    zen: ZenRules
    once: ZenRules


def prepare(rulebook: Rulebook, case: dict[str, Any]) -> Prepared:
    """The case in every form; raises when zen-engine would answer otherwise than ours."""
    question = Question(topic=TOPICS[0], **case)
    asked = read_question(rulebook, question)
    day = asked.days[0]
    facts = asked.on(day)
    program = rulebook.joint([rulebook.plan(topic, asked.jurisdiction or "", day) for topic in TOPICS])
    every = ZenRules([term.atoms for term in program.terms])
    one = Prepared(question, program, facts, program.sheet(facts), every, ZenRules(list(rules(program.terms))))
    if one.zen.fired(one.sheet) != fired(program, one.sheet):
        raise RuntimeError("zen-engine disagrees; the comparison would be worthless")
    return one


def run(seconds: float) -> dict[str, Any]:
    """Measure for about `seconds`; results, ratios and the size of what was compared."""
    cores = sorted(os.sched_getaffinity(0))
    with ExitStack() as stack:
        pools = [stack.enter_context(_pool_on(core)) for core in (cores[-1], cores[0])]
        os.sched_setaffinity(0, {cores[0]})
        before = held_megabytes()
        rulebook = load_rulebook(HOME)
        cases = _cases(json.loads(CASE.read_text(encoding="utf-8")))
        memory = _memory(rulebook, cases["permitted"], pools[0], before)
        found = {name: _measured(rulebook, case, pools, seconds / 2) for name, case in cases.items()}
        memory["a process of the second engine, peak"] = peak_megabytes(pools[0].processes()[0])
        memory["a Python that does nothing, peak"] = idle_megabytes()
    loaded, above, memory["cold load, peak"] = loads()
    tables = [f"{name}\n{case.pop('table')}" for name, case in found.items()]
    return {
        "cases": found,
        "cores": len(cores),
        "loads": [result.as_json() for result in loaded],
        "loads_above_floor": above,
        "memory_mb": memory,
        "table": "\n".join(
            [
                *tables,
                f"reading the law\n{table(loaded, above)}",
                f"megabytes, Python itself included in every peak\n{figures(memory)}",
            ]
        ),
    }


def _memory(rulebook: Rulebook, case: dict[str, Any], pool: EvaluatorPool, before: float) -> dict[str, float]:
    """Megabytes that this process, which asks, holds for closures, for both engines, and for zen-engine beside them."""
    question = Question(topic=TOPICS[0], **case)
    decide_together(rulebook, TOPICS, question, ClosuresOnly())
    closures = held_megabytes()
    decide_together(rulebook, TOPICS, question, pool)
    ours, peak = held_megabytes(), peak_megabytes()
    one = prepare(rulebook, case)
    one.zen.decide(one.sheet)
    return {
        "the side that asks, peak": peak,
        "of it law and closures": round(closures - before, 1),
        "of it what both engines need more": round(ours - closures, 1),
        "zen-engine and its tables": round(held_megabytes() - ours, 1),
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
        Contestant(ZEN_ONCE, lambda: one.once.decide(one.sheet), peer=True),
    ]


def _ratios(results: list[Result]) -> dict[str, float]:
    """Above 1: ours is faster. Speeds are compared, so a ratio is the peer's time over ours."""
    p50 = {result.name: result.p50_us for result in results}
    p99 = {result.name: result.p99_us for result in results}
    return {
        "speed against zen-engine, p50": round(p50[ZEN] / p50[OURS], 2),
        "speed against zen-engine, p99": round(p99[ZEN] / p99[OURS], 2),
        "speed against zen-engine with each row once, p50": round(p50[ZEN_ONCE] / p50[OURS], 2),
        "speed against zen-engine with each row once, p99": round(p99[ZEN_ONCE] / p99[OURS], 2),
        "speed on one core against zen-engine, p50": round(p50[ZEN] / p50[SQUEEZED], 2),
        "speed on one core against zen-engine, p99": round(p99[ZEN] / p99[SQUEEZED], 2),
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
