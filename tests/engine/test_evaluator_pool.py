"""A crash, a hang or a lie of the second engine costs one decision and never opens a gate."""

import os
import queue
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.decide import decide
from engine.decisions import Decision, Outcome, Question
from engine.evaluator_pool import EvaluatorPool, Line, PoolLimits
from engine.faults import EngineFault
from engine.programs import Program, Sheet
from engine.rulebook import load_rulebook
from tests.rules.helpers_cases import ROOT, examples, nested, started

RULEBOOK = load_rulebook(ROOT)
FACTS = nested(started("ordinary_visit", examples()))
ASKED = Question(topic="licensing", on="2026-12-01", facts=FACTS)
LIMITS = PoolLimits(answer=60.0, build=20.0, wait=60.0)


@pytest.fixture
def pool() -> Iterator[EvaluatorPool]:
    with EvaluatorPool(processes=1, limits=LIMITS) as pool:
        yield pool


def ask(pool: EvaluatorPool) -> Decision:
    return decide(RULEBOOK, ASKED, pool)


def test_the_pool_answers_and_answers_alike(pool: EvaluatorPool) -> None:
    assert ask(pool).outcome is Outcome.PERMITTED
    assert ask(pool).canonical() == ask(pool).canonical()


def test_many_threads_get_the_same_answer(pool: EvaluatorPool) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = {future.result().canonical() for future in [threads.submit(ask, pool) for _ in range(60)]}
    assert len(answers) == 1


def die(process: int, signal_number: signal.Signals) -> None:
    """Let a stopped process die of a signal as soon as it goes on."""
    os.kill(process, signal_number)
    os.kill(process, signal.SIGCONT)


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_crash_in_the_middle_of_a_decision_costs_that_decision_only(
    pool: EvaluatorPool, signal_number: signal.Signals
) -> None:
    ask(pool)
    working = pool.processes()[0]
    os.kill(working, signal.SIGSTOP)  # so that the decision is surely under way when the process dies
    killer = threading.Timer(0.2, die, (working, signal_number))
    killer.start()
    hurt = ask(pool)
    killer.join()
    assert hurt.outcome is Outcome.REVIEW
    assert hurt.faulted
    assert not hurt.passes
    assert ask(pool).outcome is Outcome.PERMITTED
    assert working not in pool.processes()


def test_a_crash_is_noticed_as_such_and_not_as_a_time_out() -> None:
    program = RULEBOOK.plan("licensing", "us/fl", "2026-12-01").program
    sheet = program.sheet({})
    with EvaluatorPool(processes=1, limits=PoolLimits(answer=60.0, build=60.0)) as pool:
        pool.evaluate(program, sheet)
        os.kill(pool.processes()[0], signal.SIGKILL)
        with pytest.raises(EngineFault, match="crashed"):
            pool.evaluate(program, sheet)
        assert len(pool.evaluate(program, sheet)) == len(program.conditions)


def test_a_hang_is_cut_off_and_costs_one_decision() -> None:
    with EvaluatorPool(processes=1, limits=PoolLimits(answer=0.3, build=20.0)) as pool:
        ask(pool)
        os.kill(pool.processes()[0], signal.SIGSTOP)
        assert ask(pool).faulted  # nothing but the time-out ends the wait for a stopped process
        assert not ask(pool).faulted


def test_reloading_gives_new_processes(pool: EvaluatorPool) -> None:
    ask(pool)
    before = pool.processes()[0]
    pool.reload()
    assert ask(pool).outcome is Outcome.PERMITTED
    assert before not in pool.processes()


def test_a_worn_out_process_is_replaced() -> None:
    with EvaluatorPool(processes=1, limits=PoolLimits(answer=5.0, build=20.0, decisions=3)) as pool:
        first = pool.processes()[0]
        assert all(ask(pool).outcome is Outcome.PERMITTED for _ in range(5))
        assert first not in pool.processes()


def test_a_closed_pool_answers_nothing(pool: EvaluatorPool) -> None:
    pool.close()
    assert ask(pool).faulted


class Liar:
    """A second engine that says the opposite."""

    independent = True

    def evaluate(self, program: Program, sheet: Sheet) -> tuple[bool | None, ...]:
        return tuple(True for _ in program.conditions)


class Broken:
    """A second engine that fails."""

    independent = True

    def evaluate(self, program: Program, sheet: Sheet) -> tuple[bool | None, ...]:
        raise EngineFault("raised")


class Raising:
    """A second engine with a defect."""

    independent = True

    def evaluate(self, program: Program, sheet: Sheet) -> tuple[bool | None, ...]:
        raise KeyError("x")


@pytest.mark.parametrize("engine", [Liar(), Broken(), Raising()])
def test_disagreement_and_failure_are_review(engine: Liar | Broken | Raising) -> None:
    decision = decide(RULEBOOK, ASKED, engine)
    assert decision.outcome is Outcome.REVIEW
    assert decision.faulted
    assert decision.law == RULEBOOK.law.digest


def test_who_waits_is_served_before_who_comes_back() -> None:
    line: Line[str] = Line()
    line.put("worker")
    held = line.get(0.0)
    with ThreadPoolExecutor(1) as threads:
        patient = threads.submit(line.get, 10.0)
        while not line.waiting:
            time.sleep(0.001)
        line.put(held)
        with pytest.raises(queue.Empty):
            line.get(0.05)  # the same thread asks again at once, and comes after the one that waited
        assert patient.result() == "worker"
    assert not line.waiting


@pytest.mark.soak
def test_a_hundred_thousand_decisions_without_a_fault_or_a_growing_process() -> None:
    starts = examples()
    questions = [
        Question(topic=topic, on="2026-12-01", facts=nested(started(start, starts)))
        for start in starts
        for topic in ("licensing", "consent", "prescribing", "recording")
    ]
    with EvaluatorPool(processes=2) as pool, ThreadPoolExecutor(4) as threads:
        batches = [threads.submit(_faults, pool, questions, 25_000) for _ in range(4)]
        assert sum(batch.result() for batch in batches) == 0
        assert all(_resident_megabytes(process) < 200 for process in pool.processes())


def _faults(pool: EvaluatorPool, questions: list[Question], count: int) -> int:
    return sum(decide(RULEBOOK, questions[number % len(questions)], pool).faulted for number in range(count))


def _resident_megabytes(process: int) -> float:
    with open(f"/proc/{process}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
