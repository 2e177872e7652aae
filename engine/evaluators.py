"""Who runs the second engine? The protocol, and the stand-in that only trusts the first."""

from collections.abc import Callable
from functools import partial
from typing import Protocol, cast

from engine.programs import Program, Sheet

Answer = Callable[[], tuple[bool | None, ...]]


class Evaluator(Protocol):
    """Runs a program's second engine. `independent` is False where there is none (searches use the closures alone)."""

    @property
    def independent(self) -> bool:
        """Whether the answers come from an engine of its own."""

    def evaluate(self, program: Program, sheet: Sheet) -> tuple[bool | None, ...]:
        """One truth for each condition of the program; raises `EngineFault` when there is no answer."""


class Ahead(Protocol):
    """An evaluator that works elsewhere, so that it can be asked first and heard later."""

    def start(self, program: Program, sheet: Sheet) -> Answer:
        """Begin; the answer must be called once, and is or raises what `evaluate` would."""


def works_ahead(evaluator: Evaluator) -> bool:
    """Whether it is an `Ahead`."""
    return hasattr(evaluator, "start")


def started(evaluator: Evaluator, program: Program, sheet: Sheet) -> Answer:
    """The second engine at work, where it can be; its answer when it is called."""
    if works_ahead(evaluator):
        return cast("Ahead", evaluator).start(program, sheet)
    return partial(evaluator.evaluate, program, sheet)


class ClosuresOnly:
    """No second engine: for searches such as "which slots", bulk replays and try-outs, never for a gate."""

    independent = False

    def evaluate(self, program: Program, sheet: Sheet) -> tuple[bool | None, ...]:
        """Never asked; a caller that does has mixed things up."""
        raise NotImplementedError("closures are evaluated by the program itself")
