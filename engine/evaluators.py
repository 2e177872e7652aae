"""Who runs the second engine? The protocol, and the stand-in that only trusts the first."""

from collections.abc import Callable
from functools import partial
from typing import Protocol, runtime_checkable

from engine.programs import Program, Sheet

Answer = Callable[[], tuple[bool | None, ...]]


class Evaluator(Protocol):
    """Runs a program's second engine. `independent` is False where there is none (searches use the closures alone)."""

    @property
    def independent(self) -> bool:
        """Whether the answers come from an engine of its own."""

    def evaluate(self, program: Program, sheet: Sheet) -> tuple[bool | None, ...]:
        """One truth for each condition of the program; raises `EngineFault` when there is no answer."""


@runtime_checkable
class Ahead(Protocol):
    """An evaluator that works elsewhere, so that it can be asked first and heard later."""

    def start(self, program: Program, sheet: Sheet) -> Answer:
        """Begin; the answer must be called once, and is or raises what `evaluate` would."""


def started(evaluator: Evaluator, program: Program, sheet: Sheet) -> Answer:
    """The second engine at work, where it can be; its answer when it is called."""
    if isinstance(evaluator, Ahead):
        return evaluator.start(program, sheet)
    return partial(evaluator.evaluate, program, sheet)


class ClosuresOnly:
    """No second engine: for searches such as "which slots", bulk replays and try-outs, never for a gate."""

    independent = False

    def evaluate(self, program: Program, sheet: Sheet) -> tuple[bool | None, ...]:
        """Never asked; a caller that does has mixed things up."""
        raise NotImplementedError("closures are evaluated by the program itself")
