"""Who runs the second engine? The protocol, and the stand-in that only trusts the first."""

from typing import Protocol

from engine.programs import Program, Sheet


class Evaluator(Protocol):
    """Runs a program's second engine. `independent` is False where there is none (searches use the closures alone)."""

    @property
    def independent(self) -> bool:
        """Whether the answers come from an engine of its own."""

    def evaluate(self, program: Program, sheet: Sheet) -> tuple[bool | None, ...]:
        """One truth for each condition of the program; raises `EngineFault` when there is no answer."""


class ClosuresOnly:
    """No second engine: for searches such as "which slots", bulk replays and try-outs, never for a gate."""

    independent = False

    def evaluate(self, program: Program, sheet: Sheet) -> tuple[bool | None, ...]:
        """Never asked; a caller that does has mixed things up."""
        raise NotImplementedError("closures are evaluated by the program itself")
